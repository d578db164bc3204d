//! Counted work is exact, so how it grows is a test.

mod shapes;
mod work;
