//! The schemas in `schemas/` say what the program takes and prints: an independent validator and the program agree.
//!
//! Of what the program takes, all is valid. What it refuses is not valid either, but for what a schema can't say: those
//! reasons are listed.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use firstlight::document::{Diagnostic, Document, Text, Texts};
use firstlight::settings::Settings;
use jsonschema::Validator;
use serde_json::{Value, json};
use support::program::{firstlight, firstlight_reading, text};
use support::schema::{schema, seen_by_an_editor, wrong};
use support::tree::{build, place};

/// What the program says against a document of this kind: errors, and what an editor shows as one.
fn errors(kind: &str, document: &str) -> Vec<Diagnostic> {
    let bytes = document.as_bytes();
    let one = Some(Text::new("document", bytes));
    let read = |texts: Texts<'_>| Document::read(&texts).diagnostics;
    let all = match kind {
        "meta-data" => read(Texts {
            meta_data: one,
            ..Texts::default()
        }),
        "network-config-v1" | "network-config-v2" => read(Texts {
            network_config: one,
            ..Texts::default()
        }),
        "config" => Settings::check("config.yaml", bytes),
        _ => read(Texts {
            user_data: one,
            ..Texts::default()
        }),
    };
    let is_error = |said: &Diagnostic| said.is_error() || said.in_one_line().contains(SKIPPED);
    all.into_iter().filter(is_error).collect()
}

/// What an empty variable of a template leaves is a warning; who writes by hand has forgotten something.
const SKIPPED: &str = "there is no key in this item";

/// What only the program knows: values that have to do with each other, and texts that YAML reads as something else.
const ONLY_THE_PROGRAM: [&str; 41] = [
    // What systemd makes of a text.
    "an empty file masks the unit",
    // Which options of a repository are flags.
    "` takes true or false",
    // A name like `1.0` is a whole number for an editor.
    "a number is an ID",
    "a name of digits alone is read as a number",
    "the number of an account or a group",
    // `- 5` and `- "5"` are one text for an editor.
    "expected a command or a list of words",
    "expected a module's name",
    "expected the name of a package, or its name",
    // Quoted, where an editor doesn't know a quoted word from a plain one.
    "expected true, false, or a mapping",
    "expected true, false, a command",
    // An editor reads `0644` and `644` as the same number.
    "permissions are three or four octal digits",
    "this is not an octal number",
    // What the values of other keys make of it.
    "there is an entry for",
    "are both given",
    "a password is missing",
    "the keys need a home directory",
    "can't be reached: the link gets no",
    "`to: default` without `via`",
    "an empty `match`",
    "`set-name` needs a `match`",
    "says something else about the same unit",
    "there is no device",
    "there is no link `",
    "is an address of the loopback link",
    "is listed twice",
    "(add it there, or leave it out here)",
    // What a key of a tunnel is depends on its mode.
    "this is not a key of WireGuard",
    "needs a private key",
    "expected a key, or a mapping of keys",
    "the `peer` of",
    // A pattern has no range: a number in quotes.
    "an MTU of",
    "expected a number up to 65535",
    "this is not a password hash",
    // What a text is in another language.
    "has the encoding base64, but",
    "is not gzip, or is damaged",
    "no command is given, but one is required",
    "this is neither `[Section]` nor `Key=value`",
    "has more than one value here",
    "a proxy is an address",
    "the source has neither",
    "the webhook has no address",
];

/// Program and schema about one document; what they disagree on.
fn disagreement(kind: &str, validator: &Validator, document: &str) -> Option<String> {
    let seen = seen_by_an_editor(document)?;
    let (program, schema) = (errors(kind, document), wrong(validator, &seen));
    let said: Vec<String> = program.iter().map(Diagnostic::in_one_line).collect();
    match (said.as_slice(), schema.as_slice()) {
        ([], []) => None,
        ([], schema) => Some(format!("the schema alone refuses {document}: {}", schema.join("\n"))),
        (said, [])
            if said
                .iter()
                .any(|line| ONLY_THE_PROGRAM.iter().any(|known| line.contains(known))) =>
        {
            None
        }
        (said, []) => Some(format!("the program alone refuses {document}: {}", said.join("\n"))),
        _ => None,
    }
}

fn paths(folder: &str) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
}

