//! The files of networkd and udev, in one way of writing where networkd knows several.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;

/// The sections that mean something by themselves each time; any other is continued where it is written again.
const REPEATED: [&str; 5] = ["Address", "Route", "RoutingPolicyRule", "WireGuardPeer", "SR-IOV"];

/// A section: its name, and its `Key=value` in order of the alphabet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Section {
    pub name: String,
    pub lines: Vec<String>,
}

impl Section {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            lines: Vec::new(),
        }
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.lines
            .iter()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
    }
}

/// The files by what their names have after the prefix: `eth0.network`.
#[derive(Debug, Default)]
pub struct Files(pub BTreeMap<String, Vec<Section>>);

impl Files {
    /// Those in a folder whose name begins so. They have no other.
    pub fn read(folder: &Path, prefix: &str) -> Self {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let name = name.strip_prefix(prefix).unwrap_or_else(|| panic!("a file {name}"));
            files.insert(name.to_owned(), sections(&fs::read_to_string(&path).unwrap()));
        }
        Self(files)
    }
}

/// The sections of a file, as networkd takes them.
fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut now = 0;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let known = sections.iter().position(|section| section.name == name);
            now = known.filter(|_| !REPEATED.contains(&name)).unwrap_or(sections.len());
            if now == sections.len() {
                sections.push(Section::new(name));
            }
            continue;
        }
        let (key, value) = line.split_once('=').unwrap();
        sections[now]
            .lines
            .push(format!("{}={}", key.trim(), value_of(key.trim(), value.trim())));
    }
    let mut sections = written_out(sections);
    for section in &mut sections {
        section.lines.sort();
    }
    sections.retain(|section| !section.lines.is_empty());
    sections
}

/// A value in its usual form: systemd.syntax(7) has several words for yes and no, and addresses have several forms.
fn value_of(key: &str, value: &str) -> String {
    match value {
        "1" if key == "AllSlavesActive" => return "yes".to_owned(),
        "true" | "on" => return "yes".to_owned(),
        "false" | "off" if !matches!(key, "WakeOnLan") => return "no".to_owned(),
        _ => {}
    }
    let words = value.split_whitespace().map(|word| {
        if key.ends_with("MACAddress") {
            return word.to_lowercase();
        }
        match (word.parse::<IpAddr>(), word.parse::<IpNet>()) {
            (Ok(address), _) if key == "Destination" => IpNet::from(address).to_string(),
            (Ok(address), _) => address.to_string(),
            // The bits after the prefix don't count here: config_parse_destination() masks them.
            (_, Ok(net)) if key == "Destination" => net.trunc().to_string(),
            (_, Ok(net)) => net.to_string(),
            _ => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The same without shorthands and defaults, each by systemd.network(5).
fn written_out(sections: Vec<Section>) -> Vec<Section> {
    let mut all = Vec::new();
    for mut section in sections {
        if section.name == "Network" {
            let bridged = section.get("Bridge").is_some();
            let (short, lines): (Vec<String>, Vec<String>) = section
                .lines
                .into_iter()
                .partition(|line| line.starts_with("Address=") || line.starts_with("Gateway="));
            section.lines = lines;
            // "Address= … a short-hand for an [Address] section only containing an Address= key", Gateway= the same of [Route].
            all.extend(short.into_iter().map(|line| {
                Section {
                    name: if line.starts_with("Address=") {
                        "Address"
                    } else {
                        "Route"
                    }
                    .to_owned(),
                    lines: vec![line],
                }
            }));
            // "Defaults to no." and "Defaults to no when Bridge= is set …, otherwise to ipv6".
            let link_local = if bridged {
                "LinkLocalAddressing=no"
            } else {
                "LinkLocalAddressing=ipv6"
            };
            section.lines.retain(|line| line != "DHCP=no" && line != link_local);
            // Each of a list: once with all of them, or once for each.
            section.lines = section.lines.iter().flat_map(|line| each(line)).collect();
        }
        all.push(section);
    }
    for route in all.iter_mut().filter(|section| section.name == "Route") {
        let everywhere = route.get("Gateway").map(|gateway| match gateway.contains(':') {
            true => "Destination=::/0",
            false => "Destination=0.0.0.0/0",
        });
        // "Destination=: if omitted, a default route", in the gateway's family.
        route.lines.retain(|line| Some(line.as_str()) != everywhere);
    }
    all
}

/// `DNS=a b` as `DNS=a` and `DNS=b`.
fn each(line: &str) -> Vec<String> {
    let (key, values) = line.split_once('=').unwrap();
    match key {
        "DNS" | "Domains" | "NTP" => values
            .split_whitespace()
            .map(|value| format!("{key}={value}"))
            .collect(),
        _ => vec![line.to_owned()],
    }
}
