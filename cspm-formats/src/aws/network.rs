//! The network: what lets traffic through, and what does not.

use cspm_model::diagnostic::Effect;
use cspm_model::ports::PortSet;
use cspm_model::resource::{
    AclEntry, AclFacts, GatewayFacts, PeeringFacts, PrefixListFacts, Route, RouteTableFacts,
    SecurityGroupFacts, SecurityGroupRule, SubnetFacts, VpcEndpointFacts, VpcFacts,
};
use cspm_model::{PolicyType, Properties};

use super::answer::{Answer, Describe, Home};
use super::collection::{Address, Facts, Rank};
use super::compute;
use super::policy::grant;
use crate::node::Node;

/// `ec2 describe-network-interfaces`
pub(super) fn interfaces(answer: &Answer<'_>, facts: &mut Facts) {
    for node in answer.root.objects("NetworkInterfaces") {
        let Some(id) = node.text("NetworkInterfaceId") else {
            node.missing("NetworkInterfaceId");
            continue;
        };
        let home = answer.home(node.text("OwnerId"), node.text("AvailabilityZone"));
        let mut known = compute::interface(&node);
        let instance = node
            .child("Attachment")
            .and_then(|it| it.string("InstanceId"));
        known.attached_to = instance.or_else(|| served(&home, node.text("Description")?));
        facts.add(
            Rank::Main,
            home.ec2(
                "network-interface",
                id,
                "network.interface",
                &node,
                "TagSet",
            )
            .with(Properties::Interface(Box::new(known))),
        );
    }
}

/// What an interface of one of AWS's services serves, by its description.
fn served(home: &Home, description: &str) -> Option<String> {
    let word = |prefix: &str| {
        let rest = description.strip_prefix(prefix)?;
        rest.split_whitespace().next().map(str::to_owned)
    };
    if let Some(name) = word("ELB ") {
        return Some(home.arn("elasticloadbalancing", &format!("loadbalancer/{name}")));
    }
    if let Some(gateway) = word("Interface for NAT Gateway ") {
        return Some(gateway);
    }
    if let Some(endpoint) = word("VPC Endpoint Interface ") {
        return Some(endpoint);
    }
    // `AWS Lambda VPC ENI-NAME-8-4-4-4-12`
    let function = description.strip_prefix("AWS Lambda VPC ENI-")?;
    let mut parts = function.rsplitn(6, '-');
    let name = parts.nth(5)?;
    Some(home.arn("lambda", &format!("function:{name}")))
}

/// `ec2 describe-security-groups`
pub(super) fn security_groups(answer: &Answer<'_>, facts: &mut Facts) {
    for group in answer.root.objects("SecurityGroups") {
        let Some(id) = group.text("GroupId") else {
            group.missing("GroupId");
            continue;
        };
        let home = match group.text("SecurityGroupArn") {
            Some(arn) => answer.home_of(arn),
            None => answer.home(group.text("OwnerId"), None),
        };
        let mut rules = Vec::new();
        for (key, direction) in [
            ("IpPermissions", "ingress"),
            ("IpPermissionsEgress", "egress"),
        ] {
            for permission in group.objects(key) {
                add_rules(&permission, direction, &mut rules);
            }
        }
        let mut resource = home.ec2(
            "security-group",
            id,
            "network.security_group",
            &group,
            "Tags",
        );
        resource.name = resource.name.or_else(|| group.string("GroupName"));
        facts.add(
            Rank::Main,
            resource.with(Properties::SecurityGroup(Box::new(SecurityGroupFacts {
                vpc: group.string("VpcId"),
                rules,
                ..SecurityGroupFacts::default()
            }))),
        );
    }
}

