//! The credentials that have a meaning on every systemd machine, as the vendor's proposal: below the document.

use serde::Serialize;
use zeroize::Zeroizing;

use crate::source::Part;

/// Those of one thing each. Root's password as a hash wins over the one in plain text.
const NAMES: [&str; 7] = [
    "passwd.hashed-password.root",
    "passwd.plaintext-password.root",
    "ssh.authorized_keys.root",
    "firstboot.hostname",
    "firstboot.timezone",
    "firstboot.locale",
    "firstboot.keymap",
];

/// How the names of those begin that are files of networkd, and what the names of the files end in.
const NETWORKD: [(&str, &str); 3] = [
    ("network.network.", "network"),
    ("network.netdev.", "netdev"),
    ("network.link.", "link"),
];

/// How many files of networkd are taken.
const FILES: usize = 256;

/// Names, or beginnings of names, of what a document can't say.
const NOT_APPLIED: [&str; 3] = ["firstboot.locale-messages", "network.", "passwd.shell.root"];

/// A credential's value, with its name.
pub type Value = (String, Zeroizing<Vec<u8>>);

#[derive(Default, PartialEq, Serialize)]
struct Proposal<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keymap: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<Root<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    networkd_files: Vec<NetworkdFile<'a>>,
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

#[derive(PartialEq, Serialize)]
struct NetworkdFile<'a> {
    name: String,
    contents: &'a str,
}

/// Which of the names that are `listed` are to be read, besides those that are always looked for.
///
/// # Errors
/// There are more files of networkd than are taken.
pub fn wanted(listed: &[String]) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = NAMES.map(str::to_owned).to_vec();
    names.extend(listed.iter().filter(|name| networkd_file(name).is_some()).cloned());
    if names.len() > NAMES.len() + FILES {
        return Err(format!(
            "there are more than {FILES} credentials network.network., .netdev. and .link."
        ));
    }
    Ok(names)
}

/// The name of the file of networkd that a credential is: `50-lan.network` of `network.network.50-lan`.
fn networkd_file(credential: &str) -> Option<String> {
    NETWORKD.iter().find_map(|(prefix, suffix)| {
        let name = credential.strip_prefix(prefix)?;
        Some(format!("{name}.{suffix}"))
    })
}

/// The proposal of these values; `None` if they propose nothing.
///
/// # Errors
/// A value is not text: which one.
pub fn proposal(values: &[Value], place: &str) -> Result<Option<Part>, String> {
    let mut proposal = Proposal::default();
    let mut root = Root::default();
    for (name, value) in values {
        let text = std::str::from_utf8(value).map_err(|_| format!("the credential {name} is not UTF-8 text"))?;
        if let Some(name) = networkd_file(name) {
            proposal.networkd_files.push(NetworkdFile { name, contents: text });
            continue;
        }
        // Made with an editor, or with echo.
        let line = Some(text.trim_end_matches(['\n', '\r'])).filter(|text| !text.is_empty());
        match name.as_str() {
            "passwd.hashed-password.root" => root.hashed_password = line,
            "passwd.plaintext-password.root" => root.password = line,
            "ssh.authorized_keys.root" => {
                let keys = text.lines().map(str::trim);
                root.ssh_authorized_keys = keys.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
            }
            "firstboot.hostname" => proposal.hostname = line,
            "firstboot.timezone" => proposal.timezone = line,
            "firstboot.locale" => proposal.locale = line,
            "firstboot.keymap" => proposal.keymap = line,
            _ => {}
        }
    }
    root.password = root.password.filter(|_| root.hashed_password.is_none());
    proposal.root = (root != Root::default()).then_some(root);
    if proposal == Proposal::default() {
        return Ok(None);
    }
    // Large enough from the start: what a growing vector leaves behind is not wiped.
    let size: usize = values
        .iter()
        .map(|(name, value)| name.len() + 2 * value.len() + 64)
        .sum();
    let mut bytes = Vec::with_capacity(size + 4096);
    let written = serde_json::to_writer_pretty(&mut bytes, &proposal);
    written.map_err(|_| "the credentials of systemd can't be written as a document".to_owned())?;
    Ok(Some(
        Part::new(format!("{place}: credentials of systemd"), bytes).unsignable(),
    ))
}

