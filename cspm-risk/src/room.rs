//! What bounds the explanations of a report.

/// How many steps further ways may have.
///
/// Every state of a long chain may be a crown jewel: then the ways to all of them have as many steps as the square of
/// its length, far more than anyone reads and than memory holds.
#[derive(Debug)]
pub(crate) struct Room {
    steps: usize,
}

impl Room {
    pub(crate) fn new(steps: usize) -> Self {
        Self { steps }
    }

    pub(crate) fn extend(&mut self, steps: usize) {
        self.steps = self.steps.saturating_add(steps);
    }

    /// Takes the room for a way. If there is none, that is noted, and there is none for shorter ones either.
    pub(crate) fn take(&mut self, steps: usize, limits_hit: &mut Vec<String>) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or(0);
        if left.is_none() {
            hit("path_steps", limits_hit);
        }
        left.is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.steps == 0
    }
}

/// Notes that a limit cut the analysis.
pub(crate) fn hit(limit: &str, limits_hit: &mut Vec<String>) {
    if !limits_hit.iter().any(|it| it == limit) {
        limits_hit.push(limit.to_owned());
    }
}
