//! Typed ids and the tables they index.

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::{Index, IndexMut};

/// An id that counts from zero and indexes a [`Table`]. Sealed: the ids of this crate are all there are.
pub trait Id: Copy + Ord + fmt::Debug + sealed::Sealed {
    /// Position of the id in a table.
    fn index(self) -> usize;
}

pub(crate) mod sealed {
    #[expect(unnameable_types, reason = "that is what seals it")]
    /// Keeps [`super::Id`] closed, and carries the conversion that only this crate may use.
    pub trait Sealed: Sized {
        /// The id at a position that is known to be in a table of this id.
        fn at(index: usize) -> Self;
    }
}

/// Defines an id: a `u32` newtype with a niche for `Option`.
macro_rules! define_id {
    ($(#[$doc:meta])* $visibility:vis struct $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        // The number plus one, so that order is kept and `Option` costs nothing.
        $visibility struct $name(std::num::NonZeroU32);

        impl $crate::graph::Id for $name {
            #[inline]
            fn index(self) -> usize {
                $crate::graph::id::to_index(self.0)
            }
        }

        impl $crate::graph::id::sealed::Sealed for $name {
            #[inline]
            fn at(index: usize) -> Self {
                Self($crate::graph::id::to_number(index))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), $crate::graph::Id::index(*self))
            }
        }
    };
}
pub(crate) use define_id;

define_id! {
    /// What an attacker can hold: a node of the graph.
    pub struct StateId
}

define_id! {
    /// A step or a gate of a frozen graph.
    ///
    /// Ids follow from the steps themselves and not from the order in which they were added: ordinary steps
    /// come first, ordered by origin, kind, target, tag, cost and certainty; gates follow, ordered by
    /// inputs, output, kind, tag, cost and certainty.
    pub struct StepId
}

define_id! {
    /// A gate, counted among the gates alone.
    pub(crate) struct GateId
}

macro_rules! public_id {
    ($name:ident) => {
        impl $name {
            /// The largest number an id can have; the one above is the niche of `Option`.
            pub const MAX: u32 = u32::MAX - 1;

            /// The id with this number.
            ///
            /// # Errors
            /// [`IdError`] for `u32::MAX`, the one number that is not an id.
            pub fn new(number: u32) -> Result<Self, IdError> {
                match number.checked_add(1).and_then(NonZeroU32::new) {
                    Some(stored) => Ok(Self(stored)),
                    None => Err(IdError {
                        index: u64::from(number),
                    }),
                }
            }

            /// The id of a position in a table.
            ///
            /// # Errors
            /// [`IdError`] above [`Self::MAX`].
            pub fn from_index(index: usize) -> Result<Self, IdError> {
                u32::try_from(index).map_or(
                    Err(IdError {
                        index: index as u64,
                    }),
                    Self::new,
                )
            }

            /// The number of the id.
            #[inline]
            pub fn get(self) -> u32 {
                self.0.get().wrapping_sub(1)
            }

            /// The number of the id as a position.
            #[inline]
            pub fn index(self) -> usize {
                to_index(self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.get().fmt(f)
            }
        }
    };
}
public_id!(StateId);
public_id!(StepId);

/// A number that is too large for an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("id {index} is above the maximum of {}", StateId::MAX)]
pub struct IdError {
    index: u64,
}

impl IdError {
    /// The number that was asked for.
    pub fn index(&self) -> u64 {
        self.index
    }
}

#[inline]
pub(crate) fn to_index(stored: NonZeroU32) -> usize {
    // `wrapping_sub` cannot wrap on a value that is not zero; it spares the check.
    stored.get().wrapping_sub(1) as usize
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "INVARIANT: ids in range: every table is sized by a count that was checked to fit u32"
)]
pub(crate) fn to_number(index: usize) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(index as u32)
}

/// A dense table that can be indexed by its own id type only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<I, T> {
    values: Vec<T>,
    id: PhantomData<fn(I) -> I>,
}

impl<I: Id, T> Table<I, T> {
    /// The same value for `count` ids.
    pub fn filled(value: T, count: usize) -> Self
    where
        T: Clone,
    {
        Self {
            values: vec![value; count],
            id: PhantomData,
        }
    }

    /// A table with room for `count` values and none in it.
    pub fn with_capacity(count: usize) -> Self {
        Self {
            values: Vec::with_capacity(count),
            id: PhantomData,
        }
    }

    /// Appends the value of the next id.
    pub fn push(&mut self, value: T) {
        self.values.push(value);
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True if there is no value.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of an id, if the table has one.
    #[inline]
    pub fn get(&self, id: I) -> Option<&T> {
        self.values.get(id.index())
    }

    /// The values in id order.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The values in id order, to be changed.
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// Ids and values in id order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (I, &T)> + ExactSizeIterator + Clone {
        self.values
            .iter()
            .enumerate()
            .map(|(index, value)| (I::at(index), value))
    }

    /// All ids in order.
    pub fn ids(
        &self,
    ) -> impl DoubleEndedIterator<Item = I> + ExactSizeIterator + Clone + use<I, T> {
        (0..self.values.len()).map(I::at)
    }
}

impl<I, T> From<Vec<T>> for Table<I, T> {
    fn from(values: Vec<T>) -> Self {
        Self {
            values,
            id: PhantomData,
        }
    }
}

impl<I: Id, T> Index<I> for Table<I, T> {
    type Output = T;

    #[inline]
    fn index(&self, id: I) -> &T {
        &self.values[id.index()]
    }
}

impl<I: Id, T> IndexMut<I> for Table<I, T> {
    #[inline]
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.values[id.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_id_is_one_below_the_niche() {
        assert_eq!(
            StateId::new(StateId::MAX).map(StateId::get),
            Ok(u32::MAX - 1)
        );
        assert_eq!(
            StateId::new(u32::MAX).unwrap_err().index(),
            u64::from(u32::MAX)
        );
        assert!(StepId::from_index(usize::MAX).is_err());
        assert_eq!(size_of::<Option<StateId>>(), size_of::<u32>());
    }

    #[test]
    fn order_follows_the_number() {
        assert!(StateId::new(0).unwrap() < StateId::new(1).unwrap());
        assert_eq!(format!("{:?} {0}", StepId::new(7).unwrap()), "StepId(7) 7");
    }
}
