//! How much a manifest may ask of the reader.

/// Caps against files that are not manifests and against hostile ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of a file. The default, 64 MiB, holds some 600,000 approvals.
    pub max_bytes: u64,
    /// Nodes (scalars, lists and maps) of a file, some 60 bytes each while it is read.
    pub max_nodes: usize,
    /// Nodes that aliases repeat. Small: manifests share small things, and ten nested aliases make a million nodes.
    pub max_alias_nodes: usize,
    /// Levels of lists and maps. Reading recurses that deep, so what is much larger needs a larger stack.
    pub max_depth: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_nodes: 10_000_000, max_alias_nodes: 200_000, max_depth: 100 }
    }
}