/// One rule for each peer, so that its place is that of the very range.
fn add_rules(permission: &Node<'_>, direction: &str, rules: &mut Vec<SecurityGroupRule>) {
    let Some(word) = permission.text("IpProtocol") else {
        permission.missing("IpProtocol");
        return;
    };
    let protocol = protocol(word);
    let ports = ports(permission, &protocol, "FromPort", "ToPort");
    for (list, member) in [
        ("IpRanges", "CidrIp"),
        ("Ipv6Ranges", "CidrIpv6"),
        ("UserIdGroupPairs", "GroupId"),
        ("PrefixListIds", "PrefixListId"),
    ] {
        for peer in permission.objects(list) {
            let Some(name) = peer.string(member) else {
                peer.missing(member);
                continue;
            };
            rules.push(SecurityGroupRule {
                direction: direction.to_owned(),
                protocol: protocol.clone(),
                ports: ports.clone(),
                peers: vec![name],
                evidence: Some(peer.place()),
                ..SecurityGroupRule::default()
            });
        }
    }
}

/// The name of a protocol that AWS names or numbers.
fn protocol(word: &str) -> String {
    match word {
        "-1" | "all" => "*",
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        "icmpv6" => "58",
        other => other,
    }
    .to_owned()
}

/// The ports from `first` to `last`; `None` means all, which is what a protocol without ports has.
fn ports(node: &Node<'_>, protocol: &str, first: &str, last: &str) -> Option<String> {
    if !matches!(protocol, "tcp" | "udp") {
        return None;
    }
    let (from, to) = (node.number(first)?, node.number(last)?);
    if from == -1 || to == -1 {
        return None;
    }
    let set = match (u16::try_from(from), u16::try_from(to)) {
        (Ok(from), Ok(to)) => PortSet::range(from, to),
        _ => PortSet::default(),
    };
    if set.is_empty() {
        node.note_at(
            first,
            "unexpected-value",
            Effect::OverReport,
            format!("{from} to {to} is no range of ports: taken as all ports"),
        );
        return None;
    }
    Some(set.to_string()).filter(|text| text != "*")
}

/// `ec2 describe-subnets`
pub(super) fn subnets(answer: &Answer<'_>, facts: &mut Facts) {
    for subnet in answer.root.objects("Subnets") {
        let Some(id) = subnet.text("SubnetId") else {
            subnet.missing("SubnetId");
            continue;
        };
        let home = answer.home(subnet.text("OwnerId"), subnet.text("AvailabilityZone"));
        facts.add(
            Rank::Main,
            home.ec2("subnet", id, "network.subnet", &subnet, "Tags")
                .with(Properties::Subnet(Box::new(SubnetFacts {
                    vpc: subnet.string("VpcId"),
                    cidrs: cidrs(&subnet),
                    zone: subnet.string("AvailabilityZone"),
                    ..SubnetFacts::default()
                }))),
        );
    }
}

/// `ec2 describe-vpcs`
pub(super) fn vpcs(answer: &Answer<'_>, facts: &mut Facts) {
    for vpc in answer.root.objects("Vpcs") {
        let Some(id) = vpc.text("VpcId") else {
            vpc.missing("VpcId");
            continue;
        };
        let home = answer.home(vpc.text("OwnerId"), None);
        facts.add(
            Rank::Main,
            home.ec2("vpc", id, "network.vpc", &vpc, "Tags")
                .with(Properties::Vpc(Box::new(VpcFacts {
                    cidrs: cidrs(&vpc),
                    ..VpcFacts::default()
                }))),
        );
    }
}

/// Every address range of a VPC or subnet that is in force.
fn cidrs(node: &Node<'_>) -> Vec<String> {
    let mut found: Vec<String> = node.string("CidrBlock").into_iter().collect();
    for (list, member, state) in [
        ("CidrBlockAssociationSet", "CidrBlock", "CidrBlockState"),
        (
            "Ipv6CidrBlockAssociationSet",
            "Ipv6CidrBlock",
            "Ipv6CidrBlockState",
        ),
    ] {
        for association in node.objects(list) {
            let state = association.child(state).and_then(|it| it.string("State"));
            if !matches!(state.as_deref(), None | Some("associated" | "associating")) {
                continue;
            }
            if let Some(cidr) = association.string(member)
                && !found.contains(&cidr)
            {
                found.push(cidr);
            }
        }
    }
    found
}

