//! One system call fails once, with one error after the other, over the golden cases: every run ends old or new, and the
//! next one ends as asked.
//!
//! Needs the feature `failpoints`: `cargo test --features failpoints --test faults`. Of all cases, calls and errors it takes
//! some, always the same ones. With `SOAK` set it takes all cases and all calls that change something, and for the richest
//! cases all errors at each.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use support::program::{Said, firstlight, firstlight_failing, text};
use support::tree::{Snapshot, build, difference, place, snapshot};

/// What a disk, a full file system, a policy, a busy process and a signal say.
const ERRORS: [&str; 5] = ["EIO", "ENOSPC", "EACCES", "EMFILE", "EINTR"];

/// The most system calls of one kind that one run may make: more means that it does not end.
const CALLS: usize = 100_000;

/// The cases that have something of everything.
const RICH: [&str; 2] = ["60-everything", "80-write-files"];

/// One of so many calls is taken: without `SOAK` and with it.
const SAMPLE: [(&str, usize, usize); 2] = [("change", 3, 1), ("read", 41, 11)];

/// What one fault is injected into.
struct Scene<'a> {
    /// Makes the tree that the run begins with.
    set_up: &'a dyn Fn(&Path),
    /// The run, without `--root`.
    command: &'a [&'a str],
    /// What is run after it, and has to end as asked.
    next: &'a [&'a str],
}

/// What the faults of all scenes came to.
#[derive(Default)]
struct Tally {
    /// Faults that were injected.
    faults: usize,
    /// Runs that ended as if nothing had been.
    survived: usize,
    /// Runs that said that they failed.
    failed: usize,
}

fn is_long() -> bool {
    std::env::var_os("SOAK").is_some()
}

/// Each golden case with one of its layouts; one of them for the short form.
fn cases(only: &[&str]) -> Vec<(PathBuf, String)> {
    let mut folders: Vec<PathBuf> = fs::read_dir("tests/cases")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|case| is_long() || only.contains(&case.file_name().unwrap().to_str().unwrap()))
        .collect();
    folders.sort();
    folders
        .into_iter()
        .map(|case| {
            let layouts = fs::read_to_string(case.join("layouts")).unwrap();
            let layout = layouts.split_whitespace().next().unwrap().to_owned();
            (case, layout)
        })
        .collect()
}

fn run(root: &Path, command: &[&str]) -> Said {
    let mut all = command.to_vec();
    all.extend(["--root", text(root)]);
    firstlight(&all)
}

/// Temporary files, wherever they are, the state included.
fn leftovers(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_str().unwrap().starts_with(".firstlight-") {
            found.push(entry.path());
        }
        if entry.file_type().unwrap().is_dir() {
            leftovers(&entry.path(), found);
        }
    }
}

impl Scene<'_> {
    /// Lets each of the calls fail that `SAMPLE` takes, the errors in turn.
    fn attack(&self, what: &str, tally: &mut Tally) {
        let made = place();
        (self.set_up)(made.path());
        let before = snapshot(made.path());
        let done = run(made.path(), self.command);
        assert_eq!(done.status, 0, "{what}: {done:?}");
        let after = snapshot(made.path());
        run(made.path(), self.next);
        let wanted = snapshot(made.path());
        for (kind, short, long) in SAMPLE {
            let step = if is_long() { long } else { short };
            let is_rich = RICH.iter().any(|rich| what.contains(rich));
            let errors = if is_long() && is_rich && step == 1 {
                ERRORS.len()
            } else {
                1
            };
            'calls: for at in (1..CALLS).step_by(step) {
                for error in 0..errors {
                    let error = ERRORS[(at / step + error) % ERRORS.len()];
                    let fault = format!("{kind}:{at}:{error}");
                    if !self.inject(&format!("{what}, {fault}"), &fault, [&before, &after, &wanted], tally) {
                        break 'calls;
                    }
                }
            }
        }
    }

    /// Lets one call fail; returns whether there is such a call.
    fn inject(&self, what: &str, fault: &str, [before, after, wanted]: [&Snapshot; 3], tally: &mut Tally) -> bool {
        let tree = place();
        let root = tree.path();
        (self.set_up)(root);
        let mut all = self.command.to_vec();
        all.extend(["--root", text(root)]);
        let said = firstlight_failing(&all, fault);
        if !said.stderr.contains("failpoint: ") {
            return false;
        }
        tally.faults += 1;
        let now = snapshot(root);
        let wrong = || format!("{what}: {said:?}\n{}", paths(after, &now));
        assert!(said.status >= 0 && !said.stderr.contains("panicked"), "{}", wrong());
        if said.status == 0 {
            assert!(now == *after, "ended well, and is not as asked: {}", wrong());
            tally.survived += 1;
        } else {
            let errors = said.stderr.lines().filter(|line| !line.starts_with("failpoint: "));
            let told = errors.chain(said.stdout.lines()).count() > 0;
            assert!(told, "failed, and says nothing: {}", wrong());
            let whole = without_leftovers(&now);
            let is_old_or_new = whole
                .iter()
                .all(|(path, entry)| before.get(path) == Some(entry) || after.get(path) == Some(entry))
                && before
                    .keys()
                    .filter(|path| after.contains_key(*path))
                    .all(|path| whole.contains_key(path));
            assert!(is_old_or_new, "neither old nor new: {}", wrong());
            tally.failed += 1;
        }
        let next = run(root, self.next);
        let now = snapshot(root);
        assert!(
            (next.status == 0 || said.status == 0) && now == *wanted,
            "{what}: {said:?}\nthe next run: {next:?}\n{}",
            paths(wanted, &now)
        );
        let mut left = Vec::new();
        leftovers(root, &mut left);
        assert!(left.is_empty(), "{what}: left behind: {left:?}");
        true
    }
}

