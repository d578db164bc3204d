//! Access by permissions: every `on_target` rule of the catalogue, for every principal.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use cspm_iam::aws::{Action, Block, Context, DecisionKind, OpenCondition, Setter};
use cspm_model::report::Condition;
use cspm_model::{Access, Certainty, Location, Properties};

use super::super::DeriveError;
use super::super::draft::{Draft, DraftState, NodeId, StepFacts};
use super::super::technique::{Rule, TechniqueId};
use super::World;
use super::candidates::{Claim, Target, objects};
use super::encryption::{KeyUse, key_use};
use super::holders::{Answer, Holder, Holders, Question};
use super::near_miss::{GrantControl, NearMiss, NearMisses};
use super::public::Public;
use super::vantage::{Vantage, VantageId};

/// What is known of a permission.
#[derive(Debug, Clone, Default)]
pub(super) struct Permission {
    pub(super) certainty: Certainty,
    pub(super) conditions: Vec<Condition>,
    /// Where requests have to come from.
    pub(super) gates: Vec<Gate>,
    pub(super) evidence: Vec<Location>,
    pub(super) via: Vec<NodeId>,
}

/// A place in the network that somebody has to hold, and the conditions that ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gate {
    pub(super) vantage: VantageId,
    pub(super) conditions: Vec<Condition>,
}

impl Permission {
    /// Both of two permissions.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.certainty = self.certainty.max(other.certainty);
        self.conditions.extend(other.conditions);
        self.conditions.sort();
        self.conditions.dedup();
        for location in other.evidence {
            if !self.evidence.contains(&location) {
                self.evidence.push(location);
            }
        }
        self.via.extend(other.via);
        for gate in other.gates {
            if !self.gates.contains(&gate) {
                self.gates.push(gate);
            }
        }
        self
    }

    /// Whether it holds without anything else.
    pub(super) fn is_plain(&self) -> bool {
        self.certainty == Certainty::Certain && self.gates.is_empty()
    }

    /// Whether it asks for less than another: it is surer, or as sure from anywhere.
    pub(super) fn is_better_than(&self, other: &Self) -> bool {
        (self.certainty, self.gates.len()) < (other.certainty, other.gates.len())
    }

    /// Adds the step that it allows to whoever sends requests from its place, whose credentials do not matter.
    pub(super) fn add_step_from_its_place(
        mut self,
        world: &World<'_>,
        draft: &mut Draft,
        to: DraftState,
        technique: TechniqueId,
    ) {
        if let Some(gate) = self.gates.pop() {
            let from = world.vantages.state(gate.vantage, world.techniques, draft);
            self.add_step(world, draft, (from, to), technique);
        }
    }

    /// Adds the step that it allows: a gate where requests have to come from somewhere.
    pub(super) fn add_step(
        self,
        world: &World<'_>,
        draft: &mut Draft,
        (from, to): (DraftState, DraftState),
        technique: TechniqueId,
    ) {
        let gates = self.gates.iter();
        let requires = gates
            .map(|gate| world.vantages.state(gate.vantage, world.techniques, draft))
            .collect();
        let mut facts = StepFacts::certain(technique, self.evidence)
            .certainty(self.certainty)
            .via(self.via);
        facts.conditions = self.conditions;
        draft.gate(from, requires, to, facts);
    }
}

/// An open condition as the report states it.
pub(super) fn stated(open: &OpenCondition) -> Condition {
    Condition {
        key: open.key().to_owned(),
        operator: open.operator().to_owned(),
        values: open.values().to_vec(),
        required: open.required(),
        setter: open.setter().as_str().to_owned(),
    }
}

/// A question's outcome.
pub(super) enum Outcome {
    Allowed(Permission),
    Denied {
        reason: String,
        evidence: Option<Location>,
        control: GrantControl,
    },
}

/// Asks, and brings the answer to what a step needs.
///
/// Conditions that the attacker chooses are met. Those on place ask for a position in the network that meets
/// them. Those on facts that were not collected make it unknown, all others conditional.
pub(super) fn permission(world: &World<'_>, question: &Question<'_>) -> Outcome {
    let answer = world.holders.ask(question);
    outcome(world, question, &answer)
}

