//! A graph directory: little-endian arrays without headers.

use std::fs;
use std::path::Path;

/// The arrays of one graph.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) nodes: usize,
    pub(crate) edges: Vec<(u32, u32)>,
    /// Kinds of the edges; none where the graph does not tell.
    pub(crate) kinds: Vec<u8>,
    pub(crate) exposed: Vec<u32>,
    pub(crate) sensitive: Vec<u32>,
    pub(crate) weights: Vec<u32>,
    pub(crate) pairs: Vec<(u32, u32)>,
    /// Output, and the two inputs that it needs.
    pub(crate) gates: Vec<[u32; 3]>,
}

impl Files {
    pub(crate) fn read(folder: &Path) -> Result<Self, String> {
        let meta: serde_json::Value = serde_json::from_slice(&bytes(folder, "meta.json")?)
            .map_err(|error| format!("meta.json: {error}"))?;
        let nodes = meta["nodes"]
            .as_u64()
            .and_then(|it| usize::try_from(it).ok());
        let optional = |name: &str| bytes(folder, name).unwrap_or_default();
        Ok(Self {
            nodes: nodes.ok_or("meta.json: no number of nodes")?,
            edges: pairs(&bytes(folder, "edges.u32")?),
            kinds: optional("edge_kind.u8"),
            exposed: numbers(&bytes(folder, "exposed.u32")?),
            sensitive: numbers(&bytes(folder, "sensitive.u32")?),
            weights: numbers(&bytes(folder, "weights.u32")?),
            pairs: pairs(&optional("pairs.u32")),
            gates: optional("gates.u32")
                .chunks_exact(12)
                .map(|chunk| {
                    [
                        number(&chunk[..4]),
                        number(&chunk[4..8]),
                        number(&chunk[8..]),
                    ]
                })
                .collect(),
        })
    }
}

fn bytes(folder: &Path, name: &str) -> Result<Vec<u8>, String> {
    let path = folder.join(name);
    fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
}

fn number(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_le_bytes)
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(number).collect()
}

fn pairs(bytes: &[u8]) -> Vec<(u32, u32)> {
    bytes
        .chunks_exact(8)
        .map(|chunk| (number(&chunk[..4]), number(&chunk[4..])))
        .collect()
}
