//! Integration tests of cspm-formats.