fn outcome(world: &World<'_>, question: &Question<'_>, answer: &Answer) -> Outcome {
    let decision = &answer.decision;
    let place = |statement| world.holders.place(world.policies, question, statement);
    if decision.effect() != DecisionKind::Allow {
        let (statement, control) = match decision.blocked_by() {
            Some(Block::ExplicitDeny(statement)) => (Some(*statement), GrantControl::ExplicitDeny),
            Some(Block::Condition(statement, _)) => (Some(*statement), GrantControl::Condition),
            Some(Block::Contradiction) => (None, GrantControl::Condition),
            Some(Block::Boundary | Block::Session) => (None, GrantControl::Boundary),
            Some(Block::ServiceControl { .. } | Block::ResourceControl { .. }) => {
                (None, GrantControl::OrganizationPolicy)
            }
            _ => (None, GrantControl::NoAllow),
        };
        let found = statement.and_then(place);
        let owner = found
            .as_ref()
            .and_then(|(_, owner)| world.estate.resources().get(owner.index()))
            .map(|it| it.id.to_string());
        let reason = match decision.blocked_by() {
            Some(Block::ExplicitDeny(_)) => {
                format!(
                    "an explicit deny in a policy of `{}`",
                    owner.unwrap_or_default()
                )
            }
            Some(Block::Condition(_, condition)) => {
                format!("a condition that is not met: {condition}")
            }
            Some(Block::Boundary) => "the permissions boundary, which does not allow it".to_owned(),
            Some(Block::ServiceControl { .. }) => {
                "a service control policy of the organisation".to_owned()
            }
            Some(Block::ResourceControl { .. }) => {
                "a resource control policy of the organisation".to_owned()
            }
            Some(Block::NoIdentityAllow) => "the lack of an allow in its own policies".to_owned(),
            Some(Block::NoResourceAllow) => {
                "the policy of the resource, which does not let it in".to_owned()
            }
            Some(Block::Contradiction) => "conditions that contradict each other".to_owned(),
            Some(Block::Session) => "the session policies".to_owned(),
            Some(Block::Endpoint) => "the policy of the VPC endpoint".to_owned(),
            _ => "the provider, which refuses it whatever policies say".to_owned(),
        };
        let evidence = found
            .map(|(place, _)| place)
            .or_else(|| match decision.blocked_by() {
                Some(Block::Boundary) => question
                    .holder
                    .boundary
                    .as_ref()
                    .and_then(|it| it.first())
                    .and_then(|&id| world.policies.document(id))
                    .map(|it| it.place(0)),
                _ => None,
            });
        return Outcome::Denied {
            reason,
            evidence,
            control,
        };
    }
    let mut permission = Permission::default();
    for &statement in decision.because() {
        if let Some((location, owner)) = place(statement) {
            permission.evidence.push(location);
            permission.via.push(owner);
        }
    }
    if !decision.certain() {
        let (place, mut open): (Vec<&OpenCondition>, Vec<&OpenCondition>) = decision
            .conditions()
            .iter()
            .filter(|it| it.setter() != Setter::Request)
            .partition(|it| it.setter() == Setter::Place);
        match world.vantages.find(&place, question.action.service()) {
            Vantage::Anywhere => {}
            Vantage::At(vantage) => permission.gates.push(Gate {
                vantage,
                conditions: place.into_iter().map(stated).collect(),
            }),
            Vantage::NotInTheEstate => open.extend(place),
        }
        let unknown = open
            .iter()
            .any(|it| matches!(it.setter(), Setter::Principal | Setter::Estate));
        permission.certainty = if unknown {
            Certainty::Unknown
        } else if open.is_empty() {
            Certainty::Certain
        } else {
            Certainty::Conditional
        };
        permission.conditions = open.into_iter().map(stated).collect();
        permission.conditions.sort();
        permission.conditions.dedup();
    }
    if question.holder.boundary_missing {
        permission.certainty = Certainty::Unknown;
    }
    Outcome::Allowed(permission)
}

fn nothing_allows() -> Outcome {
    Outcome::Denied {
        reason: "the lack of a statement that allows it".to_owned(),
        evidence: None,
        control: GrantControl::NoAllow,
    }
}

/// One rule, ready to be asked.
struct Compiled {
    technique: TechniqueId,
    kinds: Vec<String>,
    access: Access,
    actions: Vec<Action>,
    object: bool,
    needs_key: bool,
}

pub(super) fn parse_action(name: &str) -> Result<Action, DeriveError> {
    Action::parse(name).map_err(|error| DeriveError::Catalogue {
        file: "techniques",
        message: format!("`{name}`: {error}"),
    })
}

fn compiled(world: &World<'_>) -> Result<Vec<Compiled>, DeriveError> {
    let mut rules = Vec::new();
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
        let access = Access::parse(access).ok_or_else(|| DeriveError::Catalogue {
            file: "techniques",
            message: format!("`{}`: unknown access `{access}`", entry.name),
        })?;
        rules.push(Compiled {
            technique,
            kinds: targets.clone(),
            access,
            actions: any_of
                .iter()
                .map(|it| parse_action(it))
                .collect::<Result<_, _>>()?,
            object: *object,
            needs_key: *needs_key,
        });
    }
    Ok(rules)
}

