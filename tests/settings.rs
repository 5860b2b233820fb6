//! `/etc/firstlight/config.yaml`: which sources are asked, what may tell the machine anything, and whose signature counts.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::program::{Said, firstlight, text};
use support::tree::{build, place, snapshot};

const SEED: &str = "var/lib/firstlight/seed";
const FORBIDDEN: &str = "not allowed by /etc/firstlight/config.yaml";

fn put(tree: &Path, path: &str, content: &str) {
    let path = tree.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn signed(name: &str) -> String {
    fs::read_to_string(Path::new("tests/signed").join(name)).unwrap()
}

fn trusted() -> String {
    let key = signed("trusted.pub");
    format!("trusted_keys: [{}]\n", key.lines().last().unwrap())
}

/// A machine with these settings, and files in its seed directory.
fn machine(settings: &str, seed: &[(&str, &str)]) -> tempfile::TempDir {
    let tree = place();
    build("photon5", None, tree.path());
    put(tree.path(), "etc/firstlight/config.yaml", settings);
    for (name, content) in seed {
        put(tree.path(), &format!("{SEED}/{name}"), content);
    }
    tree
}

fn on(tree: &Path, arguments: &[&str]) -> Said {
    firstlight(&[arguments, &["--root", text(tree)]].concat())
}

/// What a source said, in words.
fn of_source(tree: &Path, name: &str) -> (String, String) {
    let said = on(tree, &["sources", "--format", "json"]);
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
    let row = report["sources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == name);
    let row = row.unwrap_or_else(|| panic!("{report}"));
    let word = |key: &str| row[key].as_str().unwrap().to_owned();
    (word("verdict"), word("why"))
}

const PLAIN: [(&str, &str); 2] = [("user-data", "hostname: web1\n"), ("meta-data", "")];

#[test]
fn a_source_that_may_not_look_says_so_and_its_seed_is_not_taken() {
    let free = machine("", &PLAIN);
    assert_eq!(of_source(free.path(), "nocloud").0, "present");
    let tree = machine("allow: [removable, network]\n", &PLAIN);
    let (verdict, why) = of_source(tree.path(), "nocloud");
    assert_eq!(verdict, "absent");
    assert!(why.contains(&format!("directories are {FORBIDDEN}")), "{why}");
    assert!(why.contains(&format!("fixed devices are {FORBIDDEN}")), "{why}");
    for name in ["vmware", "credentials", "program"] {
        let expected = ("absent".to_owned(), FORBIDDEN.to_owned());
        assert_eq!(of_source(tree.path(), name), expected, "{name}");
    }
    let said = on(tree.path(), &["plan"]);
    assert_eq!(said.status, 5, "{said:?}");
    let nothing = machine("allow: []\n", &PLAIN);
    for name in ["nocloud", "ovf", "configdrive", "vmware", "credentials", "program"] {
        let expected = ("absent".to_owned(), FORBIDDEN.to_owned());
        assert_eq!(of_source(nothing.path(), name), expected, "{name}");
    }
}

#[test]
fn an_ovf_environment_in_a_directory_is_a_directory() {
    let property = r#"<Environment><PropertySection><Property key="firstlight.hostname" value="web1"/></PropertySection></Environment>"#;
    let seed = [("ovf-env.xml", property)];
    let free = machine("", &seed);
    assert_eq!(of_source(free.path(), "ovf").0, "present");
    let tree = machine("allow: [hypervisor]\n", &seed);
    let (verdict, why) = of_source(tree.path(), "ovf");
    assert!(
        verdict == "absent" && why.contains("directories are not allowed"),
        "{why}"
    );
}

#[test]
fn a_seed_that_leads_to_an_address_needs_the_network_allowed() {
    let seed = [("user-data", "#include\nhttp://192.0.2.1/web1\n"), ("meta-data", "")];
    assert_eq!(of_source(machine("", &seed).path(), "nocloud").0, "present");
    let tree = machine("allow: [directory]\n", &seed);
    let (verdict, why) = of_source(tree.path(), "nocloud");
    assert!(
        verdict == "broken" && why.contains(&format!("the network is {FORBIDDEN}")),
        "{why}"
    );
}

#[test]
fn what_a_person_names_is_theirs() {
    let (elsewhere, tree) = (place(), machine(&format!("allow: []\n{}", trusted()), &[]));
    for (name, content) in PLAIN {
        put(elsewhere.path(), name, content);
    }
    let source = format!("nocloud:{}", text(elsewhere.path()));
    let said = on(tree.path(), &["plan", "--source", &source]);
    assert!(said.status == 0 && said.stdout.contains("+web1"), "{said:?}");
    let document = elsewhere.path().join("user-data");
    let said = on(tree.path(), &["plan", text(&document)]);
    assert!(said.status == 0 && said.stdout.contains("+web1"), "{said:?}");
}

#[test]
fn settings_say_which_sources_are_asked_and_a_person_says_otherwise() {
    let tree = machine("sources: [vmware, ovf]\n", &PLAIN);
    let said = on(tree.path(), &["sources", "--format", "json"]);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    let names: Vec<_> = report["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].clone())
        .collect();
    assert_eq!(names, ["vmware", "ovf"]);
    assert_eq!(said.status, 5);
    let said = on(tree.path(), &["plan", "--source", "nocloud"]);
    assert!(said.status == 0 && said.stdout.contains("+web1"), "{said:?}");
}

#[test]
fn with_wrong_settings_no_source_is_asked() {
    let tree = machine("allow: [usb]\nhttp: {proxy: 'socks://me:hunter2@proxy'}\n", &PLAIN);
    for command in [
        &["plan"][..],
        &["apply"],
        &["sources"],
        &["sources", "--source", "nocloud"],
    ] {
        let before = snapshot(tree.path());
        let said = on(tree.path(), command);
        assert_eq!((said.status, said.stdout.as_str()), (1, ""), "{said:?}");
        for words in [
            "/etc/firstlight/config.yaml:1:9",
            "expected one of removable, fixed, directory, hypervisor, network, program",
            "/etc/firstlight/config.yaml:2:15",
            "http://HOST:PORT",
            "no source is searched until this is corrected",
        ] {
            assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
        }
        assert!(!said.stderr.contains("hunter2"), "{}", said.stderr);
        assert_eq!(before, snapshot(tree.path()), "{command:?}");
    }
    // A document that a person gives asks no source.
    let document = tree.path().join(SEED).join("user-data");
    assert_eq!(on(tree.path(), &["plan", text(&document)]).status, 0);
}

#[test]
fn only_what_is_signed_is_applied() {
    let (user_data, meta_data) = (signed("user-data"), signed("meta-data"));
    let (signature, meta_signature) = (signed("user-data.minisig"), signed("meta-data.minisig"));
    let (legacy, other) = (signed("user-data.legacy"), signed("user-data.other"));
    let changed = user_data.replace("web1", "web2");
    for (user_data, signature, problem) in [
        (&user_data, Some(&signature), None),
        (&user_data, Some(&legacy), None),
        (&user_data, None, Some("is not signed")),
        (
            &user_data,
            Some(&other),
            Some("is signed, but not with one of this machine's trusted_keys"),
        ),
        (&user_data, Some(&meta_signature), Some("does not match its signature")),
        (&changed, Some(&signature), Some("does not match its signature")),
    ] {
        let mut seed = vec![
            ("user-data", user_data.as_str()),
            ("meta-data", &meta_data),
            ("meta-data.minisig", &meta_signature),
        ];
        seed.extend(signature.map(|signature| ("user-data.minisig", signature.as_str())));
        let tree = machine(&trusted(), &seed);
        let before = snapshot(tree.path());
        let said = on(tree.path(), &["apply"]);
        let Some(problem) = problem else {
            assert_eq!(said.status, 0, "{said:?}");
            assert_eq!(fs::read_to_string(tree.path().join("etc/hostname")).unwrap(), "web1\n");
            continue;
        };
        assert_eq!(said.status, 1, "{said:?}");
        let expected = format!("/{SEED}/user-data: {problem}");
        assert!(said.stderr.contains(&expected), "{expected}: {}", said.stderr);
        assert!(said.stderr.contains("`minisign -Sm user-data`"), "{}", said.stderr);
        assert_eq!(before, snapshot(tree.path()), "{problem}");
    }
}

#[test]
fn every_part_with_content_needs_its_signature() {
    let (user_data, signature) = (signed("user-data"), signed("user-data.minisig"));
    let seed = |more: &'static [(&'static str, &'static str)]| {
        let mut seed = vec![("user-data", user_data.as_str()), ("user-data.minisig", &signature)];
        seed.extend(more);
        machine(&trusted(), &seed)
    };
    let empty = seed(&[("meta-data", ""), ("vendor-data", "")]);
    assert_eq!(on(empty.path(), &["plan"]).status, 0);
    for (name, more) in [
        ("meta-data", &[("meta-data", "instance-id: i-1\n")][..]),
        ("vendor-data", &[("meta-data", ""), ("vendor-data", "docker: true\n")]),
        (
            "network-config",
            &[("meta-data", ""), ("network-config", "version: 2\n")],
        ),
    ] {
        let tree = seed(more);
        let said = on(tree.path(), &["plan"]);
        assert_eq!(said.status, 1, "{said:?}");
        assert!(
            said.stderr.contains(&format!("/{name}: is not signed")),
            "{}",
            said.stderr
        );
    }
}

#[test]
fn a_seed_that_is_put_together_from_properties_cannot_be_signed() {
    let property = r#"<Environment><PropertySection><Property key="firstlight.hostname" value="web1"/></PropertySection></Environment>"#;
    let tree = machine(&trusted(), &[("ovf-env.xml", property)]);
    let said = on(tree.path(), &["plan"]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(
        said.stderr.contains("its user-data can't carry a signature there"),
        "{}",
        said.stderr
    );
}

#[test]
fn no_program_of_a_tree_is_run_and_one_that_a_person_names_is() {
    let tree = machine("", &[]);
    let trace = tree.path().join("trace");
    let script = format!("#!/bin/sh\ntouch {}\n", trace.display());
    put(tree.path(), "etc/firstlight/sources.d/10-trace", &script);
    let program = tree.path().join("etc/firstlight/sources.d/10-trace");
    Command::new("chmod").args(["755", text(&program)]).status().unwrap();
    let (verdict, why) = of_source(tree.path(), "program");
    assert!(
        verdict == "absent" && why.contains("firstlight executes nothing from a tree"),
        "{why}"
    );
    assert!(!trace.exists());
    let said = on(
        tree.path(),
        &["plan", "--source", &format!("program:{}", text(&program))],
    );
    assert!(said.status == 1 && said.stderr.contains("has no seed"), "{said:?}");
    assert!(trace.exists());
}

#[test]
fn the_example_program_of_the_documentation_works() {
    let page = fs::read_to_string("docs/sources.md").unwrap();
    let (_, rest) = page.split_once("```sh\n#!/bin/sh\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let tree = machine("", &[]);
    put(tree.path(), "example", &format!("#!/bin/sh\n{example}"));
    let program = tree.path().join("example");
    Command::new("chmod").args(["755", text(&program)]).status().unwrap();
    let said = on(
        tree.path(),
        &["plan", "--source", &format!("program:{}", text(&program))],
    );
    assert!(said.status == 0 && said.stdout.contains("/etc/hostname"), "{said:?}");
}
