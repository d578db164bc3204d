//! Instances.

use cspm_model::Properties;
use cspm_model::resource::{InstanceFacts, InterfaceFacts};

use super::answer::{Answer, Describe};
use super::collection::{Facts, Rank};
use crate::node::Node;

/// `ec2 describe-instances`
pub(super) fn instances(answer: &Answer<'_>, facts: &mut Facts) {
    for reservation in answer.root.objects("Reservations") {
        let owner = reservation.text("OwnerId");
        for instance in reservation.objects("Instances") {
            add_instance(answer, owner, &instance, facts);
        }
    }
}

/// `ec2 describe-iam-instance-profile-associations`
pub(super) fn profile_associations(answer: &Answer<'_>, facts: &mut Facts) {
    for association in answer.root.objects("IamInstanceProfileAssociations") {
        let Some(id) = association.text("InstanceId") else {
            association.missing("InstanceId");
            continue;
        };
        if !matches!(
            association.text("State"),
            None | Some("associated" | "associating")
        ) {
            continue;
        }
        let profile = association.child("IamInstanceProfile");
        let home = answer.home(None, None);
        facts.add(
            Rank::Part,
            home.ec2("instance", id, "compute.instance", &association, "Tags")
                .with(Properties::Instance(Box::new(InstanceFacts {
                    instance_profile: profile.and_then(|it| it.string("Arn")),
                    ..InstanceFacts::default()
                }))),
        );
    }
}

fn add_instance(answer: &Answer<'_>, owner: Option<&str>, instance: &Node<'_>, facts: &mut Facts) {
    let Some(id) = instance.text("InstanceId") else {
        instance.missing("InstanceId");
        return;
    };
    let placement = instance.child("Placement");
    let zone = placement
        .as_ref()
        .and_then(|it| it.text("AvailabilityZone"));
    let home = answer.home(owner, zone);
    let mut known = InstanceFacts {
        state: instance.child("State").and_then(|it| it.string("Name")),
        image: instance.string("ImageId"),
        vpc: instance.string("VpcId"),
        interfaces: instance
            .objects("NetworkInterfaces")
            .iter()
            .map(interface)
            .collect(),
        instance_profile: instance
            .child("IamInstanceProfile")
            .and_then(|it| it.string("Arn").or_else(|| it.string("Id"))),
        metadata_tokens: instance
            .child("MetadataOptions")
            .and_then(|it| it.string("HttpTokens")),
        ..InstanceFacts::default()
    };
    if known.interfaces.is_empty() {
        known.subnet = instance.string("SubnetId");
        known.security_groups = instance.texts_of("SecurityGroups", "GroupId");
        known.private_addresses = instance.string("PrivateIpAddress").into_iter().collect();
        known.public_addresses = instance.string("PublicIpAddress").into_iter().collect();
        known.ipv6_addresses = instance.string("Ipv6Address").into_iter().collect();
    }
    facts.add(
        Rank::Main,
        home.ec2("instance", id, "compute.instance", instance, "Tags")
            .with(Properties::Instance(Box::new(known))),
    );
}

/// The facts of an interface, as `describe-instances` and `describe-network-interfaces` write them.
pub(super) fn interface(node: &Node<'_>) -> InterfaceFacts {
    let mut private = Vec::new();
    let mut public = Vec::new();
    let add = |list: &mut Vec<String>, address: Option<String>| {
        if let Some(address) = address
            && !list.contains(&address)
        {
            list.push(address);
        }
    };
    let associated = |node: &Node<'_>| {
        node.child("Association")
            .and_then(|it| it.string("PublicIp"))
    };
    add(&mut private, node.string("PrivateIpAddress"));
    add(&mut public, associated(node));
    for address in node.objects("PrivateIpAddresses") {
        add(&mut private, address.string("PrivateIpAddress"));
        add(&mut public, associated(&address));
    }
    InterfaceFacts {
        id: node.string("NetworkInterfaceId"),
        vpc: node.string("VpcId"),
        subnet: node.string("SubnetId"),
        security_groups: node.texts_of("Groups", "GroupId"),
        private_addresses: private,
        public_addresses: public,
        ipv6_addresses: node.texts_of("Ipv6Addresses", "Ipv6Address"),
        description: node.string("Description"),
        evidence: Some(node.place()),
        ..InterfaceFacts::default()
    }
}
