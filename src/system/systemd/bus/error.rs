//! Errors on the bus, as sentences.

use std::time::Duration;

use super::Verb;

/// Why something could not be done over D-Bus.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// The bus is there, but can't be talked to.
    #[error("can't connect to the system bus: {0}")]
    Connect(String),
    /// The service on the bus refused.
    #[error("can't {what}: {who} says: {message}")]
    Refused {
        /// What was tried: `enable docker.service`.
        what: String,
        /// Which service: `systemd`, `systemd-hostnamed`, `systemd-networkd`.
        who: &'static str,
        /// The D-Bus error's name; empty where there is none.
        name: String,
        /// Its words.
        message: String,
    },
    /// The service did not answer in time.
    #[error("can't {what}: {who} did not answer within {within:?}")]
    NoAnswer {
        /// What was tried.
        what: String,
        /// Who did not answer.
        who: &'static str,
        /// How long firstlight waited.
        within: Duration,
    },
    /// There is no such unit.
    #[error("can't {verb} {unit}: systemd knows no such unit ({message})")]
    NoSuchUnit {
        /// What was tried.
        verb: Verb,
        /// The unit.
        unit: String,
        /// systemd's words.
        message: String,
    },
    /// The job failed.
    #[error("{unit} did not {verb}: its job ended with `{result}`{}; `journalctl -u {unit}` has the \
        details", shown(.state))]
    Job {
        /// What was tried.
        verb: Verb,
        /// The unit.
        unit: String,
        /// systemd's word: `failed`, `dependency`, `timeout`, `canceled`, …
        result: String,
        /// How the unit stands now: `failed (failed), result exit-code`; empty where systemd doesn't say.
        state: String,
    },
    /// The job did not end in time. It is still queued.
    #[error(
        "{unit} did not {verb} within {limit:?}: its job is still waiting or running{}; see `systemctl list-jobs`",
        shown(.state)
    )]
    JobPending {
        /// What was tried.
        verb: Verb,
        /// The unit.
        unit: String,
        /// How long firstlight waited.
        limit: Duration,
        /// As in [`BusError::Job`].
        state: String,
    },
}

fn shown(state: &str) -> String {
    if state.is_empty() {
        String::new()
    } else {
        format!(", the unit is {state}")
    }
}

/// Puts a D-Bus error into words: what was tried, and whose words they are.
pub(super) fn refused(what: &str, who: &'static str, timeout: Option<Duration>, error: &zbus::Error) -> BusError {
    if let (zbus::Error::InputOutput(io), Some(within)) = (error, timeout)
        && io.kind() == std::io::ErrorKind::TimedOut
    {
        return BusError::NoAnswer {
            what: what.to_owned(),
            who,
            within,
        };
    }
    let (name, message) = name_and_message(error);
    BusError::Refused {
        what: what.to_owned(),
        who,
        name,
        message,
    }
}

/// The D-Bus name of an error reply, and its words.
pub(super) fn name_and_message(error: &zbus::Error) -> (String, String) {
    use zbus::DBusError;
    match error {
        zbus::Error::MethodError(name, message, _) => {
            (name.to_string(), message.clone().unwrap_or_else(|| name.to_string()))
        }
        zbus::Error::FDO(fdo) => {
            let message = fdo.description().unwrap_or_default();
            (
                fdo.name().to_string(),
                if message.is_empty() {
                    fdo.name().to_string()
                } else {
                    message.to_owned()
                },
            )
        }
        other => (String::new(), other.to_string()),
    }
}
