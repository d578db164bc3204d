//! AWS policies: documents, requests and the decision.
//!
//! | module | concept |
//! |---|---|
//! | `document`, `parse` | [`Policy`] and [`Statement`], and how they are read from JSON |
//! | `pattern` | [`Pattern`]: wildcards and policy variables |
//! | `action_index` | which statements of a policy name an action |
//! | `action`, `principal` | who asks for what, and how policies name them |
//! | [`actions`] | what AWS documents of each action |
//! | `condition` | condition operators and what they make of a context |
//! | `context`, `keys` | what is known of a request, and who sets each key |
//! | `formula`, `solve`, `texts` | which completions of an incomplete context allow |
//! | `services` | services whose rules differ from the general ones |
//! | `collect`, `layers` | which statements cover a request, and the documented logic |
//! | `evaluate`, `decision` | the question and its answer |
//! | [`batch`] | one JSON request a line, to compare with other evaluators |

mod action;
mod action_index;
pub mod actions;
mod arn;
pub mod batch;
mod collect;
mod condition;
mod context;
mod decision;
mod document;
mod error;
mod evaluate;
mod formula;
mod json;
mod keys;
mod layers;
mod limits;
mod named;
mod parse;
mod pattern;
mod principal;
mod services;
pub mod sets;
mod solve;
mod texts;

pub use action::Action;
pub use context::Context;
pub use decision::{
    Block, ConditionTrial, Decision, DecisionKind, OpenCondition, PolicyKind, StatementRef,
};
pub use document::{Effect, Policy, ResourcePatterns, Statement, Warning, WarningEffect};
pub use error::{InvalidDocument, InvalidName, LimitExceeded, ParseError};
pub use evaluate::{PolicySet, Request, evaluate};
pub use keys::Setter;
pub use limits::Limits;
pub use named::{NamedPrincipal, Principals};
pub use pattern::Pattern;
pub use principal::{Entity, Principal, Session};
