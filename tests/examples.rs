//! Every document in `examples/` is valid, and can be planned on the machines it is for.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;

use support::program::{firstlight, text};
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

/// The README's first document does on a Photon what the README shows.
#[test]
fn the_readme_shows_what_happens() {
    let readme = fs::read_to_string("README.md").unwrap();
    let fenced = |mark: &str| {
        readme
            .split(mark)
            .nth(1)
            .unwrap()
            .split("```")
            .next()
            .unwrap()
            .to_owned()
    };
    let document = fenced("```yaml\n");
    let shown = fenced("docker01.yaml\n");
    let tree = place();
    build("photon5", None, tree.path());
    let path = tree.path().join("docker01.yaml");
    fs::write(&path, document).unwrap();
    let mut plan = firstlight(&["plan", "--root", text(tree.path()), text(&path)]);
    // The README plans it where it is.
    plan.stdout = plan.stdout.replace(text(&path), "docker01.yaml");
    let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    assert_eq!(
        trimmed(&plan.stdout),
        trimmed(&shown).trim_end(),
        "the README is not true any more"
    );
}
