//! The credentials that have a meaning on every systemd machine, as the vendor's proposal: below the document.

use serde::Serialize;
use zeroize::{Zeroize, Zeroizing};

use crate::document::Conversion;
use crate::document::chpasswd::looks_hashed;
use crate::source::{Fault, Part};

/// What to do about a mistake.
pub const ADVICE: &str = "correct the credential where it is passed to the machine";

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
pub fn wanted(listed: &[String]) -> Result<Vec<String>, Fault> {
    let mut names: Vec<String> = NAMES.map(str::to_owned).to_vec();
    names.extend(listed.iter().filter(|name| networkd_file(name).is_some()).cloned());
    if names.len() > NAMES.len() + FILES {
        let what = format!("there are more than {FILES} credentials network.network., .netdev. and .link.");
        return Err(Fault::lasting(what));
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

/// The proposal of these values; `None` if they propose nothing. One that is wrong is reported and left out; what is wrong
/// with others is in `conversion` already.
pub fn proposal(values: &[Value], place: &str, mut conversion: Conversion) -> Option<Part> {
    let mut proposal = Proposal::default();
    let mut root = Root::default();
    for (name, value) in values {
        let place = place_of(place, name);
        match std::str::from_utf8(value) {
            Ok(text) => add(name, text, &place, (&mut proposal, &mut root), &mut conversion),
            Err(_) => conversion.error(&[], place, "the credential is not UTF-8 text"),
        }
    }
    root.password = root.password.filter(|_| root.hashed_password.is_none());
    proposal.root = (root != Root::default()).then_some(root);
    let origin = format!("{place}: credentials of systemd");
    if proposal == Proposal::default() {
        return conversion
            .has_faults()
            .then(|| Part::new(origin, "").converted(conversion));
    }
    // Large enough from the start: what a growing vector leaves behind is not wiped.
    let size: usize = values
        .iter()
        .map(|(name, value)| name.len() + 2 * value.len() + 64)
        .sum();
    let mut bytes = Vec::with_capacity(size + 4096);
    if serde_json::to_writer_pretty(&mut bytes, &proposal).is_err() {
        bytes.zeroize();
        conversion.error(&[], place, "the credentials of systemd can't be written as a document");
    }
    Some(Part::new(origin, bytes).converted(conversion))
}

/// Where a credential is, for people.
pub fn place_of(place: &str, name: &str) -> String {
    format!("{place}: credential {}", name.escape_debug())
}

/// Takes a credential into the proposal.
fn add<'a>(
    name: &str,
    text: &'a str,
    place: &str,
    (proposal, root): (&mut Proposal<'a>, &mut Root<'a>),
    conversion: &mut Conversion,
) {
    if let Some(name) = networkd_file(name) {
        let number = proposal.networkd_files.len().to_string();
        conversion.place(&["networkd_files", &number], place);
        proposal.networkd_files.push(NetworkdFile { name, contents: text });
        return;
    }
    // Made with an editor, or with echo.
    let line = Some(text.trim_end_matches(['\n', '\r'])).filter(|text| !text.trim().is_empty());
    let word = line.map(str::trim);
    let mut single = |path: &[&str], at: &mut Option<&'a str>, value| {
        conversion.place(path, place);
        *at = value;
    };
    match name {
        "passwd.hashed-password.root" => single(&["root", "hashed_password"], &mut root.hashed_password, word),
        "passwd.plaintext-password.root" if word.is_some_and(looks_hashed) => {
            let message = "the password looks like a hash, but this credential is for plain text: pass a hash as \
                           passwd.hashed-password.root";
            conversion.error(&["root", "password"], place, message);
        }
        "passwd.plaintext-password.root" => single(&["root", "password"], &mut root.password, line),
        "ssh.authorized_keys.root" => {
            let keys = text.lines().map(str::trim);
            root.ssh_authorized_keys = keys.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
            conversion.place(&["root", "ssh_authorized_keys"], place);
        }
        "firstboot.hostname" => single(&["hostname"], &mut proposal.hostname, word),
        "firstboot.timezone" => single(&["timezone"], &mut proposal.timezone, word),
        "firstboot.locale" => single(&["locale"], &mut proposal.locale, word),
        "firstboot.keymap" => single(&["keymap"], &mut proposal.keymap, word),
        _ => {}
    }
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
        let part = proposal(&values(given), "here", Conversion::new(""))?;
        assert!(!part.conversion.as_ref().unwrap().has_faults());
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
        let told = told(&binary);
        assert_eq!(
            told,
            ["here: credential passwd.plaintext-password.root: the credential is not UTF-8 text"]
        );
    }

    /// What is wrong with the document of these values.
    fn told(values: &[Value]) -> Vec<String> {
        let part = proposal(values, "here", Conversion::new(ADVICE)).unwrap();
        let conversion = part.conversion.as_deref().unwrap();
        let document = crate::document::Document::read(&crate::document::Texts {
            vendor_data: Some(part.text()),
            conversions: vec![(&part.origin, conversion)],
            ..Default::default()
        });
        let told = document.diagnostics.iter();
        told.map(|one| format!("{}: {}", one.place(), one.message)).collect()
    }

    #[test]
    fn one_that_is_wrong_costs_itself_and_is_named() {
        const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBf5Y1nQvY2m0g3Wv3kM3J5o1pQ8x6Zk0q9kq0m1J4uR";
        for (name, value, words) in [
            (
                "passwd.plaintext-password.root",
                "$6$salt$hunter2",
                "pass a hash as passwd.hashed-password.root",
            ),
            ("passwd.hashed-password.root", "hunter2", ""),
            ("firstboot.hostname", "no_name", "`no_name` is not a host name"),
            ("network.network.50 lan/..", "x", ""),
            ("ssh.authorized_keys.root", "ssh-ed25519 hunter2", ""),
        ] {
            let mut given = vec![(name, value)];
            if name != "firstboot.hostname" {
                given.push(("firstboot.hostname", "web1"));
            } else {
                given.push(("ssh.authorized_keys.root", KEY));
            }
            let told = told(&values(&given));
            assert_eq!(told.len(), 1, "{name}: {told:?}");
            let place = format!("here: credential {name}: ");
            assert!(
                told[0].starts_with(&place) && told[0].contains(words) && !told[0].contains("hunter2"),
                "{told:?}"
            );
        }
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
