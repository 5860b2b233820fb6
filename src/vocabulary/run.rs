//! What ran once per instance.

use serde::{Deserialize, Serialize};

/// The instance of what runs once on a machine, whatever instance it is.
pub const ANY_INSTANCE: &str = "*";

/// The directory with what commands and scripts of a document have done, each in a directory of its name.
pub const COMMANDS_DIRECTORY: &str = "/var/lib/firstlight/commands";

/// The path of the record of a script: JSON, with a line `"state": "done"` where all of it succeeded.
pub fn script_record(name: &str) -> String {
    format!("{COMMANDS_DIRECTORY}/{name}/record.json")
}

/// Something that ran or was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The instance that it ran for.
    pub instance_id: String,
    /// When it began, in seconds since 1970-01-01 UTC.
    pub begun: u64,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Whether it is a command or a script of a document: those may be run again by hand.
    #[serde(default)]
    pub command: bool,
    /// What was to be done, where something else would be done as well; of a script that runs once, its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
}

impl Run {
    /// A command that was started now.
    pub fn begun(instance_id: &str, now: u64) -> Self {
        Self {
            instance_id: instance_id.to_owned(),
            begun: now,
            outcome: RunOutcome::Begun,
            command: true,
            what: None,
        }
    }

    /// Whether it ran for this instance, or for any.
    pub fn is_for(&self, instance_id: &str) -> bool {
        self.instance_id == instance_id || self.instance_id == ANY_INSTANCE
    }
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
