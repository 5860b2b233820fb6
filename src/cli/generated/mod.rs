//! What is made from the types and the command line, and checked in: schemas, reference, man pages, completions. Only tests
//! have this: the program that is released brings the files, not what makes them.

mod command_line;
mod compatibility;
mod keys;
mod network_graph;
mod reference;
mod schema;
mod tidy;

use std::fs;
use std::path::PathBuf;

/// A file that is made, with what it shall hold.
type Made = (PathBuf, String);

/// All of them, by folder.
fn made() -> Vec<(&'static str, Vec<Made>)> {
    vec![
        ("schemas", schema::files()),
        ("man", [reference::man(), command_line::man()].concat()),
        ("completions", command_line::completions()),
        (
            "",
            vec![reference::markdown(), compatibility::markdown(), network_graph::svg()],
        ),
    ]
}

/// `UPDATE=1` writes them, for a person to read and to commit.
#[test]
fn what_is_made_from_the_types_is_up_to_date() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut stale = Vec::new();
    for (folder, files) in made() {
        for (path, text) in &files {
            if fs::read_to_string(path).unwrap_or_default() == *text {
                continue;
            }
            stale.push(path.display().to_string());
            if update {
                fs::write(path, text).unwrap();
            }
        }
        // What nothing makes any more.
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if !files.iter().any(|(made, _)| *made == path) {
                stale.push(path.display().to_string());
                if update {
                    fs::remove_file(path).unwrap();
                }
            }
        }
    }
    assert!(
        update || stale.is_empty(),
        "stale: {}\nwrite them anew with `UPDATE=1 cargo test --lib generated`, read the difference and commit it",
        stale.join(", ")
    );
}
