//! Foreign formats into the facts of `cspm-model`: answers of a cloud provider's API, findings of
//! scanners, and the native estate format, told apart by their content.
//!
//! A [`Reader`] takes documents in any order and gives one [`cspm_model::EstateBuilder`]. Facts only:
//! what follows from them is worked out elsewhere. Every fact says where it was read.
//!
//! ```
//! use cspm_formats::Reader;
//! use cspm_model::Limits;
//!
//! let answer = r#"{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "OwnerId": "111122223333"}]}"#;
//! let mut reader = Reader::new(Limits::default());
//! let what = reader.read(answer.as_bytes(), "account/111122223333/eu-west-1/ec2-describe-vpcs.json")?;
//! assert_eq!(what.format, "aws cli: ec2 describe-vpcs");
//! let estate = reader.finish().build();
//! assert!(estate.resource("arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-1").is_some());
//! # Ok::<(), cspm_model::ReadError>(())
//! ```
//!
//! # Modules
//!
//! - `reader`: what a document is, and the loop over its records
//! - `node`: a JSON value with its place, and a note of everything that is not as it should be
//! - `findings`: OCSF and AWS Security Finding Format records
//! - `aws`: answers of the AWS command line interface, one module a service
//!
//! # Untrusted input
//!
//! Every byte may come from an attacker. Findings are read one at a time, answers that grow with the
//! account a part at a time where their name says the account; any other document is held whole, within [`cspm_model::Limits::document_bytes`], and nesting is bounded by the JSON parser (128). Time
//! is O(n log n) in the size of the input. "Does not panic" covers every input. Access key ids, user
//! data and the environment of functions are never copied into the estate.
#![forbid(unsafe_code)]
#![deny(clippy::arithmetic_side_effects, clippy::as_conversions)]

mod aws;
mod findings;
mod node;
mod reader;
mod sniff;

pub use reader::{Reader, Recognised};
