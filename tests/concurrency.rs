//! One writer at a time, told by its process ID; who only looks is never kept waiting.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};
use support::program::{firstlight, text};
use support::tree::{build, difference, snapshot};

const CASE: &str = "tests/cases/60-everything";

/// The lock of the tree's state, held by this process.
fn hold(root: &Path) -> Flock<File> {
    let state = root.join("var/lib/firstlight");
    fs::create_dir_all(&state).unwrap();
    let mut file = File::create(state.join("lock")).unwrap();
    writeln!(file, "{}", std::process::id()).unwrap();
    Flock::lock(file, FlockArg::LockExclusiveNonblock)
        .map_err(|(_, e)| e)
        .unwrap()
}

#[test]
fn the_second_writer_is_refused_and_lookers_are_not() {
    let tree = tempfile::tempdir().unwrap();
    build("photon5", None, tree.path());
    let root = text(tree.path());
    let seed = format!("nocloud:{CASE}/seed");
    let held = hold(tree.path());
    let before = snapshot(tree.path());
    for writer in [&["apply", "--source", &seed][..], &["rollback"], &["rollback", "1"]] {
        let mut all = writer.to_vec();
        all.extend(["--root", root]);
        let said = firstlight(&all);
        assert_eq!(said.status, 1, "{all:?}: {said:?}");
        let pid = format!(
            "another firstlight (pid {}) is changing this machine",
            std::process::id()
        );
        assert!(said.stderr.contains(&pid), "{all:?}: {said:?}");
    }
    assert_eq!(difference(&before, &snapshot(tree.path())), "");
    let plan = firstlight(&["plan", "--exit-code", "--root", root, "--source", &seed]);
    assert_eq!(plan.status, 3, "{plan:?}");
    let history = firstlight(&["history", "--root", root]);
    assert_eq!((history.status, history.stdout.as_str()), (0, "no generations yet\n"));
    let status = firstlight(&["status", "--root", root]);
    assert_eq!(status.status, 5, "{status:?}");
    drop(held);
    assert_eq!(firstlight(&["apply", "--root", root, "--source", &seed]).status, 0);
}

#[test]
fn of_many_at_once_each_is_whole_or_refused() {
    const WRITERS: usize = 6;
    let tree = tempfile::tempdir().unwrap();
    build("photon5", None, tree.path());
    let root = tree.path();
    let ended: Vec<(usize, i32)> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                scope.spawn(move || {
                    let document = format!(
                        "hostname: web{number}\nsshd: {{options: {{MaxAuthTries: {}}}}}\n",
                        number + 2
                    );
                    let said = support::program::firstlight_reading(
                        &["apply", "-", "--root", text(root)],
                        document.as_bytes(),
                    );
                    assert!(
                        said.status == 0 || said.stderr.contains("another firstlight"),
                        "{said:?}"
                    );
                    (number, said.status)
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let done: Vec<usize> = ended
        .iter()
        .filter(|(_, status)| *status == 0)
        .map(|(number, _)| *number)
        .collect();
    assert!(!done.is_empty(), "{ended:?}");
    let hostname = fs::read_to_string(root.join("etc/hostname")).unwrap();
    let last: usize = hostname.trim().trim_start_matches("web").parse().unwrap();
    let sshd = fs::read_to_string(root.join("etc/ssh/sshd_config")).unwrap();
    assert!(
        done.contains(&last) && sshd.contains(&format!("MaxAuthTries {}", last + 2)),
        "{hostname}{sshd}"
    );
    let history = firstlight(&["history", "--root", text(root)]);
    assert_eq!(history.stdout.lines().count(), done.len(), "{history:?}");
    assert!(history.stdout.lines().all(|line| line.contains("done")), "{history:?}");
}
