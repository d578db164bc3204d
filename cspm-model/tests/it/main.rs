//! Integration tests of cspm-model.

mod native;
