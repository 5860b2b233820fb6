//! The real cloud-init, recorded in 130 scenarios, against ours: files with their modes and owners, links, accounts, the host
//! name, commands, and whether something is said. Every deliberate difference is listed with its reason.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod facts;
mod machine;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use facts::{Facts, is_same, ours, theirs};
use serde_json::Value;
use support::differences::{undocumented, unlisted};
use support::mounts::with_own_mounts;

/// The scenarios about keys that aren't applied, each with its key.
const NOT_APPLIED: &[(&str, &str)] = &[
    ("create_hostname_file_false", "create_hostname_file"),
    ("mounts", "mounts"),
    ("swap_fixed", "swap"),
];

/// The list of deliberate differences.
const DIFFERENCES: &str = include_str!("differences");

/// How many scenarios are replayed at a time.
const AT_A_TIME: usize = 4;

/// What is left of the scenarios, in the order of their names.
fn replayed(cases: BTreeMap<String, Value>) -> BTreeMap<String, Facts> {
    let done = std::sync::Arc::new(Mutex::new(BTreeMap::new()));
    let left = std::sync::Arc::new(Mutex::new(cases));
    let workers = (0..AT_A_TIME).map(|_| {
        let (done, left) = (done.clone(), left.clone());
        std::thread::spawn(move || {
            with_own_mounts("a boot in a tree", move || {
                loop {
                    let next = left.lock().unwrap().pop_first();
                    let Some((name, case)) = next else { break };
                    let facts = ours(&name, &case);
                    done.lock().unwrap().insert(name, facts);
                }
            });
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.join().unwrap();
    }
    let done = done.lock().unwrap();
    done.clone()
}

#[test]
fn scenarios_end_as_with_cloud_init_but_for_what_is_listed() {
    if !support::skip::is_root("owners are set by root alone") {
        return;
    }
    let cases: BTreeMap<String, Value> = serde_json::from_str(include_str!("../oracles/behaviour.json")).unwrap();
    assert_eq!(cases.len(), 130);
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for (name, ours) in replayed(cases.clone()) {
        if let Some((_, key)) = NOT_APPLIED.iter().find(|(case, _)| *case == name) {
            let message = format!("error[not-applied]: `{key}` is a key of cloud-config");
            if !ours.get("said").is_some_and(|said| said.contains(&message)) {
                wrong.push(format!("{name}: `{key}` is applied now: take it out of NOT_APPLIED"));
            }
            continue;
        }
        let theirs = theirs(&cases[&name]);
        for fact in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
            let text = |facts: &Facts| facts.get(fact).cloned().unwrap_or_default();
            let (our, their) = (text(&ours), text(&theirs));
            if !is_same(fact, &our, &their) {
                found.push(((name.clone(), fact.clone(), our), their));
            }
        }
    }
    wrong.extend(unlisted(&found, DIFFERENCES));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Who reads the documentation knows of each difference.
#[test]
fn each_difference_is_documented() {
    assert_eq!(undocumented(DIFFERENCES), BTreeSet::new());
}
