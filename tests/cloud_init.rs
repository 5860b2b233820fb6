//! The data sources of the real cloud-init, recorded, against ours: which seed, which machine, which
//! name, network and keys. Every deliberate difference is listed here with its reason.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding};
use firstlight::document::Document;
use firstlight::module::network::Network;
use firstlight::module::{Change, Module};
use firstlight::source::{Choice, Name, Rules, Seed, Verdict, search};
use firstlight::system::{Facts, Machine, Root};
use serde_json::Value;
use support::tree::place;

/// The scenarios of the oracle that are about where the data comes from.
const CASES: [&str; 35] = [
    "base64_userdata",
    "dsmode_disabled",
    "dsmode_local_net",
    "empty",
    "gzip_userdata",
    "hostname_user_vs_md",
    "md_hostname_key_ignored",
    "md_local_hostname",
    "md_local_hostname_ip",
    "md_public_keys_root",
    "meta_data_not_yaml",
    "missing_meta_data",
    "net_bad",
    "net_disabled",
    "net_none",
    "net_v2",
    "net_v2_wrapped",
    "network_in_system_cfg_beats_ds",
    "network_in_user_data",
    "no_instance_id",
    "ovf_guestinfo",
    "ovf_plain_user_data",
    "ovf_seed_dir_ovf",
    "ovf_seed_dir_root",
    "seedfrom_dir",
    "seedfrom_http_local_stage",
    "vendor_data",
    "vendor_data_disabled",
    "vmware_base64",
    "vmware_empty",
    "vmware_gzip_base64_redact",
    "vmware_json_metadata",
    "vmware_network_encoded",
    "vmware_plain",
    "vmware_wrong_encoding",
];

/// What is not as in cloud-init, on purpose: the case, the fact, what it is here, and why.
const DIFFERENCES: &[(&str, &str, &str, &str)] = &[
    (
        "hostname_user_vs_md",
        "hostname",
        "fromuser",
        "an explicit name wins; on Photon the platform's does there",
    ),
    ("vendor_data", "hostname", "fromuser", "the same"),
    ("net_bad", "hostname", "stillset", "the same"),
    ("gzip_userdata", "hostname", "gz", "the same"),
    (
        "base64_userdata",
        "hostname",
        "b64",
        "a document in base64 is taken as what it is, wherever it comes from",
    ),
    ("no_instance_id", "hostname", "x", "a name without a dot counts"),
    (
        "meta_data_not_yaml",
        "hostname",
        "x",
        "the same; that meta-data is none is an error besides",
    ),
    (
        "no_instance_id",
        "instance-id",
        "",
        "made from the product UUID, so that a clone is a new machine, not `nocloud`",
    ),
    ("meta_data_not_yaml", "instance-id", "", "the same"),
    (
        "missing_meta_data",
        "seed",
        "refused: /var/lib/cloud/seed/nocloud: has user-data but no meta-data: create an empty file named meta-data \
         beside it",
        "half a seed is a mistake of somebody's, who is told",
    ),
    (
        "network_in_system_cfg_beats_ds",
        "network",
        "DHCP=ipv4 Name=eth8",
        "cloud-init's own settings are not ours",
    ),
    (
        "network_in_user_data",
        "network",
        "DHCP=ipv4 Name=eth9",
        "`network` is a key of the document",
    ),
    (
        "ovf_seed_dir_ovf",
        "seed",
        "found",
        "where cloud-init's documentation says that it is, and its code doesn't look",
    ),
    ("ovf_seed_dir_ovf", "hostname", "ovfhost.example.com", "the same"),
    ("ovf_seed_dir_ovf", "instance-id", "ovf-1", "the same"),
    ("ovf_seed_dir_ovf", "keys", KEY, "the same"),
    (
        "ovf_seed_dir_ovf",
        "network",
        "Address=10.0.0.7/24 DHCP=no Name=eth0",
        "the same",
    ),
    (
        "ovf_seed_dir_root",
        "network",
        "Address=10.0.0.7/24 DHCP=no Name=eth0",
        "network-config counts wherever the environment lies",
    ),
    (
        "seedfrom_http_local_stage",
        "seed",
        "elsewhere",
        "the address is asked once there is a network, and that nobody answers is an error",
    ),
    ("seedfrom_http_local_stage", "instance-id", "i1", "the same"),
    (
        "vmware_base64",
        "network",
        "DHCP=ipv4 Name=eth*",
        "`match: {name: …}` matches",
    ),
    (
        "vmware_gzip_base64_redact",
        "network",
        "DHCP=ipv4 Name=eth*",
        "the same",
    ),
    ("vmware_plain", "network", "DHCP=ipv4 Name=eth*", "the same"),
    (
        "vmware_base64",
        "keys",
        "",
        "the recorded key is none, which is an error here; it can't be replaced in base64",
    ),
    ("vmware_gzip_base64_redact", "keys", "", "the same"),
    (
        "vmware_empty",
        "seed",
        "refused: vmware: /guestinfo: has no guestinfo: put files named guestinfo.userdata, guestinfo.metadata or \
         guestinfo.vendordata there",
        "a place that a person names has to have a seed; on a machine it would be absent",
    ),
    (
        "vmware_wrong_encoding",
        "seed",
        "refused: vmware: /guestinfo/guestinfo.userdata: has an unknown encoding: set .encoding to one of base64, b64, \
         gzip+base64, gz+b64, or leave it empty for plain text; the value is base64",
        "a document that can't be read is not taken for plain text",
    ),
    ("vmware_wrong_encoding", "hostname", "", "the same"),
    ("vmware_wrong_encoding", "instance-id", "", "the same"),
    ("vmware_wrong_encoding", "keys", "", "the same"),
    ("vmware_wrong_encoding", "network", "", "the same"),
];

