//! How addresses are fetched: the machine's owner's word, from the settings file.

use std::time::Duration;

use crate::document::proxy::Proxy;

/// What the owner of the machine settled about fetching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// The proxy, if there is one.
    pub proxy: Option<Proxy>,
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
            ca_certificates: Vec::new(),
            timeout: Duration::from_secs(30),
            retry_for: Duration::from_secs(300),
            attended: false,
        }
    }
}
