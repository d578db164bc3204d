//! What everybody may do: public buckets, functions, roles, queues, snapshots.

use std::collections::HashSet;

use cspm_iam::aws::{
    self, Context, DecisionKind, OpenCondition, Policy, PolicySet, Principal, Request, Setter,
};
use cspm_model::resource::PublicAccessBlock;
use cspm_model::{Access, Certainty, Location, Properties, Resource};
use serde_json::json;

use super::super::DeriveError;
use super::super::draft::{Draft, DraftState, NodeId, StepFacts};
use super::super::technique::{Rule, TechniqueId};
use super::World;
use super::access::{Gate, Permission, objects_of, parse_action, stated};
use super::candidates::Target;
use super::encryption::{KeyUse, key_use};
use super::near_miss::{GrantControl, NearMiss, NearMisses};
use super::vantage::Vantage;

/// An address on the internet that belongs to no provider range that policies name: whoever asks from
/// outside has some address, and a condition on one holds for them only if it holds nearly everywhere.
const SOME_ADDRESS: &str = "23.23.23.23";

/// An account that no estate has: AWS does not hand out account 0.
const STRANGER: &str = "arn:aws:iam::000000000000:role/stranger";

/// What is open to everybody, and what is not although its policy says so.
#[derive(Debug, Default)]
pub(super) struct Public {
    /// Buckets that are public by their policy, and kept from the public by a public access block: it keeps
    /// other accounts out as well.
    pub(super) restricted: HashSet<usize>,
    /// What everybody gets for certain.
    pub(super) open: HashSet<(usize, Access)>,
}

/// What asking for one resource has shown.
enum Openness {
    Closed,
    Restricted,
    Open,
    Perhaps,
}

/// Steps from `internet`, and from principals, who are part of everybody.
pub(super) fn derive(
    world: &World<'_>,
    draft: &mut Draft,
    misses: &mut NearMisses,
) -> Result<Public, DeriveError> {
    let callers = Callers::new()?;
    let mut public = Public::default();
    for (technique, entry) in world.techniques.iter() {
        let Some(Rule::OnTarget {
            targets,
            access,
            any_of,
            object,
            needs_key,
        }) = &entry.rule
        else {
            continue;
        };
        let Some(access) = Access::parse(access) else {
            continue;
        };
        for kind in targets {
            // Functions are invoked by their URL, which has a part of its own.
            if kind == "compute.function" {
                continue;
            }
            let everyone = world.targets.of_kind(kind).iter().filter(|it| {
                kind != "identity.role" && it.named.as_ref().is_some_and(|it| it.everyone)
            });
            for target in everyone {
                match open_by_policy(
                    world,
                    &callers,
                    target,
                    (technique, access, *needs_key),
                    any_of,
                    *object,
                    draft,
                    misses,
                )? {
                    Openness::Restricted => {
                        public.restricted.insert(target.position);
                    }
                    Openness::Open => {
                        public.open.insert((target.position, access));
                    }
                    Openness::Closed | Openness::Perhaps => {}
                }
            }
        }
    }
    public_roles(world, &callers, draft)?;
    function_urls(world, &callers, draft)?;
    bucket_lists(world, draft);
    snapshots(world, draft);
    Ok(public)
}

/// The two callers from outside: without credentials, and with those of an account of their own.
struct Callers {
    everything: Policy,
    anonymous: Principal,
    stranger: Principal,
    /// Of a request from the internet.
    context: Context,
    /// Of a request from one of the estate's networks.
    inside: Context,
}

/// From where strangers ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Internet,
    /// One of the estate's networks, where they control something.
    Inside,
}

