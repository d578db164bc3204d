//! Relations: plain facts between two resources, or conclusions of another tool.

use crate::id::ResourceId;
use crate::location::Location;
use crate::record::record;
use crate::state::{Access, Certainty, StateRef};

/// Kinds of relations that the native format knows.
pub const RELATION_KINDS: [&str; 11] = [
    "reaches",
    "runs_as",
    "can_assume",
    "controls",
    "deploys_to",
    "holds_credential_of",
    "reads",
    "writes",
    "member_of",
    "contains",
    "step",
];

record! {
    /// A fact between two resources.
    pub struct Relation {
        /// From.
        pub from: ResourceId,
        /// To.
        pub to: ResourceId,
        /// One of [`RELATION_KINDS`].
        pub kind: String,
        /// Of `reaches`: `22`, `8000-8100`, a list of those, or `*`.
        pub ports: Option<String>,
        /// Of `reaches`: `tcp` or `udp`.
        pub protocol: Option<String>,
        /// Of `step`: the access held.
        pub from_access: Option<Access>,
        /// Of `step`: the access got.
        pub to_access: Option<Access>,
        /// Of `step`: its technique.
        pub technique: Option<String>,
        /// How likely it is done by somebody who can, above 0, up to 1.
        pub likelihood: Option<f64>,
        /// How far it is known to hold.
        pub certainty: Option<Certainty>,
        /// What must hold for it, in words.
        pub conditions: Vec<String>,
        /// Further states that must be held too: the step is a gate.
        pub requires: Vec<StateRef>,
        /// Where it was read.
        pub evidence: Vec<Location>,
    }
}
