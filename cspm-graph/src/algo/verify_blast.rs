//! Checks the counts of [`blast_sizes`](super::blast_sizes).

use std::collections::BTreeSet;

use super::blast::resource;
use super::blast_sizes::order_key;
use super::verify::{VerifyError, ensure, sweep};
use super::{BlastOptions, BlastSizes};
use crate::graph::{StateId, StateSet, View};

/// Checks that a state is said to reach no fewer resources than its successor, and that the counts of `samples` are
/// those of their reach sets: exact below the size of a sketch, and above it the estimate that follows from the place
/// of one resource in the order of all.
///
/// # Errors
/// The first state whose count is wrong.
///
/// # Complexity
/// O(m), and a sweep of [`reach_with`](super::verify::reach_with) for each sample.
pub fn blast_sizes(
    view: &View<'_>,
    ambient: &StateSet,
    resource_of: &[u32],
    options: &BlastOptions,
    sizes: &BlastSizes,
    samples: &[StateId],
) -> Result<(), VerifyError> {
    for step in view.steps() {
        let inputs: Vec<StateId> = step.inputs().collect();
        for &input in &inputs {
            let mut others = inputs.iter().filter(|&&other| other != input);
            let passed_on = !others.all(|&other| ambient.contains(other))
                || sizes.size(input).count() >= sizes.size(step.to()).count();
            ensure(
                passed_on,
                "a state reaches what its successor reaches",
                input,
            )?;
        }
    }
    let keys = |states: &mut dyn Iterator<Item = StateId>| -> BTreeSet<u64> {
        states
            .filter_map(|state| resource(resource_of, state))
            .map(|resource| order_key(options.seed, resource))
            .collect()
    };
    let all = keys(&mut view.graph().states());
    let size = options.sketch_size.max(BlastOptions::SKETCH_SIZE_MIN);
    for &sample in samples {
        let reached = keys(&mut sweep(view, &[sample], ambient).iter());
        let found = sizes.size(sample);
        let exact = reached.len() < size || all.len() <= size;
        ensure(
            found.is_exact() == exact,
            "small counts are exact, and those alone",
            sample,
        )?;
        let expected = match reached.iter().nth(size - 1) {
            Some(last) if !exact => {
                let before = all.range(..last).count().max(1);
                let rounded = ((size - 1) * all.len() + before / 2) / before;
                rounded.clamp(size, all.len())
            }
            _ => reached.len(),
        };
        ensure(
            found.count() == expected,
            "counts are those of reach sets",
            sample,
        )?;
    }
    Ok(())
}
