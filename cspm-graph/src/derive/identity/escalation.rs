//! From a principal to its account, and to roles it may pass to a service.

use std::collections::HashSet;

use cspm_iam::aws::{Action, Principal, ResourcePatterns};
use cspm_model::{Access, PolicyType};

use super::super::DeriveError;
use super::super::draft::{Draft, NodeId};
use super::super::technique::{Rule, TechniqueId};
use super::World;
use super::access::{Outcome, Permission, parse_action, permission};
use super::candidates::{Claim, PROBE};
use super::holders::{Holder, Holders, Question};
use super::near_miss::{GrantControl, NearMiss, NearMisses};
use super::roles::service_trusted;

/// Makes the steps; returns the principals that control their account for certain.
pub(super) fn derive(
    world: &World<'_>,
    draft: &mut Draft,
    misses: &mut NearMisses,
) -> Result<HashSet<NodeId>, DeriveError> {
    let mut administrators = HashSet::new();
    let rules: Vec<(TechniqueId, &Rule)> = world
        .techniques
        .iter()
        .filter_map(|(id, technique)| technique.rule.as_ref().map(|rule| (id, rule)))
        .collect();
    let administrator = world.techniques.named("aws.iam.administrator");
    let broad = [
        parse_action("iam:AttachRolePolicy")?,
        parse_action("iam:UpdateAssumeRolePolicy")?,
    ];
    let pass_role = parse_action("iam:PassRole")?;
    for holder in world.holders.all() {
        let Some(account) = holder.account.as_deref() else {
            continue;
        };
        let from = draft.state(holder.node, Access::Control);
        let account_node = world
            .estate
            .position(&format!("aws:account/{account}"))
            .map(NodeId::of);
        let mut plain = false;
        if let Some(node) = account_node {
            let mut give = |draft: &mut Draft, permission: Permission, technique| {
                plain |= permission.is_plain();
                let to = draft.state(node, Access::Control);
                permission.add_step(world, draft, (from, to), technique);
            };
            let any_role = format!("arn:aws:iam::{account}:role/{PROBE}");
            if let Some(permission) = all_of(world, holder, &broad, |_| vec![any_role.clone()]) {
                give(draft, permission, administrator);
            } else if holder.boundary.is_none() && !holder.boundary_missing {
                // Whoever grants itself more stays within its boundary: those are left out.
                for (technique, rule) in &rules {
                    if let Rule::SelfGrant { any_of, target } = rule
                        && let Some(permission) = self_grant(world, holder, any_of, target)?
                    {
                        give(draft, permission, *technique);
                    }
                }
            }
        }
        if plain {
            administrators.insert(holder.node);
            continue;
        }
        pass_roles(world, holder, &rules, &pass_role, draft, misses)?;
    }
    Ok(administrators)
}

/// Every one of the actions, each on one of the resources that `resources` gives for it.
fn all_of(
    world: &World<'_>,
    holder: &Holder<'_>,
    actions: &[Action],
    resources: impl Fn(&Action) -> Vec<String>,
) -> Option<Permission> {
    let mut whole = Permission::default();
    for action in actions {
        let mut best: Option<Permission> = None;
        for resource in resources(action) {
            let question = Question {
                holder,
                action,
                resource: &resource,
                resource_account: holder.account.as_deref(),
                resource_policy: None,
                resource_document: None,
                context: None,
            };
            if let Outcome::Allowed(permission) = permission(world, &question)
                && best.as_ref().is_none_or(|it| permission.is_better_than(it))
            {
                best = Some(permission);
            }
        }
        whole = whole.and(best?);
    }
    Some(whole)
}

fn self_grant(
    world: &World<'_>,
    holder: &Holder<'_>,
    any_of: &[String],
    target: &str,
) -> Result<Option<Permission>, DeriveError> {
    let id = |at: &usize| {
        world
            .estate
            .resources()
            .get(*at)
            .map(|it| it.id.to_string())
    };
    let resources: Vec<String> = match target {
        "policy" => holder.policies.iter().filter_map(id).collect(),
        "group" => holder.groups.iter().filter_map(id).collect(),
        _ => id(&holder.position).into_iter().collect(),
    };
    // The provider's own policies cannot be changed by anybody.
    let resources: Vec<String> = resources
        .into_iter()
        .filter(|it| !it.contains(":iam::aws:"))
        .collect();
    if resources.is_empty() {
        return Ok(None);
    }
    let own_type = match holder.principal {
        Principal::User(_) => "User",
        _ => "Role",
    };
    let mut best: Option<Permission> = None;
    for name in any_of {
        // `iam:AttachUserPolicy` is about users only, `iam:AttachRolePolicy` about roles.
        if target == "self" && !name.contains(own_type) {
            continue;
        }
        let action = [parse_action(name)?];
        let found = all_of(world, holder, &action, |_| resources.clone());
        if let Some(permission) = found
            && best.as_ref().is_none_or(|it| permission.is_better_than(it))
        {
            best = Some(permission);
        }
    }
    Ok(best)
}

