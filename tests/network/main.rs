//! The network beside the real netplan: Debian's generator makes files for networkd and udev of the same documents.
//!
//! `corpus/` has a document for each key, `corpus/refused/` those that netplan refuses too: the end of a line says which key
//! is to blame, `# refused: network.bonds.bond0.parameters.mode`. Adding a document is adding a file.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod differences;
mod files;
mod generator;
#[path = "../support/mod.rs"]
mod support;
mod version1;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Arguments, Write as _};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use firstlight::document::code::Code;
use firstlight::document::diagnostic::Diagnostic;
use firstlight::document::{Document, Text, Texts};
use support::program::{firstlight, text};
use support::tree::place;

use differences::{Used, unexplained};
use files::Files;
use generator::Generator;

/// What became of a document.
enum Outcome {
    /// The same files but for what is listed.
    Same,
    /// Other files: how they differ.
    Different(Vec<String>),
    /// netplan takes it, firstlight doesn't yet: the kind of device, or the key.
    NotYet(String),
    /// netplan takes it, and firstlight refuses it for another reason than that.
    Refused(String),
    /// netplan refuses it, or makes something else than files for networkd of it.
    NotNetworkds,
}

/// How many documents of ours are the same at least, and how many of netplan's examples. They only grow.
const SAME: usize = 382;
const SAME_EXAMPLES: usize = 24;

#[test]
fn our_documents_become_what_netplan_makes_of_them() {
    let Some(netplan) = Generator::installed() else { return };
    let documents = documents(Path::new("tests/network/corpus"));
    assert!(documents.len() > 350, "{} documents", documents.len());
    let mut used = Used::default();
    let counts = compare(&netplan, &documents, &mut used);
    assert!(counts.same >= SAME, "only {} are the same", counts.same);
    let others: Vec<_> = counts
        .others
        .iter()
        .filter(|name| !name.starts_with("unsupported-"))
        .collect();
    assert!(others.is_empty(), "netplan has no files for networkd of {others:?}");
    let gone = used.never();
    assert!(gone.is_empty(), "listed differences that are gone: {gone:#?}");
}

#[test]
fn netplans_examples_become_what_netplan_makes_of_them() {
    let Some(netplan) = Generator::installed() else { return };
    let examples = documents(&netplan.examples());
    assert!(examples.len() > 30, "{} examples", examples.len());
    let counts = compare(&netplan, &examples, &mut Used::default());
    assert!(counts.same >= SAME_EXAMPLES, "only {} are the same", counts.same);
}