impl Callers {
    fn new() -> Result<Self, DeriveError> {
        let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let broken = |error: &dyn std::fmt::Display| DeriveError::Catalogue {
            file: "public",
            message: error.to_string(),
        };
        // From inside, it is open from which of the estate's networks.
        let mut inside = Context::new(false);
        // A stranger has no organisation in common, and no service in between.
        for key in [
            "aws:SourceIp",
            "aws:PrincipalOrgID",
            "aws:PrincipalOrgPaths",
            "aws:SourceArn",
            "aws:SourceAccount",
            "aws:SourceOrgID",
            "aws:SourceOrgPaths",
        ] {
            inside.insert(key, Vec::<String>::new());
        }
        inside.insert("kms:CallerAccount", ["000000000000"]);
        inside.insert("lambda:InvokedViaFunctionUrl", ["false"]);
        // From outside, there is an address and no VPC.
        let mut context = inside.clone();
        context.insert("aws:SourceIp", [SOME_ADDRESS]);
        for key in [
            "aws:SourceVpc",
            "aws:SourceVpce",
            "aws:VpcSourceIp",
            "aws:SourceVpcArn",
        ] {
            context.insert(key, Vec::<String>::new());
        }
        Ok(Self {
            everything: Policy::from_value(&document, &aws::Limits::default())
                .map_err(|error| broken(&error))?,
            anonymous: Principal::Anonymous,
            stranger: Principal::parse(STRANGER).map_err(|error| broken(&error))?,
            context,
            inside,
        })
    }

    /// What a caller from outside may do with the key that encrypts a resource: nothing is needed, a
    /// permission, or why not.
    fn key(
        &self,
        world: &World<'_>,
        resource: &Resource,
    ) -> Result<Option<Result<Permission, String>>, DeriveError> {
        let unknown = Permission {
            certainty: Certainty::Unknown,
            ..Permission::default()
        };
        Ok(Some(match key_use(world, resource) {
            KeyUse::None => return Ok(None),
            KeyUse::Provider => Err(
                "the provider's own key that encrypts it, which serves no other account".to_owned(),
            ),
            KeyUse::Disabled(key) => Err(format!(
                "the key `{}` that encrypts it, which is disabled",
                key.id
            )),
            KeyUse::NotCollected | KeyUse::Customer { document: None, .. } => Ok(unknown),
            KeyUse::Customer { key, document } => {
                let target = Target {
                    position: 0,
                    account: key.account.clone(),
                    named: None,
                    document,
                    asks_resource_tags: false,
                };
                let ids = [key.id.to_string()];
                self.allowed(
                    world,
                    &target,
                    &["kms:Decrypt"],
                    &ids,
                    None,
                    Standing::Internet,
                )?
                .ok_or_else(|| {
                    format!(
                        "the key `{}` that encrypts it, whose policy does not let it in",
                        key.id
                    )
                })
            }
        }))
    }

