//! What was planted: the answer that an engine has to find in the estate.

use cspm_model::{Access, ResourceId};
use serde::Serialize;

/// Name of the format.
const SCHEMA: &str = "cspm.truth/1";

/// Every planted attack path and every decoy.
///
/// From the internet exactly the crown jewels of `paths` are reached, with the access given and that
/// in `also`; no crown jewel of `decoys`, and none of the rest of the estate, is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Truth {
    schema: &'static str,
    /// The seed.
    pub(crate) seed: u64,
    /// Resources written.
    pub(crate) resources: u64,
    /// What is reached.
    pub(crate) paths: Vec<PlantedPath>,
    /// What is one fact away from being reached.
    pub(crate) decoys: Vec<Decoy>,
}

impl Truth {
    /// Nothing planted yet.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            schema: SCHEMA,
            seed,
            resources: 0,
            paths: Vec::new(),
            decoys: Vec::new(),
        }
    }
}

/// The loss that is the damage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Jewel {
    /// Resource.
    pub(crate) id: ResourceId,
    /// What is held of it in the end.
    pub(crate) access: Access,
    /// What is held of it beside that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) also: Vec<Access>,
}

/// One way from the internet to a crown jewel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PlantedPath {
    /// `path-0001`.
    pub(crate) id: String,
    /// Its shape.
    pub(crate) shape: &'static str,
    /// The first resource that the internet reaches.
    pub(crate) entry: ResourceId,
    /// The states on the way, in order, as `RESOURCE#ACCESS`.
    pub(crate) hops: Vec<String>,
    /// Its end.
    pub(crate) crown_jewel: Jewel,
}

/// The same way with one fact changed, so that it leads nowhere.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Decoy {
    /// `decoy-0001`.
    pub(crate) id: String,
    /// Its shape.
    pub(crate) shape: &'static str,
    /// The fact that blocks it.
    pub(crate) blocked_by: &'static str,
    /// What is not reached.
    pub(crate) crown_jewel: Jewel,
    /// The fact in words.
    pub(crate) why: &'static str,
}
