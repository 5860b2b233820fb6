//! Promise of the house: a folder of `src` uses those below it, never one above. The order is the list in `src/lib.rs`.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

use std::fs;
use std::path::Path;

/// The folders, from the roof to the ground.
fn floors() -> Vec<String> {
    let index = fs::read_to_string("src/lib.rs").unwrap();
    let lines = index.lines().filter_map(|line| line.strip_prefix("//! - [`"));
    lines.map(|line| line.split('`').next().unwrap().to_owned()).collect()
}

/// The folders that a line of code names: `crate::document::…`; an empty one for `crate::{…}`.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    let names = code.split("crate::").skip(1);
    names.map(|rest| {
        rest.split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default()
    })
}

/// Tests may look down from anywhere.
fn is_test(path: &Path) -> bool {
    path.components()
        .any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")))
}

fn upwards(folder: &Path, own: usize, floors: &[String], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            upwards(&path, own, floors, found);
        }
        if path.extension().is_none_or(|extension| extension != "rs") || is_test(&path) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for (number, line) in code.lines().enumerate() {
            for name in named(line) {
                if floors
                    .iter()
                    .position(|floor| floor == name)
                    .is_some_and(|floor| floor < own)
                {
                    found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                }
            }
        }
    }
}

#[test]
fn arrows_point_down() {
    let floors = floors();
    let mut folders: Vec<String> = fs::read_dir("src")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let mut listed = floors.clone();
    folders.sort();
    listed.sort();
    assert_eq!(folders, listed, "src/lib.rs lists the folders");
    let mut found = Vec::new();
    for (own, floor) in floors.iter().enumerate() {
        upwards(&Path::new("src").join(floor), own, &floors, &mut found);
    }
    assert!(found.is_empty(), "arrows upwards:\n{}", found.join("\n"));
}

/// The files of `folder` whose code, tests aside, has one of these words in it.
fn naming(folder: &Path, words: &[&str], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            naming(&path, words, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test(&path) {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            if words.iter().any(|word| code.contains(word)) {
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
}

/// What an area costs: files of its own, and a line in each list of areas or kinds. The areas are `sysctl` and
/// `kernel_modules`, with the kind that both make.
#[test]
fn an_area_is_at_home_in_its_own_files() {
    let own = [
        "src/document/kernel_modules.rs",
        "src/document/sysctl.rs",
        "src/module/kernel_modules.rs",
        "src/module/sysctl.rs",
        "src/engine/kind/kernel.rs",
        "src/engine/verify/kernel.rs",
        "src/system/kernel.rs",
        "src/vocabulary/kernel.rs",
    ];
    let lists = [
        // Its keys.
        "src/document/config.rs",
        "src/document/network/version1/keys.rs",
        // The modules, the changes and the expectations.
        "src/module/mod.rs",
        "src/module/change.rs",
        // What one gives and another needs.
        "src/module/order.rs",
        // What is remembered of it, and how it is undone.
        "src/state/thing.rs",
        "src/state/undo.rs",
        // The kinds.
        "src/engine/kind/mod.rs",
        "src/engine/verify/kind.rs",
        // The files of a folder.
        "src/document/mod.rs",
        "src/engine/verify/mod.rs",
        "src/state/mod.rs",
        "src/system/mod.rs",
        "src/vocabulary/mod.rs",
    ];
    let words = [
        "sysctl",
        "Sysctl",
        "kernel_modules",
        "KernelModules",
        "KernelChange",
        "KernelHas",
        "KernelParameter",
        "mod kernel;",
        "kernel::",
    ];
    let mut found = Vec::new();
    naming(Path::new("src"), &words, &mut found);
    let mut expected: Vec<String> = own.iter().chain(&lists).map(|path| (*path).to_owned()).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn an_arrow_is_seen() {
    let line = "use crate::engine::{Plan, plan}; fn f(x: crate::state::Item) {} // crate::cli::main";
    assert_eq!(named(line).collect::<Vec<_>>(), ["engine", "state"]);
    assert_eq!(named("//! as [`crate::agent`] does").count(), 0);
    let mut found = Vec::new();
    let mut floors = floors();
    floors.reverse();
    upwards(Path::new("src/engine"), 0, &floors, &mut found);
    assert_eq!(found, Vec::<String>::new(), "nothing is above the roof");
    let own = floors.len() - 1;
    upwards(Path::new("src/engine"), own, &floors, &mut found);
    assert!(found.len() > 50, "upside down, every arrow is wrong: {}", found.len());
}
