//! Compact sets of resources, each distinct one stored once.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::universe::ResourceId;

/// A set of resources. Cheap to clone: equal answers share one.
#[derive(Clone, PartialEq)]
pub struct ResourceSet {
    ids: Arc<RoaringBitmap>,
}

impl ResourceSet {
    /// How many.
    pub fn len(&self) -> u64 {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether this one is in it.
    pub fn contains(&self, id: ResourceId) -> bool {
        self.ids.contains(id.number())
    }

    /// All of them, ascending.
    pub fn iter(&self) -> impl Iterator<Item = ResourceId> + '_ {
        self.ids.iter().map(ResourceId::from_number)
    }

    /// Whether both are the same set in memory.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ids, &other.ids)
    }
}

impl fmt::Debug for ResourceSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ResourceSet({} resources)", self.len())
    }
}

/// Distinct sets, by a hash of what they hold.
#[derive(Debug, Default)]
pub(super) struct Pool {
    by_hash: HashMap<u64, Vec<Arc<RoaringBitmap>>>,
}

impl Pool {
    /// The set with these members.
    pub(super) fn set(&mut self, mut ids: RoaringBitmap) -> ResourceSet {
        ids.optimize();
        let mut hasher = DefaultHasher::new();
        ids.len().hash(&mut hasher);
        (ids.min(), ids.max()).hash(&mut hasher);
        // Far apart samples tell nearly all sets apart; equality decides.
        for rank in 0..16 {
            let at = ids.len().saturating_mul(rank) / 16;
            u32::try_from(at)
                .ok()
                .and_then(|at| ids.select(at))
                .hash(&mut hasher);
        }
        let same = self.by_hash.entry(hasher.finish()).or_default();
        if let Some(known) = same.iter().find(|it| ***it == ids) {
            return ResourceSet {
                ids: Arc::clone(known),
            };
        }
        let ids = Arc::new(ids);
        same.push(Arc::clone(&ids));
        ResourceSet { ids }
    }

    /// How many distinct sets there are.
    pub(super) fn len(&self) -> usize {
        self.by_hash.values().map(Vec::len).sum()
    }
}
