//! Mistakes that people make, each in a document of its own: one diagnostic leads straight to it.
//!
//! `tests/mistakes/NAME.yaml` is the document, `NAME.txt` what `validate` says of it. `UPDATE=1 cargo test --test mistakes`
//! writes the latter, for a person to read.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::program::{firstlight, firstlight_in};
use support::tree::{build, place};

#[test]
fn each_mistake_has_one_diagnostic_that_leads_to_it() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let update = std::env::var_os("UPDATE").is_some();
    let entries = fs::read_dir(&directory).unwrap();
    let mut documents: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    documents.retain(|path| path.extension().is_some_and(|it| it == "yaml"));
    documents.sort();
    assert!(documents.len() >= 60, "{} mistakes", documents.len());
    let mut wrong = Vec::new();
    for document in documents {
        let name = document.file_name().unwrap().to_str().unwrap();
        let said = firstlight_in(&directory, &["validate", name]).stdout;
        let count = |sign: &str| said.lines().filter(|line| line.starts_with(sign)).count();
        if count("error[") + count("warning[") != 1 {
            wrong.push(format!("{name} doesn't have one diagnostic:\n{said}"));
        }
        let expected = document.with_extension("txt");
        if update {
            fs::write(&expected, &said).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("{name} says now:\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The codes of what `validate` says of a text.
fn codes(text: &[u8]) -> Vec<String> {
    let desk = place();
    fs::write(desk.path().join("document"), text).unwrap();
    of(&firstlight_in(desk.path(), &["validate", "--format", "json", "document"]).stdout)
}

fn of(json: &str) -> Vec<String> {
    let said: Value = serde_json::from_str(json).unwrap();
    let diagnostics = said["documents"][0]["diagnostics"].as_array().unwrap().iter();
    diagnostics
        .map(|diagnostic| diagnostic["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_code_is_explained_with_an_example_that_has_it_and_one_that_has_not() {
    let all: Value = serde_json::from_str(&firstlight(&["explain", "--format", "json"]).stdout).unwrap();
    let mut left: BTreeSet<String> = BTreeSet::new();
    for code in all["codes"].as_array().unwrap() {
        let name = code["code"].as_str().unwrap();
        let told = firstlight(&["explain", name]).stdout;
        assert!(
            told.starts_with(&format!("{name}: {}", code["meaning"].as_str().unwrap())),
            "{told}"
        );
        let (Some(wrong), Some(right)) = (code["wrong"].as_str(), code["right"].as_str()) else {
            left.insert(name.to_owned());
            continue;
        };
        assert_eq!(codes(wrong.as_bytes()), [name], "{wrong}");
        assert_eq!(codes(right.as_bytes()), [""; 0], "{right}");
        assert!(
            told.contains("\nWrong:\n\n    ") && told.contains("\nRight:\n\n    "),
            "{told}"
        );
    }
    // Those that no text alone has.
    let many: String = (0..300).map(|number| format!("k{number}: 1\n")).collect();
    let deep = format!("hostname: {}", "[".repeat(500));
    for (code, text) in [
        ("not-utf8", b"hostname: \xff\n".to_vec()),
        ("too-large", deep.into_bytes()),
        ("not-fetched", b"#include\nhttps://example.com/user-data\n".to_vec()),
        ("more", many.into_bytes()),
    ] {
        assert_eq!(codes(&text).last().unwrap(), code);
        left.remove(code);
    }
    let unreadable = firstlight(&["validate", "--format", "json", "/nowhere"]).stdout;
    assert_eq!(of(&unreadable), ["unreadable"]);
    left.remove("unreadable");
    let desk = place();
    let drive = desk.path().join("openstack/latest");
    fs::create_dir_all(&drive).unwrap();
    fs::write(drive.join("meta_data.json"), r#"{"uuid": "i-1"}"#).unwrap();
    let network = r#"{"links": [{"id": "a", "type": "wormhole"}], "networks": [], "services": []}"#;
    fs::write(drive.join("network_data.json"), network).unwrap();
    let drive = firstlight_in(desk.path(), &["validate", "--format", "json", "."]).stdout;
    assert_eq!(of(&drive), ["not-converted"], "{drive}");
    left.remove("not-converted");
    // `validate` doesn't look at the machine.
    assert_eq!(left, BTreeSet::from(["unplannable".to_owned()]));
    let (root, seed) = (place(), "services: {nowhere1: true}\n");
    build("photon5", None, root.path());
    fs::write(desk.path().join("document"), seed).unwrap();
    let path = root.path().to_str().unwrap();
    let plan = firstlight_in(desk.path(), &["plan", "--root", path, "--format", "json", "document"]).stdout;
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let modules = plan["modules"].as_array().unwrap();
    let mut problems = modules.iter().flat_map(|module| module["problems"].as_array().unwrap());
    assert_eq!(problems.next().unwrap()["code"], "unplannable");
}

#[test]
fn a_code_that_is_not_known_is_answered_with_the_nearest() {
    let said = firstlight(&["explain", "unknwon-key"]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("'unknown-key'"), "{}", said.stderr);
    let list = firstlight(&["explain"]).stdout;
    assert!(list.contains("unknown-key        A key isn't known\n"), "{list}");
}
