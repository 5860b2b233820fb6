//! When the system stage is skipped. It must run whenever anything is left for it, or might be.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::source::Name;
use crate::state::{Deadline, Incomplete, Item, Outcome, Record, Thing, Undo, UnitActiveItem, UnitActiveUndo};
use crate::system::clock::BootTime;

const DOCUMENT: &str = "write_files: [{path: /etc/new, content: new}]\n";

const SEED: &str = "var/lib/firstlight/seed";

const COMPLETE: &str = "run/firstlight/complete";

/// A machine as a tree, which boots with its seed directory.
struct Machine {
    tree: tempfile::TempDir,
    store: Store,
}

impl Machine {
    /// A new one.
    fn new(document: &str) -> Self {
        let tree = tempfile::tempdir().unwrap();
        for directory in ["etc", "run", SEED] {
            fs::create_dir_all(tree.path().join(directory)).unwrap();
        }
        let store = Store::new(System::tree(tree.path()).unwrap().root);
        let machine = Self { tree, store };
        machine.tell("user-data", document);
        machine.tell("meta-data", "instance-id: i-1\n");
        machine
    }

    /// One whose first boot carried out all of the document, and which is about to boot again.
    async fn settled(document: &str) -> Self {
        let machine = Self::new(document);
        machine.stage(Stage::Local).await;
        machine.stage(Stage::System).await;
        machine.reboot();
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.tree.path().join(path)
    }

    fn tell(&self, name: &str, text: &str) {
        fs::write(self.path(SEED).join(name), text).unwrap();
    }

    fn reboot(&self) {
        fs::remove_dir_all(self.path("run/firstlight")).unwrap();
    }

    async fn stage(&self, stage: Stage) -> Status {
        let system = System::tree(self.tree.path()).unwrap();
        let choice = Choice::These(vec![Name::NoCloud]);
        boot_on(system, stage, Some(&choice)).await.unwrap()
    }

    /// Whether it says that its boot is over.
    fn has_result(&self) -> bool {
        self.path("run/firstlight/result.json").exists()
    }

    fn skips_system_stage(&self) -> bool {
        self.path(COMPLETE).exists()
    }

    /// Changes what is remembered of generation 1.
    fn remember(&self, change: impl FnOnce(&mut Generation)) {
        let mut generation = self.store.generation(1).unwrap().unwrap();
        change(&mut generation);
        self.store.save(&generation).unwrap();
    }
}

#[tokio::test]
async fn nothing_to_do_in_the_local_stage_is_nothing_to_do_in_the_system_stage() {
    let machine = Machine::new(DOCUMENT);
    for (stage, standing) in [(Stage::Local, Standing::Running), (Stage::System, Standing::Done)] {
        assert_eq!(machine.stage(stage).await.status, standing);
        assert!(!machine.skips_system_stage(), "{stage:?} of the first boot");
        assert_eq!(machine.has_result(), standing != Standing::Running, "{stage:?}");
    }
    machine.reboot();
    let status = machine.stage(Stage::Local).await;
    assert_eq!((status.status, status.stage), (Standing::Done, Some(Stage::Local)));
    assert!(machine.skips_system_stage() && machine.has_result());
    assert_eq!(published(&machine.store).unwrap(), Some(status.clone()));
    // By hand, all the same.
    let again = machine.stage(Stage::System).await;
    assert_eq!((again.status, again.detail), (status.status, status.detail));
}

