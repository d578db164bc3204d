//! What bounds the explanations of a report.

/// How many steps further ways may have.
///
/// Every state of a long chain may be a crown jewel: then the ways to all of them have as many steps as the square of
/// its length, far more than anyone reads and than memory holds.
#[derive(Debug)]
pub(crate) struct Room {
    steps: usize,
    /// Whether a way was left out.
    is_cut: bool,
}

impl Room {
    pub(crate) fn new(steps: usize) -> Self {
        Self {
            steps,
            is_cut: false,
        }
    }

    pub(crate) fn extend(&mut self, steps: usize) {
        self.steps = self.steps.saturating_add(steps);
    }

    /// Takes the room for a way. If there is none, that is noted, and there is none for shorter ones either.
    pub(crate) fn take(&mut self, steps: usize, limits_hit: &mut Vec<String>) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or(0);
        if left.is_none() {
            self.cut(limits_hit);
        }
        left.is_some()
    }

    /// Notes that a way was left out.
    pub(crate) fn cut(&mut self, limits_hit: &mut Vec<String>) {
        self.is_cut = true;
        hit("path_steps", limits_hit);
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
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
