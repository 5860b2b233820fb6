//! No key is silently dropped: each one of the schema of network-configs shows up in a file, or is refused, or stands here
//! with the reason why not.
//!
//! A key is set to the example that the schema has for it, or to what stands below. The lines that it adds to the files
//! must have its value.

use serde_json::{Value, json};

use super::*;
use crate::document::network::Network as Document;
use crate::document::problem::{Check, Problem, Problems};
use crate::document::yaml::{decode, parse};

/// What is there before a key is set: the mapping at a place. What is an item of a list, or one of many devices, has the
/// key `*` in a place; `@` is a device of any kind, `made` one that networkd makes.
const AROUND: &[(&str, &str)] = &[
    ("bonds.*", "{interfaces: [eth1], addresses: [192.0.2.10/24]}"),
    ("bridges.*", "{interfaces: [eth1], addresses: [192.0.2.10/24]}"),
    ("vlans.*", "{id: 5, link: pf0, addresses: [192.0.2.10/24]}"),
    ("vrfs.*", "{table: 5, addresses: [192.0.2.10/24]}"),
    ("virtual-ethernets.*", "{peer: pf0, addresses: [192.0.2.10/24]}"),
    (
        "tunnels.*.peers.*",
        "{keys: {public: M9nt4YujIOmNrRmpIRTmYSfMdrpvE7u6WkG8FY8WjG4=}}",
    ),
    ("@", "{addresses: [192.0.2.10/24]}"),
    ("ethernets.*.match", "{name: e*}"),
    ("@.addresses.*", "{192.0.2.11/24: {}}"),
    ("@.routes.*", "{to: 198.51.100.0/24, via: 192.0.2.1}"),
    ("@.routing-policy.*", "{to: 198.51.100.0/24}"),
];

/// Keys whose example isn't enough, or whose value has another name in the files: the key, its value, and the line or the
/// part of one that it becomes.
const SHOWN: &[(&str, &str, &str)] = &[
    (
        "ethernets.*.match.macaddress",
        "'00:50:56:aa:bb:cc'",
        "MACAddress=00:50:56:aa:bb:cc",
    ),
    ("ethernets.*.set-name", "lan0", "Name=lan0"),
    ("ethernets.*.wakeonlan", "true", "WakeOnLan=magic"),
    // Of the physical function: as many as there are entries for.
    ("ethernets.*.link", "pf0", "SR-IOVVirtualFunctions=1"),
    ("bonds.*.interfaces", "[eth0]", "Bond=dev0"),
    (
        "bonds.*.parameters.arp-ip-targets",
        "[192.0.2.1]",
        "ARPIPTargets=192.0.2.1",
    ),
    ("bonds.*.parameters.primary", "eth1", "PrimarySlave=yes"),
    ("bridges.*.interfaces", "[eth0]", "Bridge=dev0"),
    ("bridges.*.parameters.path-cost", "{eth1: 100}", "Cost=100"),
    ("bridges.*.parameters.port-priority", "{eth1: 32}", "Priority=32"),
    ("vrfs.*.interfaces", "[eth0]", "VRF=dev0"),
    ("tunnels.*.key", "1.2.3.4", "InputKey=1.2.3.4"),
    ("tunnels.*.keys", "1.2.3.4", "OutputKey=1.2.3.4"),
    ("tunnels.*.notifications", "[l2-miss]", "L2MissNotification=yes"),
    ("tunnels.*.checksums", "[udp]", "UDPChecksum=yes"),
    ("tunnels.*.extensions", "[group-policy]", "GroupPolicyExtension=yes"),
    ("tunnels.*.port-range", "[42, 442]", "PortRange=42-442"),
    (
        "tunnels.*.peers.*.allowed-ips",
        "['2001:db8::/32']",
        "AllowedIPs=2001:db8::/32",
    ),
    ("@.dhcp4", "true", "DHCP=ipv4"),
    ("@.dhcp6", "true", "DHCP=ipv6"),
    ("@.link-local", "[ipv4]", "LinkLocalAddressing=ipv4"),
    ("@.optional", "true", "RequiredForOnline=no"),
    ("@.optional-addresses", "[ipv6-ra]", "RequiredFamilyForOnline=ipv4"),
    ("@.ipv6-address-generation", "stable-privacy", "IPv6Token=prefixstable"),
    ("@.addresses", "[192.0.2.12/24]", "Address=192.0.2.12/24"),
    ("@.nameservers.addresses", "[192.0.2.53]", "DNS=192.0.2.53"),
    ("@.nameservers.search", "[example.com]", "Domains=example.com"),
    ("@.routes.*.to", "203.0.113.0/24", "Destination=203.0.113.0/24"),
    ("@.routes.*.via", "192.0.2.7", "Gateway=192.0.2.7"),
];

