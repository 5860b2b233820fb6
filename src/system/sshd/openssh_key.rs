//! Key files in OpenSSH's own form (PROTOCOL.key), and new keys in it.

use base64ct::{Base64, Encoding};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use crate::vocabulary::{HostKeyType, Secret};

/// The private part of a key file is padded to a multiple of this, in bytes.
const BLOCK: usize = 8;

/// A new key: the content of its file, and the line of its public half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// The content of the private key's file.
    pub private: Secret,
    /// The content of the public key's file.
    pub public: String,
}

/// Makes a key from the kernel's generator; `None` for a kind that is not made here.
///
/// # Errors
/// There are no random bytes; in words.
pub fn make(kind: HostKeyType) -> Option<Result<NewKey, String>> {
    match kind {
        HostKeyType::Ed25519 => Some(ed25519()),
        HostKeyType::Ecdsa => Some(ecdsa()),
        HostKeyType::Rsa => None,
    }
}

const NO_KEY: &str = "can't make a host key: the kernel returned no random bytes";

fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NO_KEY)?;
    Ok(bytes)
}

fn ed25519() -> Result<NewKey, String> {
    let seed = zeroize::Zeroizing::new(random::<32>()?);
    let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_| NO_KEY)?;
    let public = pair.public_key().as_ref();
    let both = zeroize::Zeroizing::new([&*seed, public].concat());
    new_key("ssh-ed25519", &[public], &[public, &both])
}

/// Where ring has the private half in its form of an ECDSA key on P-256 (PKCS#8), and how long it is.
const ECDSA_PRIVATE: std::ops::Range<usize> = 36..68;

/// How long the public half is, at the end of that.
const ECDSA_PUBLIC: usize = 65;

fn ecdsa() -> Result<NewKey, String> {
    let random = ring::rand::SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(|_| NO_KEY)?;
    let bytes = made.as_ref();
    let private = bytes.get(ECDSA_PRIVATE).unwrap_or_default();
    let public = bytes
        .get(bytes.len().saturating_sub(ECDSA_PUBLIC)..)
        .unwrap_or_default();
    // It says so if these are not the two halves of one key.
    EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, private, public, &random)
        .map_err(|_| "can't make an ECDSA host key")?;
    // A number is written without leading zeros, and with one where it would be negative otherwise (RFC 4251 §5).
    let start = private.iter().position(|byte| *byte != 0).unwrap_or_default();
    let number = private.get(start..).unwrap_or_default();
    let sign: &[u8] = if number.first().is_some_and(|byte| *byte >= 0x80) {
        &[0]
    } else {
        &[]
    };
    let number = zeroize::Zeroizing::new([sign, number].concat());
    let curve = b"nistp256";
    new_key("ecdsa-sha2-nistp256", &[curve, public], &[curve, public, &number])
}

fn new_key(kind: &str, public: &[&[u8]], private: &[&[u8]]) -> Result<NewKey, String> {
    let blob = row(kind, public);
    Ok(NewKey {
        private: Secret::new(file(kind, &blob, private, random::<4>()?)),
        public: format!("{kind} {}\n", Base64::encode_string(&blob)),
    })
}

/// A key's kind and its parts, as SSH writes them.
pub(super) fn row(kind: &str, parts: &[&[u8]]) -> Vec<u8> {
    let kind = string(kind.as_bytes());
    parts.iter().fold(kind, |row, part| [row, string(part)].concat())
}

/// The content of a private key's file, without a passphrase. Two equal numbers (`check`) show that the rest was deciphered,
/// where it was ciphered. The comment is empty.
pub(super) fn file(kind: &str, public: &[u8], private: &[&[u8]], check: [u8; 4]) -> String {
    let mut own = [&check, &check, &*row(kind, private), &string(b"")].concat();
    let padding = own.len().next_multiple_of(BLOCK) - own.len();
    own.extend((1..=u8::MAX).take(padding));
    let none = string(b"none");
    let file = [
        b"openssh-key-v1\0",
        // The cipher, the way from a passphrase to its key, and the options of that.
        &*none,
        &none,
        &string(b""),
        &1_u32.to_be_bytes(),
        &string(public),
        &string(&own),
    ]
    .concat();
    let file = zeroize::Zeroizing::new(file);
    let body = zeroize::Zeroizing::new(Base64::encode_string(&file));
    let name = "OPENSSH PRIVATE KEY";
    let mut text = format!("-----BEGIN {name}-----\n");
    for line in body.as_bytes().chunks(70) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text.push_str(&format!("-----END {name}-----\n"));
    text
}

/// Some bytes with their length in front, as SSH writes them (RFC 4251 §5).
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;

    /// OpenSSH itself reads the files, and finds the public half that belongs to the private one.
    #[test]
    fn new_keys_are_keys_that_openssh_reads() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        // Often enough for a number that begins with a zero, or is negative.
        for round in 0..40 {
            for (kind, words) in [
                (HostKeyType::Ed25519, "256 SHA256:"),
                (HostKeyType::Ecdsa, "256 SHA256:"),
            ] {
                let key = make(kind).unwrap().unwrap();
                std::fs::write(&path, key.private.expose()).unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
                std::fs::write(path.with_extension("pub"), &key.public).unwrap();
                let Ok(said) = Command::new("ssh-keygen").arg("-yf").arg(&path).output() else {
                    return eprintln!("skipped: ssh-keygen is missing");
                };
                assert!(said.status.success(), "{round} {kind:?} {said:?}");
                assert_eq!(String::from_utf8(said.stdout).unwrap().trim(), key.public.trim());
                let said = Command::new("ssh-keygen").arg("-lf").arg(&path).output().unwrap();
                let shown = String::from_utf8(said.stdout).unwrap();
                let name = format!("({})", kind.name().to_uppercase());
                assert!(shown.starts_with(words) && shown.trim().ends_with(&name), "{shown}");
            }
        }
        assert_eq!(make(HostKeyType::Rsa), None);
    }
}
