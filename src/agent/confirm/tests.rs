use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;
use crate::state::{Before, Deadline, Record, Undo};

/// A tree where /etc/new is what generation 1 made.
struct Scratch {
    tree: tempfile::TempDir,
    system: System,
    store: Store,
}

impl Scratch {
    fn new() -> Self {
        let tree = tempfile::tempdir().unwrap();
        for directory in ["etc", "run/systemd/transient"] {
            std::fs::create_dir_all(tree.path().join(directory)).unwrap();
        }
        std::fs::write(tree.path().join("etc/new"), "new").unwrap();
        let system = System::tree(tree.path()).unwrap();
        let store = Store::new(system.root.clone());
        let scratch = Self { tree, system, store };
        scratch.begin(true);
        scratch
            .store
            .record(
                1,
                &Record {
                    module: "m".into(),
                    undo: Undo::of_path("/etc/new", Before::Absent),
                    dirties: Vec::new(),
                    immediate: true,
                    step: None,
                },
            )
            .unwrap();
        scratch
    }

    fn begin(&self, unconfirmed: bool) -> Generation {
        let now = BootTime::now(&self.system.root);
        let generation = Generation {
            unconfirmed: unconfirmed.then(|| Deadline::after(&now, Duration::from_secs(100))),
            ..Generation::sample()
        };
        self.store.begin(generation).unwrap()
    }

    /// As systemd keeps it while the timer waits.
    fn arm(&self) {
        let timer = self.tree.path().join("run/systemd/transient/firstlight-revert.timer");
        std::fs::write(timer, "").unwrap();
    }

    fn has_new(&self) -> bool {
        self.tree.path().join("etc/new").exists()
    }

    fn outcome(&self, number: u32) -> (Outcome, bool) {
        let generation = self.store.generation(number).unwrap().unwrap();
        (generation.outcome, generation.undoing)
    }
}

#[tokio::test]
async fn while_the_timer_waits_nothing_else_is_changed() {
    let scratch = Scratch::new();
    scratch.arm();
    let error = settle(&scratch.system, &scratch.store).await.unwrap_err().to_string();
    let (start, end) = (
        "generation 1 is unconfirmed and is undone in ",
        " s: `firstlight confirm` keeps it",
    );
    let seconds = error
        .strip_prefix(start)
        .and_then(|rest| rest.split_once(end))
        .unwrap()
        .0;
    assert!((1..=100).contains(&seconds.parse::<u32>().unwrap()), "{error}");
    assert!(scratch.has_new());
    assert_eq!(pending(&scratch.system, &scratch.store).unwrap().unwrap().0, 1);
}

#[tokio::test]
async fn what_has_no_timer_any_more_is_undone_by_whoever_comes() {
    let scratch = Scratch::new();
    let undone = settle(&scratch.system, &scratch.store).await.unwrap();
    assert_eq!((undone.generations, undone.changes), (vec![1], 1));
    assert!(!scratch.has_new());
    assert_eq!(scratch.outcome(1), (Outcome::RolledBack, false));
    assert_eq!(
        settle(&scratch.system, &scratch.store).await.unwrap(),
        Undone::default()
    );
    let late = confirm_generation(&scratch.system, &scratch.store).await.unwrap_err();
    assert!(late.to_string().contains("was not confirmed in time"), "{late}");
}

#[tokio::test]
async fn an_undoing_that_did_not_end_goes_on_and_takes_no_newer_generation_along() {
    let scratch = Scratch::new();
    let first = scratch.store.generation(1).unwrap().unwrap();
    scratch
        .store
        .save(&Generation {
            outcome: Outcome::Failed,
            undoing: true,
            ..first
        })
        .unwrap();
    scratch.begin(false);
    let undone = settle(&scratch.system, &scratch.store).await.unwrap();
    assert_eq!(undone.generations, [1]);
    assert!(!scratch.has_new());
    // One that failed stays one that failed: a boot tries its document again.
    assert_eq!(scratch.outcome(1), (Outcome::Failed, false));
    assert_eq!(scratch.outcome(2), (Outcome::Done, false));
}

