//! Which kinds of host keys an SSH server has.

use serde::Deserialize;

/// A kind of host key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum HostKeyType {
    /// RSA.
    Rsa,
    /// ECDSA, on the curve P-256.
    Ecdsa,
    /// Ed25519.
    Ed25519,
}

impl HostKeyType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rsa, Self::Ecdsa, Self::Ed25519];

    /// As ssh-keygen(1) calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ecdsa => "ecdsa",
            Self::Ed25519 => "ed25519",
        }
    }

    /// Where sshd looks for the private key, unless its configuration says otherwise. The public one is beside it.
    pub fn path(self) -> String {
        format!("/etc/ssh/ssh_host_{}_key", self.name())
    }

    /// Where the certificate of its key is.
    pub fn certificate_path(self) -> String {
        format!("{}-cert.pub", self.path())
    }

    /// Whether a key or certificate of this name in the protocol (`ssh-ed25519`) is of this kind.
    pub fn is_of(self, algorithm: &str) -> bool {
        match self {
            Self::Rsa => algorithm.starts_with("ssh-rsa") || algorithm.starts_with("rsa-sha2-"),
            Self::Ecdsa => algorithm.starts_with("ecdsa-sha2-nistp"),
            Self::Ed25519 => algorithm.starts_with("ssh-ed25519"),
        }
    }
}
