//! Who may boot machines, and how many at a time.

use crate::say;
use crate::skip::is_root;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// As long as one lives, one of the two places is taken.
pub struct Permit {
    _slot: File,
    test: String,
    since: Instant,
}

impl Drop for Permit {
    /// Writes down how long the machines of this test had the place: `make test` ends with the dearest.
    fn drop(&mut self) {
        let spent = workshop().join("spent");
        let written = fs::create_dir_all(&spent)
            .and_then(|()| fs::write(spent.join(&self.test), format!("{}\n", self.since.elapsed().as_secs())));
        if let Err(error) = written {
            say(&self.test, &format!("how long it took can't be written down: {error}"));
        }
    }
}

/// How long a test's machines had their place last time, in seconds; the dearest first.
pub fn spent() -> Vec<(u64, String)> {
    let files = fs::read_dir(workshop().join("spent")).into_iter().flatten().flatten();
    let mut spent: Vec<(u64, String)> = files
        .filter_map(|file| {
            let seconds = fs::read_to_string(file.path()).ok()?.trim().parse().ok()?;
            Some((seconds, file.file_name().into_string().ok()?))
        })
        .collect();
    spent.sort_unstable_by(|a, b| b.cmp(a));
    spent
}

/// Where everything these tests make is kept: cached trees, copies at work, logs.
pub fn workshop() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"))
        .join("machine")
}

/// A script beside this file.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machine").join(name)
}

/// Waits for a place; `None` when this user can't boot anything.
pub fn enter(test: &str) -> Option<Permit> {
    if !is_root(&format!(
        "{test} makes namespaces, and a tree with other people's files"
    )) {
        return None;
    }
    static TOOLS: OnceLock<bool> = OnceLock::new();
    let ready = *TOOLS.get_or_init(|| {
        Command::new(script("install-tools"))
            .status()
            .is_ok_and(|it| it.success())
    });
    assert!(
        ready,
        "tests/machine/install-tools could not install what the boots need; it says why above"
    );

    // Files, not a mutex: other processes (a second `cargo test`, a nextest) count too. Two, for two cores.
    fs::create_dir_all(workshop()).expect("target/machine can be made");
    loop {
        for slot in ["slot-1", "slot-2"] {
            let slot = File::create(workshop().join(slot)).expect("target/machine can be written");
            if slot.try_lock().is_ok() {
                return Some(Permit {
                    _slot: slot,
                    test: test.to_owned(),
                    since: Instant::now(),
                });
            }
        }
        sleep(Duration::from_millis(200));
    }
}
