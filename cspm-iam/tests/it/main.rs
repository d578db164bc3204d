//! Integration tests of cspm-iam.
