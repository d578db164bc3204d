//! The estate: everything known about one organisation's cloud.

mod alias;
mod builder;

pub use alias::AliasTable;
pub use builder::EstateBuilder;

use crate::diagnostic::Diagnostic;
use crate::finding::Finding;
use crate::grant::Grant;
use crate::relation::Relation;
use crate::resource::Resource;

/// Everything known about one organisation's cloud, in an order that does not depend on the order in
/// which it was read.
///
/// Resources are sorted by id and unique; grants, relations and findings are sorted by content and
/// place.
#[derive(Debug, Clone, Default)]
pub struct Estate {
    resources: Vec<Resource>,
    grants: Vec<Grant>,
    relations: Vec<Relation>,
    findings: Vec<Finding>,
    not_findings: u64,
    aliases: AliasTable,
    diagnostics: Vec<Diagnostic>,
}

impl Estate {
    /// Resources, ascending by id.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Grants.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Relations.
    pub fn relations(&self) -> &[Relation] {
        &self.relations
    }

    /// Findings. Their ids are unique.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Records that a scanner reported as passed, manual or resolved.
    pub fn not_findings(&self) -> u64 {
        self.not_findings
    }

    /// What was noticed while reading and merging.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The names under which resources are known.
    pub fn aliases(&self) -> &AliasTable {
        &self.aliases
    }

    /// The position of the resource with this canonical id.
    ///
    /// # Complexity
    /// O(log n).
    pub fn position(&self, id: &str) -> Option<usize> {
        self.resources
            .binary_search_by(|resource| resource.id.as_str().cmp(id))
            .ok()
    }

    /// The resource with this canonical id.
    pub fn resource(&self, id: &str) -> Option<&Resource> {
        self.position(id).and_then(|at| self.resources.get(at))
    }

    /// The position of the resource that `name` means: a canonical id, an alias, an ARN that differs
    /// in its region only, a bare id or a name. `account` and `kind` prefix narrow down what is
    /// ambiguous otherwise.
    pub fn resolve(&self, name: &str, account: Option<&str>) -> Option<usize> {
        self.position(name)
            .or_else(|| self.aliases.resolve(name, account))
    }
}