/// What the recordings have for a public key, and a real one in its place.
const NO_KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIEkeyone";
const REAL: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIBf5Y1nQvY2m0g3Wv3kM3J5o1pQ8x6Zk0q9kq0m1J4uR";
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBf5Y1nQvY2m0g3Wv3kM3J5o1pQ8x6Zk0q9kq0m1J4uR one@x";

/// What a source makes of a scenario, a text for each fact; a fact that is missing was not told.
type Told = BTreeMap<&'static str, String>;

fn oracle() -> BTreeMap<String, Value> {
    serde_json::from_str(include_str!("oracles/data-sources.json")).unwrap()
}

fn bytes(value: &str) -> Vec<u8> {
    match value.strip_prefix("base64:") {
        Some(packed) => Base64::decode_vec(packed).unwrap(),
        None => value.replace(NO_KEY, REAL).into_bytes(),
    }
}

fn write(path: PathBuf, value: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes(value)).unwrap();
}

fn entries<'a>(case: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a str)> {
    let entries = case[key].as_object().unwrap().iter();
    entries.filter_map(|(name, value)| Some((name, value.as_str()?)))
}

/// Lays the scenario out and asks our source.
fn ask(name: &str, case: &Value, tree: &Path) -> Verdict {
    for (path, value) in entries(case, "pre_files") {
        write(tree.join(path.trim_start_matches('/')), value);
    }
    for (key, value) in entries(case, "guestinfo") {
        write(tree.join("guestinfo").join(key), value);
    }
    let choice = match name.split('_').next() {
        _ if name == "ovf_guestinfo" || name == "ovf_plain_user_data" => {
            Choice::At(Name::Ovf, tree.join("guestinfo/guestinfo.ovfEnv"))
        }
        Some("ovf") => Choice::These(vec![Name::Ovf]),
        Some("vmware") => Choice::At(Name::VMware, tree.join("guestinfo")),
        _ => {
            for (part, value) in entries(case, "seed") {
                write(tree.join("var/lib/cloud/seed/nocloud").join(part), value);
            }
            Choice::These(vec![Name::NoCloud])
        }
    };
    search(&Root::open(tree).unwrap(), false, &choice, &Rules::default())
}

/// What matters of `.network` files, as networkd reads it.
fn lines<'a>(files: impl Iterator<Item = (String, &'a str)>) -> String {
    let keys = ["Name=", "Address=", "DHCP=", "DNS=", "Gateway="];
    let all = files.flat_map(|(_, text)| text.lines());
    let kept: BTreeSet<&str> = all
        .filter(|line| keys.iter().any(|key| line.starts_with(key)))
        .collect();
    kept.into_iter().collect::<Vec<_>>().join(" ")
}

