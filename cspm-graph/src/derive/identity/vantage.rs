//! Conditions on place: where in the network a request has to come from, and who holds such a place.
//!
//! # Source
//! AWS IAM User Guide, "AWS global condition context keys", section "Properties of the network", read 2026-11:
//! `aws:SourceIp` is the requester's public address and absent where the request goes through a VPC endpoint;
//! `aws:SourceVpc`, `aws:SourceVpce`, `aws:VpcSourceIp`, `aws:VpceAccount` and the like are there only where it
//! does.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use cspm_iam::aws::{ConditionTrial, OpenCondition};
use cspm_model::{Access, Certainty, Estate, Location, Properties, Resource};

use super::super::address::AddressSet;
use super::super::draft::{Draft, DraftState, NodeId, StepFacts};
use super::super::network::Sender;
use super::super::technique::Techniques;

/// Where requests have to come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vantage {
    /// The internet will do.
    Anywhere,
    /// From something that runs code in the estate.
    At(VantageId),
    /// From a place that is not in the estate, or not known to be.
    NotInTheEstate,
}

/// A set of senders, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VantageId(usize);

/// The places of an estate from which requests can be sent.
#[derive(Debug)]
pub(super) struct Vantages<'e> {
    estate: &'e Estate,
    senders: &'e [Sender],
    /// Senders by the position of their VPC.
    of_vpc: BTreeMap<usize, Vec<usize>>,
    endpoints: Vec<Endpoint<'e>>,
    /// Accounts of which endpoints were collected: there, none means none.
    collected: BTreeSet<Option<&'e str>>,
    found: RefCell<Found>,
}

#[derive(Debug)]
struct Endpoint<'e> {
    resource: &'e Resource,
    vpc: usize,
    /// The service as it stands in its name, `s3` of `com.amazonaws.eu-west-1.s3`.
    service: &'e str,
}

/// What was asked before, since many statements ask for the same place.
#[derive(Debug, Default)]
struct Found {
    asked: HashMap<(Vec<OpenCondition>, String), Vantage>,
    vantages: Vec<Set>,
}

#[derive(Debug)]
struct Set {
    name: String,
    members: Vec<Member>,
    /// Once a step needs it.
    state: Option<DraftState>,
}

#[derive(Debug)]
struct Member {
    owner: NodeId,
    certainty: Certainty,
    evidence: Vec<Location>,
}

