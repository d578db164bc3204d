//! Shared code of the cspm examples.
