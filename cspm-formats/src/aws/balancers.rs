//! Load balancers and what stands behind them.

use cspm_model::Properties;
use cspm_model::resource::{Listener, LoadBalancerFacts, Target, TargetGroupFacts};

use super::answer::{Answer, Describe};
use super::collection::{Facts, Rank, Rule};
use crate::node::Node;

const KIND: &str = "network.load_balancer";

/// `elbv2 describe-load-balancers`
pub(super) fn load_balancers(answer: &Answer<'_>, facts: &mut Facts) {
    for balancer in answer.root.objects("LoadBalancers") {
        let Some(arn) = balancer.text("LoadBalancerArn") else {
            balancer.missing("LoadBalancerArn");
            continue;
        };
        facts.add(
            Rank::Main,
            answer
                .home_of(arn)
                .resource(arn, KIND, &balancer)
                .named(balancer.text("LoadBalancerName"))
                .with(Properties::LoadBalancer(Box::new(LoadBalancerFacts {
                    scheme: balancer.string("Scheme"),
                    family: balancer.string("Type"),
                    vpc: balancer.string("VpcId"),
                    subnets: balancer.texts_of("AvailabilityZones", "SubnetId"),
                    security_groups: balancer.texts("SecurityGroups"),
                    ..LoadBalancerFacts::default()
                }))),
        );
    }
}

/// `elb describe-load-balancers`
pub(super) fn classic(answer: &Answer<'_>, facts: &mut Facts) {
    for balancer in answer.root.objects("LoadBalancerDescriptions") {
        let Some(name) = balancer.text("LoadBalancerName") else {
            balancer.missing("LoadBalancerName");
            continue;
        };
        let home = answer.home(None, None);
        let arn = home.arn("elasticloadbalancing", &format!("loadbalancer/{name}"));
        let instances = balancer.objects("Instances");
        let listeners = balancer
            .objects("ListenerDescriptions")
            .iter()
            .filter_map(|it| it.child("Listener"))
            .filter_map(|listener| {
                let targets = instances
                    .iter()
                    .filter_map(|instance| {
                        Some(Target {
                            id: instance.string("InstanceId")?,
                            port: listener.port("InstancePort"),
                            evidence: Some(instance.place()),
                            ..Target::default()
                        })
                    })
                    .collect();
                Some(Listener {
                    targets,
                    ..listener_at(&listener, "LoadBalancerPort")?
                })
            })
            .collect();
        facts.add(
            Rank::Main,
            home.resource(&arn, KIND, &balancer)
                .named(Some(name))
                .with(Properties::LoadBalancer(Box::new(LoadBalancerFacts {
                    scheme: balancer.string("Scheme"),
                    family: Some("classic".to_owned()),
                    vpc: balancer.string("VPCId"),
                    subnets: balancer.texts("Subnets"),
                    security_groups: balancer.texts("SecurityGroups"),
                    listeners: Some(listeners),
                    ..LoadBalancerFacts::default()
                }))),
        );
    }
}

/// A listener that forwards nowhere yet.
fn listener_at(node: &Node<'_>, port: &str) -> Option<Listener> {
    let Some(port) = node.port(port) else {
        node.missing(port);
        return None;
    };
    Some(Listener {
        port,
        protocol: node.text("Protocol").map(str::to_ascii_lowercase),
        evidence: Some(node.place()),
        ..Listener::default()
    })
}

/// `elbv2 describe-listeners`
pub(super) fn listeners(answer: &Answer<'_>, facts: &mut Facts) {
    let nodes = answer.root.objects("Listeners");
    if nodes.is_empty()
        && let Some(arn) = answer.argument().filter(|it| it.starts_with("arn:"))
    {
        facts.add(
            Rank::Part,
            answer
                .home_of(arn)
                .resource(arn, KIND, &answer.root)
                .with(Properties::LoadBalancer(Box::new(LoadBalancerFacts {
                    listeners: Some(Vec::new()),
                    ..LoadBalancerFacts::default()
                }))),
        );
    }
    for node in nodes {
        let balancer = node
            .text("LoadBalancerArn")
            .or_else(|| answer.argument().filter(|it| it.starts_with("arn:")));
        let Some(balancer) = balancer else {
            node.missing("LoadBalancerArn");
            continue;
        };
        let Some(mut listener) = listener_at(&node, "Port") else {
            continue;
        };
        let default = forwarding(&node, "DefaultActions");
        listener.authenticated =
            (!default.target_groups.is_empty()).then_some(default.authenticated);
        listener.target_groups = default.target_groups;
        let arn = node.string("ListenerArn").unwrap_or_default();
        facts
            .listeners
            .entry(balancer.to_owned())
            .or_default()
            .push((arn, listener));
    }
}