impl<'e> Vantages<'e> {
    pub(super) fn new(estate: &'e Estate, senders: &'e [Sender]) -> Self {
        let mut of_vpc: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, sender) in senders.iter().enumerate() {
            if let Some(vpc) = sender.vpc {
                of_vpc.entry(vpc).or_default().push(number);
            }
        }
        let mut endpoints = Vec::new();
        let mut collected = BTreeSet::new();
        for resource in estate.resources() {
            let Properties::VpcEndpoint(facts) = &resource.properties else {
                continue;
            };
            collected.insert(resource.account.as_deref());
            let vpc = facts
                .vpc
                .as_deref()
                .and_then(|vpc| estate.resolve(vpc, resource.account.as_deref()));
            let service = facts.service.as_deref().and_then(|it| it.split('.').nth(3));
            if let (Some(vpc), Some(service)) = (vpc, service) {
                endpoints.push(Endpoint {
                    resource,
                    vpc,
                    service,
                });
            }
        }
        Self {
            estate,
            senders,
            of_vpc,
            endpoints,
            collected,
            found: RefCell::default(),
        }
    }

    /// Where requests to a service have to come from, so that all these conditions are met.
    ///
    /// # Complexity
    /// O(1) where the same was asked before, otherwise O(senders and endpoints, times conditions).
    pub(super) fn find(&self, conditions: &[&OpenCondition], service: &str) -> Vantage {
        if conditions.is_empty() {
            return Vantage::Anywhere;
        }
        let all: Vec<OpenCondition> = conditions.iter().map(|&it| it.clone()).collect();
        let key = (all, service.to_owned());
        if let Some(vantage) = self.found.borrow().asked.get(&key) {
            return *vantage;
        }
        let trials: Vec<Trial> = conditions.iter().map(|it| Trial::new(it)).collect();
        let vantage = if trials.iter().all(Trial::is_met_from_the_internet) {
            Vantage::Anywhere
        } else {
            let mut members = self.inside(&trials, service);
            members.extend(self.outside(&trials));
            if members.is_empty() {
                Vantage::NotInTheEstate
            } else {
                let names: Vec<String> = conditions.iter().map(ToString::to_string).collect();
                let mut found = self.found.borrow_mut();
                found.vantages.push(Set {
                    name: format!("vantage:{service}/{}", names.join(" and ")),
                    members,
                    state: None,
                });
                Vantage::At(VantageId(found.vantages.len() - 1))
            }
        };
        self.found.borrow_mut().asked.insert(key, vantage);
        vantage
    }

    /// Senders whose requests go through a VPC endpoint that meets the conditions.
    fn inside(&self, trials: &[Trial], service: &str) -> Vec<Member> {
        let mut members = Vec::new();
        for (&vpc, senders) in &self.of_vpc {
            let Some(network) = self.estate.resources().get(vpc) else {
                continue;
            };
            let mut ways: Vec<Option<&Endpoint<'_>>> = self
                .endpoints
                .iter()
                .filter(|it| it.vpc == vpc && it.service == service)
                .map(Some)
                .collect();
            // Where no endpoint at all was collected there may be one.
            if ways.is_empty() && !self.collected.contains(&network.account.as_deref()) {
                ways.push(None);
            }
            for way in ways {
                let mut keys = BTreeMap::from([
                    ("aws:sourcevpc", bare(network.id.as_str())),
                    ("aws:sourcevpcarn", network.id.as_str()),
                ]);
                if let Some(endpoint) = way {
                    keys.insert("aws:sourcevpce", bare(endpoint.resource.id.as_str()));
                    if let Some(account) = endpoint.resource.account.as_deref() {
                        keys.insert("aws:vpceaccount", account);
                    }
                }
                let fixed = |trial: &&Trial| trial.key != SOURCE_IN_VPC;
                if !trials.iter().filter(fixed).all(|it| it.is_met(&keys)) {
                    continue;
                }
                for sender in senders.iter().filter_map(|&it| self.senders.get(it)) {
                    let by_address = |address: &str| {
                        let keys = BTreeMap::from([(SOURCE_IN_VPC, address)]);
                        let mut open = trials.iter().filter(|it| it.key == SOURCE_IN_VPC);
                        open.all(|it| it.is_met(&keys))
                    };
                    let asks_address = trials.iter().any(|it| it.key == SOURCE_IN_VPC);
                    let mut addresses = sender.private.iter();
                    if asks_address && !addresses.any(|it| by_address(&it.to_string())) {
                        continue;
                    }
                    let mut evidence = vec![sender.evidence.clone()];
                    evidence.extend(way.map(|it| it.resource.evidence_of("")));
                    members.push(Member {
                        owner: sender.owner,
                        certainty: if way.is_some() {
                            Certainty::Certain
                        } else {
                            Certainty::Unknown
                        },
                        evidence,
                    });
                }
            }
        }
        members
    }

    /// Senders with a public address of their own that meets the conditions.
    fn outside(&self, trials: &[Trial]) -> Vec<Member> {
        let mut members = Vec::new();
        if !trials.iter().any(|it| it.key == SOURCE_ADDRESS) {
            return members;
        }
        for sender in self.senders {
            let meets = |address: String| {
                let keys = BTreeMap::from([(SOURCE_ADDRESS, address.as_str())]);
                trials.iter().all(|it| it.is_met(&keys))
            };
            if sender.public.iter().any(|it| meets(it.to_string())) {
                members.push(Member {
                    owner: sender.owner,
                    certainty: Certainty::Certain,
                    evidence: vec![sender.evidence.clone()],
                });
            }
        }
        members
    }

    /// The state of sending requests from there. Its steps are made with it: `control` of each sender gives it.
    pub(super) fn state(
        &self,
        vantage: VantageId,
        techniques: &Techniques,
        draft: &mut Draft,
    ) -> DraftState {
        let mut found = self.found.borrow_mut();
        let Some(set) = found.vantages.get_mut(vantage.0) else {
            return draft.internet();
        };
        if let Some(state) = set.state {
            return state;
        }
        let node = draft.synthetic(&set.name, "network.vantage", None);
        let state = draft.state(node, Access::Reach);
        set.state = Some(state);
        let technique = techniques.named("network.position");
        for member in std::mem::take(&mut set.members) {
            let from = draft.state(member.owner, Access::Control);
            let facts = StepFacts::certain(technique, member.evidence).certainty(member.certainty);
            draft.step(from, state, facts);
        }
        state
    }
}

/// The sender's address within a VPC.
const SOURCE_IN_VPC: &str = "aws:vpcsourceip";
/// The sender's public address.
const SOURCE_ADDRESS: &str = "aws:sourceip";

/// The short name at the end of an id.
fn bare(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(_, bare)| bare)
}

/// A condition to be tried at places.
struct Trial {
    /// In lower case.
    key: String,
    condition: ConditionTrial,
    values: Vec<String>,
}

impl Trial {
    fn new(open: &OpenCondition) -> Self {
        Self {
            key: open.key().to_ascii_lowercase(),
            condition: open.trial(),
            values: open.values().to_vec(),
        }
    }

    /// Whether it is met where these keys are known and no others are in the request.
    fn is_met(&self, keys: &BTreeMap<&str, &str>) -> bool {
        let met = match keys.get(self.key.as_str()) {
            Some(value) => self.condition.is_met_by(&[value]),
            // What is known of a place is all that the table of keys calls place, with few exceptions.
            None if NOT_FOLLOWED.contains(&self.key.as_str()) => None,
            None => self.condition.is_met_by(&[]),
        };
        met == Some(true)
    }

    /// Whether somebody on the internet meets it: there is no VPC, and any public address can be had, if not
    /// one of a few.
    fn is_met_from_the_internet(&self) -> bool {
        if NOT_FOLLOWED.contains(&self.key.as_str()) {
            return false;
        }
        if self.key != SOURCE_ADDRESS {
            return self.condition.is_met_by(&[]) == Some(true);
        }
        let named = self.values.iter().filter_map(|it| AddressSet::parse(it));
        let named = named.fold(AddressSet::default(), |all, it| all.or(&it));
        let public = AddressSet::public_v4();
        let meets = |set: &AddressSet| {
            set.covers_internet(&public)
                && set
                    .first_of(&public)
                    .is_some_and(|it| self.condition.is_met_by(&[&it.to_string()]) == Some(true))
        };
        meets(&named.and(&public)) || meets(&public.minus(&named))
    }
}

/// Keys that say where credentials were handed out, or which organisation an endpoint belongs to.
const NOT_FOLLOWED: [&str; 4] = [
    "aws:ec2instancesourcevpc",
    "aws:ec2instancesourceprivateipv4",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
];
