//! What the machine's owner says beforehand, in an image: `/etc/firstlight/config.yaml`.
//!
//! It says where a document may come from, not what the machine shall be. Read by [`crate::agent`] and [`crate::cli`],
//! which hand the parts on to [`crate::source`] as values. May use [`crate::document`]'s YAML and [`crate::system`]'s
//! read-only half.

mod form;
mod place;
mod read;

use std::time::Duration;

use crate::document::Diagnostic;
use crate::source::{Allow, Name, Rules};
use crate::system::Root;

/// Where they are.
pub const PATH: &str = "/etc/firstlight/config.yaml";

/// How long a first boot waits for devices, unless the owner says otherwise: the network and sshd wait as well.
const DEVICE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a person's command tries an address again, and waits for one answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the machine's owner says beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The sources that are asked, in this order: the first that has a seed is taken. `None`: all, and two that say
    /// different things are refused.
    pub sources: Option<Vec<Name>>,
    /// How long a first boot waits for a seed on a device that udev has yet to come to.
    pub device_timeout: Duration,
    /// What sources may do, and how.
    pub rules: Rules,
}

/// Settings that can't be used: everything that is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(pub Vec<Diagnostic>);

impl Default for Settings {
    fn default() -> Self {
        Self {
            sources: None,
            device_timeout: DEVICE_TIMEOUT,
            rules: Rules::default(),
        }
    }
}

impl Settings {
    /// The settings of the machine at `root`; the defaults where it has none.
    ///
    /// # Errors
    /// Something is wrong with them. None of them is used then: what is wrong may be what forbids.
    pub fn of(root: &Root) -> Result<Self, Invalid> {
        match place::bytes(root) {
            Ok(None) => Ok(Self::default()),
            Ok(Some(bytes)) => read::read(&bytes),
            Err((why, hint)) => Err(Invalid(vec![Diagnostic::whole(PATH, why, hint)])),
        }
    }
}

impl Settings {
    /// Everything that is wrong with settings that are in no machine yet.
    pub fn check(bytes: &[u8]) -> Vec<Diagnostic> {
        read::read(bytes)
            .err()
            .map_or_else(Vec::new, |Invalid(diagnostics)| diagnostics)
    }

    /// The same for what a person names by hand: it is theirs, needs no permission and no signature.
    #[must_use]
    pub fn of_a_person(mut self) -> Self {
        self.rules.allow = Allow::default();
        self.rules.trusted_keys.clear();
        self
    }

    /// The same where a person waits: tried again for less long, and with a word about each wait.
    #[must_use]
    pub fn attended(mut self) -> Self {
        let http = &mut self.rules.http;
        http.retry_for = http.retry_for.min(PATIENCE);
        http.timeout = http.timeout.min(PATIENCE);
        http.attended = true;
        self
    }
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<_> = self.0.iter().map(Diagnostic::in_one_line).collect();
        write!(f, "{}; no source is searched until this is corrected", lines.join("; "))
    }
}

impl std::error::Error for Invalid {}

#[cfg(test)]
mod tests;
