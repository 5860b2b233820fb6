//! From properties to a seed: documents as they are, flat properties as a document of their own.
//!
//! A property that is wrong is reported and left out; the others count.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::ADVICE;
use super::encoding::decode;
use super::environment::Environment;
use super::properties::Properties;
use crate::document::Conversion;
use crate::document::chpasswd::looks_hashed;
use crate::document::flag::flag;
use crate::source::interface::{Interface, Route};
use crate::source::{Part, Seed, json};

/// The flat properties that are a key of the document each, and the keys that lead there.
const PLAIN: [(&str, &[&str]); 4] = [
    ("firstlight.hostname", &["hostname"]),
    ("firstlight.timezone", &["timezone"]),
    ("firstlight.root-hashed-password", &["root", "hashed_password"]),
    ("password", &["password"]),
];

/// The seed that an environment holds. `conversion` has what is wrong already, and goes with its flat properties.
pub fn seed(
    environment: &Environment,
    properties: &Properties<'_>,
    places: (&str, &str),
    conversion: Conversion,
) -> Seed {
    let (place, origin) = places;
    let mut seed = Seed::empty("ovf", place.to_owned());
    let mut flat = Flat {
        properties,
        conversion,
        document: Map::new(),
    };
    flat.add_all();
    seed.user_data = flat.given(origin, &["user-data", "firstlight.user-data"]);
    seed.network_config = flat.given(origin, &["network-config"]);
    if let Some(network) = flat.network(environment, origin) {
        match seed.network_config {
            Some(_) => flat.wrong(
                "firstlight.ip",
                &[],
                "network-config also sets a network and is used instead: keep one of them",
            ),
            None => seed.network_config = Some(network),
        }
    }
    seed.meta_data = identity(properties, origin);
    let flat = flat.into_part(origin);
    // Below the document that somebody wrote, key by key: what cloud-init's vendor-data is for.
    match seed.user_data {
        Some(_) => seed.vendor_data = flat,
        None => seed.user_data = flat,
    }
    seed
}

/// Who the machine is.
fn identity(properties: &Properties<'_>, origin: &str) -> Option<Part> {
    let mut conversion = Conversion::new(ADVICE);
    let mut meta = Map::new();
    for (name, key) in [("instance-id", "instance-id"), ("hostname", "local-hostname")] {
        if let Some(value) = properties.get(name) {
            meta.insert(key.to_owned(), json!(value));
            conversion.place(&[key], properties.place(name));
        }
    }
    (!meta.is_empty()).then(|| part(&format!("{origin} (instance-id, hostname)"), Some(meta), conversion))
}

/// The flat properties on their way into a document.
struct Flat<'a> {
    properties: &'a Properties<'a>,
    conversion: Conversion,
    document: Map<String, Value>,
}