/// Says which of the names are somebody else's work.
pub fn warn(names: &[String], place: &str) {
    let names = not_applied(names);
    if !names.is_empty() {
        tracing::warn!("{place}: not applied, but left to systemd: {}", names.join(", "));
    }
}

/// Those of the names that mean something and are not applied, as they are shown.
fn not_applied(names: &[String]) -> Vec<String> {
    let beyond =
        |name: &&String| networkd_file(name).is_none() && NOT_APPLIED.iter().any(|known| name.starts_with(known));
    names.iter().filter(beyond).map(|name| format!("{name:?}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values(values: &[(&str, &str)]) -> Vec<Value> {
        let value = |(name, text): &(&str, &str)| ((*name).to_owned(), Zeroizing::new(text.as_bytes().to_vec()));
        values.iter().map(value).collect()
    }

    fn proposed(given: &[(&str, &str)]) -> Option<serde_json::Value> {
        let part = proposal(&values(given), "here").unwrap()?;
        assert_eq!(part.origin, "here: credentials of systemd");
        Some(serde_json::from_slice(&part.bytes).unwrap())
    }

    #[test]
    fn proposals() {
        let [hashed, plain, keys, hostname, timezone, locale, keymap] = NAMES;
        let cases: [(&[(&str, &str)], _); 6] = [
            (&[], None),
            (
                &[
                    (hashed, ""),
                    (plain, "\n"),
                    (keys, "\n# none\n"),
                    (hostname, ""),
                    (locale, ""),
                ],
                None,
            ),
            (&[(hostname, "web1\n")], Some(json!({"hostname": "web1"}))),
            (&[(plain, "a \"b\"\n")], Some(json!({"root": {"password": "a \"b\""}}))),
            (
                &[
                    (hashed, "$6$x"),
                    (plain, "plain"),
                    (keys, "ssh-a A\n\n# c\n ssh-b B\r\n"),
                ],
                Some(json!({"root": {"hashed_password": "$6$x", "ssh_authorized_keys": ["ssh-a A", "ssh-b B"]}})),
            ),
            (
                &[
                    (timezone, "Europe/Berlin\n"),
                    (locale, "de_DE.UTF-8"),
                    (keymap, "de"),
                    ("network.network.50-lan", "[Match]\nName=eth1\n"),
                    ("network.netdev.wg0", ""),
                    ("network.link.a.b", "x"),
                ],
                Some(json!({
                    "timezone": "Europe/Berlin",
                    "locale": "de_DE.UTF-8",
                    "keymap": "de",
                    "networkd_files": [
                        {"name": "50-lan.network", "contents": "[Match]\nName=eth1\n"},
                        {"name": "wg0.netdev", "contents": ""},
                        {"name": "a.b.link", "contents": "x"},
                    ],
                })),
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(proposed(given), expected, "{given:?}");
        }
        let binary = [(plain.to_owned(), Zeroizing::new(vec![0xFF]))];
        let why = proposal(&binary, "here").unwrap_err();
        assert_eq!(why, "the credential passwd.plaintext-password.root is not UTF-8 text");
    }

    #[test]
    fn which_are_read_and_which_are_left() {
        let listed = [
            "network.network.50-lan",
            "network.dns",
            "network.conf.a",
            "firstboot.locale",
            "firstboot.locale-messages",
            "passwd.shell.root",
            "network.wireguard.private.wg0",
            "sshd.key",
        ]
        .map(str::to_owned);
        let wanted_names = wanted(&listed).unwrap();
        assert_eq!(wanted_names[NAMES.len()..], ["network.network.50-lan"]);
        let left = [
            "\"network.dns\"",
            "\"network.conf.a\"",
            "\"firstboot.locale-messages\"",
            "\"passwd.shell.root\"",
            "\"network.wireguard.private.wg0\"",
        ];
        assert_eq!(not_applied(&listed), left);
        let many: Vec<_> = (0..=FILES).map(|n| format!("network.link.{n}")).collect();
        assert!(wanted(&many).is_err() && wanted(&many[1..]).is_ok());
    }
}
