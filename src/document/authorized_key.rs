//! Public keys for SSH, as authorized_keys(5) has them.

use base64ct::{Base64, Encoding};
use serde::Deserialize;

/// The most bytes a line may have: sshd reads no more (`SSH_MAX_PUBKEY_BYTES`).
pub const KEY_LINE_MAX: usize = 16 * 1024;

/// The kinds of keys that sshd takes, ssh-keygen(1).
const TYPES: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// A public key that may log in: a line of authorized_keys(5), with options and comment if it has them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"^\s*(?!.*PRIVATE KEY)(.*[ \t])?(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)[ \t]+[A-Za-z0-9+/]+={0,2}([ \t].*)?\s*$", "maxLength" = 16384, "examples" = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 core@laptop"])))]
pub struct AuthorizedKey(String);

/// `ssh_authorized_keys`: one key, or a list of keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(with = "crate::vocabulary::schema::OneOrMany<AuthorizedKey>")
)]
pub struct AuthorizedKeys(#[serde(deserialize_with = "super::one_or_many::one_or_many")] pub Vec<AuthorizedKey>);

impl super::Check for AuthorizedKeys {}

/// The parts of a line that decide who may log in and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyParts<'a> {
    /// The options, as written; empty if there are none.
    pub options: &'a str,
    /// The kind: `ssh-ed25519`.
    pub kind: &'a str,
    /// The key, base64.
    pub blob: &'a str,
}

impl AuthorizedKey {
    /// The line, without its end.
    pub fn line(&self) -> &str {
        &self.0
    }

    /// The same key with these options in the place of its own.
    #[must_use]
    pub fn with_options(&self, options: &str) -> Self {
        let own = KeyParts::of(&self.0).map_or(0, |parts| parts.options.len());
        let rest = self.0.get(own..).unwrap_or_default().trim_start();
        Self(format!("{options} {rest}"))
    }
}

impl<'a> KeyParts<'a> {
    /// Takes a line apart; `None` when it has no key of a kind that sshd takes: an empty line, a comment.
    pub fn of(line: &'a str) -> Option<Self> {
        let line = line.trim();
        if line.starts_with('#') {
            return None;
        }
        // As sshd does: what is not a key at the start of the line is options.
        let options_end = if TYPES.contains(&first_word(line)) {
            0
        } else {
            options_end(line)
        };
        let (options, rest) = line.split_at_checked(options_end)?;
        let mut words = rest.split_ascii_whitespace();
        let (kind, blob) = (words.next()?, words.next()?);
        TYPES.contains(&kind).then_some(Self { options, kind, blob })
    }
}

impl TryFrom<String> for AuthorizedKey {
    type Error = String;

    fn try_from(line: String) -> Result<Self, String> {
        let line = line.trim();
        if line.len() > KEY_LINE_MAX {
            return Err(format!(
                "a public key's line has at most {KEY_LINE_MAX} bytes, this one has {}",
                line.len()
            ));
        }
        if line.contains("PRIVATE KEY") {
            return Err("this is a private key: use the public one, from the file that ends in `.pub`".to_owned());
        }
        if line.contains(|c: char| c.is_control() && c != '\t') {
            return Err("a public key is one line".to_owned());
        }
        if line.contains("ssh-dss ") {
            return Err("sshd no longer accepts `ssh-dss` keys: create an ed25519 key with `ssh-keygen`".to_owned());
        }
        let Some(key) = KeyParts::of(line) else {
            return Err("this is not a public key: expected a line such as `ssh-ed25519 AAAA… comment`".to_owned());
        };
        check_blob(key).map_err(|why| format!("this `{}` key is damaged: {why}", key.kind))?;
        Ok(Self(line.to_owned()))
    }
}

/// A key is a row of strings, each with its length before it (RFC 4253 §6.6); the first is the kind.
fn check_blob(key: KeyParts<'_>) -> Result<(), &'static str> {
    let bytes = Base64::decode_vec(key.blob).map_err(|_| "it is not base64")?;
    let (kind, mut rest) = string(&bytes).ok_or("it was cut short")?;
    if kind != key.kind.as_bytes() {
        return Err("its data is of another kind");
    }
    if rest.is_empty() {
        return Err("it was cut short");
    }
    while !rest.is_empty() {
        (_, rest) = string(rest).ok_or("it was cut short")?;
    }
    Ok(())
}

fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn first_word(line: &str) -> &str {
    line.split([' ', '\t']).next().unwrap_or_default()
}

/// Where the options end: at the first white space that is not quoted.
fn options_end(line: &str) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            ' ' | '\t' if !quoted => return at,
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5";

    #[test]
    fn keys_with_options_and_comments() {
        for line in [
            KEY.to_owned(),
            format!("{KEY} core@laptop with words"),
            format!("restrict,command=\"echo \\\"hi there\\\"\" {KEY}"),
            format!("  from=\"10.0.0.0/8\"\t{KEY}\n"),
        ] {
            let key = AuthorizedKey::try_from(line.clone()).unwrap_or_else(|why| panic!("{line}: {why}"));
            let parts = KeyParts::of(key.line()).unwrap();
            assert_eq!(format!("{} {}", parts.kind, parts.blob), KEY);
        }
        let line = format!("command=\"a b\" {KEY} c");
        assert_eq!(KeyParts::of(&line).unwrap().options, "command=\"a b\"");
        let key = AuthorizedKey::try_from(line).unwrap();
        assert_eq!(key.with_options("no-pty").line(), format!("no-pty {KEY} c"));
    }

    #[test]
    fn what_sshd_would_not_take() {
        let cut = &KEY[..KEY.len() - 4];
        for (line, why) in [
            ("", "not a public key"),
            ("# comment", "not a public key"),
            ("AAAAC3NzaC1lZDI1NTE5AAAAIHyP", "not a public key"),
            ("https://github.com/core.keys", "not a public key"),
            ("ssh-ed25519", "not a public key"),
            (cut, "cut short"),
            (&KEY[..KEY.len() - 1], "base64"),
            (&KEY.replace("ssh-ed25519 ", "ssh-rsa "), "another kind"),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "cut short"),
            ("ssh-ed25519 AAAA", "cut short"),
            ("ssh-dss AAAAB3NzaC1kc3M=", "no longer"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2", "private"),
            (&format!("{KEY}\n{KEY}"), "one line"),
            (&"x".repeat(20_000), "16384"),
        ] {
            let error = AuthorizedKey::try_from(line.to_owned()).unwrap_err();
            assert!(error.contains(why) && !error.contains("hunter2"), "{line}: {error}");
        }
    }
}