/// Roles that a principal may pass to a service of which it may make something that runs.
fn pass_roles(
    world: &World<'_>,
    holder: &Holder<'_>,
    rules: &[(TechniqueId, &Rule)],
    pass_role: &Action,
    draft: &mut Draft,
    misses: &mut NearMisses,
) -> Result<(), DeriveError> {
    let candidates = world.targets.candidates(
        world.estate,
        world.policies,
        holder,
        std::slice::from_ref(pass_role),
        "identity.role",
    );
    let own: Vec<_> = candidates
        .into_iter()
        .filter(|(target, claim)| {
            *claim == Claim::Identity
                && target.position != holder.position
                && target.account == holder.account
        })
        .collect();
    if own.is_empty() {
        return Ok(());
    }
    let from = draft.state(holder.node, Access::Control);
    for (technique, rule) in rules {
        let Rule::PassRole {
            service,
            all_of: names,
        } = rule
        else {
            continue;
        };
        let actions: Vec<Action> = names
            .iter()
            .map(|it| parse_action(it))
            .collect::<Result<_, _>>()?;
        let Some(makes) = all_of(world, holder, &actions, |action| {
            made_of(world, holder, action)
        }) else {
            continue;
        };
        let mut context = Holders::context_of(holder).clone();
        context.insert("iam:PassedToService", [service.as_str()]);
        for (target, _) in &own {
            let Some(role) = world.estate.resources().get(target.position) else {
                continue;
            };
            let trust = service_trusted(world, target.position, service)?;
            let Some(trust) = trust else {
                misses.add(NearMiss {
                    principal: holder.node,
                    target: NodeId::of(target.position),
                    control: GrantControl::TrustPolicy,
                    reason: format!("the trust policy, which does not let in {service}"),
                    evidence: world
                        .policies
                        .of_resource(PolicyType::Trust, target.position)
                        .map(|it| it.place(0)),
                });
                continue;
            };
            let question = Question {
                holder,
                action: pass_role,
                resource: role.id.as_str(),
                resource_account: role.account.as_deref(),
                resource_policy: None,
                resource_document: None,
                context: Some(&context),
            };
            match permission(world, &question) {
                Outcome::Allowed(passes) => {
                    let to = draft.state(NodeId::of(target.position), Access::Control);
                    let whole = passes.and(makes.clone()).and(trust);
                    whole.add_step(world, draft, (from, to), *technique);
                }
                Outcome::Denied {
                    reason,
                    evidence,
                    control,
                } => misses.add(NearMiss {
                    control,
                    principal: holder.node,
                    target: NodeId::of(target.position),
                    reason,
                    evidence,
                }),
            }
        }
    }
    Ok(())
}

/// Names of things that a principal may make, one for each of its allowing patterns.
fn made_of(world: &World<'_>, holder: &Holder<'_>, action: &Action) -> Vec<String> {
    let account = holder.account.as_deref().unwrap_or_default();
    let plain = format!("arn:aws:{}:us-east-1:{account}:{PROBE}", action.service());
    let mut found = Vec::new();
    let documents = holder
        .identity
        .iter()
        .filter_map(|&id| world.policies.document(id));
    for statement in documents.flat_map(|it| it.policy.statements()) {
        if statement.effect() != cspm_iam::aws::Effect::Allow || !statement.covers_action(action) {
            continue;
        }
        let ResourcePatterns::Only(patterns) = statement.resource_patterns() else {
            found.push(plain.clone());
            continue;
        };
        for pattern in patterns {
            if pattern.matches(&plain) {
                found.push(plain.clone());
            } else {
                let name = pattern.as_str().replace('*', PROBE).replace('?', "x");
                if pattern.matches(&name) {
                    found.push(name);
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found.truncate(8);
    found
}
