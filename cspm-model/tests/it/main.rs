//! Integration tests of cspm-model.
