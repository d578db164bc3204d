//! The attack graph: frozen property graph, reachability, and the derivation of steps from facts