    /// Whether a caller from outside is let in by the policy of a resource; the surest answer counts.
    fn allowed(
        &self,
        world: &World<'_>,
        target: &Target,
        actions: &[&str],
        ids: &[String],
        auth: Option<&str>,
        standing: Standing,
    ) -> Result<Option<Permission>, DeriveError> {
        let Some(document) = target.document.and_then(|id| world.policies.document(id)) else {
            return Ok(None);
        };
        let mut context = match standing {
            Standing::Internet => self.context.clone(),
            Standing::Inside => self.inside.clone(),
        };
        if let Some(auth) = auth {
            context.insert("lambda:FunctionUrlAuthType", [auth]);
            context.insert("lambda:InvokedViaFunctionUrl", ["true"]);
        }
        let control = world.holders.resource_control(target.account.as_deref());
        let mut best: Option<Permission> = None;
        for action in actions {
            let action = parse_action(action)?;
            for id in ids {
                for principal in [&self.anonymous, &self.stranger] {
                    let identity = [&self.everything];
                    let set = PolicySet {
                        identity: if matches!(principal, Principal::Anonymous) {
                            &[]
                        } else {
                            &identity
                        },
                        resource: Some(&document.policy),
                        resource_control: Some(&control),
                        ..PolicySet::default()
                    };
                    let request = Request {
                        principal,
                        action: &action,
                        resource: id,
                        resource_account: target.account.as_deref(),
                        context: &context,
                    };
                    let decision = aws::evaluate(&request, &set);
                    if decision.effect() != DecisionKind::Allow {
                        continue;
                    }
                    let mut open: Vec<_> = decision
                        .conditions()
                        .iter()
                        .filter(|it| it.setter() != Setter::Request)
                        .collect();
                    let mut gates = Vec::new();
                    if standing == Standing::Inside {
                        let (place, others) = open
                            .into_iter()
                            .partition(|it| it.setter() == Setter::Place);
                        open = others;
                        let place: Vec<&OpenCondition> = place;
                        let vantage = world.vantages.find(&place, action.service());
                        let Vantage::At(vantage) = vantage else {
                            continue;
                        };
                        gates.push(Gate {
                            vantage,
                            conditions: place.into_iter().map(stated).collect(),
                        });
                    }
                    // What depends on facts of the stranger's own account is the stranger's to choose.
                    let estate = open.iter().any(|it| it.setter() == Setter::Estate);
                    let outside = open
                        .iter()
                        .any(|it| matches!(it.setter(), Setter::Outside | Setter::Place));
                    let certainty = match (decision.certain(), estate, outside) {
                        (true, _, _) | (_, false, false) => Certainty::Certain,
                        (_, true, _) => Certainty::Unknown,
                        _ => Certainty::Conditional,
                    };
                    if best.as_ref().is_some_and(|it| it.certainty <= certainty) {
                        continue;
                    }
                    let conditions = open.iter().map(|it| stated(it)).collect();
                    best = Some(Permission {
                        certainty,
                        conditions: if certainty == Certainty::Certain {
                            Vec::new()
                        } else {
                            conditions
                        },
                        gates,
                        evidence: decision
                            .because()
                            .iter()
                            .filter(|it| it.kind == aws::PolicyKind::Resource)
                            .map(|it| document.place(it.statement))
                            .collect(),
                        via: vec![document.owner],
                    });
                }
            }
        }
        Ok(best)
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one rule asked of one resource, from one place"
)]
fn open_by_policy(
    world: &World<'_>,
    callers: &Callers,
    target: &Target,
    (technique, access, needs_key): (TechniqueId, Access, bool),
    any_of: &[String],
    object: bool,
    draft: &mut Draft,
    misses: &mut NearMisses,
) -> Result<Openness, DeriveError> {
    let Some(resource) = world.estate.resources().get(target.position) else {
        return Ok(Openness::Closed);
    };
    let document = target.document.and_then(|id| world.policies.document(id));
    let ids = if object {
        objects_of(
            resource.id.as_str(),
            document.into_iter().map(|it| &it.policy),
        )
    } else {
        vec![resource.id.to_string()]
    };
    let actions: Vec<&str> = any_of.iter().map(String::as_str).collect();
    let node = NodeId::of(target.position);
    let allowed = |standing| callers.allowed(world, target, &actions, &ids, None, standing);
    let Some(mut permission) = allowed(Standing::Internet)? else {
        // A policy that names a network is not public to the public access block (Amazon S3 User Guide, "The
        // meaning of public", read 2026-11).
        if let Some(permission) = allowed(Standing::Inside)?
            && !(needs_key && callers.key(world, resource)?.is_some())
        {
            let to = draft.state(node, access);
            permission.add_step_from_its_place(world, draft, to, technique);
        }
        return Ok(Openness::Closed);
    };
    if needs_key {
        match callers.key(world, resource)? {
            None => {}
            Some(Ok(key)) => permission = permission.and(key),
            Some(Err(reason)) => {
                misses.add(NearMiss {
                    principal: draft.internet,
                    target: node,
                    control: GrantControl::KeyPolicy,
                    reason,
                    evidence: Some(resource.evidence_of("")),
                });
                return Ok(Openness::Closed);
            }
        }
    }
    let mut named = world.techniques.named("aws.public-resource");
    if let Properties::Bucket(facts) = &resource.properties {
        named = match access {
            Access::Read => world.techniques.named("aws.s3.public-read"),
            Access::Write => world.techniques.named("aws.s3.public-write"),
            _ => technique,
        };
        let own = facts.public_access_block.as_ref();
        let account = account_block(world, resource);
        let restricts = |block: &&PublicAccessBlock| block.restrict_public_buckets;
        if let Some(block) = own.filter(restricts).or(account.filter(restricts)) {
            misses.add(NearMiss {
                principal: draft.internet,
                target: node,
                control: GrantControl::PublicAccessBlock,
                reason: "the public access block, which restricts public policies".to_owned(),
                evidence: Some(block_place(world, resource, block)),
            });
            return Ok(Openness::Restricted);
        }
        match own {
            None => permission.certainty = Certainty::Unknown,
            Some(block) => permission
                .evidence
                .push(block_place(world, resource, block)),
        }
    }
    let certain = permission.certainty == Certainty::Certain;
    let from = if certain {
        everybody(world, draft)
    } else {
        draft.internet()
    };
    let to = draft.state(node, access);
    permission.add_step(world, draft, (from, to), named);
    Ok(if certain {
        Openness::Open
    } else {
        Openness::Perhaps
    })
}