/// `ec2 describe-route-tables`
pub(super) fn route_tables(answer: &Answer<'_>, facts: &mut Facts) {
    for table in answer.root.objects("RouteTables") {
        let Some(id) = table.text("RouteTableId") else {
            table.missing("RouteTableId");
            continue;
        };
        let associations = table.objects("Associations");
        let main = associations.iter().any(|it| it.flag("Main") == Some(true));
        let home = answer.home(table.text("OwnerId"), None);
        facts.add(
            Rank::Main,
            home.ec2("route-table", id, "network.route_table", &table, "Tags")
                .with(Properties::RouteTable(Box::new(RouteTableFacts {
                    vpc: table.string("VpcId"),
                    main: Some(main),
                    subnets: associations
                        .iter()
                        .filter_map(|it| it.string("SubnetId"))
                        .collect(),
                    routes: table.objects("Routes").iter().filter_map(route).collect(),
                    ..RouteTableFacts::default()
                }))),
        );
    }
}

fn route(node: &Node<'_>) -> Option<Route> {
    const DESTINATIONS: [&str; 3] = [
        "DestinationCidrBlock",
        "DestinationIpv6CidrBlock",
        "DestinationPrefixListId",
    ];
    // A route through an instance names its interface too; the instance says more.
    const TARGETS: [&str; 10] = [
        "GatewayId",
        "NatGatewayId",
        "InstanceId",
        "NetworkInterfaceId",
        "VpcPeeringConnectionId",
        "TransitGatewayId",
        "EgressOnlyInternetGatewayId",
        "LocalGatewayId",
        "CarrierGatewayId",
        "CoreNetworkArn",
    ];
    let active = node.text("State").map(|state| state != "blackhole");
    let Some(destination) = DESTINATIONS.iter().find_map(|key| node.string(key)) else {
        node.missing("DestinationCidrBlock");
        return None;
    };
    let target = TARGETS.iter().find_map(|key| node.string(key));
    if target.is_none() && active != Some(false) {
        node.note(
            "unexpected-value",
            Effect::UnderReport,
            "a route to a kind of target that this version does not know: it leads nowhere"
                .to_owned(),
            node.place(),
        );
    }
    Some(Route {
        destination,
        target: target.unwrap_or_default(),
        active,
        evidence: Some(node.place()),
        ..Route::default()
    })
}

/// `ec2 describe-internet-gateways`
pub(super) fn internet_gateways(answer: &Answer<'_>, facts: &mut Facts) {
    gateways(
        answer,
        facts,
        (
            "InternetGateways",
            "InternetGatewayId",
            "internet-gateway",
            "network.internet_gateway",
        ),
    );
}

/// `ec2 describe-egress-only-internet-gateways`
pub(super) fn egress_gateways(answer: &Answer<'_>, facts: &mut Facts) {
    gateways(
        answer,
        facts,
        (
            "EgressOnlyInternetGateways",
            "EgressOnlyInternetGatewayId",
            "egress-only-internet-gateway",
            "network.egress_gateway",
        ),
    );
}

fn gateways(
    answer: &Answer<'_>,
    facts: &mut Facts,
    (list, id_key, word, kind): (&str, &str, &str, &str),
) {
    for gateway in answer.root.objects(list) {
        let Some(id) = gateway.text(id_key) else {
            gateway.missing(id_key);
            continue;
        };
        let vpcs = gateway
            .objects("Attachments")
            .iter()
            .filter(|it| !matches!(it.text("State"), Some("detached" | "detaching")))
            .filter_map(|it| it.string("VpcId"))
            .collect();
        let home = answer.home(gateway.text("OwnerId"), None);
        facts.add(
            Rank::Main,
            home.ec2(word, id, kind, &gateway, "Tags")
                .with(Properties::Gateway(Box::new(GatewayFacts {
                    vpcs,
                    ..GatewayFacts::default()
                }))),
        );
    }
}