/// What a boot finds on a machine that was done, and how its local stage ends.
type Reason = (&'static str, fn(&Machine), Standing);

const REASONS: [Reason; 14] = [
    ("another document", |it| it.tell("user-data", "{}\n"), Standing::Running),
    (
        "another machine",
        |it| it.tell("meta-data", "instance-id: i-2\n"),
        Standing::Running,
    ),
    (
        "no document, which a device may still bring",
        |it| fs::remove_dir_all(it.path(SEED)).unwrap(),
        Standing::Running,
    ),
    (
        "a document that can't be read",
        |it| {
            fs::remove_file(it.path(SEED).join("user-data")).unwrap();
            fs::create_dir(it.path(SEED).join("user-data")).unwrap();
        },
        Standing::Failed,
    ),
    (
        "a document that is elsewhere",
        |it| it.tell("user-data", "#include\nhttp://192.0.2.1/user-data\n"),
        Standing::Running,
    ),
    (
        "settings that can't be used",
        |it| {
            fs::create_dir(it.path("etc/firstlight")).unwrap();
            fs::write(it.path("etc/firstlight/config.yaml"), "sources: [nothing]\n").unwrap();
        },
        Standing::Failed,
    ),
    (
        "a state that is damaged",
        |it| fs::write(it.path("var/lib/firstlight/generations/1/generation.json"), "{").unwrap(),
        Standing::Failed,
    ),
    (
        "no memory of the machine",
        |it| fs::remove_file(it.path("var/lib/firstlight/instance-id")).unwrap(),
        Standing::Running,
    ),
    (
        "a first boot that was cut off in front of its system stage",
        |it| {
            it.remember(|generation| {
                generation.stages.remove(&Stage::System);
                generation.needs.insert(Stage::System);
            });
        },
        Standing::Running,
    ),
    (
        "a run that was cut off",
        |it| {
            it.remember(|generation| {
                generation.outcome = Outcome::Running;
                generation.stages.clear();
            });
        },
        Standing::Running,
    ),
    (
        "a module that is tried again",
        |it| {
            it.remember(|generation| {
                generation.outcome = Outcome::Degraded;
                generation.incomplete.modules.insert("write_files".to_owned());
            });
        },
        Standing::Running,
    ),
    (
        "a document with errors",
        |it| {
            it.remember(|generation| {
                generation.outcome = Outcome::Degraded;
                generation.incomplete = Incomplete {
                    document: vec!["line 3: unknown key".to_owned()],
                    ..Incomplete::default()
                };
            });
        },
        Standing::Degraded,
    ),
    (
        "a generation that failed and undid itself",
        |it| it.remember(|generation| generation.outcome = Outcome::Failed),
        Standing::Running,
    ),
    (
        "a generation that nobody confirmed",
        |it| {
            let now = BootTime::now(&System::tree(it.tree.path()).unwrap().root);
            it.remember(|generation| generation.unconfirmed = Some(Deadline::after(&now, Duration::from_secs(9))));
        },
        Standing::Degraded,
    ),
];

#[tokio::test]
async fn the_system_stage_runs_whenever_anything_may_be_left_for_it() {
    for (reason, change, standing) in REASONS {
        let machine = Machine::settled(DOCUMENT).await;
        change(&machine);
        // What an earlier boot said is not this one's word.
        machine.store.skip_system_stage().unwrap();
        machine.store.publish(RESULT, b"{}\n").unwrap();
        let status = machine.stage(Stage::Local).await;
        assert_eq!(status.status, standing, "{reason}: {status:#?}");
        assert!(!machine.skips_system_stage() && !machine.has_result(), "{reason}");
    }
}

#[tokio::test]
async fn another_firstlight_at_work_may_leave_something() {
    let machine = Machine::settled(DOCUMENT).await;
    let lock = machine.store.lock().unwrap();
    assert_eq!(machine.stage(Stage::Local).await.status, Standing::Failed);
    assert!(!machine.skips_system_stage());
    drop(lock);
}

/// A local stage that can't even say how it went.
#[tokio::test]
async fn without_a_status_nothing_is_skipped() {
    let machine = Machine::settled(DOCUMENT).await;
    machine.store.skip_system_stage().unwrap();
    fs::create_dir(machine.path("run/firstlight/status.json")).unwrap();
    let system = System::tree(machine.tree.path()).unwrap();
    boot_on(system, Stage::Local, None).await.unwrap_err();
    assert!(!machine.skips_system_stage());
}

/// Without a bus no unit is started or stopped: the system stage goes on with an undoing.
#[tokio::test]
async fn units_that_are_still_to_be_stopped_are_left_for_the_system_stage() {
    let machine = Machine::settled(DOCUMENT).await;
    machine.remember(|generation| {
        generation.undoing = true;
        generation.outcome = Outcome::RolledBack;
    });
    let record = Record {
        module: "services".to_owned(),
        undo: Undo::UnitActive(UnitActiveUndo {
            unit: "docker.service".to_owned(),
            active: false,
        }),
        dirties: Vec::new(),
        immediate: true,
        step: None,
    };
    machine.store.record(1, &record).unwrap();
    let system = System {
        live: true,
        ..System::tree(machine.tree.path()).unwrap()
    };
    let choice = Choice::These(vec![Name::NoCloud]);
    let status = boot_on(system, Stage::Local, Some(&choice)).await.unwrap();
    assert_eq!(status.status, Standing::Running, "{status:#?}");
    assert!(status.detail.contains("stop docker.service"), "{}", status.detail);
    assert!(!machine.skips_system_stage());
}

/// Whether a unit runs takes the bus: the local stage has nothing to do, and the system stage has its turn all the same.
#[tokio::test]
async fn a_unit_that_is_no_longer_asked_for_is_given_up() {
    let machine = Machine::settled("services: {}\n").await;
    let key = "active a.service";
    let mut inventory = machine.store.inventory().unwrap();
    let started = UnitActiveItem {
        unit: "a.service".to_owned(),
        before: false,
        written: true,
    };
    let item = Item {
        module: "services".to_owned(),
        generation: 1,
        thing: Thing::UnitActive(started),
    };
    inventory.items.insert(key.to_owned(), item);
    machine.store.begin_inventory(1, &inventory).unwrap();
    machine.tell("user-data", "{}\n");
    for (stage, is_known) in [(Stage::Local, true), (Stage::System, false)] {
        machine.stage(stage).await;
        let inventory = machine.store.inventory().unwrap();
        assert_eq!(inventory.items.contains_key(key), is_known, "{stage:?}");
    }
}

/// The keys of sshd, and those that other sites have, come after the local stage: there is nothing to show in that.
#[tokio::test]
async fn what_shows_only_in_the_final_stage_is_left_for_it() {
    for (document, is_left) in [
        ("runcmd: ['true']\n", true),
        ("ssh_genkeytypes: [ed25519]\n", true),
        ("hostname: web1\n", false),
        (
            "runcmd: ['true']\nssh: {emit_keys_to_console: false}\nno_ssh_fingerprints: true\n",
            false,
        ),
    ] {
        let machine = Machine::new(document);
        let system = System {
            live: true,
            ..System::tree(machine.tree.path()).unwrap()
        };
        let choice = Choice::These(vec![Name::NoCloud]);
        boot_on(system, Stage::Local, Some(&choice)).await.unwrap();
        let generation = machine.store.generation(1).unwrap().unwrap();
        let left = &generation.incomplete.modules;
        assert_eq!(left.contains("ssh_fingerprints"), is_left, "{document}: {left:?}");
    }
}
