//! The power fails at each moment in turn: what the kernel has not written to the disk is lost. The next run ends
//! as asked, and the one before can be had back.
//!
//! The program dies as in `tests/crash.rs`, on disks of its own, files with ext4, XFS or btrfs; what counts then is what is in those files,
//! not what the kernel still has in memory. Needs root, and the feature `failpoints`: `cargo test --features failpoints
//! --test power_cut`. It takes some of the moments; with `SOAK` set, all.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::mounts::{unmount_below, with_own_mounts};
use support::program::{firstlight, firstlight_dying, text};
use support::skip::{skip, skip_in};
use support::tree::{Snapshot, build, difference, snapshot};

/// More moments than an apply has.
const MOMENTS: usize = 2000;

/// One of so many moments is taken without `SOAK`.
const SAMPLE: usize = 5;

/// A kind of file system.
struct Kind {
    mkfs: &'static [&'static str],
    /// With nothing written that nobody asks for, as far as that can be said.
    mount: &'static str,
    size: u64,
}

const EXT4: Kind = Kind {
    mkfs: &["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
    mount: "loop,commit=300",
    size: 24 << 20,
};

const XFS: Kind = Kind {
    mkfs: &["mkfs.xfs", "-q"],
    // A copy has the same name.
    mount: "loop,nouuid",
    size: 320 << 20,
};

/// It has no log that everything is in.
const BTRFS: Kind = Kind {
    mkfs: &["mkfs.btrfs", "-q"],
    mount: "loop,commit=300",
    size: 160 << 20,
};

/// Disks, each mounted at a path of the tree.
struct Disks {
    kind: &'static Kind,
    images: Vec<(&'static str, PathBuf)>,
}

impl Disks {
    /// New ones; `None` where there are no tools.
    fn make(kind: &'static Kind, places: &[&'static str], directory: &Path) -> Option<Self> {
        let mut images = Vec::new();
        for (number, at) in places.iter().enumerate() {
            let image = directory.join(format!("disk{number}"));
            fs::File::create(&image).unwrap().set_len(kind.size).unwrap();
            let made = Command::new(kind.mkfs[0]).args(&kind.mkfs[1..]).arg(&image).status();
            if !made.is_ok_and(|made| made.success()) {
                return None;
            }
            images.push((*at, image));
        }
        Some(Self { kind, images })
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
            kind: self.kind,
            images: self.images.iter().map(copy).collect(),
        }
    }

    /// Mounts them. Whether that is possible here.
    fn mount(&self, tree: &Path) -> bool {
        self.images.iter().all(|(at, image)| {
            let at = tree.join(at);
            fs::create_dir_all(&at).unwrap();
            let mounted = Command::new("mount")
                .args(["-o", self.kind.mount])
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

/// Every file has its old or its new content; nothing else is there except prepared files.
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

/// Cuts the power at each moment of an apply; whether there are such disks here.
fn cut_power(kind: &'static Kind, places: &[&'static str]) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let tree = directory.path().join("tree");
    fs::create_dir(&tree).unwrap();
    let Some(disks) = Disks::make(kind, places, directory.path()).filter(|disks| disks.mount(&tree)) else {
        unmount_below(&tree);
        return false;
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
            let what = format!("{}, {places:?}, power cut at {moment}", kind.mkfs[0]);
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
    true
}

#[test]
fn whenever_the_power_goes_the_next_run_ends_as_asked() {
    with_own_mounts("whenever_the_power_goes_the_next_run_ends_as_asked", || {
        if !cut_power(&EXT4, &[""]) {
            skip("mkfs.ext4 or loop devices are missing");
        }
    });
}

#[test]
fn the_same_with_the_state_on_another_disk() {
    with_own_mounts("the_same_with_the_state_on_another_disk", || {
        if !cut_power(&EXT4, &["", "var"]) {
            skip("mkfs.ext4 or loop devices are missing");
        }
    });
}

#[test]
fn the_same_with_other_file_systems_where_the_kernel_has_them() {
    with_own_mounts("the_same_with_other_file_systems_where_the_kernel_has_them", || {
        for kind in [&XFS, &BTRFS] {
            if !cut_power(kind, &["", "var"]) {
                skip_in(false, &format_args!("{} or its file system is missing", kind.mkfs[0]));
            }
        }
    });
}
