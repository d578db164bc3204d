//! What filters let through: network ACLs, routes, security groups.

use std::net::IpAddr;

use cspm_model::Location;
use cspm_model::ports::PortSet;

use super::super::address::AddressSet;
use super::topology::{Acl, Interface, RouteTable, Rule, Target, Topology};

/// Ports from which callers call, and to which answers go (RFC 6335, section 6, widened to what systems use).
const EPHEMERAL: (u16, u16) = (1024, u16::MAX);

pub(super) fn speaks(protocol: Option<&str>, wanted: &str) -> bool {
    protocol.is_none_or(|it| it == wanted)
}

fn covers(ports: &PortSet, (first, last): (u16, u16)) -> bool {
    ports.ranges().iter().any(|&(a, b)| a <= first && last <= b)
}

/// The addresses that an ACL lets through on every port of `range`, which no entry cuts in two, and the
/// first entry that denies some of `wanted`.
///
/// Entries are asked in the order of their numbers; the first that matches decides; what none decides is
/// denied (Amazon VPC User Guide, "Network ACL rules", read 2026-11).
pub(super) fn acl_allows(
    acl: &Acl,
    ingress: bool,
    protocol: &str,
    range: (u16, u16),
    wanted: &AddressSet,
) -> (AddressSet, Option<Location>) {
    let mut open = wanted.clone();
    let mut allowed = AddressSet::default();
    let mut denied = None;
    for rule in &acl.rules {
        if rule.ingress != ingress
            || !speaks(rule.protocol.as_deref(), protocol)
            || !covers(&rule.ports, range)
        {
            continue;
        }
        let matched = open.and(&rule.addresses);
        if matched.is_empty() {
            continue;
        }
        if rule.allow {
            allowed = allowed.or(&matched);
        } else if denied.is_none() {
            denied = Some(rule.evidence.clone());
        }
        open = open.minus(&matched);
        if open.is_empty() {
            break;
        }
    }
    (allowed, denied)
}

/// The addresses of `wanted` for which an ACL lets some ephemeral port through.
pub(super) fn acl_allows_answers(
    acl: &Acl,
    ingress: bool,
    protocol: &str,
    wanted: &AddressSet,
) -> (AddressSet, Option<Location>) {
    let mut allowed = AddressSet::default();
    let mut denied = None;
    for range in acl_ranges(acl, ingress, protocol) {
        let range = (range.0.max(EPHEMERAL.0), range.1);
        if range.0 > range.1 {
            continue;
        }
        let (set, deny) = acl_allows(acl, ingress, protocol, range, wanted);
        allowed = allowed.or(&set);
        denied = denied.or(deny);
    }
    (allowed, denied)
}

/// The ranges of ports that no entry cuts in two.
pub(super) fn acl_ranges(acl: &Acl, ingress: bool, protocol: &str) -> Vec<(u16, u16)> {
    let rules = acl
        .rules
        .iter()
        .filter(|rule| rule.ingress == ingress && speaks(rule.protocol.as_deref(), protocol));
    let mut starts = vec![0, EPHEMERAL.0];
    for rule in rules {
        starts.extend(boundaries(&rule.ports));
    }
    ranges_between(starts)
}

/// Where a range starts or the next one would.
pub(in crate::derive) fn boundaries(ports: &PortSet) -> impl Iterator<Item = u16> {
    ports
        .ranges()
        .iter()
        .flat_map(|&(first, last)| [Some(first), last.checked_add(1)])
        .flatten()
}

/// The ranges between these starts.
pub(in crate::derive) fn ranges_between(mut starts: Vec<u16>) -> Vec<(u16, u16)> {
    starts.push(0);
    starts.sort_unstable();
    starts.dedup();
    starts
        .iter()
        .enumerate()
        .map(|(at, &first)| (first, starts.get(at + 1).map_or(u16::MAX, |next| next - 1)))
        .collect()
}

/// The addresses whose traffic a table sends to an internet gateway, and the routes that do so.
///
/// The most specific route decides (Amazon VPC User Guide, "Route priority", read 2026-11).
pub(super) fn routed_to_internet(table: &RouteTable) -> (AddressSet, Vec<Location>) {
    let mut decided = AddressSet::default();
    let mut routed = AddressSet::default();
    let mut evidence = Vec::new();
    for route in &table.routes {
        let matched = route.destination.minus(&decided);
        if route.target == Target::Internet && !matched.is_empty() {
            routed = routed.or(&matched);
            evidence.push(route.evidence.clone());
        }
        decided = decided.or(&route.destination);
    }
    (routed, evidence)
}

/// The target of the route that decides for an address.
pub(super) fn route_for(table: &RouteTable, address: IpAddr) -> Option<&Target> {
    table
        .routes
        .iter()
        .find(|route| route.destination.contains(address))
        .map(|route| &route.target)
}

/// The rules of an interface in one direction for a protocol, with the position of their group.
pub(super) fn rules<'t>(
    topology: &'t Topology<'_>,
    interface: &Interface,
    ingress: bool,
    protocol: &str,
) -> Vec<(usize, &'t Rule)> {
    interface
        .groups
        .iter()
        .filter_map(|group| topology.groups.get(group).map(|rules| (*group, rules)))
        .flat_map(|(group, rules)| rules.iter().map(move |rule| (group, rule)))
        .filter(|(_, rule)| rule.ingress == ingress && speaks(rule.protocol.as_deref(), protocol))
        .collect()
}

/// Whether a rule admits a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Admits {
    No,
    /// It admits addresses, and that of the peer is not known.
    Perhaps,
    Yes,
}

/// Whether a rule admits a peer with this address and these groups.
pub(super) fn admits(rule: &Rule, address: Option<IpAddr>, groups: &[usize]) -> Admits {
    if rule.groups.iter().any(|group| groups.contains(group)) {
        return Admits::Yes;
    }
    match address {
        Some(address) if rule.addresses.contains(address) => Admits::Yes,
        None if !rule.addresses.is_empty() => Admits::Perhaps,
        _ => Admits::No,
    }
}

/// Whether a rule speaks of every port of `range`, which no rule cuts in two.
pub(super) fn rule_covers(rule: &Rule, range: (u16, u16)) -> bool {
    covers(&rule.ports, range)
}
