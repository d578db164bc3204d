//! Fragments of an estate become one.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{AliasTable, Estate};
use crate::diagnostic::{self, Diagnostic, Effect};
use crate::error::{ReadError, ReadErrorKind};
use crate::finding::Finding;
use crate::grant::Grant;
use crate::id::ResourceId;
use crate::limits::Limits;
use crate::location::Location;
use crate::relation::Relation;
use crate::resource::{Kind, Resource};

/// Collects what readers find, in any order, and makes an [`Estate`] whose order does not depend on it.
#[derive(Debug)]
pub struct EstateBuilder {
    limits: Limits,
    resources: Vec<Resource>,
    grants: Vec<Grant>,
    relations: Vec<Relation>,
    findings: Vec<Finding>,
    not_findings: u64,
    diagnostics: Vec<Diagnostic>,
}

impl EstateBuilder {
    /// An empty one.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            resources: Vec::new(),
            grants: Vec::new(),
            relations: Vec::new(),
            findings: Vec::new(),
            not_findings: 0,
            diagnostics: Vec::new(),
        }
    }

    /// The limits that readers keep to.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many records it holds.
    pub fn record_count(&self) -> usize {
        [
            self.resources.len(),
            self.grants.len(),
            self.relations.len(),
            self.findings.len(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    /// Adds a resource, or a fragment of one.
    pub fn add_resource(&mut self, resource: Resource) {
        self.resources.push(resource);
    }

    /// Adds a grant.
    pub fn add_grant(&mut self, grant: Grant) {
        self.grants.push(grant);
    }

    /// Adds a relation.
    pub fn add_relation(&mut self, relation: Relation) {
        self.relations.push(relation);
    }

    /// Adds a finding, or counts it apart if its status says that nothing is wrong.
    pub fn add_finding(&mut self, finding: Finding) {
        if finding.is_settled() {
            self.add_not_finding();
        } else {
            self.findings.push(finding);
        }
    }

    /// Counts a record that is no finding.
    pub fn add_not_finding(&mut self) {
        self.not_findings = self.not_findings.saturating_add(1);
    }

    /// Adds to the count of records that are no findings.
    pub fn add_not_findings(&mut self, count: u64) {
        self.not_findings = self.not_findings.saturating_add(count);
    }

    /// How many records were no findings.
    pub fn not_findings(&self) -> u64 {
        self.not_findings
    }

    /// Adds something noticed.
    pub fn add_diagnostic(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// An error if there are more records than the limit allows.
    ///
    /// # Errors
    /// `ReadErrorKind::Limit`, at `location`.
    pub fn check_records(&self, location: &Location) -> Result<(), ReadError> {
        if self.record_count() > self.limits.records {
            return Err(ReadError::new(
                location.clone(),
                ReadErrorKind::Limit {
                    limit: "records",
                    value: self.limits.records,
                },
            ));
        }
        Ok(())
    }

    /// The estate.
    ///
    /// # Complexity
    /// O(n log n) for n records.
    pub fn build(mut self) -> Estate {
        let mut resources = merge_resources(self.resources, &mut self.diagnostics);
        add_named_only(&mut resources, &self.relations, &mut self.diagnostics);
        let aliases = AliasTable::new(&resources);
        self.grants.sort_by(|a, b| {
            (&a.evidence, &a.attached_to, &a.principal, &a.principals).cmp(&(
                &b.evidence,
                &b.attached_to,
                &b.principal,
                &b.principals,
            ))
        });
        self.relations.sort_by(|a, b| {
            (&a.from, &a.to, &a.kind, &a.ports, &a.protocol, &a.evidence).cmp(&(
                &b.from,
                &b.to,
                &b.kind,
                &b.ports,
                &b.protocol,
                &b.evidence,
            ))
        });
        let findings = unique_findings(self.findings);
        Estate {
            resources,
            grants: self.grants,
            relations: self.relations,
            findings,
            not_findings: self.not_findings,
            aliases,
            diagnostics: diagnostic::tidy(self.diagnostics, self.limits.diagnostics),
        }
    }
}

/// Fragments of one resource become one, in the order of their places.
fn merge_resources(
    mut fragments: Vec<Resource>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Resource> {
    fragments.sort_by(|a, b| {
        // Pointers of one document are ordered by its text; `collected` first keeps the known one.
        (&a.id, !a.collected, &a.evidence).cmp(&(&b.id, !b.collected, &b.evidence))
    });
    let mut resources: Vec<Resource> = Vec::with_capacity(fragments.len());
    for fragment in fragments {
        match resources.last_mut() {
            Some(open) if open.id == fragment.id => {
                let place = fragment.evidence.first().cloned();
                if open.merge(fragment) {
                    diagnostics.push(Diagnostic {
                        location: place,
                        ..Diagnostic::new(
                            "conflicting-facts",
                            Effect::OverReport,
                            format!(
                                "two documents disagree about `{}`: the first is kept",
                                open.id
                            ),
                            Location::builtin("merge"),
                        )
                    });
                }
            }
            _ => resources.push(fragment),
        }
    }
    resources
}

/// Ids that only relations name become resources that were not collected.
fn add_named_only(
    resources: &mut Vec<Resource>,
    relations: &[Relation],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let table = AliasTable::new(resources);
    let known: HashSet<&str> = resources
        .iter()
        .map(|resource| resource.id.as_str())
        .collect();
    let mut missing: BTreeMap<ResourceId, Location> = BTreeMap::new();
    for relation in relations {
        let required = relation.requires.iter().map(|state| &state.resource);
        for id in [&relation.from, &relation.to].into_iter().chain(required) {
            let text = id.as_str();
            if text != ResourceId::INTERNET
                && !known.contains(text)
                && table.resolve(text, None).is_none()
            {
                let place = relation
                    .evidence
                    .first()
                    .cloned()
                    .unwrap_or_else(|| Location::builtin("relation"));
                missing
                    .entry(id.clone())
                    .and_modify(|first| {
                        if place < *first {
                            *first = place.clone();
                        }
                    })
                    .or_insert(place);
            }
        }
    }
    drop(known);
    for (id, place) in missing {
        diagnostics.push(Diagnostic::new(
            "not-collected",
            Effect::UnderReport,
            format!("`{id}` is named, but no document describes it: its steps are unknown"),
            place.clone(),
        ));
        let mut resource = Resource::new(id, Kind::new("unknown"), place);
        resource.collected = false;
        resources.push(resource);
    }
    resources.sort_by(|a, b| a.id.cmp(&b.id));
}

/// Findings in the order of their ids and places, the ids made unique.
///
/// A missing id becomes `CHECK@RESOURCE`; the second and later of one id get `~2`, `~3` in the order
/// of content.
fn unique_findings(mut findings: Vec<Finding>) -> Vec<Finding> {
    for finding in &mut findings {
        if finding.id.is_empty() {
            finding.id = format!("{}@{}", finding.check, finding.resource);
        }
    }
    // Content first, place last: shuffled records get the same ids.
    findings.sort_by(|a, b| {
        let content = |it: &Finding| {
            (
                it.severity,
                it.ports.clone(),
                it.source.clone(),
                it.account.clone(),
            )
        };
        (&a.id, &a.check, &a.resource, &a.part, &a.title)
            .cmp(&(&b.id, &b.check, &b.resource, &b.part, &b.title))
            .then_with(|| content(a).cmp(&content(b)))
            .then_with(|| a.evidence.cmp(&b.evidence))
    });
    let mut taken: HashSet<String> = findings.iter().map(|finding| finding.id.clone()).collect();
    let mut seen: HashMap<String, u64> = HashMap::new();
    for finding in &mut findings {
        let count = seen.entry(finding.id.clone()).or_default();
        *count = count.saturating_add(1);
        if *count > 1 {
            let mut number = *count;
            let mut id = format!("{}~{number}", finding.id);
            while !taken.insert(id.clone()) {
                number = number.saturating_add(1);
                id = format!("{}~{number}", finding.id);
            }
            finding.id = id;
        }
    }
    findings.sort_by(|a, b| a.id.cmp(&b.id));
    findings
}
