//! Integration tests of cspm-risk.