fn ours(verdict: Verdict, tree: &Path) -> Told {
    let mut told = Told::new();
    let seed: Seed = match verdict {
        Verdict::Present(seed) => *seed,
        Verdict::Absent(_) => return Told::from([("seed", "none".to_owned())]),
        Verdict::Broken(why) | Verdict::Unknown(why) => return Told::from([("seed", format!("refused: {why}"))]),
    };
    let here = seed.here();
    let document = Document::read(&here.texts());
    told.insert("seed", if seed.is_whole() { "found" } else { "elsewhere" }.to_owned());
    if let Some(id) = &document.meta_data.instance_id {
        told.insert("instance-id", id.clone());
    }
    let config = &document.config;
    if let Some(hostname) = config.hostname.as_ref().or(config.fqdn.as_ref()) {
        told.insert("hostname", hostname.as_str().to_owned());
    }
    let root = Root::open(tree).unwrap();
    let facts = Facts::default();
    let plan = Network.plan(config, &Machine::new(&root, &facts)).unwrap();
    let files = plan.changes.iter().filter_map(|change| match change {
        Change::File(file) => {
            let content = file.content.as_ref()?;
            Some((file.path.clone(), std::str::from_utf8(&content.bytes).ok()?))
        }
        _ => None,
    });
    let network = lines(files.filter(|(path, _)| path.ends_with(".network")));
    if !network.is_empty() {
        told.insert("network", network);
    }
    let keys = config.root.iter().flat_map(|root| &root.ssh_authorized_keys);
    let keys: Vec<_> = keys
        .chain(&config.platform_keys)
        .map(|key| key.line().to_owned())
        .collect();
    if !keys.is_empty() {
        told.insert("keys", keys.join(" "));
    }
    told
}

fn theirs(case: &Value) -> Told {
    let boot = &case["boots"][0];
    if boot["result"]["datasource"].is_null() {
        return Told::from([("seed", "none".to_owned())]);
    }
    let file = |path: &str| {
        case["files"][path]["content"]
            .as_str()
            .map(|text| text.trim().to_owned())
    };
    let mut told = Told::from([("seed", "found".to_owned())]);
    told.extend(file("/var/lib/cloud/data/instance-id").map(|id| ("instance-id", id)));
    // The name the machine of the recording had before.
    let hostname = file("/var/lib/cloud/data/previous-hostname").filter(|name| name != "vm");
    told.extend(hostname.map(|name| ("hostname", name)));
    let files = case["files"].as_object().unwrap().iter();
    let network = files.filter(|(path, _)| path.starts_with("/etc/systemd/network/"));
    let network = lines(network.filter_map(|(path, file)| Some((path.clone(), file["content"].as_str()?))));
    told.extend((!network.is_empty()).then_some(("network", network)));
    let keys = file("/root/.ssh/authorized_keys").filter(|keys| !keys.is_empty());
    told.extend(keys.map(|keys| ("keys", keys.replace(NO_KEY, REAL))));
    told
}

#[test]
fn every_data_source_tells_what_cloud_inits_tells_but_for_what_is_listed() {
    let oracle = oracle();
    let mut found = BTreeSet::new();
    for name in CASES {
        let case = &oracle[name];
        let tree = place();
        let (ours, theirs) = (ours(ask(name, case, tree.path()), tree.path()), theirs(case));
        for fact in ["seed", "instance-id", "hostname", "network", "keys"] {
            let here = ours
                .get(fact)
                .map_or("", String::as_str)
                .replace(&tree.path().display().to_string(), "");
            if here != theirs.get(fact).map_or("", String::as_str) {
                found.insert((name, fact, here));
            }
        }
    }
    let listed = DIFFERENCES
        .iter()
        .map(|(case, fact, here, _)| (*case, *fact, (*here).to_owned()));
    let listed: BTreeSet<_> = listed.collect();
    let new: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "not listed: {new:#?}\nlisted, and not so: {gone:#?}"
    );
}