/// `ec2 describe-nat-gateways`
pub(super) fn nat_gateways(answer: &Answer<'_>, facts: &mut Facts) {
    for gateway in answer.root.objects("NatGateways") {
        let Some(id) = gateway.text("NatGatewayId") else {
            gateway.missing("NatGatewayId");
            continue;
        };
        let home = answer.home(None, None);
        let gone = matches!(
            gateway.text("State"),
            Some("deleted" | "deleting" | "failed")
        );
        let vpcs = gateway
            .string("VpcId")
            .filter(|_| !gone)
            .into_iter()
            .collect();
        facts.add(
            Rank::Main,
            home.ec2("natgateway", id, "network.nat_gateway", &gateway, "Tags")
                .with(Properties::Gateway(Box::new(GatewayFacts {
                    vpcs,
                    subnet: gateway.string("SubnetId"),
                    ..GatewayFacts::default()
                }))),
        );
    }
}

/// `ec2 describe-network-acls`
pub(super) fn acls(answer: &Answer<'_>, facts: &mut Facts) {
    for acl in answer.root.objects("NetworkAcls") {
        let Some(id) = acl.text("NetworkAclId") else {
            acl.missing("NetworkAclId");
            continue;
        };
        let home = answer.home(acl.text("OwnerId"), None);
        facts.add(
            Rank::Main,
            home.ec2("network-acl", id, "network.acl", &acl, "Tags")
                .with(Properties::Acl(Box::new(AclFacts {
                    vpc: acl.string("VpcId"),
                    default: acl.flag("IsDefault"),
                    subnets: acl.texts_of("Associations", "SubnetId"),
                    entries: acl
                        .objects("Entries")
                        .iter()
                        .filter_map(acl_entry)
                        .collect(),
                    ..AclFacts::default()
                }))),
        );
    }
}

fn acl_entry(node: &Node<'_>) -> Option<AclEntry> {
    let Some(number) = node
        .number("RuleNumber")
        .and_then(|it| u32::try_from(it).ok())
    else {
        node.missing("RuleNumber");
        return None;
    };
    let Some(action) = node.string("RuleAction") else {
        node.missing("RuleAction");
        return None;
    };
    let Some(egress) = node.flag("Egress") else {
        node.missing("Egress");
        return None;
    };
    let Some(cidr) = node
        .string("CidrBlock")
        .or_else(|| node.string("Ipv6CidrBlock"))
    else {
        node.missing("CidrBlock");
        return None;
    };
    let Some(word) = node.text("Protocol") else {
        node.missing("Protocol");
        return None;
    };
    let protocol = protocol(word);
    let ports = node
        .child("PortRange")
        .and_then(|range| ports(&range, &protocol, "From", "To"));
    Some(AclEntry {
        number,
        direction: if egress { "egress" } else { "ingress" }.to_owned(),
        action,
        protocol,
        ports,
        cidr,
        evidence: Some(node.place()),
        ..AclEntry::default()
    })
}

/// `ec2 describe-addresses`: elastic addresses and what they are associated with.
pub(super) fn addresses(answer: &Answer<'_>, facts: &mut Facts) {
    for node in answer.root.objects("Addresses") {
        let public = node.string("PublicIp").or_else(|| node.string("CarrierIp"));
        let interface = node.string("NetworkInterfaceId");
        let instance = node.string("InstanceId");
        if let Some(id) = node.text("AllocationId") {
            // Findings name it; it has no state of its own.
            let attached_to = interface.clone().or_else(|| instance.clone());
            let known = attached_to.map(|it| ("attached_to".to_owned(), it.into()));
            let home = answer.home(node.text("NetworkInterfaceOwnerId"), None);
            let mut resource = home
                .ec2("eip-allocation", id, "network.address", &node, "Tags")
                .with(Properties::Opaque(known.into_iter().collect()));
            resource.name = resource.name.or_else(|| public.clone());
            // AWS's own form of the ARN.
            resource
                .aliases
                .push(home.arn("ec2", &format!("elastic-ip/{id}")));
            facts.add(Rank::Main, resource);
        } else if public.is_none() {
            node.missing("PublicIp");
        }
        if let Some(public) = public {
            facts.addresses.push(Address {
                public,
                interface,
                instance,
            });
        }
    }
}