fn account_block<'w>(world: &World<'w>, resource: &Resource) -> Option<&'w PublicAccessBlock> {
    let account = resource.account.as_deref()?;
    match &world
        .estate
        .resource(&format!("aws:account/{account}"))?
        .properties
    {
        Properties::Account(facts) => facts.public_access_block.as_ref(),
        _ => None,
    }
}

fn block_place(world: &World<'_>, resource: &Resource, block: &PublicAccessBlock) -> Location {
    block.evidence.clone().unwrap_or_else(|| {
        let of_account = account_block(world, resource).is_some_and(|it| std::ptr::eq(it, block));
        let account = resource.account.as_deref().unwrap_or_default();
        match world.estate.resource(&format!("aws:account/{account}")) {
            Some(account) if of_account => account.evidence_of("/public_access_block"),
            _ => resource.evidence_of("/public_access_block"),
        }
    })
}

/// Everybody: whoever asks from outside, and every principal too. One state stands for them, so that a thousand
/// principals and a hundred public resources make eleven hundred steps.
fn everybody(world: &World<'_>, draft: &mut Draft) -> DraftState {
    if let Some(state) = draft.everybody {
        return state;
    }
    let technique = world.techniques.named("builtin.everybody");
    let node = draft.synthetic("everybody", "entry.everybody", None);
    let state = draft.state(node, Access::Reach);
    draft.everybody = Some(state);
    let evidence = || vec![Location::builtin("everybody")];
    let internet = draft.internet();
    draft.step(internet, state, StepFacts::certain(technique, evidence()));
    for holder in world.holders.all() {
        let from = draft.state(holder.node, Access::Control);
        draft.step(from, state, StepFacts::certain(technique, evidence()));
    }
    state
}

/// Roles that trust every account.
fn public_roles(
    world: &World<'_>,
    callers: &Callers,
    draft: &mut Draft,
) -> Result<(), DeriveError> {
    let technique = world.techniques.named("aws.sts.assume-role-public");
    let open = world.targets.of_kind("identity.role").iter();
    for target in open.filter(|it| it.named.as_ref().is_some_and(|it| it.everyone)) {
        let Some(role) = world.estate.resources().get(target.position) else {
            continue;
        };
        let ids = [role.id.to_string()];
        let Some(permission) = callers.allowed(
            world,
            target,
            &["sts:AssumeRole"],
            &ids,
            None,
            Standing::Internet,
        )?
        else {
            continue;
        };
        let from = draft.internet();
        let to = draft.state(NodeId::of(target.position), Access::Control);
        permission.add_step(world, draft, (from, to), technique);
    }
    Ok(())
}

