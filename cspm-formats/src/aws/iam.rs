//! Identity and Access Management.

use std::collections::BTreeMap;

use cspm_model::diagnostic::Effect;
use cspm_model::resource::{GroupFacts, PolicyFacts, ProfileFacts, RoleFacts, UserFacts};
use cspm_model::{Grant, PolicyType, Properties, Resource};

use super::answer::{Answer, Describe, Home};
use super::collection::{Facts, Rank};
use super::policy::grant;
use crate::node::Node;

/// `iam get-account-authorization-details`
pub(super) fn authorization_details(answer: &Answer<'_>, facts: &mut Facts) {
    let root = &answer.root;
    let groups: BTreeMap<&str, &str> = root
        .objects("GroupDetailList")
        .iter()
        .filter_map(|group| Some((group.text("GroupName")?, group.text("Arn")?)))
        .collect();
    for user in root.objects("UserDetailList") {
        let Some((arn, home, resource)) = identity(answer, &user, "identity.user", "UserName")
        else {
            continue;
        };
        let names = user.texts("GroupList");
        let evidence = (!names.is_empty()).then(|| user.place_of("GroupList"));
        let groups = names
            .into_iter()
            .map(|name| match groups.get(name.as_str()) {
                Some(arn) => (*arn).to_owned(),
                None => home.arn("iam", &format!("group/{name}")),
            })
            .collect();
        inline(&user, "UserPolicyList", arn, facts);
        facts.add(
            Rank::Main,
            resource.with(Properties::User(Box::new(UserFacts {
                groups,
                policies: managed(&user),
                boundary: boundary(&user),
                unique_id: user.string("UserId"),
                evidence,
                ..UserFacts::default()
            }))),
        );
    }
    for group in root.objects("GroupDetailList") {
        let Some((arn, _, resource)) = identity(answer, &group, "identity.group", "GroupName")
        else {
            continue;
        };
        inline(&group, "GroupPolicyList", arn, facts);
        facts.add(
            Rank::Main,
            resource.with(Properties::Group(Box::new(GroupFacts {
                policies: managed(&group),
                unique_id: group.string("GroupId"),
                ..GroupFacts::default()
            }))),
        );
    }
    for role in root.objects("RoleDetailList") {
        add_role(answer, &role, Rank::Main, facts);
    }
    for policy in root.objects("Policies") {
        managed_policy(answer, &policy, facts);
    }
}

/// `iam list-users`
pub(super) fn list_users(answer: &Answer<'_>, facts: &mut Facts) {
    for user in answer.root.objects("Users") {
        add_user(answer, &user, facts);
    }
}

/// `iam get-user`
pub(super) fn get_user(answer: &Answer<'_>, facts: &mut Facts) {
    if let Some(user) = answer.root.child("User") {
        add_user(answer, &user, facts);
    }
}

/// `iam list-roles`
pub(super) fn list_roles(answer: &Answer<'_>, facts: &mut Facts) {
    for role in answer.root.objects("Roles") {
        add_role(answer, &role, Rank::Listed, facts);
    }
}

/// `iam get-role`
pub(super) fn get_role(answer: &Answer<'_>, facts: &mut Facts) {
    if let Some(role) = answer.root.child("Role") {
        add_role(answer, &role, Rank::Listed, facts);
    }
}

/// `iam list-groups`
pub(super) fn list_groups(answer: &Answer<'_>, facts: &mut Facts) {
    for group in answer.root.objects("Groups") {
        if let Some((_, _, resource)) = identity(answer, &group, "identity.group", "GroupName") {
            facts.add(
                Rank::Listed,
                resource.with(Properties::Group(Box::new(GroupFacts {
                    unique_id: group.string("GroupId"),
                    ..GroupFacts::default()
                }))),
            );
        }
    }
}

/// `iam list-instance-profiles`
pub(super) fn list_instance_profiles(answer: &Answer<'_>, facts: &mut Facts) {
    for profile in answer.root.objects("InstanceProfiles") {
        add_profile(answer, &profile, Rank::Main, facts);
    }
}

/// `iam list-access-keys`: how many are in force; their ids are not kept.
pub(super) fn list_access_keys(answer: &Answer<'_>, facts: &mut Facts) {
    let mut active: BTreeMap<&str, (u32, Node<'_>)> = BTreeMap::new();
    for key in answer.root.objects("AccessKeyMetadata") {
        let Some(user) = key.text("UserName").or_else(|| answer.argument()) else {
            key.missing("UserName");
            continue;
        };
        let count = u32::from(key.text("Status") == Some("Active"));
        let entry = active.entry(user).or_insert_with(|| (0, key.clone()));
        entry.0 = entry.0.saturating_add(count);
    }
    if active.is_empty()
        && answer.root.has("AccessKeyMetadata")
        && let Some(user) = answer.argument()
    {
        active.insert(user, (0, answer.root.clone()));
    }
    for (user, (count, node)) in active {
        let home = answer.global(None);
        let id = home.arn("iam", &format!("user/{user}"));
        facts.add_named(
            home.resource(&id, "identity.user", &node)
                .named(Some(user))
                .with(Properties::User(Box::new(UserFacts {
                    active_keys: Some(count),
                    ..UserFacts::default()
                }))),
            user,
        );
    }
}

/// The ARN, the home and the resource of an identity.
fn identity<'a>(
    answer: &Answer<'_>,
    node: &Node<'a>,
    kind: &str,
    name: &str,
) -> Option<(&'a str, Home, Resource)> {
    let Some(arn) = node.text("Arn") else {
        node.missing("Arn");
        return None;
    };
    let home = Home {
        region: None,
        ..answer.home_of(arn)
    };
    let mut resource = home.resource(arn, kind, node).named(node.text(name));
    resource.tags = node.tags("Tags");
    Some((arn, home, resource))
}

