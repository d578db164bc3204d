//! Sets of ports, as text and as sorted disjoint ranges.

use std::fmt;

/// A set of ports: sorted, disjoint, not adjacent ranges, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PortSet {
    ranges: Vec<(u16, u16)>,
}

impl PortSet {
    /// Every port.
    pub fn all() -> Self {
        Self {
            ranges: vec![(0, u16::MAX)],
        }
    }

    /// One range, both ends included; empty if `first` is above `last`.
    pub fn range(first: u16, last: u16) -> Self {
        Self::from_ranges([(first, last)])
    }

    /// The union of ranges in any order; those with the first end above the last are left out.
    pub fn from_ranges(ranges: impl IntoIterator<Item = (u16, u16)>) -> Self {
        let mut sorted: Vec<_> = ranges
            .into_iter()
            .filter(|(first, last)| first <= last)
            .collect();
        sorted.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(sorted.len());
        for (first, last) in sorted {
            match merged.last_mut() {
                Some(open) if first <= open.1.saturating_add(1) => open.1 = open.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self { ranges: merged }
    }

    /// `22`, `8000-8100`, a comma-separated list of both, or `*`. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::all());
        }
        let mut ranges = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range = (
                first.trim().parse::<u16>().ok()?,
                last.trim().parse::<u16>().ok()?,
            );
            if range.0 > range.1 {
                return None;
            }
            ranges.push(range);
        }
        Some(Self::from_ranges(ranges))
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.ranges
    }

    /// Whether no port is in it.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether `port` is in it.
    pub fn contains(&self, port: u16) -> bool {
        self.ranges
            .iter()
            .any(|&(first, last)| (first..=last).contains(&port))
    }

    /// Whether both share a port.
    pub fn intersects(&self, other: &Self) -> bool {
        self.ranges
            .iter()
            .any(|a| other.ranges.iter().any(|b| a.0 <= b.1 && b.0 <= a.1))
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ranges == [(0, u16::MAX)] {
            return f.write_str("*");
        }
        for (at, &(first, last)) in self.ranges.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            if first == last {
                write!(f, "{first}")?;
            } else {
                write!(f, "{first}-{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_merges() {
        for (text, want) in [
            ("22", "22"),
            ("80-90,85-100,101", "80-101"),
            ("*", "*"),
            ("443,22", "22,443"),
        ] {
            assert_eq!(PortSet::parse(text).unwrap().to_string(), want);
        }
        assert_eq!(PortSet::from_ranges([(0, u16::MAX)]), PortSet::all());
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "x", "70000", "9-8", "1-", "-1"] {
            assert_eq!(PortSet::parse(text), None, "{text}");
        }
    }

    #[test]
    fn membership_is_by_range() {
        let set = PortSet::parse("22,8000-8100").unwrap();
        assert!(set.contains(8100) && !set.contains(8101));
        assert!(
            set.intersects(&PortSet::range(8100, 9000))
                && !set.intersects(&PortSet::range(23, 7999))
        );
    }
}
