//! `ssh_keys`, `ssh_deletekeys` and `ssh_genkeytypes`: the keys by which an SSH server is known.

mod private;

use base64ct::{Base64, Encoding};
use serde::Deserialize;

use super::code::Code;
use super::problem::{Check, Problems};
use super::yaml::Node;
use super::{Config, Secret};
use crate::vocabulary::HostKeyType;
pub use private::PrivateKey;

/// Host keys. The file of each is for root alone; the public key and the certificate are beside it. A public key that is
/// left out is made of the private one.
///
/// ```yaml
/// ed25519_public: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea web1
/// ed25519_private: |
///   -----BEGIN OPENSSH PRIVATE KEY-----
///   b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUxOQAAACDXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGgAAAIgAAAAAAAAAAAAAAAtzc2gtZWQyNTUxOQAAACDXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGgAAAECdYbGd7/1aYLqESvSS7CzEREnFaXsyaRlwO6wDHK5/YNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1EaAAAAAAECAwQF
///   -----END OPENSSH PRIVATE KEY-----
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SshKeys {
    /// The private RSA key.
    rsa_private: Option<PrivateHostKey>,
    /// The public RSA key.
    rsa_public: Option<PublicHostKey>,
    /// The certificate of the RSA key.
    rsa_certificate: Option<PublicHostKey>,
    /// The private ECDSA key.
    ecdsa_private: Option<PrivateHostKey>,
    /// The public ECDSA key.
    ecdsa_public: Option<PublicHostKey>,
    /// The certificate of the ECDSA key.
    ecdsa_certificate: Option<PublicHostKey>,
    /// The private Ed25519 key.
    ed25519_private: Option<PrivateHostKey>,
    /// The public Ed25519 key.
    ed25519_public: Option<PublicHostKey>,
    /// The certificate of the Ed25519 key.
    ed25519_certificate: Option<PublicHostKey>,
}

/// A private key, as the content of its file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Secret")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "Secret", extend("pattern" = r"^\s*-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*-----END [A-Z ]*PRIVATE KEY-----\s*$", "examples" = ["-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUxOQAAACDXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGgAAAIgAAAAAAAAAAAAAAAtzc2gtZWQyNTUxOQAAACDXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGgAAAECdYbGd7/1aYLqESvSS7CzEREnFaXsyaRlwO6wDHK5/YNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1EaAAAAAAECAwQF\n-----END OPENSSH PRIVATE KEY-----\n"])))]
pub struct PrivateHostKey(PrivateKey);

/// A public key or a certificate, as the line of its file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^\s*(ssh|ecdsa|rsa)-[a-z0-9@.-]+[ \t]+AAAA[A-Za-z0-9+/]{20,}={0,2}([ \t].*)?\s*$", "maxLength" = 32768, "examples" = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea web1"])))]
pub struct PublicHostKey {
    line: String,
    kind: String,
    blob: Vec<u8>,
}

/// `ssh_genkeytypes`: the kinds of host keys that are made where they are missing.
///
/// ```yaml
/// - ed25519
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HostKeyTypes(pub Vec<HostKeyType>);

impl Check for HostKeyTypes {}

/// A host key of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenKey<'a> {
    /// Its kind.
    pub kind: HostKeyType,
    /// The private key.
    pub private: &'a PrivateKey,
    /// The line of the public key, if the document has it or it can be told.
    pub public: Option<String>,
    /// The line of its certificate.
    pub certificate: Option<&'a str>,
}

impl TryFrom<Secret> for PrivateHostKey {
    type Error = String;

    fn try_from(text: Secret) -> Result<Self, String> {
        PrivateKey::read(&text).map(Self)
    }
}

impl TryFrom<String> for PublicHostKey {
    type Error = String;

    fn try_from(line: String) -> Result<Self, String> {
        let line = line.trim();
        if line.contains("PRIVATE KEY") {
            return Err("this is a private key: the public one is in the file that ends in `.pub`".to_owned());
        }
        if line.len() > private::KEY_MAX || line.contains(|c: char| c.is_control() && c != '\t') {
            return Err("a public key is one line".to_owned());
        }
        let mut words = line.split_ascii_whitespace();
        let (Some(kind), Some(blob)) = (words.next(), words.next()) else {
            return Err("this is not a public key: expected a line such as `ssh-ed25519 AAAA… comment`".to_owned());
        };
        let blob = Base64::decode_vec(blob).map_err(|_| "this key is damaged: it is not base64")?;
        match private::string(&blob) {
            Some((own, rest)) if own == kind.as_bytes() && !rest.is_empty() => Ok(Self {
                line: line.to_owned(),
                kind: kind.to_owned(),
                blob,
            }),
            _ => Err("this key is damaged: its data is of another kind, or was cut short".to_owned()),
        }
    }
}