/// Steps from principals to what they may access. An administrator has its account already.
pub(super) fn derive(
    world: &World<'_>,
    administrators: &HashSet<NodeId>,
    public: &Public,
    draft: &mut Draft,
    misses: &mut NearMisses,
) -> Result<(), DeriveError> {
    let rules = compiled(world)?;
    let decrypt = parse_action("kms:Decrypt")?;
    for holder in world.holders.all() {
        let from = draft.state(holder.node, Access::Control);
        let administrator = administrators.contains(&holder.node);
        for rule in &rules {
            for kind in &rule.kinds {
                let candidates = world.targets.candidates(
                    world.estate,
                    world.policies,
                    holder,
                    &rule.actions,
                    kind,
                );
                for (target, claim) in candidates {
                    if target.position == holder.position
                        || (administrator && target.account == holder.account)
                    {
                        continue;
                    }
                    // A machine that does not run takes no commands.
                    let resource = world.estate.resources().get(target.position);
                    if let Some(Properties::Instance(facts)) = resource.map(|it| &it.properties)
                        && facts.state.as_deref().is_some_and(|it| it != "running")
                    {
                        continue;
                    }
                    // What everybody may do, principals do as part of everybody.
                    if public.open.contains(&(target.position, rule.access)) {
                        continue;
                    }
                    // A public access block that restricts a public policy keeps other accounts out as
                    // well, whomever the policy names (Amazon S3 User Guide, "Blocking public access",
                    // RestrictPublicBuckets, read 2026-11).
                    if public.restricted.contains(&target.position)
                        && target.account != holder.account
                    {
                        continue;
                    }
                    match ask(world, holder, rule, target, &decrypt) {
                        Outcome::Allowed(permission) => {
                            let to = draft.state(NodeId::of(target.position), rule.access);
                            permission.add_step(world, draft, (from, to), rule.technique);
                        }
                        Outcome::Denied {
                            reason,
                            evidence,
                            control,
                        } => {
                            let matters = rule.access == Access::Read
                                && (control != GrantControl::NoAllow || claim == Claim::Identity);
                            if matters {
                                misses.add(NearMiss {
                                    principal: holder.node,
                                    target: NodeId::of(target.position),
                                    control,
                                    reason,
                                    evidence,
                                });
                            }
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether one of the actions is allowed, on the resource or on something in it; the surest answer counts.
fn ask(
    world: &World<'_>,
    holder: &Holder<'_>,
    rule: &Compiled,
    target: &Target,
    decrypt: &Action,
) -> Outcome {
    let Some(resource) = world.estate.resources().get(target.position) else {
        return nothing_allows();
    };
    let document = target.document.and_then(|id| world.policies.document(id));
    let context = target_context(world, holder, target);
    let ids = if rule.object {
        let own = holder
            .identity
            .iter()
            .filter_map(|&id| world.policies.document(id));
        objects_of(
            resource.id.as_str(),
            own.chain(document).map(|it| &it.policy),
        )
    } else {
        vec![resource.id.to_string()]
    };
    let mut best: Option<Permission> = None;
    let mut denied: Option<Outcome> = None;
    for id in &ids {
        for action in &rule.actions {
            let question = Question {
                holder,
                action,
                resource: id,
                resource_account: target.account.as_deref(),
                resource_policy: document.map(|it| &it.policy),
                resource_document: target.document,
                context: Some(&context),
            };
            match permission(world, &question) {
                Outcome::Allowed(permission) => {
                    if best.as_ref().is_none_or(|it| permission.is_better_than(it)) {
                        best = Some(permission);
                    }
                }
                // A control that takes back says more than a statement that is not there.
                it @ Outcome::Denied { control, .. } => {
                    if control != GrantControl::NoAllow || denied.is_none() {
                        denied = Some(it);
                    }
                }
            }
            if best.as_ref().is_some_and(Permission::is_plain) {
                break;
            }
        }
    }
    let Some(best) = best else {
        return denied.unwrap_or_else(nothing_allows);
    };
    if rule.needs_key {
        with_key(world, holder, resource, best, decrypt)
    } else {
        Outcome::Allowed(best)
    }
}

/// The same principal has to be allowed to decrypt.
fn with_key(
    world: &World<'_>,
    holder: &Holder<'_>,
    resource: &cspm_model::Resource,
    permission_so_far: Permission,
    decrypt: &Action,
) -> Outcome {
    let certainty = |certainty| Permission {
        certainty,
        ..Permission::default()
    };
    let (key, document) = match key_use(world, resource) {
        KeyUse::None => return Outcome::Allowed(permission_so_far),
        KeyUse::Provider if holder.account == resource.account => {
            return Outcome::Allowed(permission_so_far);
        }
        KeyUse::Provider => {
            return Outcome::Denied {
                reason: "the provider's own key that encrypts it, which serves no other account"
                    .to_owned(),
                evidence: Some(resource.evidence_of("")),
                control: GrantControl::KeyPolicy,
            };
        }
        KeyUse::NotCollected => {
            return Outcome::Allowed(permission_so_far.and(certainty(Certainty::Unknown)));
        }
        KeyUse::Disabled(key) => {
            return Outcome::Denied {
                reason: format!("the key `{}` that encrypts it, which is disabled", key.id),
                evidence: Some(key.evidence_of("/enabled")),
                control: GrantControl::KeyPolicy,
            };
        }
        KeyUse::Customer { key, document } => (key, document),
    };
    let policy = document.and_then(|id| world.policies.document(id));
    let question = Question {
        holder,
        action: decrypt,
        resource: key.id.as_str(),
        resource_account: key.account.as_deref(),
        resource_policy: policy.map(|it| &it.policy),
        resource_document: document,
        context: None,
    };
    match permission(world, &question) {
        _ if policy.is_none() => {
            // Without its policy, a key may let the principal in or not.
            Outcome::Allowed(permission_so_far.and(certainty(Certainty::Unknown)))
        }
        Outcome::Allowed(decrypts) => Outcome::Allowed(permission_so_far.and(decrypts)),
        Outcome::Denied {
            reason, evidence, ..
        } => Outcome::Denied {
            reason: format!("the key `{}` that encrypts it: {reason}", key.id),
            evidence,
            control: GrantControl::KeyPolicy,
        },
    }
}

/// The principal's context with what is known of the resource: its tags, its organisation, its URL.
pub(super) fn target_context<'c>(
    world: &World<'_>,
    holder: &'c Holder<'_>,
    target: &Target,
) -> Cow<'c, Context> {
    let mut context = Cow::Borrowed(Holders::context_of(holder));
    let Some(resource) = world.estate.resources().get(target.position) else {
        return context;
    };
    let document = target.document.and_then(|id| world.policies.document(id));
    if resource.collected && (Holders::asks_resource_tags(holder) || target.asks_resource_tags) {
        let tags: BTreeMap<String, &String> = resource
            .tags
            .iter()
            .map(|(key, value)| (key.to_ascii_lowercase(), value))
            .collect();
        let own = holder
            .identity
            .iter()
            .chain(holder.boundary.iter().flatten());
        let policies = own
            .filter_map(|&id| world.policies.document(id))
            .chain(document);
        for key in policies
            .flat_map(|it| it.policy.statements())
            .flat_map(cspm_iam::aws::Statement::condition_keys)
        {
            let lower = key.to_ascii_lowercase();
            if let Some((_, tag)) = lower.split_once("resourcetag/") {
                context
                    .to_mut()
                    .insert(key, tags.get(tag).map(|value| (*value).clone()));
            }
        }
    }
    if world.targets.asks_resource_organization()
        && let Some(account) = &target.account
        && let Some(organization) = world.holders.organization(account)
    {
        context.to_mut().insert("aws:ResourceOrgID", [organization]);
    }
    if let Properties::Function(facts) = &resource.properties
        && let Some(auth) = facts.url.as_ref().and_then(|it| it.auth.as_deref())
    {
        context
            .to_mut()
            .insert("lambda:FunctionUrlAuthType", [auth]);
    }
    context
}

/// Objects in a resource that statements tell apart: those that an allow means, and those that a deny leaves
/// out. At most [`OBJECTS_MAX`].
pub(super) fn objects_of<'p>(
    id: &str,
    policies: impl Iterator<Item = &'p cspm_iam::aws::Policy>,
) -> Vec<String> {
    use cspm_iam::aws::{Effect, ResourcePatterns};
    let mut found: Vec<String> = Vec::new();
    for statement in policies.flat_map(cspm_iam::aws::Policy::statements) {
        let named: Vec<String> = match (statement.effect(), statement.resource_patterns()) {
            (Effect::Allow, ResourcePatterns::Only(patterns))
            | (Effect::Deny, ResourcePatterns::AllBut(patterns)) => patterns
                .iter()
                .flat_map(|pattern| objects(id, pattern))
                .collect(),
            (Effect::Allow, _) => vec![format!("{id}/{}", super::candidates::PROBE)],
            (Effect::Deny, _) => Vec::new(),
        };
        for object in named {
            if !found.contains(&object) && found.len() < OBJECTS_MAX {
                found.push(object);
            }
        }
    }
    found
}

/// Objects asked about in one bucket. Policies that single out more prefixes than this are rare; those past it
/// are not asked about, which may under-report.
const OBJECTS_MAX: usize = 64;
