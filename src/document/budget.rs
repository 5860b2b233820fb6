//! How much one document may cost: its author must not decide how much memory and time root spends on it.

/// How deep lists and mappings may nest.
pub const DEPTH_LIMIT: usize = 64;
/// How many values a document may have, with its aliases expanded and what its anchors keep.
pub const NODE_LIMIT: usize = 130_000;
/// How many bytes of text its values may have, with its aliases expanded and what its anchors keep (16 MiB).
pub const TEXT_LIMIT: usize = 16 * 1024 * 1024;
/// How many bytes may be unpacked for it by gzip: its texts and the files in it, all together (16 MiB).
pub const UNPACKED_LIMIT: u64 = 16 * 1024 * 1024;
/// How many problems are reported.
pub const PROBLEM_LIMIT: usize = 100;

/// What is left for a document: one for all of its texts.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    nodes: usize,
    bytes: usize,
    unpacked: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            nodes: NODE_LIMIT,
            bytes: TEXT_LIMIT,
            unpacked: UNPACKED_LIMIT,
        }
    }
}

impl Budget {
    /// Pays for values and the bytes of their text. `None`: there is not enough left.
    pub fn spend(&mut self, nodes: usize, bytes: usize) -> Option<()> {
        self.nodes = self.nodes.checked_sub(nodes)?;
        self.bytes = self.bytes.checked_sub(bytes)?;
        Some(())
    }

    /// How many values are left.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// How many bytes of text are left.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many bytes may still be unpacked.
    pub fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// Pays for what was unpacked.
    pub fn spend_unpacked(&mut self, bytes: u64) {
        self.unpacked = self.unpacked.saturating_sub(bytes);
    }
}
