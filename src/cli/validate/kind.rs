//! The kind of a text given to `validate`, decided by its name, then by its keys.

use std::path::Path;

use crate::document::format::Kind as Header;
use crate::document::yaml::{Value, parse};

/// The kind of a text: a part of a seed, or a file of firstlight's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "DocumentKind"))]
pub enum Kind {
    /// The configuration of the machine; also vendor-data
    UserData,
    /// The identity of the machine
    MetaData,
    /// The network configuration of a seed
    NetworkConfig,
    /// The settings of the machine's owner, /etc/firstlight/config.yaml
    Settings,
    /// A directory or an image that holds all parts of a seed
    #[value(skip)]
    Seed,
}

/// Keys at the top that only one kind has.
const KEYS: [(Kind, &[&str]); 3] = [
    (Kind::NetworkConfig, &["version", "config", "ethernets"]),
    (Kind::MetaData, &["instance-id", "local-hostname", "public-keys"]),
    (
        Kind::Settings,
        &["allow", "trusted_keys", "sources", "device_timeout", "source_timeout"],
    ),
];

/// Whether a text may have this key, somewhere.
fn may_have(text: &str, key: &str) -> bool {
    let mut places = text.match_indices(key);
    places.any(|(at, _)| {
        let rest = text.get(at + key.len()..).unwrap_or_default();
        rest.trim_start_matches(['"', '\'', ' ']).starts_with(':')
    })
}

impl Kind {
    /// What the text at `path` is.
    pub fn of(path: &Path, bytes: &[u8]) -> Self {
        Self::named(path)
            .or_else(|| Self::keyed(bytes))
            .unwrap_or(Self::UserData)
    }

    /// By the names of the parts of a seed, with any extension.
    fn named(path: &Path) -> Option<Self> {
        if path.ends_with("firstlight/config.yaml") {
            return Some(Self::Settings);
        }
        let name = path.file_name()?.to_str()?;
        match name.split('.').next()? {
            "user-data" | "vendor-data" => Some(Self::UserData),
            "meta-data" => Some(Self::MetaData),
            "network-config" => Some(Self::NetworkConfig),
            _ => None,
        }
    }

    /// By top-level keys that only one kind has.
    fn keyed(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        // A header says what it is, whatever its keys: one that belongs elsewhere is a mistake.
        if Header::by_beginning(text.trim_start_matches('\u{feff}')).is_some() {
            return None;
        }
        // Most documents are user-data: parsing them only to see that would double what they cost.
        if !KEYS.iter().flat_map(|(_, keys)| *keys).any(|key| may_have(text, key)) {
            return None;
        }
        let Value::Mapping(entries) = parse(text, 0).ok()?.root?.value else {
            return None;
        };
        let has = |keys: &[&str]| entries.iter().any(|entry| keys.contains(&entry.key.text.as_str()));
        KEYS.iter().find(|(_, keys)| has(keys)).map(|(kind, _)| *kind)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserData => "user-data",
            Self::MetaData => "meta-data",
            Self::NetworkConfig => "network-config",
            Self::Settings => "settings",
            Self::Seed => "seed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_taken_for_what_it_is() {
        let table = [
            ("web.yaml", "hostname: a\n", Kind::UserData),
            ("user-data", "instance-id: a\n", Kind::UserData),
            ("vendor-data.yaml", "", Kind::UserData),
            ("seed/meta-data", "", Kind::MetaData),
            ("a.yaml", "instance-id: a\n", Kind::MetaData),
            ("network-config.yml", "", Kind::NetworkConfig),
            ("a.yaml", "version: 2\nethernets: {}\n", Kind::NetworkConfig),
            (
                "a.yaml",
                "config: [{type: physical, name: eth0}]\n",
                Kind::NetworkConfig,
            ),
            ("a.yaml", "network: {version: 2}\n", Kind::UserData),
            ("a.yaml", "#cloud-config\nethernets: {}\n", Kind::UserData),
            ("a.yaml", "#cloud-config\ninstance-id: a\n", Kind::UserData),
            ("a.yaml", "## template: jinja\nversion: 2\n", Kind::UserData),
            ("/etc/firstlight/config.yaml", "", Kind::Settings),
            ("mine.yaml", "allow: [network]\n", Kind::Settings),
            ("config.yaml", "hostname: a\n", Kind::UserData),
            ("a.yaml", "{\"version\" : 2, ethernets: {}}\n", Kind::NetworkConfig),
            ("a.yaml", "hostname: version\nsysctl: {ethernets: 1}\n", Kind::UserData),
            ("broken.yaml", "a: [\n", Kind::UserData),
            ("-", "- a\n", Kind::UserData),
        ];
        for (path, text, kind) in table {
            assert_eq!(Kind::of(Path::new(path), text.as_bytes()), kind, "{path} {text}");
        }
    }
}
