//! The alias table: short forms and other names of resources.

use std::collections::HashMap;

use crate::resource::Resource;

/// A name means one resource, or it is ambiguous and means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    One(usize),
    Ambiguous,
}

/// Names under which resources are known, beside their canonical ids.
///
/// Of each resource: its stated aliases; its ARN without the region; the bare id at the end of its
/// id; its name. Stated aliases win over bare ids, those over names; within a rank, a name of two
/// resources means neither, unless the account tells them apart.
#[derive(Debug, Clone, Default)]
pub struct AliasTable {
    ranks: [HashMap<Box<str>, Meaning>; 4],
    /// The same, with the account in front: `ACCOUNT name`.
    in_account: [HashMap<Box<str>, Meaning>; 4],
}

impl AliasTable {
    /// The table of these resources.
    ///
    /// # Complexity
    /// O(total length of their names).
    pub(super) fn new(resources: &[Resource]) -> Self {
        let mut table = Self::default();
        for (at, resource) in resources.iter().enumerate() {
            let account = resource.account.as_deref();
            for alias in &resource.aliases {
                table.add(0, alias, account, at);
            }
            let id = resource.id.as_str();
            if let Some(key) = without_region(id) {
                table.add(1, &key, account, at);
            }
            if let Some(bare) = bare_id(id) {
                table.add(2, bare, account, at);
            }
            if let Some(name) = &resource.name {
                table.add(3, name, account, at);
            }
        }
        table
    }

    fn add(&mut self, rank: usize, name: &str, account: Option<&str>, at: usize) {
        let put = |map: &mut HashMap<Box<str>, Meaning>, key: String| {
            map.entry(key.into_boxed_str())
                .and_modify(|meaning| {
                    if *meaning != Meaning::One(at) {
                        *meaning = Meaning::Ambiguous;
                    }
                })
                .or_insert(Meaning::One(at));
        };
        if let Some(map) = self.ranks.get_mut(rank) {
            put(map, name.to_owned());
        }
        if let (Some(map), Some(account)) = (self.in_account.get_mut(rank), account) {
            put(map, format!("{account} {name}"));
        }
    }

    /// The position of the resource that `name` means.
    pub(super) fn resolve(&self, name: &str, account: Option<&str>) -> Option<usize> {
        if name.is_empty() {
            return None;
        }
        let find = |rank: usize, key: &str| -> Option<usize> {
            let lookup = |map: Option<&HashMap<Box<str>, Meaning>>, key: &str| match map?.get(key) {
                Some(Meaning::One(at)) => Some(*at),
                _ => None,
            };
            account
                .and_then(|account| lookup(self.in_account.get(rank), &format!("{account} {key}")))
                .or_else(|| lookup(self.ranks.get(rank), key))
        };
        if let Some(at) = find(0, name) {
            return Some(at);
        }
        // An ARN names its service, type and account: only a resource that agrees in those is meant.
        if name.starts_with("arn:") {
            return without_region(name).and_then(|key| find(1, &key));
        }
        find(2, name).or_else(|| find(3, name))
    }
}

/// `arn:aws:ec2:*:111122223333:instance/i-0a1` for an ARN in any region.
fn without_region(arn: &str) -> Option<String> {
    let mut parts = arn.splitn(6, ':');
    let (head, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (_region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    (head == "arn").then(|| format!("{partition}:{service}:{account}:{resource}"))
}

/// What stands behind the last `/` or `:`, if anything stands before it.
fn bare_id(id: &str) -> Option<&str> {
    id.rsplit_once(['/', ':'])
        .map(|(_, bare)| bare)
        .filter(|bare| !bare.is_empty())
}