/// `elbv2 describe-rules`
pub(super) fn rules(answer: &Answer<'_>, facts: &mut Facts) {
    for node in answer.root.objects("Rules") {
        let rule = forwarding(&node, "Actions");
        // `...:listener-rule/app/NAME/BALANCER/LISTENER/RULE` belongs to `...:listener/app/NAME/BALANCER/LISTENER`.
        let listener = match answer.argument().filter(|it| it.starts_with("arn:")) {
            Some(listener) => Some(listener.to_owned()),
            None => node
                .text("RuleArn")
                .and_then(|arn| arn.rsplit_once('/'))
                .map(|(head, _)| head.replacen(":listener-rule/", ":listener/", 1)),
        };
        match listener {
            Some(listener) => facts.rules.entry(listener).or_default().push(rule),
            None => node.missing("RuleArn"),
        }
    }
}

/// Where a list of actions forwards to. They are carried out in their order, so that one that
/// authenticates stands before the one that forwards.
fn forwarding(node: &Node<'_>, key: &str) -> Rule {
    let mut rule = Rule {
        target_groups: Vec::new(),
        authenticated: false,
    };
    for action in node.objects(key) {
        if action
            .text("Type")
            .is_some_and(|it| it.starts_with("authenticate-"))
        {
            rule.authenticated = true;
        }
        rule.target_groups.extend(action.string("TargetGroupArn"));
        if let Some(config) = action.child("ForwardConfig") {
            rule.target_groups
                .extend(config.texts_of("TargetGroups", "TargetGroupArn"));
        }
    }
    rule.target_groups.sort();
    rule.target_groups.dedup();
    rule
}

/// `elbv2 describe-target-groups`
pub(super) fn target_groups(answer: &Answer<'_>, facts: &mut Facts) {
    for group in answer.root.objects("TargetGroups") {
        let Some(arn) = group.text("TargetGroupArn") else {
            group.missing("TargetGroupArn");
            continue;
        };
        facts.add(
            Rank::Main,
            answer
                .home_of(arn)
                .resource(arn, "network.target_group", &group)
                .named(group.text("TargetGroupName"))
                .with(Properties::TargetGroup(Box::new(TargetGroupFacts {
                    vpc: group.string("VpcId"),
                    load_balancers: group.texts("LoadBalancerArns"),
                    port: group.port("Port"),
                    protocol: group.text("Protocol").map(str::to_ascii_lowercase),
                    ..TargetGroupFacts::default()
                }))),
        );
    }
}

/// `elbv2 describe-target-health`
pub(super) fn target_health(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(group) = answer.argument() else {
        answer
            .root
            .lost("the name of the document does not say of which target group it is");
        return;
    };
    let targets = answer
        .root
        .objects("TargetHealthDescriptions")
        .iter()
        .filter_map(|it| it.child("Target"))
        .filter_map(|target| {
            let Some(id) = target.string("Id") else {
                target.missing("Id");
                return None;
            };
            Some(Target {
                id,
                port: target.port("Port"),
                evidence: Some(target.place()),
                ..Target::default()
            })
        })
        .collect();
    let named = !group.starts_with("arn:");
    let home = if named {
        answer.home(None, None)
    } else {
        answer.home_of(group)
    };
    let id = home.arn_or(group, "elasticloadbalancing", "targetgroup/");
    let resource = home
        .resource(&id, "network.target_group", &answer.root)
        .with(Properties::TargetGroup(Box::new(TargetGroupFacts {
            targets: Some(targets),
            ..TargetGroupFacts::default()
        })));
    if named {
        facts.add_named(resource, group);
    } else {
        facts.add(Rank::Part, resource);
    }
}
