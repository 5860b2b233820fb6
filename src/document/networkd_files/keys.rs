//! Which sections and keys networkd and udev know: systemd.network(5), systemd.netdev(5), systemd.link(5).
//!
//! Of systemd 252 and 262 (247 was not looked at): those of the manual pages, and the older names that are still taken. What is not among them is
//! passed over by systemd with a line in the journal.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::NetworkdFileKind;
use crate::document::advice::nearest;

/// A line for each kind of file and section: the kind, the section, its keys.
const TABLE: &str = include_str!("keys.txt");

/// The sections of a kind of file, with their keys.
type Sections = BTreeMap<&'static str, Vec<String>>;

/// By the suffix of the files.
static KNOWN: LazyLock<BTreeMap<&'static str, Sections>> = LazyLock::new(|| {
    let mut known: BTreeMap<&str, Sections> = BTreeMap::new();
    for line in TABLE.lines() {
        let mut words = line.split(' ');
        if let (Some(suffix), Some(section)) = (words.next(), words.next()) {
            let keys = words.map(str::to_owned).collect();
            known.entry(suffix).or_default().insert(section, keys);
        }
    }
    known
});

impl NetworkdFileKind {
    /// The suffix of its files, without the dot.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Netdev => "netdev",
            Self::Link => "link",
        }
    }
}

fn sections(kind: NetworkdFileKind) -> impl Iterator<Item = (&'static str, &'static Vec<String>)> {
    let sections = KNOWN.get(kind.suffix()).into_iter().flatten();
    sections.map(|(name, keys)| (*name, keys))
}

/// The keys of a section; `None` where a file of this kind has no such section.
pub fn of_section(kind: NetworkdFileKind, section: &str) -> Option<&'static [String]> {
    KNOWN.get(kind.suffix())?.get(section).map(Vec::as_slice)
}

/// What may have been meant by a section that a file of this kind doesn't have.
pub fn section_hint(kind: NetworkdFileKind, section: &str) -> Option<String> {
    let elsewhere = KNOWN.iter().find(|(_, sections)| sections.contains_key(section));
    if let Some((other, _)) = elsewhere {
        return Some(format!("[{section}] belongs in a .{other} file"));
    }
    let names: Vec<String> = sections(kind).map(|(name, _)| name.to_owned()).collect();
    nearest(section, &names).map(|near| format!("did you mean [{near}]?"))
}

/// The key of a section that is meant by `key`: itself, or the nearest one.
pub fn meant<'k>(kind: NetworkdFileKind, section: &str, key: &'k str) -> &'k str {
    let known = of_section(kind, section).unwrap_or_default();
    match key.len() <= LONGEST && !known.iter().any(|known| known == key) {
        true => nearest(key, known).unwrap_or(key),
        false => key,
    }
}

/// No key is longer.
const LONGEST: usize = 64;

/// What may have been meant by a key that a section doesn't have.
pub fn key_hint(kind: NetworkdFileKind, section: &str, key: &str) -> Option<String> {
    let known = of_section(kind, section).unwrap_or_default();
    if let Some(near) = nearest(key, known) {
        return Some(format!("did you mean {near}=?"));
    }
    let elsewhere = sections(kind).find(|(_, keys)| keys.iter().any(|known| known == key));
    elsewhere.map(|(section, _)| format!("{key}= belongs in [{section}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_sorted() {
        let lines: Vec<&str> = TABLE.lines().collect();
        assert_eq!(KNOWN.values().map(BTreeMap::len).sum::<usize>(), lines.len());
        for (kind, section, key) in [
            (NetworkdFileKind::Network, "Network", "DHCP"),
            (NetworkdFileKind::Network, "IPv6AcceptRA", "UseMTU"),
            // Older names that are still taken.
            (NetworkdFileKind::Network, "DHCP", "UseDNS"),
            (NetworkdFileKind::Network, "Network", "IPv6Token"),
            (NetworkdFileKind::Netdev, "WireGuardPeer", "PresharedKey"),
            (NetworkdFileKind::Netdev, "Tap", "User"),
            (NetworkdFileKind::Link, "Link", "WakeOnLan"),
            (NetworkdFileKind::Link, "Match", "OriginalName"),
        ] {
            let known = of_section(kind, section).unwrap();
            assert!(known.iter().any(|known| known == key), "{section} {key}");
            assert!(known.is_sorted(), "{section}");
        }
        assert_eq!(of_section(NetworkdFileKind::Link, "Network"), None);
    }
}