#[tokio::test]
async fn what_is_confirmed_stays() {
    let scratch = Scratch::new();
    assert_eq!(
        confirm_generation(&scratch.system, &scratch.store)
            .await
            .unwrap()
            .number,
        1
    );
    assert_eq!(pending(&scratch.system, &scratch.store).unwrap(), None);
    // A timer that elapses all the same, a reboot.
    assert_eq!(
        revert(&scratch.system, &scratch.store, 1).await.unwrap(),
        Undone::default()
    );
    settle(&scratch.system, &scratch.store).await.unwrap();
    assert!(scratch.has_new());
    let again = confirm_generation(&scratch.system, &scratch.store).await.unwrap_err();
    assert!(again.to_string().contains("needs no confirmation"), "{again}");
}

#[tokio::test]
async fn what_is_half_done_or_half_undone_can_not_be_confirmed() {
    let scratch = Scratch::new();
    let first = scratch.store.generation(1).unwrap().unwrap();
    for (outcome, undoing, why) in [
        (Outcome::Running, false, "it was interrupted"),
        (Outcome::RolledBack, true, "its rollback has begun"),
    ] {
        scratch
            .store
            .save(&Generation {
                outcome,
                undoing,
                ..first.clone()
            })
            .unwrap();
        let error = confirm_generation(&scratch.system, &scratch.store).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(pending(&scratch.system, &scratch.store).unwrap().is_some());
    }
}

#[tokio::test]
async fn the_timer_undoes_its_own_generation_only() {
    let scratch = Scratch::new();
    scratch.arm();
    assert_eq!(
        revert(&scratch.system, &scratch.store, 2).await.unwrap(),
        Undone::default()
    );
    assert!(scratch.has_new());
    let undone = revert(&scratch.system, &scratch.store, 1).await.unwrap();
    assert_eq!(undone.generations, [1]);
    assert!(!scratch.has_new());
}

#[tokio::test]
async fn a_run_that_was_cut_off_is_undone_by_the_timer() {
    let scratch = Scratch::new();
    scratch.arm();
    let first = scratch.store.generation(1).unwrap().unwrap();
    let cut = Generation {
        outcome: Outcome::Running,
        ..first
    };
    scratch.store.save(&cut).unwrap();
    // Whoever comes before it leaves it to it.
    settle(&scratch.system, &scratch.store).await.unwrap_err();
    assert!(scratch.has_new());
    scratch.store.save(&cut).unwrap();
    let undone = revert(&scratch.system, &scratch.store, 1).await.unwrap();
    assert_eq!(undone.generations, [1]);
    assert!(!scratch.has_new());
}

const HOLDS_IN: &str = "FIRSTLIGHT_TEST_HOLDS_IN";

/// Not a test: the process that [`whoever_does_not_let_go_is_killed`] kills.
#[test]
#[ignore = "run by another test"]
fn holds_the_lock_until_killed() {
    let Some(tree) = std::env::var_os(HOLDS_IN) else { return };
    let system = System::tree(tree.as_ref()).unwrap();
    let _lock = Store::new(system.root.clone()).lock().unwrap();
    println!("\nheld");
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn whoever_does_not_let_go_is_killed() {
    let scratch = Scratch::new();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "agent::confirm::tests::holds_the_lock_until_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(HOLDS_IN, scratch.tree.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(holder.stdout.take().unwrap());
    assert!(said.lines().any(|line| line.unwrap() == "held"));
    assert!(matches!(scratch.store.lock(), Err(LockError::Held { .. })));
    seize(&scratch.store, Duration::ZERO).await.unwrap();
    let status = holder.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(Signal::SIGKILL as i32)
    );
}

#[test]
fn nobody_else_is_killed() {
    let mut other = Command::new("/bin/sleep").arg("600").spawn().unwrap();
    assert!(!kill_firstlight(&other.id().to_string()));
    for pid in ["", "?", "0", "1", "-1", "99999999999"] {
        assert!(!kill_firstlight(pid), "{pid}");
    }
    assert!(other.try_wait().unwrap().is_none());
    other.kill().unwrap();
    other.wait().unwrap();
}