/// `ec2 describe-vpc-peering-connections`
pub(super) fn peerings(answer: &Answer<'_>, facts: &mut Facts) {
    for peering in answer.root.objects("VpcPeeringConnections") {
        let Some(id) = peering.text("VpcPeeringConnectionId") else {
            peering.missing("VpcPeeringConnectionId");
            continue;
        };
        let sides: Vec<Node<'_>> = ["RequesterVpcInfo", "AccepterVpcInfo"]
            .iter()
            .filter_map(|key| peering.child(key))
            .collect();
        // Both sides list it: the one that asked for it gives the id.
        let mut home = answer.home(sides.first().and_then(|it| it.text("OwnerId")), None);
        if let Some(region) = sides.first().and_then(|it| it.string("Region")) {
            home.region = Some(region);
        }
        let status = peering.child("Status").and_then(|it| it.string("Code"));
        let mut vpcs: Vec<String> = sides.iter().filter_map(|it| it.string("VpcId")).collect();
        vpcs.sort();
        facts.add(
            Rank::Main,
            home.ec2(
                "vpc-peering-connection",
                id,
                "network.peering",
                &peering,
                "Tags",
            )
            .with(Properties::Peering(Box::new(PeeringFacts {
                vpcs,
                active: status.map(|code| code == "active"),
                ..PeeringFacts::default()
            }))),
        );
    }
}

/// `ec2 describe-vpc-endpoints`
pub(super) fn endpoints(answer: &Answer<'_>, facts: &mut Facts) {
    for endpoint in answer.root.objects("VpcEndpoints") {
        let Some(id) = endpoint.text("VpcEndpointId") else {
            endpoint.missing("VpcEndpointId");
            continue;
        };
        let home = answer.home(endpoint.text("OwnerId"), None);
        let resource = home.ec2("vpc-endpoint", id, "network.endpoint", &endpoint, "Tags");
        facts.grant(grant(
            &endpoint,
            "PolicyDocument",
            resource.id.as_str(),
            PolicyType::Endpoint,
        ));
        facts.add(
            Rank::Main,
            resource.with(Properties::VpcEndpoint(Box::new(VpcEndpointFacts {
                vpc: endpoint.string("VpcId"),
                service: endpoint.string("ServiceName"),
                mode: endpoint.string("VpcEndpointType").or_else(|| {
                    // Answers from before there were interface endpoints do not say it.
                    let tables = !endpoint.texts("RouteTableIds").is_empty();
                    tables.then(|| "Gateway".to_owned())
                }),
                subnets: endpoint.texts("SubnetIds"),
                route_tables: endpoint.texts("RouteTableIds"),
                ..VpcEndpointFacts::default()
            }))),
        );
    }
}

/// `ec2 describe-managed-prefix-lists` and `ec2 describe-prefix-lists`
pub(super) fn prefix_lists(answer: &Answer<'_>, facts: &mut Facts) {
    for list in answer.root.objects("PrefixLists") {
        let Some(id) = list.text("PrefixListId") else {
            list.missing("PrefixListId");
            continue;
        };
        let home = answer.home(list.text("OwnerId"), None);
        let resource = home.ec2("prefix-list", id, "network.prefix_list", &list, "Tags");
        facts.add(
            Rank::Main,
            resource
                .named(list.text("PrefixListName"))
                .with(Properties::PrefixList(Box::new(PrefixListFacts {
                    cidrs: list.texts("Cidrs"),
                    ..PrefixListFacts::default()
                }))),
        );
    }
}

/// `ec2 get-managed-prefix-list-entries`
pub(super) fn prefix_list_entries(answer: &Answer<'_>, facts: &mut Facts) {
    let Some(id) = answer.argument() else {
        answer
            .root
            .lost("the name of the document does not say of which prefix list it is");
        return;
    };
    facts.add(
        Rank::Part,
        answer
            .home(None, None)
            .ec2(
                "prefix-list",
                id,
                "network.prefix_list",
                &answer.root,
                "Tags",
            )
            .with(Properties::PrefixList(Box::new(PrefixListFacts {
                cidrs: answer.root.texts_of("Entries", "Cidr"),
                ..PrefixListFacts::default()
            }))),
    );
}
