//! Counted work is exact, so how it grows is a test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod shapes;
mod work;
