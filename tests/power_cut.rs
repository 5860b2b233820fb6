//! The power goes at one moment after the other: what the kernel has not given to the disk by then is lost. The next run ends
//! as asked, and the one before can be had back.
//!
//! The program dies as in `tests/crash.rs`, on disks of its own, ext4 in files; what counts then is what is in those files,
//! not what the kernel still has in memory. Needs root, and the feature `failpoints`: `cargo test --features failpoints
//! --test power_cut`. It takes some of the moments; with `SOAK` set, all.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::mounts::{unmount_below, with_own_mounts};
use support::program::{firstlight, firstlight_dying, text};
use support::skip::skip;
use support::tree::{Snapshot, build, difference, snapshot};

/// More moments than an apply has.
const MOMENTS: usize = 2000;

/// One of so many moments is taken without `SOAK`.
const SAMPLE: usize = 5;

/// Disks, each mounted at a path of the tree.
struct Disks {
    images: Vec<(&'static str, PathBuf)>,
}

impl Disks {
    /// New ones; `None` where there are no tools.
    fn make(places: &[&'static str], directory: &Path) -> Option<Self> {
        let mut images = Vec::new();
        for (number, at) in places.iter().enumerate() {
            let image = directory.join(format!("disk{number}"));
            fs::File::create(&image).unwrap().set_len(24 << 20).unwrap();
            let made = Command::new("mkfs.ext4")
                .args(["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"])
                .arg(&image)
                .status();
            if !made.is_ok_and(|made| made.success()) {
                return None;
            }
            images.push((*at, image));
        }
        Some(Self { images })
    }

    /// What is on them now, whatever is yet to be written to them.
    fn copy(&self, directory: &Path) -> Self {
        let _ = fs::remove_dir_all(directory);
        fs::create_dir(directory).unwrap();
        let copy = |(at, image): &(&'static str, PathBuf)| {
            let copy = directory.join(image.file_name().unwrap());
            let copied = Command::new("cp").arg("--sparse=always").args([image, &copy]).status();
            assert!(copied.unwrap().success());
            (*at, copy)
        };
        Self {
            images: self.images.iter().map(copy).collect(),
        }
    }

    /// Mounts them; nothing is written that nobody asks for. Whether there are loop devices.
    fn mount(&self, tree: &Path) -> bool {
        self.images.iter().all(|(at, image)| {
            let at = tree.join(at);
            fs::create_dir_all(&at).unwrap();
            let mounted = Command::new("mount")
                .args(["-o", "loop,commit=300"])
                .args([image, &at])
                .status();
            mounted.unwrap().success()
        })
    }

    fn unmount(&self, tree: &Path) {
        for (at, _) in self.images.iter().rev() {
            let unmounted = Command::new("umount").arg(tree.join(at)).status();
            assert!(unmounted.unwrap().success(), "{at}");
        }
    }

    /// Mounted for as long as something is done with the tree.
    fn with<T>(&self, tree: &Path, body: impl FnOnce() -> T) -> T {
        assert!(self.mount(tree));
        let done = body();
        self.unmount(tree);
        done
    }
}

/// Every file is as it was or as it shall be; nothing else is there but what was being prepared.
fn whole(before: &Snapshot, after: &Snapshot, now: &Snapshot) {
    for path in before.keys().chain(after.keys()).chain(now.keys()) {
        let (old, new, is) = (before.get(path), after.get(path), now.get(path));
        let is_prepared = path.contains("/.firstlight-") || (old.is_none() && is.is_some_and(is_directory));
        assert!(
            is == old || is == new || is_prepared,
            "{path} is neither old nor new: {is:?}"
        );
    }
}

fn is_directory(entry: &support::tree::Entry) -> bool {
    matches!(entry, support::tree::Entry::Directory(..))
}

fn cut_power(places: &[&'static str]) {
    let directory = tempfile::tempdir().unwrap();
    let tree = directory.path().join("tree");
    fs::create_dir(&tree).unwrap();
    let Some(disks) = Disks::make(places, directory.path()).filter(|disks| disks.mount(&tree)) else {
        unmount_below(&tree);
        return skip("mkfs.ext4 or loop devices are missing");
    };
    build("photon5", None, &tree);
    let before = snapshot(&tree);
    disks.unmount(&tree);
    let case = Path::new("tests/cases/60-everything/seed");
    let source = format!("nocloud:{}", case.display());
    let apply = ["apply", "--root", text(&tree), "--source", &source];
    let after = disks.copy(&directory.path().join("done")).with(&tree, || {
        let done = firstlight(&apply);
        assert_eq!(done.status, 0, "{done:?}");
        snapshot(&tree)
    });

    let step = if std::env::var_os("SOAK").is_some() { 1 } else { SAMPLE };
    let mut cuts = 0;
    for moment in (1..MOMENTS).step_by(step) {
        let running = disks.copy(&directory.path().join("running"));
        let left = running.with(&tree, || {
            let died = firstlight_dying(&apply, moment as u64);
            (died.status != 0).then(|| running.copy(&directory.path().join("left")))
        });
        let Some(left) = left else { break };
        cuts += 1;
        left.with(&tree, || {
            let what = format!("{places:?}, power cut at {moment}");
            whole(&before, &after, &snapshot(&tree));
            let again = firstlight(&apply);
            let now = snapshot(&tree);
            let wrong = difference(&after, &now);
            assert!(again.status == 0 && now == after, "{what}: {again:?}\n{wrong}");
            let history = firstlight(&["history", "--root", text(&tree), "--format", "json"]);
            let history: serde_json::Value = serde_json::from_str(&history.stdout).unwrap();
            let in_force = |one: &&serde_json::Value| matches!(one["outcome"].as_str(), Some("done" | "degraded"));
            let oldest = history["generations"]
                .as_array()
                .unwrap()
                .iter()
                .find(in_force)
                .unwrap()["number"]
                .to_string();
            let back = firstlight(&["rollback", "--root", text(&tree), &oldest]);
            let now = snapshot(&tree);
            assert!(now == before, "{what}: {back:?}\n{}", difference(&before, &now));
        });
    }
    assert!(cuts * step > 50, "only {cuts} power cuts");
}

#[test]
fn whenever_the_power_goes_the_next_run_ends_as_asked() {
    with_own_mounts("whenever_the_power_goes_the_next_run_ends_as_asked", || {
        cut_power(&[""])
    });
}

#[test]
fn the_same_with_the_state_on_another_disk() {
    with_own_mounts("the_same_with_the_state_on_another_disk", || cut_power(&["", "var"]));
}