/// What examples and documentation show, with its kind.
fn shown() -> Vec<(&'static str, String)> {
    let examples = paths("examples").filter(|path| path.extension().is_some_and(|it| it == "yaml"));
    let mut all: Vec<_> = examples
        .map(|path| ("user-data", fs::read_to_string(path).unwrap()))
        .collect();
    let pages = paths("docs").filter(|path| path.extension().is_some_and(|it| it == "md"));
    for page in pages.chain([PathBuf::from("README.md")]) {
        let kind = if page.ends_with("settings.md") {
            "config"
        } else {
            "user-data"
        };
        for block in fs::read_to_string(&page).unwrap().split("```yaml\n").skip(1) {
            all.push((kind, block.split("```").next().unwrap().to_owned()));
        }
    }
    all
}

/// The documents of the golden cases, with their kind.
fn seeds() -> Vec<(&'static str, String)> {
    let parts = [
        ("user-data", "user-data"),
        ("meta-data", "meta-data"),
        ("network-config", "network-config-v2"),
    ];
    let versioned = |kind, text: &String| match text.starts_with("version: 1\n") {
        true => "network-config-v1",
        false => kind,
    };
    let case = |case: PathBuf| {
        parts.map(|(part, kind)| {
            let text = fs::read_to_string(case.join("seed").join(part)).ok()?;
            Some((versioned(kind, &text), text))
        })
    };
    paths("tests/cases").flat_map(case).flatten().collect()
}