/// The paths that differ.
fn paths(before: &Snapshot, after: &Snapshot) -> String {
    let difference = difference(before, after);
    difference
        .lines()
        .filter(|line| line.starts_with("==== "))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn without_leftovers(now: &Snapshot) -> Snapshot {
    let is_whole = |path: &str| !path.contains("/.firstlight-");
    now.iter()
        .filter(|(path, _)| is_whole(path))
        .map(|(path, entry)| (path.clone(), entry.clone()))
        .collect()
}

impl Tally {
    fn is_worth(&self, faults: usize) {
        let _ = writeln!(
            std::io::stdout(),
            "{} faults: {} runs went on, {} failed",
            self.faults,
            self.survived,
            self.failed
        );
        assert!(self.faults >= faults, "only {} faults", self.faults);
        assert!(
            self.failed > 0 && self.survived > 0,
            "no fault was told, or none was retried"
        );
    }
}

#[test]
fn an_apply_in_which_one_call_fails_is_finished_by_the_next() {
    let mut tally = Tally::default();
    for (case, layout) in cases(&RICH) {
        let source = format!("nocloud:{}", case.join("seed").display());
        let apply = ["apply", "--source", source.as_str()];
        let scene = Scene {
            set_up: &|root| build(&layout, Some(&case.join("root")), root),
            command: &apply,
            next: &apply,
        };
        scene.attack(text(&case), &mut tally);
    }
    tally.is_worth(120);
}

/// A tree that a golden case was applied to.
fn applied(case: &Path, layout: &str, root: &Path) {
    build(layout, Some(&case.join("root")), root);
    let source = format!("nocloud:{}", case.join("seed").display());
    let done = run(root, &["apply", "--source", &source]);
    assert_eq!(done.status, 0, "{done:?}");
}

#[test]
fn a_rollback_in_which_one_call_fails_is_finished_by_the_next() {
    let mut tally = Tally::default();
    for (case, layout) in cases(&RICH[..1]) {
        let scene = Scene {
            set_up: &|root| applied(&case, &layout, root),
            command: &["rollback"],
            // Refused where nothing is left to be done.
            next: &["rollback"],
        };
        scene.attack(&format!("{}, rolled back", case.display()), &mut tally);
    }
    tally.is_worth(20);
}

#[test]
fn an_apply_of_less_in_which_one_call_fails_is_finished_by_the_next() {
    let nothing = place();
    let document = nothing.path().join("nothing.yaml");
    fs::write(&document, "firstlight: {}\n").unwrap();
    let mut tally = Tally::default();
    for (case, layout) in cases(&RICH[..1]) {
        let apply = ["apply", text(&document)];
        let scene = Scene {
            set_up: &|root| applied(&case, &layout, root),
            command: &apply,
            next: &apply,
        };
        scene.attack(&format!("{}, taken back", case.display()), &mut tally);
    }
    tally.is_worth(40);
}
