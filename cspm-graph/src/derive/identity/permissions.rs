//! Permissions for people: who may do this, and what may this one do.

use cspm_iam::aws::Action;
use cspm_model::report::Condition;
use cspm_model::{Certainty, Diagnostic, Estate, Location, ResourceId};

use super::super::DeriveError;
use super::super::network::senders;
use super::super::technique::{Rule, Techniques};
use super::World;
use super::access::{Outcome, parse_action, permission, target_context};
use super::candidates::{Claim, Target, Targets};
use super::holders::{Holder, Holders, Question};
use super::near_miss::GrantControl;
use super::policies::Policies;
use super::vantage::Vantages;

/// An answer about one principal and one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct PermissionAnswer {
    /// The principal.
    pub principal: ResourceId,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// Whether it is allowed.
    pub allowed: bool,
    /// How far that is known.
    pub certainty: Certainty,
    /// What must hold for it.
    pub conditions: Vec<Condition>,
    /// The control that blocks it, if it is not allowed.
    pub blocked_by: Option<GrantControl>,
    /// The same in words.
    pub reason: Option<String>,
    /// The deciding statements.
    pub evidence: Vec<Location>,
}

/// The permissions of an estate, ready to be asked.
#[derive(Debug)]
pub struct Permissions<'e> {
    estate: &'e Estate,
    techniques: Techniques,
    policies: Policies,
    diagnostics: Vec<Diagnostic>,
}

impl<'e> Permissions<'e> {
    /// Reads the policies of an estate.
    ///
    /// # Errors
    /// When the technique catalogue is not what it should be, which a test rules out.
    pub fn new(estate: &'e Estate) -> Result<Self, DeriveError> {
        let mut diagnostics = Vec::new();
        let policies = Policies::new(estate, &mut diagnostics);
        Ok(Self {
            estate,
            techniques: Techniques::load()?,
            policies,
            diagnostics,
        })
    }

    /// What was noticed while reading policies.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Everybody who may do `action` to `resource`, and those to whom a policy of their own would allow it but
    /// for another control. The resource is an id or name of the estate, or the ARN of something in a bucket.
    ///
    /// # Errors
    /// When `action` is none.
    ///
    /// # Complexity
    /// One question for each principal.
    pub fn who_can(
        &self,
        action: &str,
        resource: &str,
    ) -> Result<Vec<PermissionAnswer>, DeriveError> {
        self.with_world(|world| {
            let action = Action::parse(action).map_err(|error| DeriveError::Question {
                message: error.to_string(),
            })?;
            let position = self.position(resource);
            let (kind, id) = match position.and_then(|at| self.estate.resources().get(at)) {
                // The rights on the objects of a bucket are asked of an object.
                Some(found)
                    if resource.starts_with("arn:") && resource.len() > found.id.as_str().len() =>
                {
                    (found.kind.as_str(), resource.to_owned())
                }
                Some(found) => (found.kind.as_str(), found.id.to_string()),
                None => ("", resource.to_owned()),
            };
            let target = position.and_then(|at| {
                world
                    .targets
                    .of_kind(kind)
                    .iter()
                    .find(|it| it.position == at)
            });
            let mut answers = Vec::new();
            for holder in world.holders.all() {
                let answer = self.ask(world, holder, &action, &id, target);
                let claims = || {
                    let own = holder
                        .identity
                        .iter()
                        .filter_map(|&it| self.policies.document(it));
                    let mut statements = own.flat_map(|it| it.policy.statements());
                    statements.any(|it| {
                        it.effect() == cspm_iam::aws::Effect::Allow
                            && it.covers_action(&action)
                            && it.may_cover_resource(&id)
                    })
                };
                if answer.allowed || claims() {
                    answers.push(answer);
                }
            }
            Ok(answers)
        })
    }

    /// What a principal may do to the resources of the estate, of the actions that the technique catalogue
    /// knows, and what its policies would allow but for another control.
    ///
    /// # Errors
    /// When the principal is not one of the estate.
    pub fn can(&self, principal: &str) -> Result<Vec<PermissionAnswer>, DeriveError> {
        self.with_world(|world| {
            let position = self.estate.resolve(principal, None);
            let holder = world
                .holders
                .all()
                .iter()
                .find(|it| Some(it.position) == position);
            let Some(holder) = holder else {
                return Err(DeriveError::Question {
                    message: format!("`{principal}` is no principal of this estate"),
                });
            };
            let mut answers = Vec::new();
            for (_, technique) in self.techniques.iter() {
                let Some(Rule::OnTarget {
                    targets,
                    any_of,
                    object,
                    ..
                }) = &technique.rule
                else {
                    continue;
                };
                for name in any_of {
                    let action = parse_action(name)?;
                    for kind in targets {
                        self.can_on_kind(world, holder, &action, kind, *object, &mut answers);
                    }
                }
            }
            let assume = parse_action("sts:AssumeRole")?;
            self.can_on_kind(world, holder, &assume, "identity.role", false, &mut answers);
            answers.sort_by(|a, b| (&a.resource, &a.action).cmp(&(&b.resource, &b.action)));
            Ok(answers)
        })
    }