impl Flat<'_> {
    fn add_all(&mut self) {
        for (name, keys) in PLAIN {
            if let Some(value) = self.properties.raw(name) {
                // A password may begin with a space, and nothing else does.
                let value = if name == "password" { value } else { value.trim() };
                self.put(name, keys, json!(value));
            }
        }
        self.add_root_password();
        if let Some(word) = self.properties.get("firstlight.permit-root-login") {
            let word = json!(word.to_ascii_lowercase());
            self.put("firstlight.permit-root-login", &["sshd", "permit_root_login"], word);
        }
        match self.properties.get("firstlight.docker").map(flag) {
            None => {}
            Some(Some(enabled)) => self.put("firstlight.docker", &["docker"], json!(enabled)),
            Some(None) => self.wrong(
                "firstlight.docker",
                &["docker"],
                "the property firstlight.docker is neither True nor False: set it to one of them",
            ),
        }
        if let Some(servers) = self.properties.get("firstlight.ntp") {
            self.put("firstlight.ntp", &["ntp", "servers"], json!(list(servers)));
        }
        self.add_keys();
    }

    fn add_root_password(&mut self) {
        let name = "firstlight.root-password";
        match self.properties.raw(name) {
            None => {}
            Some(password) if looks_hashed(password.trim()) => self.wrong(
                name,
                &["root", "password"],
                "the property firstlight.root-password looks like a hash, but is for a password in plain text: set \
                 a hash as firstlight.root-hashed-password",
            ),
            Some(password) => self.put(name, &["root", "password"], json!(password)),
        }
    }

    fn add_keys(&mut self) {
        let mut keys: Vec<String> = Vec::new();
        for name in ["public-keys", "firstlight.ssh-key"] {
            match authorized_keys(name, self.properties.get(name).unwrap_or_default()) {
                Ok(found) => {
                    for key in found.into_iter().filter(|key| !keys.contains(key)).collect::<Vec<_>>() {
                        let number = keys.len().to_string();
                        let place = self.properties.place(name);
                        self.conversion.place(&["root", "ssh_authorized_keys", &number], place);
                        keys.push(key);
                    }
                }
                Err(why) => self.wrong(name, &["root", "ssh_authorized_keys"], &why),
            }
        }
        if !keys.is_empty() {
            put(&mut self.document, &["root", "ssh_authorized_keys"], json!(keys));
        }
    }

    /// Gives the document a key from the property `name`.
    fn put(&mut self, name: &str, keys: &[&str], value: Value) {
        self.conversion.place(keys, self.properties.place(name));
        put(&mut self.document, keys, value);
    }

    /// Reports a property; `path` would have led to it in the document.
    fn wrong(&mut self, name: &str, path: &[&str], what: &str) {
        self.conversion.error(path, self.properties.place(name), what);
    }

    /// The document that one of these properties holds.
    fn given(&mut self, origin: &str, names: &[&str]) -> Option<Part> {
        let properties = self.properties;
        let mut found = names.iter().filter_map(|name| Some((*name, properties.get(name)?)));
        let (name, value) = found.next()?;
        if let Some((other, _)) = found.find(|(_, other)| *other != value) {
            let what = format!("{name} and {other} differ, so neither is used: keep one of them");
            self.wrong(other, &[], &what);
            return None;
        }
        match decode(value) {
            Ok(bytes) => Some(Part::new(format!("{origin} ({name})"), bytes).unsignable()),
            Err(why) => {
                self.wrong(name, &[], &format!("the property {name} {why}"));
                None
            }
        }
    }

    /// The flat properties of the network as netplan has it.
    fn network(&mut self, environment: &Environment, origin: &str) -> Option<Part> {
        let properties = self.properties;
        let Some(ip) = properties.get("firstlight.ip") else {
            let needs = ["firstlight.gateway", "firstlight.dns", "firstlight.domain"];
            for name in needs.into_iter().filter(|name| properties.get(name).is_some()) {
                // What follows from another mistake is not said.
                if !properties.is_wrong("firstlight.ip") {
                    let what = format!(
                        "{name} needs firstlight.ip: set it to an address with its prefix length, such as \
                         192.0.2.10/24, or to dhcp"
                    );
                    self.wrong(name, &[], &what);
                }
            }
            return None;
        };
        let place = properties.place("firstlight.ip");
        let mut nic = Interface::new("ovf", place.clone());
        match environment.macs.first() {
            Some(mac) => nic.match_mac(mac, format!("{origin}: the first Adapter")),
            None => nic.match_name("e*", place.clone()),
        }
        for address in list(ip) {
            match address.to_ascii_lowercase().as_str() {
                "dhcp" | "dhcp4" => nic.set("dhcp4", true, place.clone()),
                "dhcp6" => nic.set("dhcp6", true, place.clone()),
                _ => nic.add_address(address.to_owned(), place.clone()),
            }
        }
        // Without its gateway an interface leads nowhere: then the machine keeps what it has.
        let gateways = self.addresses("firstlight.gateway", &["network", "ethernets", "ovf"])?;
        for gateway in gateways {
            nic.add_route(Route::default_via(gateway), properties.place("firstlight.gateway"));
        }
        let path = ["network", "ethernets", "ovf", "nameservers"];
        for server in self.addresses("firstlight.dns", &path).unwrap_or_default() {
            nic.add_server(server, properties.place("firstlight.dns"));
        }
        for domain in list(properties.get("firstlight.domain").unwrap_or_default()) {
            nic.add_search(domain, properties.place("firstlight.domain"));
        }
        let (mut ethernets, mut conversion) = (Map::new(), Conversion::new(ADVICE));
        nic.finish(&mut ethernets, &mut conversion);
        let mut network = Map::new();
        network.insert("version".to_owned(), json!(2));
        network.insert("ethernets".to_owned(), ethernets.into());
        Some(part(&format!("{origin} (firstlight.ip)"), Some(network), conversion))
    }

    /// The addresses in a property; `None` where one is wrong, which is reported.
    fn addresses(&mut self, name: &str, path: &[&str]) -> Option<Vec<IpAddr>> {
        let addresses = list(self.properties.get(name).unwrap_or_default());
        let addresses: Result<Vec<IpAddr>, _> = addresses.into_iter().map(str::parse).collect();
        if addresses.is_err() {
            let what = format!(
                "the property {name} has a value that is not an IP address: write only addresses, such as 192.0.2.1"
            );
            self.wrong(name, path, &what);
        }
        addresses.ok()
    }

    fn into_part(self, origin: &str) -> Option<Part> {
        let any = !self.document.is_empty() || self.conversion.has_faults();
        let document = Some(self.document).filter(|document| !document.is_empty());
        any.then(|| part(origin, document, self.conversion))
    }
}

fn put(document: &mut Map<String, Value>, keys: &[&str], value: Value) {
    match keys {
        [key] => _ = document.insert((*key).to_owned(), value),
        [first, rest @ ..] => {
            if let Value::Object(inner) = document.entry(*first).or_insert_with(|| json!({})) {
                put(inner, rest, value);
            }
        }
        [] => {}
    }
}

/// Items between commas or space.
fn list(text: &str) -> Vec<&str> {
    let items = text.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
    items.filter(|item| !item.is_empty()).collect()
}

/// The keys of a property, one a line. Where XML made spaces of the line breaks, a second key would be taken for the
/// first one's comment, and its options with it: that is refused.
fn authorized_keys(name: &str, text: &str) -> Result<Vec<String>, String> {
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_kind = |word: &str| ["ssh-", "ecdsa-", "sk-"].iter().any(|start| word.starts_with(start));
    for line in &lines {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        let keys = words
            .windows(2)
            .filter(|pair| matches!(pair, [kind, blob] if is_kind(kind) && blob.starts_with("AAAA")));
        if keys.count() > 1 {
            return Err(format!(
                "the property {name} has several keys on one line: XML removed its line breaks; write `&#10;` between \
                 them, or list them in user-data"
            ));
        }
    }
    Ok(lines.into_iter().map(str::to_owned).collect())
}

/// A generated part.
fn part(origin: &str, document: Option<Map<String, Value>>, conversion: Conversion) -> Part {
    let text = document
        .map(|document| json::text(&document.into()))
        .unwrap_or_default();
    Part::new(origin, text.into_bytes()).converted(conversion)
}
