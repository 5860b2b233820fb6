use std::time::Duration;

use super::*;
use crate::engine::{GenerationPlan, Job, ModulePlan, Policy, apply, recover};
use crate::module::{Change, CommandChange, FileChange, Stage};
use crate::state::{Before, Deadline, Step, Undo, UnitActiveUndo};

/// A tree with one generation in force, and the records it is undone by.
struct Scratch {
    tree: tempfile::TempDir,
    system: System,
    store: Store,
}

impl Scratch {
    fn new() -> Self {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir(tree.path().join("etc")).unwrap();
        let system = System::tree(tree.path()).unwrap();
        let store = Store::new(system.root.clone());
        let generation = Generation {
            unconfirmed: Some(Deadline {
                boot_id: String::new(),
                monotonic: 0,
            }),
            ..Generation::sample()
        };
        store.begin(generation).unwrap();
        Self { tree, system, store }
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.tree.path().join(path), text).unwrap();
    }

    fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.tree.path().join(path)).ok()
    }

    /// The file was there, with this content.
    fn was(&self, path: &str, text: &str) {
        let image = self.store.keep_image(1, text.as_bytes()).unwrap();
        self.undone_by(path_record(path, &image));
    }

    fn undone_by(&self, undo: Undo) {
        let record = Record {
            module: "m".into(),
            undo,
            dirties: Vec::new(),
            immediate: true,
            step: None,
        };
        self.store.record(1, &record).unwrap();
    }

    fn generation(&self) -> Generation {
        self.store.generation(1).unwrap().unwrap()
    }
}

fn path_record(path: &str, image: &str) -> Undo {
    Undo::of_path(
        path,
        Before::File {
            image: image.to_owned(),
            mode: 0o644,
            owner: (users::get_effective_uid(), users::get_effective_gid()),
        },
    )
}

#[tokio::test]
async fn what_fails_stays_in_the_journal_and_the_rest_is_taken_back() {
    let scratch = Scratch::new();
    for name in ["etc/a", "etc/b", "etc/c"] {
        scratch.write(name, "new");
    }
    scratch.was("/etc/a", "old");
    scratch.was("/etc/b", "oldest");
    scratch.undone_by(path_record("/etc/b", "9"));
    scratch.was("/etc/c", "old");
    let facts = Facts::default();
    let error = rollback(&scratch.system, &scratch.store, &facts, None)
        .await
        .unwrap_err();
    let error = error.to_string();
    assert!(error.contains("before/9 is damaged: it is missing"), "{error}");
    assert!(error.contains("`firstlight rollback --resume`"), "{error}");
    let now = ["etc/a", "etc/b", "etc/c"].map(|name| scratch.read(name));
    // What /etc/b was first waits for what it was then.
    assert_eq!(
        now.each_ref().map(|text| text.as_deref().unwrap()),
        ["old", "new", "old"]
    );
    assert_eq!(scratch.store.records(1).unwrap().len(), 2);
    let stuck = scratch.generation();
    assert_eq!((stuck.outcome, stuck.undoing), (Outcome::RolledBack, true));

    let image = scratch.tree.path().join("var/lib/firstlight/generations/1/before/9");
    std::fs::write(image, "older").unwrap();
    let undone = recover(&scratch.system, &scratch.store).await.unwrap();
    assert_eq!((undone.generations, undone.changes), (vec![1], 2));
    assert_eq!(scratch.read("etc/b").unwrap(), "oldest");
    let ended = scratch.generation();
    assert_eq!(
        (ended.outcome, ended.undoing, ended.is_in_force()),
        (Outcome::RolledBack, false, false)
    );
    assert!(scratch.store.records(1).unwrap().is_empty());
    let nothing = recover(&scratch.system, &scratch.store).await.unwrap();
    assert_eq!(nothing, Undone::default());
}

#[tokio::test]
async fn what_never_took_its_place_is_not_removed_from_it() {
    let scratch = Scratch::new();
    scratch.write("etc/a", "somebody's");
    scratch.write("etc/.a.new", "ours");
    let record = Record {
        module: "m".into(),
        undo: Undo::of_path("/etc/a", Before::Absent),
        dirties: Vec::new(),
        immediate: false,
        step: Some(Step::Publish {
            temporary: "/etc/.a.new".into(),
        }),
    };
    scratch.store.record(1, &record).unwrap();
    rollback(&scratch.system, &scratch.store, &Facts::default(), None)
        .await
        .unwrap();
    assert_eq!(scratch.read("etc/a").as_deref(), Some("somebody's"));
    assert_eq!(scratch.read("etc/.a.new"), None);
}

