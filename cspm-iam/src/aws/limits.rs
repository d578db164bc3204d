//! Bounds on what is read.

/// How much of a policy document is accepted.
///
/// AWS itself is far stricter (20,480 characters for a bucket policy, 6,144 for a managed policy), so
/// the defaults leave room for documents merged by tools and still bound the work of hostile input.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a document given as text, counted after percent-decoding too. Default 1 MiB: fifty times
    /// the largest document AWS accepts.
    pub document_bytes_max: usize,
    /// Statements of one document. Default 10,000.
    pub statements_max: usize,
    /// Strings in one document: actions, resources, principals and condition values. Default 100,000.
    pub values_max: usize,
    /// How many times a document may be wrapped in a string. Default 2: an escaped document in a JSON
    /// field, percent-encoded once more.
    pub nesting_max: usize,
    /// Bytes of one line of the batch contract. Default 16 MiB: a request with every kind of policy.
    pub line_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes_max: 1 << 20,
            statements_max: 10_000,
            values_max: 100_000,
            nesting_max: 2,
            line_bytes_max: 16 << 20,
        }
    }
}
