use std::os::unix::fs::chown;
use std::time::Duration;

use super::*;
use crate::engine::undo::rollback;
use crate::engine::{GenerationPlan, Job, ModulePlan, Policy, apply};
use crate::module::{DirectoryChange, FileChange, Stage};
use crate::state::Generation;
use crate::system::Facts;

/// A tree with a home directory of account number 4242, and a generation.
fn machine() -> (tempfile::TempDir, System, Store) {
    let tree = tempfile::tempdir().unwrap();
    for directory in ["etc", "home/bob"] {
        std::fs::create_dir_all(tree.path().join(directory)).unwrap();
    }
    chown(tree.path().join("home/bob"), Some(4242), Some(4242)).unwrap();
    let system = System::tree(tree.path()).unwrap();
    let store = Store::new(system.root.clone());
    store.begin(Generation::sample()).unwrap();
    (tree, system, store)
}

fn module(changes: Vec<Change>) -> ModulePlan {
    ModulePlan {
        declared: changes.clone(),
        changes,
        stands_alone: true,
        ..ModulePlan::empty("m", Stage::Local)
    }
}

#[tokio::test]
async fn what_would_lead_through_a_users_directory_to_roots_costs_its_file_alone() {
    if !crate::skip::is_root("others can't give directories away") {
        return;
    }
    let (tree, system, store) = machine();
    let directory = Change::Directory(DirectoryChange {
        path: "/home/bob/bin".to_owned(),
        mode: 0o755,
        owner: (0, 0),
        on_the_way: false,
    });
    let file = |path: &str| Change::File(FileChange::write(path, "x", 0o644));
    let plan = GenerationPlan {
        modules: vec![module(vec![directory, file("/home/bob/bin/tool"), file("/etc/a")])],
        ..GenerationPlan::default()
    };
    let facts = Facts::default();
    let job = Job {
        system: &system,
        store: &store,
        facts: &facts,
        generation: 1,
        has_begun: false,
        policy: Policy::Keep,
        patience: Duration::ZERO,
        by_hand: false,
    };
    let applied = apply(&job, &plan).await.unwrap();
    let [why] = applied.modules[0].left_out.as_slice() else {
        panic!("{applied:?}")
    };
    assert!(why.contains("/home/bob/bin/tool") && why.contains("unsafe"), "{why}");
    assert!(tree.path().join("etc/a").exists());
    take_back(&system, &store).await;
    assert!(!tree.path().join("etc/a").exists());
    assert!(!tree.path().join("home/bob/bin").exists());
}

async fn take_back(system: &System, store: &Store) {
    let ended = Generation {
        outcome: crate::state::Outcome::Degraded,
        ..store.generation(1).unwrap().unwrap()
    };
    store.save(&ended).unwrap();
    rollback(system, store, &Facts::default(), None).await.unwrap();
}

#[test]
fn what_lay_behind_a_directory_that_is_gone_is_gone() {
    if !crate::skip::is_root("others can't give directories away") {
        return;
    }
    let (tree, system, store) = machine();
    std::fs::create_dir(tree.path().join("home/bob/bin")).unwrap();
    let absent = |path: &str| Undo::of_path(path, Before::Absent);
    let temporary = "/home/bob/bin/.firstlight-0".to_owned();
    let records = [
        record("m", absent("/home/bob/bin"), &[], None),
        record(
            "m",
            absent("/home/bob/bin/tool"),
            &[],
            Some(Step::Publish { temporary }),
        ),
    ];
    store.record_batch(1, records.iter()).unwrap();
    abandon(&system, &store, 1).unwrap();
    assert!(!tree.path().join("home/bob/bin").exists());
    assert_eq!(store.records(1).unwrap(), []);
}