#[test]
fn what_netplan_refuses_is_refused_at_the_same_key() {
    let Some(netplan) = Generator::installed() else { return };
    let (mut refused, mut not_yet, mut wrong) = (0, 0, Vec::new());
    for path in documents(Path::new("tests/network/corpus/refused")) {
        let (name, document) = (name(&path), fs::read_to_string(&path).unwrap());
        if netplan.generate(&document).is_ok() {
            wrong.push(format!("{name}: netplan takes it"));
        }
        let (line, key) = expected(&document);
        let errors = errors(&document);
        match errors
            .iter()
            .find(|error| error.line == line && error.path.join(".") == key)
        {
            _ if errors.is_empty() => wrong.push(format!("{name}: firstlight takes it")),
            Some(_) => refused += 1,
            None if not_yet_known(&errors).is_some() => not_yet += 1,
            None => wrong.push(format!("{name}: expected {key} in line {line}\n{}", shown(&errors))),
        }
    }
    say(format_args!(
        "refused by netplan: {refused} refused at the same key, {not_yet} not read yet"
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Says something past libtest's capture: a test that passes shows nothing else.
fn say(what: Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

/// How many documents went which way.
struct Counts {
    same: usize,
    /// What netplan has no files for networkd of.
    others: Vec<String>,
}

/// Compares what netplan and firstlight make of these documents.
fn compare(netplan: &Generator, documents: &[PathBuf], used: &mut Used) -> Counts {
    let (mut same, mut different, mut others) = (0, 0, Vec::new());
    let (mut not_yet, mut refused) = (BTreeMap::<String, usize>::new(), BTreeSet::new());
    let mut unlisted = Vec::new();
    for path in documents {
        let name = name(path);
        let listed = differences::refused(&name);
        match outcome(netplan, &name, &fs::read_to_string(path).unwrap(), used) {
            Outcome::Same | Outcome::NotYet(_) | Outcome::Different(_) if listed.is_some() => {
                unlisted.push(format!("{name} is not refused any more: take it off the list"));
            }
            Outcome::Same => same += 1,
            Outcome::NotYet(what) => *not_yet.entry(what).or_default() += 1,
            Outcome::NotNetworkds => others.push(name),
            Outcome::Refused(why) if listed.is_some_and(|words| why.contains(words)) => {
                refused.insert(name);
            }
            Outcome::Refused(why) => unlisted.push(format!("{name} is refused, but netplan takes it:\n{why}")),
            Outcome::Different(lines) => {
                unlisted.push(format!("{name} becomes something else:\n  {}", lines.join("\n  ")));
                different += 1;
            }
        }
    }
    say(format_args!(
        "{} documents: {same} the same, {different} different, {} refused on purpose, {} not for networkd, not yet: {not_yet:?}",
        documents.len(),
        refused.len(),
        others.len(),
    ));
    assert!(unlisted.is_empty(), "{}", unlisted.join("\n"));
    Counts { same, others }
}

fn outcome(netplan: &Generator, name: &str, document: &str, used: &mut Used) -> Outcome {
    let theirs = netplan.generate(document);
    let errors = errors(document);
    let Ok(theirs) = theirs else {
        return match errors.is_empty() {
            true => Outcome::Different(vec!["netplan refuses it".to_owned()]),
            false => Outcome::NotNetworkds,
        };
    };
    if errors.is_empty() {
        let lines = unexplained(name, &theirs.files, &ours(document), used);
        return if lines.is_empty() {
            Outcome::Same
        } else {
            Outcome::Different(lines)
        };
    }
    if theirs.is_for_others {
        return Outcome::NotNetworkds;
    }
    not_yet_known(&errors).map_or_else(|| Outcome::Refused(shown(&errors)), Outcome::NotYet)
}

/// The kind of device or the key that firstlight doesn't read yet, where that is all that it says.
fn not_yet_known(errors: &[Diagnostic]) -> Option<String> {
    let is_unread = |error: &Diagnostic| match error.code {
        // Else it is refused for good.
        Code::NotSupported => error.message.ends_with("yet"),
        code => matches!(code, Code::NotApplied | Code::UnknownKey),
    };
    let outermost = errors.iter().min_by_key(|error| error.path.len())?;
    let all = errors.iter().all(is_unread);
    outermost.path.last().filter(|_| all).cloned()
}

/// What firstlight says against a document.
fn errors(document: &str) -> Vec<Diagnostic> {
    let read = Document::read(&Texts {
        network_config: Some(Text::new("network-config", document.as_bytes())),
        ..Texts::default()
    });
    read.diagnostics.into_iter().filter(Diagnostic::is_error).collect()
}

fn shown(errors: &[Diagnostic]) -> String {
    errors.iter().fold(String::new(), |mut text, error| {
        let _ = writeln!(
            text,
            "  {}: {} ({}, line {})",
            error.code.as_str(),
            error.message,
            error.path.join("."),
            error.line
        );
        text
    })
}

/// What firstlight makes of a document, in an empty tree: a distribution's own `.link` files are repeated in ours.
fn ours(document: &str) -> Files {
    let (tree, seed) = (place(), place());
    for (name, content) in [
        ("network-config", document),
        ("meta-data", "instance-id: i-1\n"),
        ("user-data", ""),
    ] {
        fs::write(seed.path().join(name), content).unwrap();
    }
    // networkd's group owns the files that hold a key.
    let group = fs::metadata(tree.path()).unwrap().gid();
    fs::create_dir(tree.path().join("etc")).unwrap();
    fs::write(tree.path().join("etc/group"), format!("systemd-network:x:{group}:\n")).unwrap();
    let source = format!("nocloud:{}", text(seed.path()));
    let arguments = [
        "apply",
        "--only",
        "network",
        "--root",
        text(tree.path()),
        "--source",
        &source,
    ];
    let said = firstlight(&arguments);
    // 4: with a warning.
    assert!(
        [0, 4].contains(&said.status),
        "{document}{}{}",
        said.stdout,
        said.stderr
    );
    Files::read(&tree.path().join("etc/systemd/network"), "10-firstlight-")
}

/// The line and the key that are to blame, as the end of that line says.
fn expected(document: &str) -> (usize, String) {
    let marked = document.lines().zip(1..).find_map(|(line, number)| {
        let (_, key) = line.split_once("# refused: ")?;
        Some((number, key.to_owned()))
    });
    marked.unwrap()
}

/// The documents in a folder, in order.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut documents: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|is| is == "yaml"))
        .collect();
    documents.sort();
    documents
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}
