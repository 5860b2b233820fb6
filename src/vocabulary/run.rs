//! What ran once per instance.

use serde::{Deserialize, Serialize};

/// Something that ran or was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The instance that it ran for.
    pub instance_id: String,
    /// When it began, in seconds since 1970-01-01 UTC.
    pub begun: u64,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What was to be done, where something else would be done as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
}

/// How something that runs once ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// It was started and has no recorded end: it is running or was interrupted.
    Begun,
    /// It succeeded.
    Done,
    /// It failed.
    Failed,
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.outcome {
            RunOutcome::Begun => "it was interrupted, so it is unknown how much of it was done; it is not repeated",
            RunOutcome::Done => "it has already run",
            RunOutcome::Failed => "it has already run and failed; it is not repeated",
        })
    }
}
