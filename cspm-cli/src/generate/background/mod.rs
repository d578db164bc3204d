//! Everyday life: what fills an estate beside the planted paths.
//!
//! It is shaped as real estates are (sizes of accounts, sharing of roles, policies and security
//! groups, references between groups, trust between accounts, denies, boundaries and conditions),
//! and harmless by construction: grants name only stores whose names begin with `app`, while
//! sensitive stores are called otherwise; what administers an account is open to people of the
//! organisation's directory alone; no route and no peering joins two VPCs.

mod compute;
mod identities;
mod stores;
mod towns;

use std::io;

use cspm_model::finding::Severity;
use serde_json::Value;

use super::network::PublicAddresses;
use super::organization::{Account, Organization, Place};
use super::output::{Report, Writer};
use super::rng::Rng;
use towns::Town;

/// Part of the seed.
const BACKGROUND: u64 = 20;

/// Resources from which an account has roles that others may take.
const SHARING_MIN: u64 = 200;

/// Fills the accounts until the estate has this many resources.
pub(super) fn fill(
    out: &mut Writer<'_>,
    organization: &Organization,
    addresses: &mut PublicAddresses,
    seed: u64,
    resources: u64,
) -> io::Result<()> {
    let accounts = organization.accounts();
    let begin = out.counts().resources;
    let room = u128::from(resources.saturating_sub(begin));
    let weight: u128 = accounts.iter().map(|it| u128::from(it.weight)).sum();
    let mut before: u128 = 0;
    let mut ends = Vec::with_capacity(accounts.len());
    for account in accounts {
        before += u128::from(account.weight);
        let share = (room * before).checked_div(weight).unwrap_or(0);
        ends.push(begin + u64::try_from(share).unwrap_or(0));
    }
    let size = |at: usize| {
        let start = at
            .checked_sub(1)
            .map_or(Some(&begin), |before| ends.get(before));
        match (start, ends.get(at)) {
            (Some(start), Some(end)) => end - start,
            _ => 0,
        }
    };
    for (at, account) in accounts.iter().enumerate() {
        let near = [1, 2].map(|distance| (at + distance) % accounts.len());
        let far = [1, 2].map(|distance| (at + accounts.len() - distance) % accounts.len());
        let sharing = |positions: [usize; 2]| -> Vec<&Account> {
            positions
                .into_iter()
                .filter(|&other| other != at && size(other) >= SHARING_MIN)
                .filter_map(|other| accounts.get(other))
                .collect()
        };
        let everyday = Everyday {
            rng: Rng::fork(seed, BACKGROUND, at as u64),
            place: account.place(),
            organization: organization.id(),
            lends_to: sharing(near),
            borrows_from: sharing(far),
            size: size(at),
            end: ends.get(at).copied().unwrap_or(begin),
            pools: Pools::default(),
            towns: Vec::new(),
            addresses: &mut *addresses,
            out: &mut *out,
        };
        everyday.fill()?;
    }
    Ok(())
}

/// What a statement may be about: actions, the resource, and the key if it is encrypted by one.
#[derive(Debug)]
struct Readable {
    actions: &'static [&'static str],
    resource: String,
    key: Option<String>,
}

/// What later parts of an account refer to. Only ids, so that an account of any size fits.
#[derive(Debug, Default)]
struct Pools {
    keys: Vec<String>,
    readable: Vec<Readable>,
    secrets: Vec<String>,
    policies: Vec<String>,
    boundary: Option<String>,
    profiles: Vec<String>,
    function_roles: Vec<String>,
    /// Instances, with the position of their town.
    instances: Vec<(usize, String)>,
    volumes: Vec<String>,
}

/// The life of one account.
struct Everyday<'a, 'w> {
    out: &'a mut Writer<'w>,
    addresses: &'a mut PublicAddresses,
    rng: Rng,
    place: Place<'a>,
    organization: &'a str,
    /// Accounts that may take the shared role here, and those whose shared role is taken from here.
    lends_to: Vec<&'a Account>,
    borrows_from: Vec<&'a Account>,
    size: u64,
    end: u64,
    pools: Pools,
    towns: Vec<Town>,
}

/// What an account consists of, per thousand. The rest is networks, volumes, profiles and log groups.
mod share {
    pub(super) const KEYS: u64 = 15;
    pub(super) const BUCKETS: u64 = 45;
    pub(super) const TABLES: u64 = 30;
    pub(super) const QUEUES: u64 = 25;
    pub(super) const TOPICS: u64 = 15;
    pub(super) const REPOSITORIES: u64 = 10;
    pub(super) const SECRETS: u64 = 35;
    pub(super) const DATABASES: u64 = 12;
    pub(super) const POLICIES: u64 = 35;
    pub(super) const ROLES: u64 = 95;
    pub(super) const USERS: u64 = 25;
    pub(super) const SECURITY_GROUPS: u64 = 70;
    pub(super) const INSTANCES: u64 = 180;
    pub(super) const FUNCTIONS: u64 = 70;
    pub(super) const LOAD_BALANCERS: u64 = 10;
    pub(super) const SNAPSHOTS: u64 = 40;
}

impl Everyday<'_, '_> {
    fn fill(mut self) -> io::Result<()> {
        self.keys()?;
        self.buckets()?;
        self.tables()?;
        self.messages()?;
        self.secrets()?;
        self.policies()?;
        self.roles()?;
        self.people()?;
        self.towns()?;
        self.databases()?;
        self.instances()?;
        self.functions()?;
        self.load_balancers()?;
        self.snapshots()?;
        self.log_groups()
    }

    /// How many of something the account gets.
    fn quota(&self, per_mille: u64) -> u64 {
        self.size * per_mille / 1000
    }

    /// Whether one more thing, of a handful of resources, fits.
    fn has_room(&self) -> bool {
        self.out.counts().resources + 8 < self.end
    }

    fn is_full(&self) -> bool {
        self.out.counts().resources >= self.end
    }

    /// A finding in `per_mille` of 1,000 cases.
    fn report(
        &mut self,
        per_mille: u64,
        check: &str,
        resource: &str,
        severity: Severity,
        title: &str,
    ) -> io::Result<()> {
        if !self.rng.chance(per_mille) {
            return Ok(());
        }
        let report = Report {
            check,
            resource,
            severity,
            title,
            port: None,
        };
        self.out.finding(self.place, report)
    }

    /// Statements about one to four things that the account has, the popular ones more often.
    fn everyday_statements(&mut self) -> Vec<Value> {
        let mut statements = vec![identities::logging()];
        for _ in 0..=self.rng.below(4) {
            let Some(readable) = self.rng.pick_shared(&self.pools.readable) else {
                break;
            };
            statements.push(identities::allow(readable.actions, &readable.resource));
            if let Some(key) = &readable.key {
                statements.push(identities::allow(&["kms:Decrypt"], key));
            }
        }
        statements
    }
}
