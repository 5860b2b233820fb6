//! How addresses are fetched: the machine's owner's word, from the settings file.

use std::time::Duration;

use crate::document::Secret;

/// What the owner of the machine settled about fetching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// The proxy's address, `http://HOST:PORT`; it may hold a password.
    pub proxy: Option<Secret>,
    /// What is fetched without the proxy: `host`, `.domain`, `*`.
    pub no_proxy: Vec<String>,
    /// Files with certificates (PEM) that are trusted in addition to the system's.
    pub ca_certificates: Vec<String>,
    /// How long one request may take, from the name's look-up to the last byte.
    pub timeout: Duration,
    /// How long an address is tried again while it does not answer as it should.
    pub retry_for: Duration,
    /// Whether a person waits for it: then each wait is said.
    pub attended: bool,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            proxy: None,
            no_proxy: Vec::new(),
            ca_certificates: Vec::new(),
            timeout: Duration::from_secs(30),
            retry_for: Duration::from_secs(300),
            attended: false,
        }
    }
}
