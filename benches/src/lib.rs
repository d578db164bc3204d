//! Shared code of the cspm benches.