    fn can_on_kind(
        &self,
        world: &World<'_>,
        holder: &Holder<'_>,
        action: &Action,
        kind: &str,
        object: bool,
        answers: &mut Vec<PermissionAnswer>,
    ) {
        let actions = std::slice::from_ref(action);
        let found = world
            .targets
            .candidates(self.estate, &self.policies, holder, actions, kind);
        for (target, claim) in found {
            let Some(resource) = self.estate.resources().get(target.position) else {
                continue;
            };
            let ids = if object {
                let document = target.document.and_then(|id| self.policies.document(id));
                let own = holder
                    .identity
                    .iter()
                    .filter_map(|&id| self.policies.document(id));
                super::access::objects_of(
                    resource.id.as_str(),
                    own.chain(document).map(|it| &it.policy),
                )
            } else {
                vec![resource.id.to_string()]
            };
            let asked = ids
                .iter()
                .map(|id| self.ask(world, holder, action, id, Some(target)));
            let best = asked.min_by_key(|it| (!it.allowed, it.certainty));
            answers.extend(best.filter(|it| it.allowed || claim == Claim::Identity));
        }
    }

    fn ask(
        &self,
        world: &World<'_>,
        holder: &Holder<'_>,
        action: &Action,
        id: &str,
        target: Option<&Target>,
    ) -> PermissionAnswer {
        let document = target
            .and_then(|it| it.document)
            .and_then(|it| self.policies.document(it));
        let context = target.map(|target| target_context(world, holder, target));
        let question = Question {
            holder,
            action,
            resource: id,
            resource_account: target.and_then(|it| it.account.as_deref()),
            resource_policy: document.map(|it| &it.policy),
            resource_document: target.and_then(|it| it.document),
            context: context.as_deref(),
        };
        let mut answer = PermissionAnswer {
            principal: self
                .estate
                .resources()
                .get(holder.position)
                .map(|it| it.id.clone())
                .unwrap_or_default(),
            action: action.as_str().to_owned(),
            resource: id.to_owned(),
            allowed: false,
            certainty: Certainty::Certain,
            conditions: Vec::new(),
            blocked_by: None,
            reason: None,
            evidence: Vec::new(),
        };
        match permission(world, &question) {
            Outcome::Allowed(permission) => {
                answer.allowed = true;
                answer.certainty = permission.certainty;
                if !permission.gates.is_empty() {
                    answer.certainty = answer.certainty.max(Certainty::Conditional);
                }
                answer.conditions = permission.conditions;
                let gates = permission.gates.into_iter();
                answer.conditions.extend(gates.flat_map(|it| it.conditions));
                answer.conditions.sort();
                answer.evidence = permission.evidence;
            }
            Outcome::Denied {
                reason,
                evidence,
                control,
            } => {
                answer.blocked_by = Some(control);
                answer.reason = Some(reason);
                answer.evidence = evidence.into_iter().collect();
            }
        }
        answer
    }

    /// The resource that a name means: itself, or the bucket that an object is in.
    fn position(&self, name: &str) -> Option<usize> {
        self.estate.resolve(name, None).or_else(|| {
            let outer = name.match_indices('/').filter_map(|(at, _)| name.get(..at));
            outer
                .filter(|it| it.starts_with("arn:"))
                .find_map(|it| self.estate.position(it))
        })
    }

    fn with_world<T>(
        &self,
        ask: impl FnOnce(&World<'_>) -> Result<T, DeriveError>,
    ) -> Result<T, DeriveError> {
        let mut diagnostics = Vec::new();
        let holders = Holders::new(self.estate, &self.policies, &mut diagnostics);
        let targets = Targets::new(self.estate, &self.policies);
        let senders = senders(self.estate);
        let vantages = Vantages::new(self.estate, &senders);
        ask(&World {
            estate: self.estate,
            techniques: &self.techniques,
            policies: &self.policies,
            holders: &holders,
            targets: &targets,
            vantages: &vantages,
        })
    }
}
