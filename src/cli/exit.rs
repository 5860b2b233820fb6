//! Exit statuses: the contract with scripts.

use std::process::ExitCode;

use crate::report::status::Standing;
use crate::state::Outcome;

/// How the program ends. clap uses 2 for wrong usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Something would change, or has drifted.
    Pending = 3,
    /// Done, but the machine does not fully match the document.
    Degraded = 4,
    /// No source has a document.
    NoSource = 5,
    /// A boot ended degraded. Not 4: systemd calls that NOPERMISSION (systemd.exec(5)), and has no word for this one.
    BootDegraded = 10,
    /// The document is invalid (`EX_DATAERR` of sysexits.h).
    Invalid = 65,
}

/// For `--help`.
pub const HELP: &str = "Exit status: 0 done, 1 failed, 2 wrong usage, 3 changes pending or drift, 4 done but degraded, \
                        5 no source has a document, 65 the document is invalid";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Degraded => Self::Degraded,
            Outcome::Running | Outcome::Failed | Outcome::RolledBack => Self::Failed,
        }
    }
}

impl From<Standing> for Exit {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Done | Standing::Running | Standing::Disabled => Self::Done,
            Standing::Degraded => Self::Degraded,
            Standing::Failed => Self::Failed,
            Standing::NoSource | Standing::NotRun => Self::NoSource,
        }
    }
}

impl Exit {
    /// The exit status of a boot stage, for systemd. A machine without a document is not a failure.
    pub fn of_boot(standing: Standing) -> Self {
        match standing.into() {
            Self::NoSource => Self::Done,
            Self::Degraded => Self::BootDegraded,
            other => other,
        }
    }
}
