//! A private host key: whether sshd can load it, and the public one in it.

use base64ct::{Base64, Encoding};

use crate::vocabulary::{HostKeyType, Secret};

/// The most bytes of a key: one of RSA with 16384 bits has 12 KiB.
pub(super) const KEY_MAX: usize = 32 * 1024;

/// What a file of OpenSSH's own form begins with.
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// A private key, as a file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// The file's content.
    text: Secret,
    /// The key's kind in the protocol, and the public key; `None` in a form that only OpenSSL reads.
    public: Option<(String, Vec<u8>)>,
    /// What the PEM label says of its kind.
    labelled: Option<HostKeyType>,
}

impl PrivateKey {
    /// The content of its file.
    pub fn text(&self) -> &Secret {
        &self.text
    }

    /// The line of its public key, if it can be told without OpenSSL.
    pub fn public_line(&self) -> Option<String> {
        let (kind, blob) = self.public.as_ref()?;
        Some(format!("{kind} {}", Base64::encode_string(blob)))
    }

    /// The public key, if it can be told.
    pub(super) fn public_blob(&self) -> Option<&[u8]> {
        self.public.as_ref().map(|(_, blob)| blob.as_slice())
    }

    /// Whether it is of this kind, as far as can be told.
    pub(super) fn is_of(&self, kind: HostKeyType) -> bool {
        match (&self.public, self.labelled) {
            (Some((algorithm, _)), _) => kind.is_of(algorithm),
            (None, labelled) => labelled.is_none_or(|labelled| labelled == kind),
        }
    }

    /// Reads a key. The words never show it.
    pub(super) fn read(text: &Secret) -> Result<Self, String> {
        let given = text.expose();
        if given.len() > KEY_MAX {
            return Err(format!(
                "a host key has at most {KEY_MAX} bytes, this one has {}",
                given.len()
            ));
        }
        let lines: Vec<&str> = given.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let [first, inner @ .., last] = lines.as_slice() else {
            return Err(NO_KEY.to_owned());
        };
        let label = first
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.strip_suffix("-----"));
        let label = label.filter(|label| label.ends_with("PRIVATE KEY")).ok_or(NO_KEY)?;
        if *last != format!("-----END {label}-----") {
            return Err("the private key is cut short: its last line is missing".to_owned());
        }
        if label.contains("ENCRYPTED") || inner.iter().any(|line| line.contains("ENCRYPTED")) {
            return Err(PASSPHRASE.to_owned());
        }
        let body = inner.concat();
        let bytes = Base64::decode_vec(&body).map_err(|_| "the private key is damaged: it is not base64")?;
        let (public, labelled) = match label {
            "OPENSSH PRIVATE KEY" => (Some(openssh(&bytes)?), None),
            "RSA PRIVATE KEY" => (der(&bytes)?, Some(HostKeyType::Rsa)),
            "EC PRIVATE KEY" => (der(&bytes)?, Some(HostKeyType::Ecdsa)),
            "PRIVATE KEY" => (der(&bytes)?, None),
            _ => return Err(format!("sshd takes no `{}` as a host key", label.escape_debug())),
        };
        // OpenSSH wants the line end after the last line.
        Ok(Self {
            text: Secret::new(lines.join("\n") + "\n"),
            public,
            labelled,
        })
    }
}

const NO_KEY: &str = "this is not a private key: expected the content of a file such as /etc/ssh/ssh_host_ed25519_key";
const PASSPHRASE: &str = "this private key has a passphrase, and there is nobody to type it when sshd starts";
const DAMAGED: &str = "the private key is damaged";

/// Whether a form of OpenSSL's is whole: one sequence, and nothing after it. What is in it is for sshd to judge.
fn der(bytes: &[u8]) -> Result<Option<(String, Vec<u8>)>, String> {
    let (head, rest) = bytes.split_at_checked(2).ok_or(DAMAGED)?;
    let (length, rest) = match head[1] {
        short if short < 0x80 => (usize::from(short), rest),
        0x81 | 0x82 => {
            let (length, rest) = rest.split_at_checked(usize::from(head[1] - 0x80)).ok_or(DAMAGED)?;
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return Err(DAMAGED.to_owned()),
    };
    match head[0] == 0x30 && length == rest.len() {
        true => Ok(None),
        false => Err("the private key is damaged: it was cut short".to_owned()),
    }
}

/// The public key in a file of OpenSSH's own form (PROTOCOL.key), if its private half is in order too.
fn openssh(bytes: &[u8]) -> Result<(String, Vec<u8>), String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(DAMAGED)?;
    let (cipher, rest) = string(rest).ok_or(DAMAGED)?;
    if cipher != b"none" {
        return Err(PASSPHRASE.to_owned());
    }
    let (_, rest) = string(rest).ok_or(DAMAGED)?;
    let (_, rest) = string(rest).ok_or(DAMAGED)?;
    let rest = rest.strip_prefix(&1_u32.to_be_bytes()).ok_or(DAMAGED)?;
    let (public, rest) = string(rest).ok_or(DAMAGED)?;
    let (private, _) = string(rest).ok_or(DAMAGED)?;
    let (kind, of_public) = string(public).ok_or(DAMAGED)?;
    let (checks, private) = private.split_at_checked(8).ok_or(DAMAGED)?;
    let (own_kind, of_private) = string(private).ok_or(DAMAGED)?;
    if checks[..4] != checks[4..] || own_kind != kind {
        return Err(DAMAGED.to_owned());
    }
    if kind == b"ssh-ed25519" {
        check_ed25519(of_public, of_private)?;
    }
    let kind = String::from_utf8(kind.to_vec()).map_err(|_| DAMAGED)?;
    Ok((kind, public.to_vec()))
}

/// The private half must be that of the public one.
fn check_ed25519(public: &[u8], private: &[u8]) -> Result<(), String> {
    use ring::signature::{Ed25519KeyPair, KeyPair};
    let (public, _) = string(public).ok_or(DAMAGED)?;
    let (_, rest) = string(private).ok_or(DAMAGED)?;
    let (both, _) = string(rest).ok_or(DAMAGED)?;
    let seed = both.get(..32).ok_or(DAMAGED)?;
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| DAMAGED)?;
    match pair.public_key().as_ref() == public {
        true => Ok(()),
        false => Err("the private key is damaged: its halves are of two keys".to_owned()),
    }
}

/// A string with its length in front (RFC 4251 §5), and what comes after it.
pub(super) fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