impl SshKeys {
    /// The keys of each kind that are given: private, public, certificate.
    fn of(&self, kind: HostKeyType) -> (Option<&PrivateKey>, Option<&PublicHostKey>, Option<&PublicHostKey>) {
        let (private, public, certificate) = match kind {
            HostKeyType::Rsa => (&self.rsa_private, &self.rsa_public, &self.rsa_certificate),
            HostKeyType::Ecdsa => (&self.ecdsa_private, &self.ecdsa_public, &self.ecdsa_certificate),
            HostKeyType::Ed25519 => (&self.ed25519_private, &self.ed25519_public, &self.ed25519_certificate),
        };
        (
            private.as_ref().map(|key| &key.0),
            public.as_ref(),
            certificate.as_ref(),
        )
    }

    /// The keys that can be installed: those with a private half.
    pub fn given(&self) -> impl Iterator<Item = GivenKey<'_>> {
        HostKeyType::ALL.into_iter().filter_map(|kind| {
            let (private, public, certificate) = self.of(kind);
            let private = private?;
            Some(GivenKey {
                kind,
                private,
                public: public.map(|key| key.line.clone()).or_else(|| private.public_line()),
                certificate: certificate.map(|key| key.line.as_str()),
            })
        })
    }
}

/// Takes out all of the keys where one has a mistake in it: a machine keeps the keys that it has.
pub(super) fn whole<'p>(_: &Node, path: &'p [String]) -> &'p [String] {
    path.get(..1).unwrap_or(path)
}

impl Check for SshKeys {
    fn check(&self, problems: &mut Problems<'_>) {
        for kind in HostKeyType::ALL {
            let (private, public, certificate) = self.of(kind);
            let name = kind.name();
            let key = |what: &str| format!("{name}_{what}");
            for (what, given) in [("public", public), ("certificate", certificate)] {
                let Some(given) = given else { continue };
                let is_certificate = given.kind.contains("-cert-");
                if !kind.is_of(&given.kind) || is_certificate != (what == "certificate") {
                    let message = format!("this is no {name} {what}{}", if what == "public" { " key" } else { "" });
                    problems.error(&[&key(what)], message, None);
                } else if private.is_none() {
                    let message = format!("it has no effect without `{name}_private`");
                    problems.of(Code::NoEffect).warning(&[&key(what)], message, None);
                }
            }
            let Some(private) = private else { continue };
            if !private.is_of(kind) {
                problems.error(&[&key("private")], format!("this is no {name} key"), None);
            } else if let (Some(own), Some(public)) = (private.public_blob(), public)
                && own != public.blob
            {
                let message = "this is the public key of another private key";
                problems.of(Code::Conflict).error(
                    &[&key("public")],
                    message,
                    Some("leave it out: it is made of the private one"),
                );
            }
        }
    }
}

/// Reports what nobody can do, and what is done though one might think otherwise.
pub(super) fn check(config: &Config, problems: &mut Problems<'_>) {
    let types = config
        .ssh_genkeytypes
        .as_ref()
        .map(|types| types.0.as_slice())
        .unwrap_or_default();
    let is_given = config
        .ssh_keys
        .as_ref()
        .is_some_and(|keys| keys.given().next().is_some());
    if is_given && !types.is_empty() {
        let message = "it has no effect beside `ssh_keys`: no other host keys are made";
        problems.of(Code::NoEffect).warning(&["ssh_genkeytypes"], message, None);
    } else if types.contains(&HostKeyType::Rsa) {
        let message = match config.ssh_deletekeys {
            Some(true) if types.iter().all(|kind| *kind == HostKeyType::Rsa) => {
                "firstlight makes no RSA keys: an ed25519 key is made instead"
            }
            _ => "firstlight makes no RSA keys: sshd's own units may, where they are missing",
        };
        let hint = Some("ed25519 and ecdsa are enough for every client of the last ten years");
        problems.of(Code::NoEffect).warning(&["ssh_genkeytypes"], message, hint);
    }
}

#[cfg(test)]
mod tests;
