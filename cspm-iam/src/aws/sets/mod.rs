//! Set questions: every resource on which a principal has an action, without asking about each.
//!
//! Of a resource that has no policy of its own, a decision depends on its account, on which statements of
//! the principal's policies mean it, and on such of its tags as conditions ask for. So the resources fall
//! into classes that no statement tells apart; one question answers for a class. Statements mean ranges of
//! the sorted ids, and a range costs the same whatever it holds. Resources with a policy of their own are asked
//! about one by one, and only if that policy, or one of the principal's, may let it in.
//!
//! ```
//! use cspm_iam::aws::sets::{Asker, ResourceFacts, Universe};
//! use cspm_iam::aws::{Action, Context, Limits, Policy, PolicySet, Principal};
//!
//! let universe = Universe::new((0..1000).map(|at| {
//!     ResourceFacts::new(format!("arn:aws:s3:::logs-{at:04}/object"), "111122223333")
//! }));
//! let policy = Policy::from_text(
//!     r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*",
//!         "Resource": "arn:aws:s3:::logs-00*"}}"#,
//!     &Limits::default(),
//! )?;
//! let principal = Principal::parse("arn:aws:iam::111122223333:user/u")?;
//! let asker = Asker {
//!     principal: &principal,
//!     policies: PolicySet { identity: &[&policy], ..PolicySet::default() },
//!     context: &Context::new(true),
//! };
//! let mut sets = universe.sets();
//! let answer = sets.allowed(&asker, &Action::parse("s3:GetObject")?);
//! assert_eq!(answer.certain().len(), 100);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod classes;
mod set;
mod universe;

pub use classes::{Allowed, Asker, Conditional, Sets};
pub use set::ResourceSet;
pub use universe::{ResourceFacts, ResourceId, Universe};
