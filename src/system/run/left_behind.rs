//! Finds and kills what a program has left in a session of its own, where the signal to its group doesn't reach.
//!
//! Each run hands its program a mark in the environment, which its children inherit however often they fork. Being their
//! subreaper would not tell whose they are when several programs run at once, and a control group is not ours to make
//! outside of systemd. One that clears its environment is found by systemd alone: our units' control group ends with us.

use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The variable that holds the mark.
pub const VARIABLE: &str = "FIRSTLIGHT_RUN";

/// How often is looked again for what was started meanwhile. One that forks faster than this is left to systemd.
const ROUNDS: usize = 10;

/// What the processes of one run have in common, and nobody else has.
#[derive(Debug)]
pub struct Mark(String);

impl Mark {
    /// A new mark: our own number, and that of the run.
    pub fn new() -> Self {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        Self(format!("{}-{run}", std::process::id()))
    }

    /// What the variable is set to.
    pub fn value(&self) -> &str {
        &self.0
    }

    /// Kills all that carry the mark.
    pub fn kill_all(&self) {
        for _ in 0..ROUNDS {
            let found = self.find();
            if found.is_empty() {
                return;
            }
            for pid in found {
                // It may have ended meanwhile.
                let _ = kill(pid, Signal::SIGKILL);
            }
        }
    }

    /// Those that carry the mark. A dead process has no environment.
    #[expect(clippy::disallowed_methods, reason = "only the running machine has processes")]
    fn find(&self) -> Vec<Pid> {
        let entry = format!("{VARIABLE}={}", self.0);
        let Ok(processes) = std::fs::read_dir("/proc") else {
            return Vec::new();
        };
        processes
            .flatten()
            .filter_map(|process| {
                let pid = process.file_name().to_str()?.parse().ok()?;
                let environment = std::fs::read(process.path().join("environ")).ok()?;
                environment
                    .split(|byte| *byte == 0)
                    .any(|variable| variable == entry.as_bytes())
                    .then(|| Pid::from_raw(pid))
            })
            .collect()
    }
}
