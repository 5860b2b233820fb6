//! What a container and a virtual machine have in common: one is given a seed, and boots.

use crate::gate::workshop;
use crate::probe::Observed;
use crate::rootfs::discard;
use crate::seed::Seed;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// A machine that keeps its disk between boots.
pub trait Machine {
    /// Replaces the seed that the next boots find.
    fn insert(&mut self, seed: &Seed);

    /// Boots, with these words added to the kernel's command line, and is off again when this returns. The logins
    /// go to `address`, root's with `root_password`.
    fn boot(&mut self, words: &[&str], address: &str, root_password: &str) -> Observed;

    /// Boots, and has its power cut after this time.
    fn cut(&mut self, after: Duration);
}

/// The logs of a test, a directory per boot; they stay until its next run.
pub struct Logs {
    directory: PathBuf,
    boots: u32,
}

impl Logs {
    /// Forgets the logs of the run before.
    pub fn new(test: &str) -> Self {
        let directory = workshop().join("logs").join(test);
        discard(&directory);
        Self { directory, boots: 0 }
    }

    /// A new directory, for the next boot.
    pub fn next(&mut self) -> PathBuf {
        self.boots += 1;
        let directory = self.directory.join(format!("boot-{}", self.boots));
        fs::create_dir_all(&directory).expect("target/machine/logs can be made");
        directory
    }
}
