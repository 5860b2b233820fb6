//! The settings of the machine's owner, set in the image: `/etc/firstlight/config.yaml`.
//!
//! They say where a document may come from, and who the default user is. [`crate::agent`] and [`crate::cli`]
//! read them and pass the parts to [`crate::source`] as values. May use [`crate::document`]'s YAML and
//! [`crate::system`]'s read-only half.

mod form;
mod place;
mod read;

use std::time::Duration;

#[cfg(test)]
pub use form::Form;

use crate::document::users::User;
use crate::document::{Code, Diagnostic};
use crate::source::{Allow, Name, Rules};
use crate::system::Root;

/// Where they are.
pub const PATH: &str = "/etc/firstlight/config.yaml";

/// The default time that a first boot waits for devices. The network and sshd wait too.
const DEVICE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a command run by hand retries a URL and waits for one answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The settings of the machine's owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The sources to search, in this order; the first one with a seed is used. `None`: all sources, and two different
    /// seeds are an error.
    pub sources: Option<Vec<Name>>,
    /// How long a first boot waits for a seed on a device that udev has not processed yet.
    pub device_timeout: Duration,
    /// What sources may do, and how.
    pub rules: Rules,
    /// The default user, which `default` in a document's `users` stands for. `None`: that of the distribution.
    pub default_user: Option<Box<User>>,
}

/// Invalid settings, with all their problems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(pub Vec<Diagnostic>);

impl Default for Settings {
    fn default() -> Self {
        Self {
            sources: None,
            device_timeout: DEVICE_TIMEOUT,
            rules: Rules::default(),
            default_user: None,
        }
    }
}

impl Settings {
    /// The settings of the machine at `root`; the defaults where it has none.
    ///
    /// # Errors
    /// They are invalid. None of them is used then, because the invalid part may be a restriction.
    pub fn of(root: &Root) -> Result<Self, Invalid> {
        match place::bytes(root) {
            Ok(None) => Ok(Self::default()),
            Ok(Some(bytes)) => read::read(PATH, &bytes),
            Err((why, hint)) => Err(Invalid(vec![Diagnostic::whole(PATH, why, hint).code(Code::Unreadable)])),
        }
    }
}

impl Settings {
    /// All problems of settings that are not on a machine yet but in the file `origin`.
    pub fn check(origin: &str, bytes: &[u8]) -> Vec<Diagnostic> {
        read::read(origin, bytes)
            .err()
            .map_or_else(Vec::new, |Invalid(diagnostics)| diagnostics)
    }

    /// The settings for what a user names by hand, which needs no permission and no signature.
    #[must_use]
    pub fn of_a_person(mut self) -> Self {
        self.rules.allow = Allow::default();
        self.rules.trusted_keys.clear();
        self
    }

    /// The settings for a waiting user: shorter retries, and a message about each wait.
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
