//! How much of a file is firstlight's.

/// How much of a file is firstlight's: what is taken back, and what counts as drift.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Share {
    /// All of it.
    #[default]
    Whole,
    /// Some lines of a file that firstlight does not own.
    Lines,
    /// Some keys of a JSON object that firstlight does not own.
    Keys,
}
