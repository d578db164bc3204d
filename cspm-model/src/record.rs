//! Records of the native format: known fields strictly, `x_` keys kept, everything else refused with
//! its position; and how two fragments of one record merge.

use std::collections::BTreeMap;

use serde_json::Value;

/// Keys that begin with `x_`, kept and ignored.
pub(crate) type Extra = BTreeMap<String, Value>;

/// How two fragments of one fact become one. Returns whether both said something different; the one
/// that was there first stays.
pub(crate) trait Merge {
    fn absorb(&mut self, other: Self) -> bool;
}

impl<T: PartialEq> Merge for Option<T> {
    fn absorb(&mut self, other: Self) -> bool {
        match (&self, other) {
            (None, other) => {
                *self = other;
                false
            }
            (Some(_), None) => false,
            (Some(mine), Some(other)) => *mine != other,
        }
    }
}

impl<T: PartialEq> Merge for Vec<T> {
    fn absorb(&mut self, other: Self) -> bool {
        if self.is_empty() {
            *self = other;
            false
        } else {
            !other.is_empty() && *self != other
        }
    }
}

impl<K: Ord, V: PartialEq> Merge for BTreeMap<K, V> {
    fn absorb(&mut self, other: Self) -> bool {
        let mut conflict = false;
        for (key, value) in other {
            match self.entry(key) {
                std::collections::btree_map::Entry::Vacant(place) => {
                    place.insert(value);
                }
                std::collections::btree_map::Entry::Occupied(place) => {
                    conflict |= *place.get() != value;
                }
            }
        }
        conflict
    }
}

/// A plain value that a fragment always states.
macro_rules! plain {
    ($($ty:ty),*) => { $(
        impl Merge for $ty {
            fn absorb(&mut self, other: Self) -> bool {
                *self != other
            }
        }
    )* };
}

plain!(String, bool, u16, u32);

/// Whether a field is left out when written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Defines a record: a struct whose fields are all optional in a document (a field without a default
/// is checked by its reader), with strict deserialisation, `x_` keys and a JSON Schema.
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident { $( $(#[$field_meta:meta])* pub $field:ident : $ty:ty ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields, extend("patternProperties" = serde_json::json!({"^x_": true})))]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(default, skip_serializing_if = "crate::record::is_default")]
                pub $field: $ty,
            )*
            /// Keys that begin with `x_`, kept and ignored.
            #[serde(flatten)]
            #[schemars(skip)]
            pub extra: crate::record::Extra,
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;
                impl<'de> serde::de::Visitor<'de> for Fields {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        const FIELDS: &[&str] = &[$( stringify!($field) ),*];
                        $( let mut $field: Option<$ty> = None; )*
                        let mut extra = crate::record::Extra::new();
                        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
                            match &*key {
                                $( stringify!($field) => {
                                    if $field.is_some() {
                                        return Err(serde::de::Error::duplicate_field(stringify!($field)));
                                    }
                                    $field = Some(map.next_value()?);
                                } )*
                                other if other.starts_with("x_") => {
                                    extra.insert(other.to_owned(), map.next_value()?);
                                }
                                other => return Err(serde::de::Error::unknown_field(other, FIELDS)),
                            }
                        }
                        Ok($name { $( $field: $field.unwrap_or_default(), )* extra })
                    }
                }
                deserializer.deserialize_map(Fields)
            }
        }
    };
}

/// Defines a record whose fragments merge.
macro_rules! facts {
    ($(#[$meta:meta])* pub struct $name:ident { $( $(#[$field_meta:meta])* pub $field:ident : $ty:ty ),* $(,)? }) => {
        crate::record::record! {
            $(#[$meta])*
            pub struct $name { $( $(#[$field_meta])* pub $field: $ty ),* }
        }

        impl crate::record::Merge for $name {
            fn absorb(&mut self, other: Self) -> bool {
                let mut conflict = false;
                // Two documents that say the same in two places do not disagree.
                $( conflict |= crate::record::Merge::absorb(&mut self.$field, other.$field)
                    && !stringify!($field).ends_with("evidence"); )*
                conflict |= crate::record::Merge::absorb(&mut self.extra, other.extra);
                conflict
            }
        }
    };
}

pub(crate) use facts;
pub(crate) use record;
