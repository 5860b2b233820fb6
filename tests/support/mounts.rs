//! Mounts of a test's own, for file systems that are full or read-only.

use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};

use super::skip::is_root;

/// Runs `body` where its mounts are seen by nobody else and end with it. Without root it is skipped.
pub fn with_own_mounts(test: &str, body: impl FnOnce() + Send + 'static) {
    if !is_root(&format!("{test} mounts")) {
        return;
    }
    // A namespace is a thread's: the programs that this thread starts are in it, those of other tests are not.
    let thread = std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>).unwrap();
        body();
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Mounts an empty file system in memory: `size=1m`, `nr_inodes=10`.
pub fn mount_tmpfs(at: &Path, options: &str) {
    mount(Some("tmpfs"), at, Some("tmpfs"), MsFlags::empty(), Some(options)).unwrap();
}

/// Mounts an empty overlay, in memory.
pub fn mount_overlay(at: &Path) {
    mount_tmpfs(at, "mode=755");
    let options: Vec<String> = ["lower", "upper", "work"]
        .iter()
        .map(|name| {
            std::fs::create_dir(at.join(name)).unwrap();
            format!("{name}dir={}", at.join(name).display())
        })
        .collect();
    let (kind, options) = (Some("overlay"), options.join(","));
    mount(kind, at, kind, MsFlags::empty(), Some(options.as_str())).unwrap();
}

/// Makes what is below `at` read-only.
pub fn make_read_only(at: &Path) {
    let none = None::<&str>;
    mount(Some(at), at, none, MsFlags::MS_BIND | MsFlags::MS_REC, none).unwrap();
    let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mount(none, at, none, flags, none).unwrap();
}

/// Makes the file `at` a mount of its own.
pub fn mount_file(at: &Path) {
    let none = None::<&str>;
    mount(Some(at), at, none, MsFlags::MS_BIND, none).unwrap();
}

/// Takes away every mount of this thread's below `tree`, the newest first: what is mounted can't be removed.
pub fn unmount_below(tree: &Path) {
    let mounts = std::fs::read_to_string("/proc/thread-self/mounts").unwrap();
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    let below: Vec<&str> = places.filter(|place| Path::new(place).starts_with(tree)).collect();
    for place in below.into_iter().rev() {
        // Those below one that is detached go with it.
        let _ = umount2(place, MntFlags::MNT_DETACH);
    }
}
