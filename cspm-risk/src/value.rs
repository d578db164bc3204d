//! What a crown jewel is worth.

use std::collections::BTreeMap;

use cspm_model::Resource;
use cspm_model::resource::{Class, Criticality, DataClass};

/// Values of data classes and of accounts, before criticality.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// Value of control of an account. Default 100.
    pub account: u64,
    /// Value of each class of data. Default: 90 for pii, phi, pci, financial and credentials; 70 for
    /// confidential and source code; 0 for internal and public.
    pub classes: BTreeMap<DataClass, u64>,
}

impl Default for Values {
    fn default() -> Self {
        use DataClass as C;
        let classes = [
            (C::Pii, 90),
            (C::Phi, 90),
            (C::Pci, 90),
            (C::Financial, 90),
            (C::Credentials, 90),
            (C::Confidential, 70),
            (C::SourceCode, 70),
            (C::Internal, 0),
            (C::Public, 0),
        ];
        Self {
            account: 100,
            classes: classes.into_iter().collect(),
        }
    }
}

/// Tags under which organisations say what data a resource holds, compared without case, `-` and `_`.
const CLASS_TAGS: [&str; 8] = [
    "dataclassification",
    "dataclass",
    "classification",
    "sensitivity",
    "datasensitivity",
    "confidentiality",
    "datatype",
    "compliance",
];

/// Tags under which they say how much it matters.
const CRITICALITY_TAGS: [&str; 3] = ["criticality", "businesscriticality", "tier"];

fn folded(text: &str) -> String {
    text.chars()
        .filter(|it| it.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The classes of data of a resource: stated, or read from common tags.
pub(crate) fn classes(resource: &Resource) -> Vec<DataClass> {
    let mut classes = resource.data.clone();
    for (key, value) in &resource.tags {
        if CLASS_TAGS.contains(&folded(key).as_str()) {
            let words = value.split([',', ';', '/', '+', ' ']);
            classes.extend(words.filter_map(|word| match folded(word).as_str() {
                "sensitive" | "restricted" | "secret" => Some(DataClass::Confidential),
                "personal" | "gdpr" => Some(DataClass::Pii),
                "hipaa" => Some(DataClass::Phi),
                "pcidss" => Some(DataClass::Pci),
                _ => DataClass::parse(word),
            }));
        }
    }
    classes.sort();
    classes.dedup();
    classes
}

fn criticality(resource: &Resource) -> Option<Criticality> {
    resource.criticality.or_else(|| {
        let tagged = resource
            .tags
            .iter()
            .find(|(key, _)| CRITICALITY_TAGS.contains(&folded(key).as_str()));
        tagged.and_then(|(_, value)| match folded(value).as_str() {
            "critical" | "tier0" | "0" | "veryhigh" => Some(Criticality::Critical),
            "high" | "tier1" | "1" => Some(Criticality::High),
            "medium" | "moderate" | "tier2" | "2" => Some(Criticality::Medium),
            "low" | "tier3" | "3" => Some(Criticality::Low),
            _ => None,
        })
    })
}

impl Values {
    /// What the loss of a resource's data, or of an account, is worth; 0 if nothing.
    ///
    /// Criticality changes it by a quarter up or down, half up at the most.
    pub fn of(&self, resource: &Resource) -> u64 {
        let base = match resource.kind.class() {
            Class::Store | Class::Secret => classes(resource)
                .iter()
                .filter_map(|class| self.classes.get(class).copied())
                .max()
                .unwrap_or(0),
            Class::Container if resource.kind.as_str() == "account" => self.account,
            _ => 0,
        };
        let percent = match criticality(resource) {
            Some(Criticality::Low) => 75,
            None | Some(Criticality::Medium) => 100,
            Some(Criticality::High) => 125,
            Some(Criticality::Critical) => 150,
        };
        base.saturating_mul(percent) / 100
    }
}

#[cfg(test)]
mod tests {
    use cspm_model::Location;

    use super::*;

    fn value(kind: &str, tags: &[(&str, &str)]) -> u64 {
        let mut resource = Resource::new("r".into(), kind.into(), Location::builtin("test"));
        resource.tags = tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        Values::default().of(&resource)
    }

    #[test]
    fn tags_are_read_however_they_are_spelt() {
        assert_eq!(value("data.bucket", &[("data-classification", "pii")]), 90);
        assert_eq!(
            value("data.bucket", &[("Data_Classification", "Confidential")]),
            70
        );
        assert_eq!(
            value(
                "data.bucket",
                &[("DataClassification", "public"), ("env", "pii")]
            ),
            0
        );
        assert_eq!(
            value("data.bucket", &[("sensitivity", "internal, PII")]),
            90
        );
    }

    #[test]
    fn criticality_scales_and_only_stores_and_accounts_have_value() {
        assert_eq!(
            value(
                "data.bucket",
                &[("data-classification", "pii"), ("criticality", "low")]
            ),
            67
        );
        assert_eq!(value("account", &[("tier", "0")]), 150);
        assert_eq!(
            value("compute.instance", &[("data-classification", "pii")]),
            0
        );
    }
}
