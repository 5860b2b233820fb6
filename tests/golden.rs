//! Golden trees: plan → apply → plan is empty → rollback gives the tree back, for every case and every layout.
//!
//! A case is a folder in `tests/cases`: `seed/` is a NoCloud seed, `layouts` names the trees of `tests/layouts` that it is
//! for, `root/` is laid over them; `<layout>.plan` is what `plan` says, `<layout>.tree` what has changed after `apply`.
//! Adding a case is adding a folder; `UPDATE=1 cargo test --test golden` writes the two files, for a person to read.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::program::{firstlight, text};
use support::tree::{build, date_of_today, difference, place, snapshot};

#[test]
fn every_case_ends_as_written_and_comes_back() {
    let mut cases: Vec<PathBuf> = fs::read_dir("tests/cases")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    let mut wrong = Vec::new();
    let mut run = 0;
    for case in &cases {
        for layout in fs::read_to_string(case.join("layouts")).unwrap().split_whitespace() {
            wrong.extend(run_case(case, layout).err());
            run += 1;
        }
    }
    assert!(run >= 20, "only {run} cases were found");
    assert!(
        wrong.is_empty(),
        "{} of {run} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn run_case(case: &Path, layout: &str) -> Result<(), String> {
    let tree = place();
    let (root, seed) = (text(tree.path()), format!("nocloud:{}", case.join("seed").display()));
    build(layout, Some(&case.join("root")), tree.path());
    let before = snapshot(tree.path());
    let fail =
        |what: &str, said: &dyn std::fmt::Debug| Err(format!("{} on {layout}: {what}\n{said:#?}", case.display()));

    let plan = firstlight(&["plan", "--root", root, "--source", &seed]);
    if plan.status != 0 {
        return fail("plan failed", &plan);
    }
    if snapshot(tree.path()) != before || tree.path().join("var/lib/firstlight").exists() {
        return fail("plan changed the tree", &plan);
    }
    expect(
        case,
        &format!("{layout}.plan"),
        &plan.stdout.replace(&date_of_today(), "TODAY"),
    )?;

    let pending = firstlight(&["plan", "--root", root, "--source", &seed, "--exit-code"]);
    if pending.status != 3 {
        return fail("plan --exit-code does not say that something is pending", &pending);
    }
    let apply = firstlight(&["apply", "--root", root, "--source", &seed]);
    if apply.status != 0 {
        return fail("apply failed", &apply);
    }
    let after = snapshot(tree.path());
    expect(case, &format!("{layout}.tree"), &difference(&before, &after))?;

    let again = firstlight(&["plan", "--root", root, "--source", &seed, "--exit-code"]);
    if again.status != 0 || !again.stdout.contains("Nothing to do") {
        return fail("a second plan is not empty", &again);
    }
    let rollback = firstlight(&["rollback", "--root", root]);
    let back = snapshot(tree.path());
    if rollback.status != 0 || back != before {
        return fail(
            "rollback does not give the tree back",
            &(rollback, difference(&before, &back)),
        );
    }
    Ok(())
}

/// Compares with what is written, or writes it down.
fn expect(case: &Path, name: &str, got: &str) -> Result<(), String> {
    let path = case.join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, got).unwrap();
        return Ok(());
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    if written == got {
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(written.as_str(), got);
    Err(format!(
        "{} is not as written:\n{}",
        path.display(),
        diff.unified_diff().header("written", "got")
    ))
}
