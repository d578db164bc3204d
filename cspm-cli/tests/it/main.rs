//! Integration tests of cspm-cli.
