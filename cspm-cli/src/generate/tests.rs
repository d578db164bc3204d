//! What a generated estate has to keep.
