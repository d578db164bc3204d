//! Roles: who assumes them, and which machines and functions carry them.

use cspm_iam::aws::{self, Context, DecisionKind, PolicySet, Principal, Request};
use cspm_model::{Access, Certainty, Location, PolicyType, Properties, Resource};

use super::super::DeriveError;
use super::super::draft::{Draft, NodeId};
use super::super::technique::TechniqueId;
use super::World;
use super::access::{Outcome, Permission, parse_action, permission, target_context};
use super::candidates::Claim;
use super::holders::Question;
use super::near_miss::{GrantControl, NearMiss, NearMisses};

/// Steps into roles.
pub(super) fn derive(
    world: &World<'_>,
    draft: &mut Draft,
    misses: &mut NearMisses,
) -> Result<(), DeriveError> {
    carried(world, draft)?;
    assumed(world, draft, misses)
}

/// Whether a role lets a service in, by its trust policy.
pub(super) fn service_trusted(
    world: &World<'_>,
    role: usize,
    service: &str,
) -> Result<Option<Permission>, DeriveError> {
    let action = parse_action("sts:AssumeRole")?;
    let Some(resource) = world.estate.resources().get(role) else {
        return Ok(None);
    };
    let Some(document) = world.policies.of_resource(PolicyType::Trust, role) else {
        let certainty = Certainty::Unknown;
        return Ok(Some(Permission {
            certainty,
            ..Permission::default()
        }));
    };
    let principal = Principal::Service(service.to_owned());
    let context = Context::new(false);
    let request = Request {
        principal: &principal,
        action: &action,
        resource: resource.id.as_str(),
        resource_account: resource.account.as_deref(),
        context: &context,
    };
    let set = PolicySet {
        resource: Some(&document.policy),
        ..PolicySet::default()
    };
    let decision = aws::evaluate(&request, &set);
    if decision.effect() != DecisionKind::Allow {
        return Ok(None);
    }
    // What a trust policy asks of a service (its source account, say) is met where the service acts for the
    // very account.
    let evidence = decision
        .because()
        .iter()
        .map(|it| document.place(it.statement))
        .collect();
    Ok(Some(Permission {
        evidence,
        via: vec![document.owner],
        ..Permission::default()
    }))
}