/// Keys that show up in no file, and why.
const NOWHERE: &[(&str, &str)] = &[
    ("version", "it says how the document is to be read"),
    (
        "config",
        "the list of version 1 becomes version 2, and has tests of its own; `disabled` asks for no file",
    ),
    ("renderer", "networkd is who reads the files"),
    ("*.renderer", "the same for all devices of a kind"),
    ("@.renderer", "the same for a device"),
    (
        "made.ignore-carrier",
        "networkd makes the device: it waits for no cable",
    ),
    (
        "@.dhcp6-overrides.use-mtu",
        "a warning says that it has no effect: IPv6 has it from routers",
    ),
    (
        "@.dhcp6-overrides.use-routes",
        "a warning says that it has no effect: IPv6 has them from routers",
    ),
];

#[test]
fn every_key_of_the_schema_shows_up_in_a_file() {
    let schema: Value = serde_json::from_str(include_str!("../../../../schemas/network-config-v2.json")).unwrap();
    let keys = keys(&schema);
    assert!(keys.len() > 90, "only {} keys", keys.len());
    let (mut wrong, mut unused) = (Vec::new(), listed());
    for (place, example) in &keys {
        let names = names(place);
        names.iter().for_each(|name| unused.retain(|listed| listed != name));
        if NOWHERE.iter().any(|(key, _)| names.iter().any(|name| name == key)) {
            continue;
        }
        if let Err(why) = shows_up(place, &names, example) {
            wrong.push(format!("{}: {why}", place.join(".")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unused.is_empty(), "listed, but no key: {unused:?}");
}

/// What the tables above are about.
fn listed() -> Vec<String> {
    let shown = SHOWN.iter().map(|(key, ..)| *key);
    shown
        .chain(NOWHERE.iter().map(|(key, _)| *key))
        .map(str::to_owned)
        .collect()
}

/// The ways in which the tables may write a place: with the kind of device, or for any.
fn names(place: &[String]) -> Vec<String> {
    let mut names = vec![place.join(".")];
    let mut under = |prefix: &str, rest: &[String]| {
        let keys = [prefix].into_iter().chain(rest.iter().map(String::as_str));
        names.push(keys.collect::<Vec<_>>().join("."));
    };
    if let [_, rest @ ..] = place {
        under("*", rest);
    }
    if let [kind, any, rest @ ..] = place
        && any == "*"
    {
        under("@", rest);
        if kind != "ethernets" {
            under("made", rest);
        }
    }
    names
}

/// Whether the key's value is in the lines that it adds to the files, or the key is refused.
fn shows_up(place: &[String], names: &[String], example: &Value) -> Result<(), String> {
    let listed = SHOWN.iter().find(|(key, ..)| names.iter().any(|name| name == key));
    let value = match listed {
        Some((_, yaml, _)) => serde_yaml::from_str(yaml).unwrap(),
        None => example.clone(),
    };
    let without = document(place, None);
    let with = document(place, Some(value.clone()));
    if let Some(error) = refusal(&document(place, Some(json!({"a": "b"})))) {
        // What is refused whatever its value.
        if error.path == path(place) {
            return Ok(());
        }
    }
    let before = lines(&without)?;
    let mut added = lines(&with)?;
    for line in before {
        if let Some(number) = added.iter().position(|other| *other == line) {
            added.remove(number);
        }
    }
    let expected: Vec<String> = match (listed, &value) {
        (Some((.., line)), _) => vec![(*line).to_owned()],
        (None, Value::Bool(yes)) => vec![if *yes { "=yes" } else { "=no" }.to_owned()],
        (None, Value::String(text)) => vec![text.clone()],
        (None, Value::Number(number)) => vec![format!("={number}")],
        (None, other) => return Err(format!("what do the files have for {other}?")),
    };
    let missing: Vec<_> = expected
        .iter()
        .filter(|text| !added.iter().any(|line| line.contains(text.as_str())))
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format!("{missing:?} is not in what {value} adds: {added:?}")),
    }
}

/// The place in a document: devices have the name `dev0`, and lists one item.
fn path(place: &[String]) -> Vec<String> {
    let keys = place.iter().enumerate();
    keys.map(|(number, key)| match (key.as_str(), number) {
        ("*", 1) => "dev0".to_owned(),
        ("*", _) => "0".to_owned(),
        (other, _) => other.to_owned(),
    })
    .collect()
}

/// What is around a key of a tunnel: the tunnel has a mode that takes the key.
fn tunnel(place: &[String]) -> &'static str {
    let keys: Vec<&str> = place.iter().skip(2).map(String::as_str).collect();
    match keys.as_slice() {
        ["mark" | "peers", ..] | ["key" | "keys", "private"] => "{mode: wireguard}",
        ["mode" | "local" | "remote" | "ttl" | "key" | "keys", ..] => "{mode: gre, remote: 192.0.2.20}",
        _ => "{mode: vxlan, id: 5, addresses: [192.0.2.10/24]}",
    }
}

