//! Who may do what: cloud policy documents and their exact evaluation.
//!
//! [`aws`] parses AWS policy documents and answers whether one request is allowed by the policies that
//! apply to it, clause by clause as the provider documents it. The answer is one of three decisions, and
//! says whether it is certain or depends on facts about the request that were not given.
//!
//! ```
//! use cspm_iam::aws::{
//!     Action, Context, DecisionKind, Limits, Policy, PolicySet, Principal, Request, evaluate,
//! };
//!
//! let policy = Policy::from_text(
//!     r#"{"Version": "2012-10-17", "Statement": {
//!         "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::logs/*"}}"#,
//!     &Limits::default(),
//! )?;
//! let principal = Principal::parse("arn:aws:iam::111122223333:user/ana")?;
//! let action = Action::parse("s3:GetObject")?;
//! let request = Request {
//!     principal: &principal,
//!     action: &action,
//!     resource: "arn:aws:s3:::logs/2026/01.gz",
//!     resource_account: Some("111122223333"),
//!     context: &Context::new(true),
//! };
//! let policies = PolicySet { identity: &[&policy], ..PolicySet::default() };
//! assert_eq!(evaluate(&request, &policies).effect(), DecisionKind::Allow);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`aws::actions`] is the table of what AWS documents of each action: its access level, the resources it
//! takes, its condition keys.
//!
//! # Guarantees
//!
//! Pure functions of their arguments: no file, clock, network or environment access, and the same answer
//! for the same input. Types of other crates stay out of the public signatures, except
//! `serde_json::Value`, from which policies are read.
//!
//! # Untrusted input
//!
//! Policies and requests may come from an attacker. Nothing here panics on any input or recurses on its
//! depth. Parsing is linear in the document, which [`aws::Limits`] bounds. Matching a text of n bytes
//! against a pattern of m bytes takes O(n·m) in the worst case and O(n + m) for patterns with one `*`.
//! Evaluation is linear in the statements, plus, where the context is incomplete, a search that stops
//! after a fixed number of steps; past it the answer stays on the safe side and says so
//! ([`aws::Decision::exact`]).

#![forbid(unsafe_code)]

pub mod aws;
