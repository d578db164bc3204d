//! Bounds on what is read, with the reason for each default.

/// Limits of reading. Each is tested at its value and one past it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one document that has to be held whole, after decompression. Default 1 GiB: a describe
    /// answer of a large account has tens of MiB; an array of findings is streamed and not bound by it.
    pub document_bytes: usize,
    /// Bytes of one record: a resource, a grant, a finding, one line. Default 64 MiB.
    pub record_bytes: usize,
    /// Records of one run: resources, grants, relations and findings together. Default 50 million: the
    /// ids of the graph are 32 bits wide.
    pub records: usize,
    /// Diagnostics kept; those past it are counted by kind only. Default 10,000.
    pub diagnostics: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 1 << 30,
            record_bytes: 64 << 20,
            records: 50_000_000,
            diagnostics: 10_000,
        }
    }
}