/// A document with `value` at a place, and what has to be around it.
fn document(place: &[String], value: Option<Value>) -> Value {
    let mut document = json!({"ethernets": {"pf0": {}, "eth0": {}, "eth1": {}}});
    let mut at = &mut document;
    for (number, key) in place.iter().enumerate() {
        let is_last = number + 1 == place.len();
        let is_item = key == "*" && place.get(number.wrapping_sub(1)).is_some_and(|list| is_list(list));
        if is_last {
            if let Some(value) = value {
                at[key.as_str()] = value;
            }
            return document;
        }
        at = match (key.as_str(), is_item) {
            ("*", true) => &mut at[0],
            ("*", false) if number == 1 => &mut at["dev0"],
            // An address with options: a mapping of one.
            ("*", false) => at.as_object_mut().unwrap().values_mut().next().unwrap(),
            (other, _) => &mut at[other],
        };
        if at.is_null() {
            let names = names(&place[..=number]);
            let listed = AROUND
                .iter()
                .find(|(around, _)| names.iter().any(|name| name == around));
            let around = match place[..=number].join(".").as_str() {
                "tunnels.*" => Some(tunnel(place)),
                _ => listed.map(|(_, yaml)| *yaml),
            };
            let next_is_item = is_list(key) && place.get(number + 1).is_some_and(|next| next == "*");
            *at = match around {
                Some(yaml) => serde_yaml::from_str(yaml).unwrap(),
                None if next_is_item => json!([null]),
                None => json!({}),
            };
        } else if is_list(key) && at.is_array() && place.get(number + 1).is_some_and(|next| next == "*") {
            // The key is set in an item of its own.
            *at = json!([null]);
        }
    }
    document
}

fn is_list(key: &str) -> bool {
    LISTS.contains(&key)
}

/// Keys whose value is a list of mappings.
const LISTS: [&str; 4] = ["addresses", "routes", "routing-policy", "peers"];

/// The first thing that is wrong with a document once it is decoded.
fn refusal(document: &Value) -> Option<Problem> {
    let document = decoded(document).ok()?;
    let mut found: Vec<Problem> = Vec::new();
    document.check(&mut Problems::new(&mut found));
    found.into_iter().find(|problem| !problem.warning)
}

/// A document as it is read: JSON is YAML too.
fn decoded(document: &Value) -> Result<Document, String> {
    let tree = parse(&document.to_string(), 0).unwrap().root.unwrap();
    decode(&tree).map_err(|error| format!("{document}: {error:?}"))
}

/// The lines of all files: `10-firstlight-dev0.network [Link] MTUBytes=9000`.
fn lines(document: &Value) -> Result<Vec<String>, String> {
    let network = decoded(document)?;
    let config = Config {
        network: Some(network),
        ..Config::default()
    };
    let rig = Rig::offline();
    let root = Root::open(rig.tree.path()).unwrap();
    let plan = Network
        .plan(&config, &Machine::new(&root, &rig.facts))
        .map_err(|error| format!("{document}: {error}"))?;
    let files = files(&plan);
    let lines = files.iter().flat_map(|(name, text)| {
        let lines = read_ini(text).into_iter();
        lines.map(move |(_, section, key, value)| format!("{name} [{section}] {key}={value}"))
    });
    Ok(lines.collect())
}

/// All keys that have no others below them, each with its example.
fn keys(schema: &Value) -> Vec<(Vec<String>, Value)> {
    let mut all = BTreeMap::new();
    collect(schema, &schema["$defs"]["Network"], &[], &mut all);
    all.into_iter().collect()
}

/// Adds the keys below `place`, whose schema is `node`.
fn collect(schema: &Value, node: &Value, place: &[String], all: &mut BTreeMap<Vec<String>, Value>) {
    let below = |key: &str| place.iter().cloned().chain([key.to_owned()]).collect::<Vec<_>>();
    // Version 1 has a row for all of it.
    if place == ["config"] {
        return;
    }
    if let Some(name) = node["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix("#/$defs/"))
    {
        collect(schema, &schema["$defs"][name], place, all);
    }
    for part in ["anyOf", "allOf", "oneOf"]
        .iter()
        .filter_map(|part| node[part].as_array())
        .flatten()
    {
        collect(schema, part, place, all);
    }
    for (key, property) in node["properties"].as_object().into_iter().flatten() {
        let place = below(key);
        let before = all.len();
        collect(schema, property, &place, all);
        let is_leaf = all.len() == before && !all.keys().any(|other| other.starts_with(&place));
        // A list of texts or mappings is a key by itself too.
        let is_shown = SHOWN
            .iter()
            .any(|(key, ..)| names(&place).iter().any(|name| name == key));
        if is_leaf || is_shown {
            let example = property["examples"][0].clone();
            all.entry(place).or_insert(example);
        }
    }
    for device in node["patternProperties"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.values())
    {
        collect(schema, device, &below("*"), all);
    }
    for node in [&node["items"], &node["additionalProperties"]] {
        if node.is_object() {
            collect(schema, node, &below("*"), all);
        }
    }
}
