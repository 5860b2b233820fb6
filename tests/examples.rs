//! Every document in `examples/` is valid, and can be planned on the machines it is for.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;

use support::program::{firstlight, firstlight_in, text};
use support::tree::{build, place};

#[test]
fn examples_are_valid_and_can_be_planned() {
    let mut documents = 0;
    for entry in fs::read_dir("examples").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        documents += 1;
        let valid = firstlight(&["validate", text(&path)]);
        assert_eq!(valid.status, 0, "{valid:?}");
        for layout in ["photon4", "photon5", "debian12", "debian13"] {
            let tree = place();
            build(layout, None, tree.path());
            let plan = firstlight(&["plan", "--root", text(tree.path()), text(&path)]);
            assert_eq!(plan.status, 0, "{} on {layout}: {plan:?}", path.display());
        }
    }
    assert!(documents > 0, "there are no examples");
}

/// Every YAML in the README and the documentation is valid as what it is: a document, settings.
#[test]
fn what_the_documentation_shows_is_valid() {
    let desk = place();
    let pages = fs::read_dir("docs").unwrap().map(|entry| entry.unwrap().path());
    let pages = pages
        .chain(["README.md".into()])
        .filter(|path| path.extension().is_some_and(|it| it == "md"));
    let mut snippets = 0;
    for page in pages {
        for snippet in fs::read_to_string(&page).unwrap().split("```yaml\n").skip(1) {
            let path = desk.path().join("snippet.yaml");
            fs::write(&path, snippet.split("```").next().unwrap()).unwrap();
            let said = firstlight(&["validate", text(&path)]);
            assert_eq!(said.status, 0, "{}: {said:?}", page.display());
            snippets += 1;
        }
    }
    assert!(snippets >= 2, "{snippets} snippets were found");
}

/// Every command of the README that begins with `$ firstlight` prints what the README shows, on a Photon. `UPDATE=1` writes
/// what it prints into the README, for a person to read.
#[test]
fn the_readme_shows_what_happens() {
    let readme = fs::read_to_string("README.md").unwrap();
    let document = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let tree = place();
    build("photon5", None, tree.path());
    let desk = place();
    fs::write(desk.path().join("docker01.yaml"), document).unwrap();
    let typo = document.replace("permit_root_login", "permit_rootlogin");
    fs::write(desk.path().join("typo.yaml"), typo).unwrap();

    let mut shown = readme.clone();
    let mut commands = 0;
    for block in readme.split("```console\n$ firstlight ").skip(1) {
        let (command, rest) = block.split_once('\n').unwrap();
        let expected = rest.split("```").next().unwrap();
        let arguments = command.replace("/mnt/photon", text(tree.path()));
        let said = firstlight_in(desk.path(), &arguments.split_whitespace().collect::<Vec<_>>());
        assert_eq!(said.stderr, "", "{command}");
        let trimmed = |text: &str| {
            text.lines()
                .map(|line| format!("{}\n", line.trim_end()))
                .collect::<String>()
        };
        shown = shown.replace(expected, &trimmed(&said.stdout));
        commands += 1;
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write("README.md", &shown).unwrap();
    }
    assert!(commands >= 2, "{commands} commands were found");
    assert_eq!(shown, readme, "the README is not true any more");
}
