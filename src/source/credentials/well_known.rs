//! The credentials that have a meaning on every systemd machine, as the vendor's proposal: below the document.

use serde::Serialize;
use zeroize::Zeroizing;

use crate::source::Part;

/// Root's password as a hash, which wins over the one in plain text; that one; root's keys; the machine's name.
pub const NAMES: [&str; 4] = [
    "passwd.hashed-password.root",
    "passwd.plaintext-password.root",
    "ssh.authorized_keys.root",
    "firstboot.hostname",
];

/// Names, or beginnings of names, of what a document can't say yet.
const NOT_APPLIED: [&str; 5] = [
    "firstboot.timezone",
    "firstboot.locale",
    "firstboot.keymap",
    "network.",
    "passwd.shell.root",
];

#[derive(Serialize)]
struct Proposal<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<Root<'a>>,
}

#[derive(Default, PartialEq, Serialize)]
struct Root<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    hashed_password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ssh_authorized_keys: Vec<&'a str>,
}

/// The proposal of the values, in the order of [`NAMES`]; `None` if they propose nothing.
///
/// # Errors
/// A value is not text: which one.
pub fn proposal(values: &[Option<Zeroizing<Vec<u8>>>; 4], place: &str) -> Result<Option<Part>, String> {
    let mut texts = [None; 4];
    for ((text, value), name) in texts.iter_mut().zip(values).zip(NAMES) {
        let Some(value) = value else { continue };
        let decoded = std::str::from_utf8(value).map_err(|_| format!("the credential {name} is not UTF-8 text"))?;
        // Made with an editor, or with echo.
        *text = Some(decoded.trim_end_matches(['\n', '\r'])).filter(|text| !text.is_empty());
    }
    let [hashed_password, plain, keys, hostname] = texts;
    let keys = keys.unwrap_or_default().lines().map(str::trim);
    let root = Root {
        hashed_password,
        password: plain.filter(|_| hashed_password.is_none()),
        ssh_authorized_keys: keys.filter(|line| !line.is_empty() && !line.starts_with('#')).collect(),
    };
    let proposal = Proposal {
        hostname,
        root: (root != Root::default()).then_some(root),
    };
    if proposal.hostname.is_none() && proposal.root.is_none() {
        return Ok(None);
    }
    // Large enough from the start: what a growing vector leaves behind is not wiped.
    let size: usize = values.iter().flatten().map(|value| 2 * value.len()).sum();
    let mut bytes = Vec::with_capacity(size + 4096);
    let written = serde_json::to_writer_pretty(&mut bytes, &proposal);
    written.map_err(|_| "the credentials of systemd can't be written as a document".to_owned())?;
    Ok(Some(
        Part::new(format!("{place}: credentials of systemd"), bytes).unsignable(),
    ))
}

/// Says which of the names are somebody else's work.
pub fn warn(names: &[String], place: &str) {
    let beyond = |name: &&String| NOT_APPLIED.iter().any(|known| name.starts_with(known));
    let names: Vec<_> = names.iter().filter(beyond).map(|name| format!("{name:?}")).collect();
    if !names.is_empty() {
        tracing::warn!("{place}: not applied, but left to systemd: {}", names.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn proposed(values: [Option<&str>; 4]) -> Option<Value> {
        let values = values.map(|value| value.map(|value| Zeroizing::new(value.as_bytes().to_vec())));
        let part = proposal(&values, "here").unwrap()?;
        assert_eq!(part.origin, "here: credentials of systemd");
        Some(serde_json::from_slice(&part.bytes).unwrap())
    }

    #[test]
    fn proposals() {
        for (values, expected) in [
            ([None; 4], None),
            ([Some(""), Some("\n"), Some("\n# none\n"), Some("")], None),
            ([None, None, None, Some("web1\n")], Some(json!({"hostname": "web1"}))),
            (
                [None, Some("a \"b\"\n"), None, None],
                Some(json!({"root": {"password": "a \"b\""}})),
            ),
            (
                [Some("$6$x"), Some("plain"), Some("ssh-a A\n\n# c\n ssh-b B\r\n"), None],
                Some(json!({"root": {"hashed_password": "$6$x", "ssh_authorized_keys": ["ssh-a A", "ssh-b B"]}})),
            ),
        ] {
            assert_eq!(proposed(values), expected);
        }
        let values = [None, Some(Zeroizing::new(vec![0xFF])), None, None];
        let why = proposal(&values, "here").unwrap_err();
        assert_eq!(why, "the credential passwd.plaintext-password.root is not UTF-8 text");
    }
}