/// Machines, functions and tasks hand out the credentials of their role.
fn carried(world: &World<'_>, draft: &mut Draft) -> Result<(), DeriveError> {
    let profile = world.techniques.named("aws.ec2.instance-profile");
    let execution = world.techniques.named("aws.lambda.execution-role");
    let task = world.techniques.named("aws.ecs.task-role");
    for (at, resource) in world.estate.resources().iter().enumerate() {
        match &resource.properties {
            Properties::Instance(facts) => {
                let Some(name) = facts.instance_profile.as_deref() else {
                    continue;
                };
                for (role, evidence, via) in roles_of_profile(world, resource, name) {
                    let place = resource.evidence_of("/instance_profile");
                    let carrier = Carrier {
                        at,
                        role,
                        service: "ec2.amazonaws.com",
                        technique: profile,
                    };
                    carry(
                        world,
                        draft,
                        &carrier,
                        [vec![place], evidence].concat(),
                        via,
                    )?;
                }
            }
            Properties::Function(facts) => {
                let place = facts
                    .evidence
                    .clone()
                    .unwrap_or_else(|| resource.evidence_of("/role"));
                if let Some(role) = named_role(world, resource, facts.role.as_deref()) {
                    let carrier = Carrier {
                        at,
                        role,
                        service: "lambda.amazonaws.com",
                        technique: execution,
                    };
                    carry(world, draft, &carrier, vec![place], Vec::new())?;
                }
            }
            Properties::Container(facts) => {
                let place = resource.evidence_of("/role");
                if let Some(role) = named_role(world, resource, facts.role.as_deref()) {
                    let carrier = Carrier {
                        at,
                        role,
                        service: "ecs-tasks.amazonaws.com",
                        technique: task,
                    };
                    carry(world, draft, &carrier, vec![place], Vec::new())?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

struct Carrier {
    at: usize,
    role: usize,
    service: &'static str,
    technique: TechniqueId,
}

fn carry(
    world: &World<'_>,
    draft: &mut Draft,
    carrier: &Carrier,
    evidence: Vec<Location>,
    via: Vec<NodeId>,
) -> Result<(), DeriveError> {
    let Some(trust) = service_trusted(world, carrier.role, carrier.service)? else {
        return Ok(());
    };
    let from = draft.state(NodeId::of(carrier.at), Access::Control);
    let to = draft.state(NodeId::of(carrier.role), Access::Control);
    let carried = Permission {
        evidence,
        via,
        ..Permission::default()
    };
    carried
        .and(trust)
        .add_step(world, draft, (from, to), carrier.technique);
    Ok(())
}

fn named_role(world: &World<'_>, resource: &Resource, name: Option<&str>) -> Option<usize> {
    let at = world.estate.resolve(name?, resource.account.as_deref())?;
    world
        .estate
        .resources()
        .get(at)
        .filter(|it| it.kind.as_str() == "identity.role")
        .map(|_| at)
}

/// The roles of an instance profile, with the places that say so.
fn roles_of_profile(
    world: &World<'_>,
    resource: &Resource,
    name: &str,
) -> Vec<(usize, Vec<Location>, Vec<NodeId>)> {
    let account = resource.account.as_deref();
    let position = world.estate.resolve(name, account);
    let profile = position.and_then(|at| world.estate.resources().get(at).map(|it| (at, it)));
    let mut found = Vec::new();
    if let Some((at, profile)) = profile
        && let Properties::Profile(facts) = &profile.properties
    {
        let place = facts
            .evidence
            .clone()
            .unwrap_or_else(|| profile.evidence_of("/roles"));
        for role in facts
            .roles
            .iter()
            .filter_map(|it| named_role(world, profile, Some(it)))
        {
            found.push((role, vec![place.clone()], vec![NodeId::of(at)]));
        }
    }
    if found.is_empty() {
        let id = profile.map_or(name, |(_, it)| it.id.as_str());
        for target in world.targets.of_kind("identity.role") {
            let Some(role) = world.estate.resources().get(target.position) else {
                continue;
            };
            if let Properties::Role(facts) = &role.properties
                && facts
                    .instance_profiles
                    .iter()
                    .any(|it| it == id || it == name)
            {
                let place = facts
                    .evidence
                    .clone()
                    .unwrap_or_else(|| role.evidence_of("/instance_profiles"));
                found.push((target.position, vec![place], Vec::new()));
            }
        }
    }
    found
}

/// Principals assume the roles that let them in.
fn assumed(
    world: &World<'_>,
    draft: &mut Draft,
    misses: &mut NearMisses,
) -> Result<(), DeriveError> {
    let technique = world.techniques.named("aws.sts.assume-role");
    let action = parse_action("sts:AssumeRole")?;
    for holder in world.holders.all() {
        let from = draft.state(holder.node, Access::Control);
        let candidates = world.targets.candidates(
            world.estate,
            world.policies,
            holder,
            std::slice::from_ref(&action),
            "identity.role",
        );
        for (target, claim) in candidates {
            if target.position == holder.position {
                continue;
            }
            let Some(role) = world.estate.resources().get(target.position) else {
                continue;
            };
            let Some(document) = target.document.and_then(|id| world.policies.document(id)) else {
                // Without its trust policy, a role may let the principal in or not.
                if claim == Claim::Identity && target.account == holder.account {
                    let to = draft.state(NodeId::of(target.position), Access::Control);
                    let permission = Permission {
                        certainty: Certainty::Unknown,
                        evidence: vec![role.evidence_of("")],
                        ..Permission::default()
                    };
                    permission.add_step(world, draft, (from, to), technique);
                }
                continue;
            };
            let context = target_context(world, holder, target);
            let question = Question {
                holder,
                action: &action,
                resource: role.id.as_str(),
                resource_account: role.account.as_deref(),
                resource_policy: Some(&document.policy),
                resource_document: target.document,
                context: Some(&context),
            };
            match permission(world, &question) {
                Outcome::Allowed(permission) => {
                    let to = draft.state(NodeId::of(target.position), Access::Control);
                    permission.add_step(world, draft, (from, to), technique);
                }
                Outcome::Denied {
                    reason,
                    evidence,
                    control,
                } if claim == Claim::Identity => {
                    let by_trust = control == GrantControl::NoAllow;
                    misses.add(NearMiss {
                        principal: holder.node,
                        target: NodeId::of(target.position),
                        control: if by_trust {
                            GrantControl::TrustPolicy
                        } else {
                            control
                        },
                        reason: if by_trust {
                            "the trust policy, which does not let it in".to_owned()
                        } else {
                            reason
                        },
                        evidence: evidence.or_else(|| Some(document.place(0))),
                    });
                }
                Outcome::Denied { .. } => {}
            }
        }
    }
    Ok(())
}
