//! The organisation above the accounts, and its policies.

use cspm_model::resource::{AccountFacts, OrganizationUnitFacts};
use cspm_model::{PolicyType, Properties, ResourceId};

use super::answer::{Answer, Describe, Home};
use super::collection::{Facts, Rank};
use super::policy::grant;
use crate::findings::is_account;
use crate::node::Node;

/// `organizations describe-organization`
pub(super) fn organization(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(node) = answer.root.child("Organization") else {
        return;
    };
    let Some(arn) = node.text("Arn") else {
        node.missing("Arn");
        return;
    };
    let manager = node.text("MasterAccountId");
    facts.add(
        Rank::Main,
        home(answer, arn)
            .resource(arn, "organization", &node)
            .named(node.text("Id"))
            .with(unit_facts(
                None,
                manager.map(|it| ResourceId::aws_account(it).as_str().to_owned()),
            )),
    );
    if let Some(manager) = manager.filter(|it| is_account(it)) {
        let known = AccountFacts {
            organization: Some(arn.to_owned()),
            management: Some(true),
            ..AccountFacts::default()
        };
        facts.account(manager, known, None, node.place_of("MasterAccountId"));
    }
}

/// `organizations list-roots`
pub(super) fn roots(answer: &Answer<'_>, facts: &mut Facts) {
    for node in answer.root.objects("Roots") {
        let Some(arn) = node.text("Arn") else {
            node.missing("Arn");
            continue;
        };
        facts.add(
            Rank::Main,
            home(answer, arn)
                .resource(arn, "organization.root", &node)
                .named(node.text("Id"))
                .with(unit_facts(organization_of(arn), None)),
        );
    }
}

/// `organizations list-organizational-units-for-parent`
pub(super) fn units(answer: &Answer<'_>, facts: &mut Facts) {
    for node in answer.root.objects("OrganizationalUnits") {
        let Some(arn) = node.text("Arn") else {
            node.missing("Arn");
            continue;
        };
        let parent = answer.argument().map(str::to_owned);
        facts.add(
            Rank::Main,
            home(answer, arn)
                .resource(arn, "organization.unit", &node)
                .named(node.text("Name"))
                .with(unit_facts(parent, None)),
        );
    }
}

fn unit_facts(parent: Option<String>, management_account: Option<String>) -> Properties {
    Properties::OrganizationUnit(Box::new(OrganizationUnitFacts {
        parent,
        management_account,
        ..OrganizationUnitFacts::default()
    }))
}

/// `organizations list-accounts`
pub(super) fn accounts(answer: &Answer<'_>, facts: &mut Facts) {
    for node in answer.root.objects("Accounts") {
        add_account(&node, None, facts);
    }
}

/// `organizations list-accounts-for-parent`
pub(super) fn accounts_for_parent(answer: &Answer<'_>, facts: &mut Facts) {
    for node in answer.root.objects("Accounts") {
        add_account(&node, answer.argument(), facts);
    }
}

fn add_account(node: &Node<'_>, parent: Option<&str>, facts: &mut Facts) {
    let Some(number) = node.text("Id").filter(|it| is_account(it)) else {
        node.missing("Id");
        return;
    };
    let arn = node.text("Arn");
    let manager = arn.and_then(|it| it.split(':').nth(4));
    facts.account(
        number,
        AccountFacts {
            organization: arn.and_then(organization_of),
            management: manager.map(|it| it == number),
            parent: parent.map(str::to_owned),
            ..AccountFacts::default()
        },
        node.text("Name"),
        node.place(),
    );
}

/// The ARN of the organisation in which `arn` (of a root, a unit, an account) is:
/// `arn:aws:organizations::MANAGER:root/o-1/r-1`.
fn organization_of(arn: &str) -> Option<String> {
    let (head, tail) = arn.rsplit_once(':')?;
    let id = tail.split('/').nth(1)?;
    Some(format!("{head}:organization/{id}"))
}

/// `organizations list-policies`
pub(super) fn list_policies(answer: &Answer<'_>, facts: &mut Facts) {
    for node in answer.root.objects("Policies") {
        add_policy(answer, &node, Rank::Listed, facts);
    }
}

/// `organizations describe-policy`
pub(super) fn describe_policy(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(policy) = answer.root.child("Policy") else {
        return;
    };
    let Some(summary) = policy.child("PolicySummary") else {
        policy.missing("PolicySummary");
        return;
    };
    let Some(arn) = add_policy(answer, &summary, Rank::Main, facts) else {
        return;
    };
    let kind = match summary.text("Type") {
        Some("SERVICE_CONTROL_POLICY") => PolicyType::ServiceControl,
        Some("RESOURCE_CONTROL_POLICY") => PolicyType::ResourceControl,
        // Tags, backups and the like: they forbid no call.
        _ => return,
    };
    facts.grant(grant(&policy, "Content", arn, kind));
}

fn add_policy<'a>(
    answer: &Answer<'_>,
    summary: &Node<'a>,
    rank: Rank,
    facts: &mut Facts,
) -> Option<&'a str> {
    let Some(arn) = summary.text("Arn") else {
        summary.missing("Arn");
        return None;
    };
    let mut home = home(answer, arn);
    if arn.split(':').nth(4) == Some("aws") {
        home.account = None;
    }
    facts.add(
        rank,
        home.resource(arn, "organization.policy", summary)
            .named(summary.text("Name"))
            .with(Properties::OrganizationPolicy(Box::default())),
    );
    Some(arn)
}

/// `organizations list-targets-for-policy`
pub(super) fn targets(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(policy) = answer.argument() else {
        answer
            .root
            .lost("the name of the document does not say of which policy it is");
        return;
    };
    let mut targets = Vec::new();
    for node in answer.root.objects("Targets") {
        let Some(id) = node.text("TargetId") else {
            node.missing("TargetId");
            continue;
        };
        targets.push(if is_account(id) {
            ResourceId::aws_account(id).as_str().to_owned()
        } else {
            id.to_owned()
        });
    }
    let bare = policy.rsplit('/').next().unwrap_or(policy);
    let known = facts.policy_targets.entry(bare.to_owned()).or_default();
    known.0.extend(targets);
    let place = answer.root.place_of("Targets");
    if known.1.as_ref().is_none_or(|known| place < *known) {
        known.1 = Some(place);
    }
}

fn home(answer: &Answer<'_>, arn: &str) -> Home {
    Home {
        region: None,
        ..answer.home_of(arn)
    }
}
