//! How a fingerprint of a public key is made.

/// The hash of a fingerprint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FingerprintHash {
    /// SHA-256, as ssh-keygen(1) does.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}
