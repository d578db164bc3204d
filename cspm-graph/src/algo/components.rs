//! Strongly connected components, without recursion.

use crate::graph::sealed::Sealed as _;
use crate::graph::{Id, Table, define_id};

define_id! {
    /// A strongly connected component. Components are numbered in the order of completion: a step between
    /// two components leads from the higher number to the lower.
    pub(super) struct ComponentId
}

#[derive(Debug)]
pub(super) struct Components<N> {
    pub(super) of: Table<N, ComponentId>,
    pub(super) count: usize,
}

/// Returns the strongly connected components of `count` nodes; `successor(node, k)` is the k-th successor.
///
/// # Complexity
/// O(nodes + edges) time, O(nodes) space.
///
/// # Source
/// Tarjan 1972, with an explicit stack.
pub(super) fn components<N: Id>(
    count: usize,
    successor: impl Fn(N, usize) -> Option<N>,
) -> Components<N> {
    const UNSEEN: u32 = u32::MAX;
    let mut seen_at: Table<N, u32> = Table::filled(UNSEEN, count);
    let mut lowest: Table<N, u32> = Table::filled(UNSEEN, count);
    let mut of: Table<N, Option<ComponentId>> = Table::filled(None, count);
    let mut component_count = 0;
    let mut open: Vec<N> = Vec::new();
    let mut path: Vec<(N, usize)> = Vec::new();
    let mut clock = 0;

    for root in (0..count).map(N::at) {
        if seen_at[root] != UNSEEN {
            continue;
        }
        let mut enter = Some(root);
        loop {
            if let Some(node) = enter.take() {
                seen_at[node] = clock;
                lowest[node] = clock;
                clock += 1;
                open.push(node);
                path.push((node, 0));
            }
            let Some((node, next)) = path.last_mut() else {
                break;
            };
            let node = *node;
            if let Some(to) = successor(node, *next) {
                *next += 1;
                if seen_at[to] == UNSEEN {
                    enter = Some(to);
                } else if of[to].is_none() {
                    lowest[node] = lowest[node].min(seen_at[to]);
                }
                continue;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                lowest[parent] = lowest[parent].min(lowest[node]);
            }
            if lowest[node] == seen_at[node] {
                let component = ComponentId::at(component_count);
                component_count += 1;
                while let Some(member) = open.pop() {
                    of[member] = Some(component);
                    if member == node {
                        break;
                    }
                }
            }
        }
    }
    let of: Vec<ComponentId> = of.values().iter().copied().flatten().collect();
    Components {
        of: of.into(),
        count: component_count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::StateId;

    fn check(edges: &[(u32, u32)], count: usize, expected: &[usize]) {
        let id = |number: u32| StateId::new(number).unwrap();
        let found = components(count, |node: StateId, k| {
            edges
                .iter()
                .filter(|edge| id(edge.0) == node)
                .nth(k)
                .map(|edge| id(edge.1))
        });
        let of: Vec<usize> = found
            .of
            .values()
            .iter()
            .map(|component| component.index())
            .collect();
        assert_eq!(of, expected);
    }

    #[test]
    fn components_are_numbered_in_completion_order() {
        check(&[], 2, &[0, 1]);
        check(&[(0, 0), (0, 1)], 2, &[1, 0]);
        check(
            &[(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3)],
            6,
            &[1, 1, 1, 0, 0, 2],
        );
        check(
            &[(0, 1), (1, 2), (2, 1), (2, 3), (3, 4), (4, 0)],
            5,
            &[0, 0, 0, 0, 0],
        );
    }
}
