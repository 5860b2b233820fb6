//! What a document may leave to the distribution: its release and its archives.

use std::collections::BTreeMap;

use crate::system::{Machine, ReadError};

/// A distribution's release and archives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distribution(BTreeMap<&'static str, String>);

/// The archives of a distribution, and those for its security updates.
const ARCHIVES: [(&str, &str, &str); 2] = [
    (
        "debian",
        "http://deb.debian.org/debian",
        "http://deb.debian.org/debian-security",
    ),
    (
        "ubuntu",
        "http://archive.ubuntu.com/ubuntu",
        "http://security.ubuntu.com/ubuntu",
    ),
];

/// Ubuntu's archive for all processors but two.
const PORTS: &str = "http://ports.ubuntu.com/ubuntu-ports";

impl Distribution {
    /// That of this machine, os-release(5).
    ///
    /// # Errors
    /// The machine can't be looked at.
    pub fn of(machine: &Machine<'_>) -> Result<Self, ReadError> {
        let text = match machine.read_text("/etc/os-release")? {
            Some(text) => text,
            None => machine.read_text("/usr/lib/os-release")?.unwrap_or_default(),
        };
        let value = |name: &str| {
            let mut lines = text
                .lines()
                .filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            lines.next().map(|value| value.trim_matches(['"', '\'']).to_owned())
        };
        let mut known = BTreeMap::new();
        known.extend(value("VERSION_CODENAME").map(|release| ("RELEASE", release)));
        let id = value("ID").unwrap_or_default();
        let is_port = id == "ubuntu" && !matches!(std::env::consts::ARCH, "x86_64" | "x86");
        if let Some((_, primary, security)) = ARCHIVES.iter().find(|(name, ..)| *name == id) {
            let of = |archive: &str| if is_port { PORTS.to_owned() } else { archive.to_owned() };
            known.extend([
                ("MIRROR", of(primary)),
                ("PRIMARY", of(primary)),
                ("SECURITY", of(security)),
            ]);
        }
        Ok(Self(known))
    }
}

/// The text with `$RELEASE` and the like filled in, also as `${RELEASE}`; `key_file` is `$KEY_FILE`.
///
/// # Errors
/// The distribution doesn't say.
pub fn filled(text: &str, distribution: &Distribution, key_file: Option<&str>) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        filled += before;
        let inside = behind.strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, after) = inside.unwrap_or_else(|| behind.split_at(end.unwrap_or(behind.len())));
        let known = distribution.0.get(name).map(String::as_str);
        match (name, known.or(key_file.filter(|_| name == "KEY_FILE"))) {
            (_, Some(value)) => {
                filled += value;
                rest = after;
            }
            ("RELEASE" | "MIRROR" | "PRIMARY" | "SECURITY", None) => {
                return Err(format!("this machine's os-release(5) doesn't say what `${name}` is"));
            }
            // A variable of apt's own.
            (_, None) => {
                filled.push('$');
                rest = behind;
            }
        }
    }
    Ok(filled + rest)
}