#[test]
fn program_and_schema_agree_on_every_document() {
    let corpus = [shown(), seeds()].concat();
    assert!(corpus.len() > 70, "only {} documents were found", corpus.len());
    let mut wrong = Vec::new();
    for kind in [
        "user-data",
        "meta-data",
        "network-config-v1",
        "network-config-v2",
        "config",
    ] {
        let validator = schema(kind);
        let documents = corpus.iter().filter(|(other, _)| *other == kind);
        wrong.extend(documents.filter_map(|(_, document)| disagreement(kind, &validator, document)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What takes the place of each value of a document.
fn values() -> [Value; 18] {
    [
        json!(null),
        json!(true),
        json!("yes"),
        json!("False"),
        json!("maybe"),
        json!(0),
        json!(12),
        json!(-1),
        json!(99999999999_u64),
        json!("12"),
        json!("a b"),
        json!(""),
        json!("../x"),
        json!([]),
        json!({}),
        json!([null]),
        json!({"a": "b"}),
        json!(["a", "a"]),
    ]
}

/// Calls `with` on the document with each of `values` at each place, and with each key of a mapping misspelt.
fn edit(document: &Value, at: &mut Vec<String>, with: &mut dyn FnMut(String, Value), whole: &Value) {
    let place = |at: &[String]| {
        at.iter()
            .map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1")))
            .collect::<String>()
    };
    if !at.is_empty() {
        for value in values() {
            let mut edited = whole.clone();
            *edited.pointer_mut(&place(at)).unwrap() = value.clone();
            with(format!("{} = {value}", at.join(".")), edited);
        }
    }
    match document {
        Value::Object(entries) => {
            for (key, below) in entries {
                let mut edited = whole.clone();
                let mapping = edited.pointer_mut(&place(at)).unwrap().as_object_mut().unwrap();
                let value = mapping.remove(key).unwrap();
                mapping.insert(format!("{key}x"), value);
                with(format!("{}.{key} misspelt", at.join(".")), edited);
                at.push(key.clone());
                edit(below, at, with, whole);
                at.pop();
            }
        }
        Value::Array(items) => {
            for (number, below) in items.iter().enumerate() {
                at.push(number.to_string());
                edit(below, at, with, whole);
                at.pop();
            }
        }
        _ => {}
    }
}

/// Networks of version 1 that have all of its keys together.
const VERSION_1: [&str; 4] = [
    "\
version: 1
config:
- type: physical
  name: eth0
  mac_address: 00:50:56:aa:bb:cc
  mtu: 1500
  accept-ra: false
  optional: true
  keep_configuration: false
  wakeonlan: true
  subnets:
  - {type: static, address: 192.0.2.10, netmask: 255.255.255.0, gateway: 192.0.2.1, metric: 100, control: auto}
  - type: static6
    ip_address: 2001:db8::10
    prefix: 64
    dns_nameservers: [192.0.2.53, 2001:db8::53]
    dns_search: example.com example.net
    mtu: 1400
    routes:
    - {destination: 198.51.100.0, netmask: 255.255.255.0, gateway: 192.0.2.254, metric: 10, mtu: 1300, table: 101, id: 0}
    - {type: route, network: 203.0.113.0, prefix: 24, gateway: 192.0.2.254}
",
    "\
version: 1
config:
- {type: physical, name: eth1, subnets: [{type: static, address: 10.0.0.2/32, pointopoint: 10.0.0.1}]}
- {type: physical, name: eth2, subnets: [{type: dhcp6, metric: 300}]}
- {type: infiniband, name: ib0, mtu: 2044, subnets: [{type: dhcp4, metric: 200, control: hotplug}]}
- {type: loopback, name: lo, subnets: [{type: static, address: 127.0.0.2/8}]}
- {type: nameserver, address: [192.0.2.54], search: example.org, interface: eth1}
- {type: nameserver, address: 192.0.2.55}
- {type: route, destination: 198.51.100.0/24, gateway: 10.0.0.1}
",
    "\
version: 1
config:
- type: bond
  name: bond0
  mac_address: 00:50:56:aa:bb:cd
  bond_interfaces: [eth3, eth4]
  params:
    bond-mode: active-backup
    bond-miimon: 100
    bond-min-links: 1
    bond-xmit-hash-policy: 1
    bond_lacp_rate: fast
    bond-ad-select: bandwidth
    bond-all-slaves-active: 0
    bond-arp-ip-target: [10.0.0.1]
    bond-arp-validate: '1'
    bond-arp-all-targets: any
    bond-updelay: 200
    bond-downdelay: 200ms
    bond-fail-over-mac: active
    bond-num-grat-arp: 2
    bond-packets-per-slave: 3
    bond-primary-reselect: better
    bond-primary: eth3
    bond-resend-igmp: 4
    bond-lp-interval: 5
    bond-use-carrier: 1
  subnets: [{type: manual}]
",
    "\
version: 1
config:
- type: bridge
  name: br0
  bridge_interfaces: [v5]
  params:
    bridge_ageing: 300
    bridge_bridgeprio: 32768
    bridge_fd: 4
    bridge_hello: 2
    bridge_maxage: 20
    bridge_pathcost: v5 50
    bridge_portprio: [v5 32]
    bridge_stp: 'off'
    bridge_hw: 00:50:56:aa:bb:ce
    bridge_gcint: 4
  subnets: [{type: ipv6_slaac}]
- {type: vlan, name: v5, vlan_link: eth0, vlan_id: 5, mac_address: 00:50:56:aa:bb:cf}
",
];

/// Each value of large documents made something else, and each key misspelt.
#[test]
fn program_and_schema_agree_on_every_mistake() {
    let everything = fs::read_to_string("tests/cases/60-everything/seed/user-data").unwrap();
    let mutants = include_str!("mutations/documents.rs").split("r#\"").nth(1).unwrap();
    let mut documents = vec![
        ("user-data", everything),
        ("user-data", mutants.split("\"#;").next().unwrap().to_owned()),
    ];
    // The reference has an example of each key.
    documents.extend(shown());
    documents.extend(VERSION_1.map(|document| ("network-config-v1", document.to_owned())));
    let whole = ["meta-data", "network-config-v1", "network-config-v2"];
    documents.extend(seeds().into_iter().filter(|(kind, _)| whole.contains(kind)));
    let (mut wrong, mut edits) = (Vec::new(), 0);
    for (kind, document) in documents {
        let Some(document) = seen_by_an_editor(&document) else {
            continue;
        };
        let validator = schema(kind);
        let mut look = |what: String, edited: Value| {
            edits += 1;
            let found = disagreement(kind, &validator, &edited.to_string());
            wrong.extend(found.map(|said| {
                format!(
                    "{kind}, {what}: {}",
                    said.rsplit_once("}: ").map_or(said.as_str(), |(_, said)| said)
                )
            }));
        };
        edit(&document, &mut Vec::new(), &mut look, &document.clone());
    }
    assert!(edits > 5000, "{edits} edits");
    assert!(wrong.is_empty(), "{} of {edits}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Each example of a key is valid as that key's value.
#[test]
fn every_example_of_a_key_is_valid() {
    fn walk(schema: &Value, definitions: &Value, examples: &mut usize, found: &mut Vec<String>) {
        for (key, below) in schema.as_object().into_iter().flatten() {
            let properties = below.as_object().filter(|_| key == "properties" || key == "$defs");
            for (name, property) in properties.into_iter().flatten() {
                let mut alone = property.clone();
                alone["$defs"] = definitions.clone();
                let validator = jsonschema::draft202012::new(&alone).unwrap();
                for example in property["examples"].as_array().into_iter().flatten() {
                    *examples += 1;
                    found.extend(
                        wrong(&validator, example)
                            .iter()
                            .map(|why| format!("{name}: {example}: {why}")),
                    );
                }
            }
            if !matches!(key.as_str(), "examples" | "if" | "else") {
                let all: Vec<&Value> = properties.map_or_else(|| vec![below], |all| all.values().collect());
                all.into_iter().for_each(|one| walk(one, definitions, examples, found));
            }
        }
        schema
            .as_array()
            .into_iter()
            .flatten()
            .for_each(|one| walk(one, definitions, examples, found));
    }
    let (mut examples, mut found) = (0, Vec::new());
    for name in ["user-data", "network-config-v2", "meta-data", "config"] {
        let schema: Value = serde_json::from_str(&fs::read_to_string(format!("schemas/{name}.json")).unwrap()).unwrap();
        walk(&schema, &schema["$defs"], &mut examples, &mut found);
    }
    assert!(examples > 150, "{examples} examples");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The file that the program brings is the one in the repository, and the list names each.
#[test]
fn the_program_prints_the_schemas() {
    let listed = firstlight(&["schema"]).stdout;
    let mut files = 0;
    for entry in fs::read_dir("schemas").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(
            listed.lines().any(|line| line.split(' ').next() == Some(&name)),
            "{name}: {listed}"
        );
        assert_eq!(
            firstlight(&["schema", &name]).stdout,
            fs::read_to_string(&path).unwrap()
        );
        files += 1;
    }
    assert_eq!(listed.lines().count(), files);
    let said = firstlight(&["schema", "user-date"]);
    assert!(said.status == 2 && said.stderr.contains("user-data"), "{said:?}");
}

/// Looks at JSON that was printed or left in a file.
fn look(name: &str, printed: &str) {
    let value: Value = serde_json::from_str(printed).unwrap_or_else(|error| panic!("{name}: {error}: {printed}"));
    let wrong = wrong(&schema(name), &value);
    assert!(wrong.is_empty(), "{name}: {}\n{printed}", wrong.join("\n"));
}

#[test]
fn what_is_printed_is_as_its_schema_says() {
    let tree = place();
    build("photon5", None, tree.path());
    let root = text(tree.path());
    let json = |arguments: &[&str]| firstlight(&[arguments, &["--root", root, "--format", "json"]].concat()).stdout;
    let seed = "nocloud:tests/cases/60-everything/seed";

    look("sources", &json(&["sources"]));
    look("sources", &json(&["sources", "--source", seed]));
    look("status", &json(&["status"]));
    look("history", &json(&["history"]));
    look("plan", &json(&["plan", "--source", seed]));
    look("apply", &json(&["apply", "--source", seed]));
    look("status", &json(&["status"]));
    look("history", &json(&["history"]));
    look("drift", &json(&["status", "--drift"]));
    fs::write(tree.path().join("etc/hostname"), "other\n").unwrap();
    look("drift", &json(&["status", "--drift"]));
    let report = tree.path().join("var/lib/firstlight/generations/1/report.json");
    look("report", &fs::read_to_string(&report).unwrap());
    look("rollback", &json(&["rollback"]));

    let wrong = b"hostnme: a\nservices: {nowhere1: true}\n";
    let reading = |command: &str| firstlight_reading(&[command, "--root", root, "--format", "json", "-"], wrong).stdout;
    look("plan", &reading("plan"));
    look("failure", &reading("apply"));
    look(
        "validate",
        &firstlight_reading(&["validate", "--format", "json", "-"], wrong).stdout,
    );
    look("explain", &firstlight(&["explain", "--format", "json"]).stdout);
    look("schemas", &firstlight(&["schema", "--format", "json"]).stdout);
    look("failure", &json(&["plan", "--source", "nocloud:/nowhere"]));
    assert!(!Path::new(root).join("var/lib/firstlight/generations/2").exists());
}
