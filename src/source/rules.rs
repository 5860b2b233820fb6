//! What the machine's owner lets sources do, and how.

use std::time::Duration;

use super::http::Http;
use super::import::KeySites;
use super::signature::TrustedKey;
use super::{Allow, nocloud};

/// What the machine's owner lets sources do, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The labels of NoCloud volumes.
    pub labels: Vec<String>,
    /// How long one source may look.
    pub timeout: Duration,
    /// The kinds of places that may tell this machine anything.
    pub allow: Allow,
    /// Where there is one, nothing is taken that none of them has signed.
    pub trusted_keys: Vec<TrustedKey>,
    /// How addresses are fetched.
    pub http: Http,
    /// Where people's public keys are.
    pub key_sites: KeySites,
}

impl Rules {
    /// Whether only what is signed is taken: then sources look for signatures.
    pub fn signed(&self) -> bool {
        !self.trusted_keys.is_empty()
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            labels: vec![nocloud::LABEL.to_owned()],
            timeout: Duration::from_secs(10),
            allow: Allow::default(),
            trusted_keys: Vec::new(),
            http: Http::default(),
            key_sites: KeySites::default(),
        }
    }
}