fn add_user(answer: &Answer<'_>, user: &Node<'_>, facts: &mut Facts) {
    if let Some((_, _, resource)) = identity(answer, user, "identity.user", "UserName") {
        facts.add(
            Rank::Listed,
            resource.with(Properties::User(Box::new(UserFacts {
                boundary: boundary(user),
                unique_id: user.string("UserId"),
                ..UserFacts::default()
            }))),
        );
    }
}

fn add_role(answer: &Answer<'_>, role: &Node<'_>, rank: Rank, facts: &mut Facts) {
    let Some((arn, _, resource)) = identity(answer, role, "identity.role", "RoleName") else {
        return;
    };
    facts.grant(grant(
        role,
        "AssumeRolePolicyDocument",
        arn,
        PolicyType::Trust,
    ));
    inline(role, "RolePolicyList", arn, facts);
    let profiles = role.objects("InstanceProfileList");
    for profile in &profiles {
        add_profile(answer, profile, Rank::Listed, facts);
    }
    let evidence = (!profiles.is_empty()).then(|| role.place_of("InstanceProfileList"));
    facts.add(
        rank,
        resource.with(Properties::Role(Box::new(RoleFacts {
            policies: managed(role),
            boundary: boundary(role),
            unique_id: role.string("RoleId"),
            instance_profiles: profiles.iter().filter_map(|it| it.string("Arn")).collect(),
            evidence,
            ..RoleFacts::default()
        }))),
    );
}

fn add_profile(answer: &Answer<'_>, profile: &Node<'_>, rank: Rank, facts: &mut Facts) {
    let kind = "identity.instance_profile";
    let Some((_, _, mut resource)) = identity(answer, profile, kind, "InstanceProfileName") else {
        return;
    };
    // Instances name the association or the profile by this id.
    resource.aliases.extend(profile.string("InstanceProfileId"));
    facts.add(
        rank,
        resource.with(Properties::Profile(Box::new(ProfileFacts {
            roles: profile.texts_of("Roles", "Arn"),
            evidence: Some(profile.place_of("Roles")),
            ..ProfileFacts::default()
        }))),
    );
}

fn managed_policy(answer: &Answer<'_>, policy: &Node<'_>, facts: &mut Facts) {
    let Some(arn) = policy.text("Arn") else {
        policy.missing("Arn");
        return;
    };
    let mut home = Home {
        region: None,
        ..answer.home_of(arn)
    };
    if arn.split(':').nth(4) == Some("aws") {
        // A policy of the provider is the same in every account.
        home.account = None;
    }
    let wanted = policy.text("DefaultVersionId");
    let versions = policy.objects("PolicyVersionList");
    let version = versions.iter().find(|version| match wanted {
        Some(wanted) => version.text("VersionId") == Some(wanted),
        None => version.flag("IsDefaultVersion") == Some(true),
    });
    match version.and_then(|version| grant(version, "Document", arn, PolicyType::Identity)) {
        Some(grant) => facts.grant(Some(grant)),
        None => policy.note(
            "not-collected",
            Effect::UnderReport,
            format!("the version in force of policy `{arn}` is not in the document: what it allows is not known"),
            policy.place(),
        ),
    }
    let mut resource = home
        .resource(arn, "identity.policy", policy)
        .named(policy.text("PolicyName").or_else(|| arn.rsplit('/').next()))
        .with(Properties::Policy(Box::new(PolicyFacts {
            version: wanted.map(str::to_owned),
            ..PolicyFacts::default()
        })));
    resource.tags = policy.tags("Tags");
    facts.add(Rank::Main, resource);
}

fn inline(node: &Node<'_>, key: &str, owner: &str, facts: &mut Facts) {
    for policy in node.objects(key) {
        match grant(&policy, "PolicyDocument", owner, PolicyType::Identity) {
            Some(grant) => facts.grant(Some(Grant {
                name: policy.string("PolicyName"),
                ..grant
            })),
            None => policy.missing("PolicyDocument"),
        }
    }
}

fn managed(node: &Node<'_>) -> Vec<String> {
    node.texts_of("AttachedManagedPolicies", "PolicyArn")
}

fn boundary(node: &Node<'_>) -> Option<String> {
    node.child("PermissionsBoundary")?
        .string("PermissionsBoundaryArn")
}
