//! `ssh`, `no_ssh_fingerprints` and the keys beside them: what the console shows of SSH keys.

use serde::Deserialize;

use super::code::Code;
use super::problem::{Check, Problems};
use crate::vocabulary::FingerprintHash;

/// The most kinds of keys in a list, and the most bytes of a name.
const MOST: usize = 64;

/// What the console shows of the host keys.
///
/// ```yaml
/// emit_keys_to_console: false
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SshConsole {
    /// Whether the console and the login prompt show the host keys and their fingerprints. Default: true where the document
    /// is about host keys, or has commands or packages; otherwise false.
    pub emit_keys_to_console: Option<bool>,
}

impl Check for SshConsole {}

/// Kinds of keys, as the first word of a public key has them.
///
/// ```yaml
/// - ssh-rsa
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeyKinds(pub Vec<String>);

impl Check for KeyKinds {
    fn check(&self, problems: &mut Problems<'_>) {
        if self.0.len() > MOST || self.0.iter().any(|kind| kind.len() > MOST) {
            problems.error(
                &[],
                format!("at most {MOST} names of at most {MOST} bytes are allowed"),
                None,
            );
        }
        let is_fingerprint =
            |kind: &String| kind.len() >= 32 && kind.chars().all(|c| c.is_ascii_hexdigit() || c == ':');
        for (number, _) in self.0.iter().enumerate().filter(|(_, kind)| is_fingerprint(kind)) {
            let message = "this is a fingerprint, where the kind of a key is meant";
            let hint = Some("write a kind, such as ssh-rsa");
            problems
                .of(Code::NoEffect)
                .warning(&[&number.to_string()], message, hint);
        }
    }
}

impl KeyKinds {
    /// Whether this kind is among them.
    pub fn has(&self, kind: &str) -> bool {
        self.0.iter().any(|own| own == kind)
    }
}

/// `authkey_hash`: how fingerprints of authorized keys are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", transform = crate::vocabulary::schema::words(&["sha256", "sha384", "sha512"], &[])))]
pub struct AuthkeyHash(pub FingerprintHash);

impl Check for AuthkeyHash {}

impl TryFrom<String> for AuthkeyHash {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.trim().to_ascii_lowercase().as_str() {
            "sha256" => Ok(Self(FingerprintHash::Sha256)),
            "sha384" => Ok(Self(FingerprintHash::Sha384)),
            "sha512" => Ok(Self(FingerprintHash::Sha512)),
            _ => Err("expected sha256, sha384 or sha512: others are no longer safe".to_owned()),
        }
    }
}
