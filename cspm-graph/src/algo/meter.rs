//! Counts the work of one question.

use super::QueryError;
use crate::graph::{LimitError, Limits};

/// Work units between two looks at the cancel token, and two reports of progress.
const CHECK_EVERY: u64 = 1 << 16;

/// Counts work units and stops the question at the limit or on request.
#[derive(Debug)]
pub(super) struct Meter<'l> {
    limits: &'l Limits,
    spent: u64,
    /// How much of that the progress of the question shows.
    reported: u64,
    next_check: u64,
}

impl<'l> Meter<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            spent: 0,
            reported: 0,
            next_check: 0,
        }
    }

    #[inline]
    pub(super) fn spend(&mut self, units: usize) -> Result<(), QueryError> {
        self.spent = self.spent.saturating_add(units as u64);
        if self.spent >= self.next_check {
            self.check()
        } else {
            Ok(())
        }
    }

    /// Work units so far.
    pub(super) fn spent(&self) -> u64 {
        self.spent
    }

    /// A meter for one of several threads: it starts where this one stands.
    pub(super) fn fork(&self) -> Self {
        Self {
            limits: self.limits,
            spent: self.spent,
            reported: self.spent,
            next_check: self.spent,
        }
    }

    /// Adds what a fork has spent since it was made, and has reported itself.
    pub(super) fn join(&mut self, fork: &Self, start: u64) -> Result<(), QueryError> {
        let work = fork.spent - start;
        self.spent = self.spent.saturating_add(work);
        self.reported = self.reported.saturating_add(work);
        if self.spent >= self.next_check {
            self.check()
        } else {
            Ok(())
        }
    }

    /// Checks the space that sets take.
    pub(super) fn check_set_words(&self, words: usize) -> Result<(), QueryError> {
        if words <= self.limits.set_words {
            return Ok(());
        }
        Err(LimitError::new("set_words", self.limits.set_words as u64, words as u64).into())
    }

    #[cold]
    fn check(&mut self) -> Result<(), QueryError> {
        self.report();
        if self
            .limits
            .cancel
            .as_ref()
            .is_some_and(crate::graph::Cancel::is_cancelled)
        {
            return Err(QueryError::Cancelled);
        }
        if self.spent > self.limits.work {
            return Err(LimitError::new("work", self.limits.work, self.spent).into());
        }
        // Exactly one past the limit is noticed, whatever the interval.
        let past_limit = self.limits.work.saturating_add(1);
        self.next_check = self
            .spent
            .saturating_add(CHECK_EVERY)
            .min(past_limit.max(self.spent + 1));
        Ok(())
    }

    fn report(&mut self) {
        if let Some(progress) = &self.limits.progress {
            progress.add(self.spent - self.reported);
            self.reported = self.spent;
        }
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        self.report();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Progress;

    #[test]
    fn progress_is_seen_while_the_question_runs() {
        let progress = Progress::new();
        let limits = Limits {
            progress: Some(progress.clone()),
            ..Limits::default()
        };
        let mut meter = Meter::new(&limits);
        assert_eq!(meter.spend(3), Ok(()));
        // The first look is at once, the next when there is enough to look at.
        assert_eq!(progress.work(), 3);
        assert_eq!(meter.spend(5), Ok(()));
        assert_eq!(progress.work(), 3);
        assert_eq!(meter.spend(1 << 16), Ok(()));
        assert_eq!(progress.work(), 8 + (1 << 16));
        assert_eq!(meter.spend(7), Ok(()));
        drop(meter);
        assert_eq!(progress.work(), 15 + (1 << 16));
    }
}
