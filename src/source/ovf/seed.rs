//! From properties to a seed: documents as they are, flat properties as a document of their own.

use serde_json::{Map, Value, json};

use super::encoding::decode;
use super::environment::Environment;
use super::properties::Properties;
use crate::source::{Part, Seed, json};

/// The seed that an environment holds; `None` if no property is ours.
///
/// # Errors
/// A property is wrong, or two exclude each other.
pub fn seed(environment: &Environment, properties: &Properties<'_>, place: &str, origin: &str) -> Result<Seed, String> {
    let mut seed = Seed::empty("ovf", place.to_owned());
    let flat = document(properties)?;
    let flat = (!flat.is_empty()).then(|| part(origin, Value::Object(flat)));
    seed.user_data = given(properties, origin, &["user-data", "firstlight.user-data"])?;
    // Below the document that somebody wrote, key by key: what cloud-init's vendor-data is for.
    if seed.user_data.is_some() {
        seed.vendor_data = flat;
    } else {
        seed.user_data = flat;
    }
    let names = [("instance-id", "instance-id"), ("hostname", "local-hostname")];
    let meta: Map<_, _> = names
        .into_iter()
        .filter_map(|(name, key)| Some((key.to_owned(), json!(properties.get(name)?))))
        .collect();
    if !meta.is_empty() {
        seed.meta_data = Some(part(origin, Value::Object(meta)));
    }
    let network = network(environment, properties)?.map(|network| part(&format!("{origin} (firstlight.ip)"), network));
    seed.network_config = match (given(properties, origin, &["network-config"])?, network) {
        (Some(_), Some(_)) => return Err("network-config and firstlight.ip both give a network: keep one".to_owned()),
        (given, network) => given.or(network),
    };
    Ok(seed)
}

/// The document that one of these properties holds.
fn given(properties: &Properties<'_>, origin: &str, names: &[&str]) -> Result<Option<Part>, String> {
    let mut found = names.iter().filter_map(|name| Some((*name, properties.get(name)?)));
    let Some((name, value)) = found.next() else {
        return Ok(None);
    };
    if let Some((other, _)) = found.find(|(_, other)| *other != value) {
        return Err(format!("{name} and {other} say different things: keep one of them"));
    }
    let bytes = decode(value).map_err(|why| format!("the property {name} {why}"))?;
    let origin = format!("{origin} ({name})");
    Ok(Some(Part::new(origin, bytes).unsignable()))
}

/// The flat properties as a document.
fn document(properties: &Properties<'_>) -> Result<Map<String, Value>, String> {
    let get = |name| properties.get(name);
    let mut document = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            document.insert(key.to_owned(), value);
        }
    };
    put("hostname", get("firstlight.hostname").map(|name| json!(name)));
    put("timezone", get("firstlight.timezone").map(|name| json!(name)));
    let login = get("firstlight.permit-root-login").map(|word| json!({"permit_root_login": word.to_ascii_lowercase()}));
    put("sshd", login);
    let mut root = Map::new();
    if let Some(password) = properties.raw("firstlight.root-password") {
        root.insert("password".to_owned(), json!(password));
    }
    let mut keys = Vec::new();
    for name in ["public-keys", "firstlight.ssh-key"] {
        for key in authorized_keys(name, get(name).unwrap_or_default())? {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    if !keys.is_empty() {
        root.insert("ssh_authorized_keys".to_owned(), json!(keys));
    }
    put("root", (!root.is_empty()).then_some(Value::Object(root)));
    put("password", properties.raw("password").map(|password| json!(password)));
    let docker = get("firstlight.docker").map(|word| boolean("firstlight.docker", word));
    put("docker", docker.transpose()?.map(Value::Bool));
    put(
        "ntp",
        get("firstlight.ntp").map(|servers| json!({"servers": list(servers)})),
    );
    Ok(document)
}

/// The flat properties of the network as netplan has it.
fn network(environment: &Environment, properties: &Properties<'_>) -> Result<Option<Value>, String> {
    let get = |name| properties.get(name);
    let Some(ip) = get("firstlight.ip") else {
        let needs = ["firstlight.gateway", "firstlight.dns", "firstlight.domain"];
        return match needs.into_iter().find(|name| get(name).is_some()) {
            Some(name) => Err(format!(
                "{name} needs firstlight.ip: give the address with its prefix length, as 192.0.2.10/24, or dhcp"
            )),
            None => Ok(None),
        };
    };
    let mut nic = Map::new();
    let matching = match environment.macs.first() {
        Some(mac) => json!({"macaddress": mac.trim().replace('-', ":").to_ascii_lowercase()}),
        None => json!({"name": "e*"}),
    };
    nic.insert("match".to_owned(), matching);
    let mut addresses = Vec::new();
    for address in list(ip) {
        match address.to_ascii_lowercase().as_str() {
            "dhcp" | "dhcp4" => _ = nic.insert("dhcp4".to_owned(), json!(true)),
            "dhcp6" => _ = nic.insert("dhcp6".to_owned(), json!(true)),
            _ => addresses.push(address),
        }
    }
    nic.insert("addresses".to_owned(), json!(addresses));
    let gateways = list(get("firstlight.gateway").unwrap_or_default());
    let routes: Vec<_> = gateways
        .iter()
        .map(|via| json!({"to": "default", "via": via}))
        .collect();
    nic.insert("routes".to_owned(), json!(routes));
    let of = |name| list(get(name).unwrap_or_default());
    let nameservers = json!({"addresses": of("firstlight.dns"), "search": of("firstlight.domain")});
    nic.insert("nameservers".to_owned(), nameservers);
    Ok(Some(json!({"version": 2, "ethernets": {"ovf": nic}})))
}

/// Items between commas or space.
fn list(text: &str) -> Vec<&str> {
    let items = text.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
    items.filter(|item| !item.is_empty()).collect()
}

fn boolean(name: &str, word: &str) -> Result<bool, String> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(format!(
            "the property {name} is neither True nor False: write one of them"
        )),
    }
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
                "the property {name} has several keys in one line: XML took its line breaks; write `&#10;` between \
                 them, or list them in user-data"
            ));
        }
    }
    Ok(lines.into_iter().map(str::to_owned).collect())
}

/// A generated part.
fn part(origin: &str, value: Value) -> Part {
    Part::new(origin, json::text(&value).into_bytes()).unsignable()
}
