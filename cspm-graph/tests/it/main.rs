//! Integration tests of cspm-graph.
