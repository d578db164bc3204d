//! Progress on standard error, for work that takes long enough to wonder.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::harmless;

/// A line of progress; nothing where standard error is no terminal, or where silence was asked for.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        let target = if quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(10)
        };
        Self {
            bar: ProgressBar::with_draw_target(None, target),
        }
    }

    /// Begins work on `count` things.
    pub(crate) fn begin(&self, what: &'static str, count: usize) {
        let style = ProgressStyle::with_template("{prefix} {pos}/{len} {wide_msg}");
        self.bar
            .set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar.set_prefix(what);
        self.bar
            .set_length(u64::try_from(count).unwrap_or(u64::MAX));
        self.bar.set_position(0);
    }

    /// Begins work of unknown length.
    pub(crate) fn spin(&self, what: &'static str) {
        let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed}");
        self.bar
            .set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        self.bar.set_prefix(what);
        self.bar.enable_steady_tick(Duration::from_millis(100));
    }

    /// The next thing.
    pub(crate) fn step(&self, name: &str) {
        self.bar.set_message(harmless(name));
        self.bar.inc(1);
    }

    /// Clears the line.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
