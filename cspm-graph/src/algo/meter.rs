//! Counts the work of one question.

use super::QueryError;
use crate::graph::{LimitError, Limits};

/// Work units between two looks at the cancel token.
const CHECK_EVERY: u64 = 1 << 16;

/// Counts work units and stops the question at the limit or on request.
#[derive(Debug)]
pub(super) struct Meter<'l> {
    limits: &'l Limits,
    spent: u64,
    next_check: u64,
}

impl<'l> Meter<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            spent: 0,
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

    /// Checks the space that sets take.
    pub(super) fn check_set_words(&self, words: usize) -> Result<(), QueryError> {
        if words <= self.limits.set_words {
            return Ok(());
        }
        Err(LimitError::new("set_words", self.limits.set_words as u64, words as u64).into())
    }

    #[cold]
    fn check(&mut self) -> Result<(), QueryError> {
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
}