/// Functions with a URL that asks for nothing, and a policy that lets everybody in (AWS Lambda Developer
/// Guide, "Control access to Lambda function URLs", read 2026-11: both are needed).
fn function_urls(
    world: &World<'_>,
    callers: &Callers,
    draft: &mut Draft,
) -> Result<(), DeriveError> {
    let technique = world.techniques.named("aws.lambda.public-url");
    let invoke = world.techniques.named("aws.lambda.public-invoke");
    for target in world.targets.of_kind("compute.function") {
        if !target.named.as_ref().is_some_and(|it| it.everyone) {
            continue;
        }
        let Some(function) = world.estate.resources().get(target.position) else {
            continue;
        };
        let ids = [function.id.to_string()];
        let found = callers.allowed(
            world,
            target,
            &["lambda:InvokeFunction"],
            &ids,
            None,
            Standing::Internet,
        )?;
        if let Some(permission) = found {
            let from = draft.internet();
            let to = draft.state(NodeId::of(target.position), Access::Reach);
            permission.add_step(world, draft, (from, to), invoke);
        }
    }
    for target in world.targets.of_kind("compute.function") {
        let Some(function) = world.estate.resources().get(target.position) else {
            continue;
        };
        let Properties::Function(facts) = &function.properties else {
            continue;
        };
        let Some(url) = facts
            .url
            .as_ref()
            .filter(|it| it.auth.as_deref() == Some("NONE"))
        else {
            continue;
        };
        let ids = [function.id.to_string()];
        let found = callers.allowed(
            world,
            target,
            &["lambda:InvokeFunctionUrl"],
            &ids,
            Some("NONE"),
            Standing::Internet,
        )?;
        let Some(permission) = found else {
            continue;
        };
        // AWS Lambda Developer Guide, "Control access to Lambda function URLs", note of October 2025: both
        // actions are needed. Functions of before that were excepted until 2026-11-01; whether one still is
        // cannot be seen.
        let invoked = callers.allowed(
            world,
            target,
            &["lambda:InvokeFunction"],
            &ids,
            Some("NONE"),
            Standing::Internet,
        )?;
        let mut permission = match invoked {
            Some(invoked) => permission.and(invoked),
            None => Permission {
                certainty: Certainty::Unknown,
                ..permission
            },
        };
        permission.evidence.insert(
            0,
            url.evidence
                .clone()
                .unwrap_or_else(|| function.evidence_of("/url")),
        );
        let from = draft.internet();
        let to = draft.state(NodeId::of(target.position), Access::Reach);
        permission.add_step(world, draft, (from, to), technique);
    }
    Ok(())
}

/// Access control lists that let everybody write, or change the list itself. `READ` on a bucket lists names;
/// it reads no object (Amazon S3 User Guide, "Access control list overview", read 2026-11).
fn bucket_lists(world: &World<'_>, draft: &mut Draft) {
    let write = world.techniques.named("aws.s3.public-write");
    for target in world.targets.of_kind("data.bucket") {
        let Some(bucket) = world.estate.resources().get(target.position) else {
            continue;
        };
        let Properties::Bucket(facts) = &bucket.properties else {
            continue;
        };
        let off = facts.ownership.as_deref() == Some("BucketOwnerEnforced");
        let ignores =
            |block: Option<&PublicAccessBlock>| block.is_some_and(|it| it.ignore_public_acls);
        if off
            || ignores(facts.public_access_block.as_ref())
            || ignores(account_block(world, bucket))
        {
            continue;
        }
        for (number, grant) in facts.acl.iter().enumerate() {
            if !matches!(grant.grantee.as_str(), "AllUsers" | "AuthenticatedUsers") {
                continue;
            }
            let accesses: &[Access] = match grant.permission.as_str() {
                "WRITE" => &[Access::Write],
                "WRITE_ACP" => &[Access::Control],
                "FULL_CONTROL" => &[Access::Write, Access::Control],
                _ => &[],
            };
            for &access in accesses {
                let place = grant
                    .evidence
                    .clone()
                    .unwrap_or_else(|| bucket.evidence_of(&format!("/acl/{number}")));
                let known = facts.public_access_block.is_some() && facts.ownership.is_some();
                let permission = Permission {
                    certainty: if known {
                        Certainty::Certain
                    } else {
                        Certainty::Unknown
                    },
                    evidence: vec![place],
                    ..Permission::default()
                };
                let from = draft.internet();
                let to = draft.state(NodeId::of(target.position), access);
                permission.add_step(world, draft, (from, to), write);
            }
        }
    }
}

/// Snapshots shared with everybody. Encrypted ones cannot be shared so.
fn snapshots(world: &World<'_>, draft: &mut Draft) {
    let technique = world.techniques.named("aws.ebs.public-snapshot");
    for target in world.targets.of_kind("data.snapshot") {
        let Some(snapshot) = world.estate.resources().get(target.position) else {
            continue;
        };
        let Properties::Snapshot(facts) = &snapshot.properties else {
            continue;
        };
        if !facts.shared_with.iter().any(|it| it == "all") || facts.encrypted == Some(true) {
            continue;
        }
        let place = facts
            .evidence
            .clone()
            .unwrap_or_else(|| snapshot.evidence_of("/shared_with"));
        let permission = Permission {
            evidence: vec![place],
            ..Permission::default()
        };
        let from = draft.internet();
        let to = draft.state(NodeId::of(target.position), Access::Read);
        permission.add_step(world, draft, (from, to), technique);
    }
}
