//! The attack graph: frozen property graph, reachability, and the derivation of steps from facts.
//!
//! An attacker holds *states*. A *step* gives a further state to whoever holds its input; a *gate* is a
//! step that needs several inputs at once. [`graph`] freezes states and steps into compressed tables and
//! [`algo`] answers questions about them. Both are blind to clouds: they know ids, step kinds, certainties
//! and costs, and nothing else.
//!
//! ```
//! use cspm_graph::algo::{most_likely, reach};
//! use cspm_graph::graph::{GraphBuilder, Likelihood, Limits, StateId, StepAttributes, ViewOptions};
//!
//! let limits = Limits::default();
//! let [internet, server, network, secret, database] = [0, 1, 2, 3, 4].map(StateId::new);
//! let (internet, server, network) = (internet?, server?, network?);
//! let (secret, database) = (secret?, database?);
//!
//! let mut builder = GraphBuilder::new(5);
//! let exploit = StepAttributes { likelihood: Likelihood::from_probability(0.25)?, ..StepAttributes::default() };
//! builder.add_step(internet, server, exploit);
//! builder.add_step(server, network, StepAttributes::default());
//! builder.add_step(server, secret, StepAttributes::default());
//! builder.add_gate(&[network, secret], database, StepAttributes::default());
//! let graph = builder.build(&limits)?;
//!
//! let view = graph.view(&ViewOptions::default());
//! assert!(reach(&view, &[internet], &limits)?.contains(database));
//! let ways = most_likely(&view, &[internet], &limits)?;
//! assert_eq!(ways.derivation(database).map(|way| way.steps().len()), Some(4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//! - Equal graphs give equal answers, whatever the order in which their steps were added: step ids follow
//!   from the steps themselves, and every tie is broken by cost, then length, then id.
//! - No function of this crate panics or recurses on the size of its input.
//!
//! # Untrusted input
//! The graph is built from what scanners and the attacker's own account say, so its shape is hostile.
//! [`graph::Limits`] bounds its size at [`graph::GraphBuilder::build`] and the work of each question. For n
//! states, m steps and gates with their inputs, reach costs O(n + m), the most likely ways and, without gates,
//! choke points O(m log n). The worse ones say so: [`algo::jewel_sets`] may need a round for each gate on a
//! cycle, [`algo::next_most_likely`] a search for each step of each way found, [`algo::prize`] one for each
//! state at which the ways to the inputs of a gate part, [`algo::choke`] a set of its own for each state below a
//! gate at which ways meet, and on cycles again while sets shrink; [`algo::min_cut`] is a maximum flow, and with
//! gates a bounded number of them, [`algo::greedy_cut`] one for each jewel and round; [`algo::blast_sizes`] keeps a
//! sketch for each distinct reach. All of them stop at [`graph::Limits::work`] and at a [`graph::Cancel`], and
//! tell how far they are by a [`graph::Progress`]. "Does not panic" does not cover running out of memory below the limits.
//!
//! Overflow checks are off for this crate alone in release builds: counters are bounded by the numbers of states, steps
//! and words, which are checked at [`graph::GraphBuilder::build`] and by [`graph::Limits`]; sums of values saturate.
//! The one `unsafe` block asks the system for large pages (`graph/pages.rs`).
//!
//! # Features
//! `derive` (default): facts to steps. Without it the crate is the graph and its algorithms alone.

pub mod algo;
#[cfg(feature = "derive")]
pub mod derive;
pub mod graph;
