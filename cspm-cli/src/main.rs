//! The cspm command.
fn main() {}