#[tokio::test]
async fn units_wait_for_a_bus_where_the_machine_runs() {
    let mut scratch = Scratch::new();
    scratch.write("etc/a", "new");
    scratch.was("/etc/a", "old");
    scratch.undone_by(Undo::UnitActive(UnitActiveUndo {
        unit: "docker.service".into(),
        active: true,
    }));
    let facts = Facts::default();
    scratch.system.live = true;
    let undone = rollback(&scratch.system, &scratch.store, &facts, None).await.unwrap();
    assert_eq!(
        (undone.changes, undone.left),
        (1, vec!["start docker.service".to_owned()])
    );
    assert_eq!(scratch.read("etc/a").unwrap(), "old");
    assert!(scratch.generation().undoing);
    // In a tree that doesn't run, nothing is to be started.
    scratch.system.live = false;
    let undone = recover(&scratch.system, &scratch.store).await.unwrap();
    assert_eq!((undone.changes, undone.left.len()), (1, 0));
    assert!(!scratch.generation().undoing);
}

#[tokio::test]
async fn a_failure_and_a_failed_undoing_are_both_told() {
    let scratch = Scratch::new();
    scratch.write("etc/a", "old");
    let mut file = FileChange::write("/etc/a", "new", 0o644);
    if let Some(content) = &mut file.content {
        content.owner = (users::get_effective_uid(), users::get_effective_gid());
    }
    let images = scratch.tree.path().join("var/lib/firstlight/generations/1/before");
    let script = format!("rm -r {} && echo no such luck >&2 && exit 7", images.display());
    let command = CommandChange {
        argv: ["/bin/sh", "-c", &script].map(str::to_owned).into(),
        purpose: "fail".into(),
    };
    let module = ModulePlan {
        changes: vec![Change::File(file), Change::Command(command)],
        ..ModulePlan::empty("m", Stage::Local)
    };
    let plan = GenerationPlan {
        modules: vec![module],
        ..GenerationPlan::default()
    };
    for policy in [Policy::Rollback, Policy::Keep] {
        let job = Job {
            system: &scratch.system,
            store: &scratch.store,
            facts: &Facts::default(),
            generation: 1,
            has_begun: false,
            policy,
            patience: Duration::ZERO,
            by_hand: false,
        };
        let error = apply(&job, &plan).await.unwrap_err().to_string();
        let (cause, undo) = error.split_once("; undoing the changes failed too: ").unwrap();
        assert!(cause.contains("no such luck"), "{error}");
        assert!(undo.contains("it is missing"), "{error}");
        assert!(!scratch.store.records(1).unwrap().is_empty());
    }
}

/// A unit is started once its file is there again; what was started and stopped in one generation ends as it was before.
#[test]
fn units_that_ran_are_started_last() {
    let record = |undo: Undo| Record {
        module: "m".into(),
        undo,
        dirties: Vec::new(),
        immediate: true,
        step: None,
    };
    let unit = |unit: &str, active| {
        let unit = unit.to_owned();
        record(Undo::UnitActive(UnitActiveUndo { unit, active }))
    };
    let file = |path: &str| record(Undo::of_path(path, Before::Absent));
    let order = |records: &[&Record]| -> Vec<Record> { newest_first(records.iter().copied().cloned().collect()) };
    let (removed, link) = (file("/etc/systemd/system/a.service"), file("/etc/systemd/system/b"));
    let (ran, did_not) = (unit("a.service", true), unit("b.service", false));
    assert_eq!(
        order(&[&removed, &ran, &did_not, &link]),
        [link.clone(), did_not.clone(), removed.clone(), ran.clone()]
    );
    let stopped_first = unit("a.service", false);
    assert_eq!(
        order(&[&removed, &stopped_first, &ran]),
        [ran.clone(), stopped_first, removed]
    );
    // What is left after an interruption is in the same order again.
    let mut left = order(&[&link, &ran, &did_not]);
    left.reverse();
    let left: Vec<&Record> = left.iter().collect();
    assert_eq!(order(&left), [did_not, link, ran]);
}
