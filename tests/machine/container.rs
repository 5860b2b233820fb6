//! A machine in systemd-nspawn: a real systemd, a real bus, this host's kernel.

use crate::machine::{Logs, Machine};
use crate::pen::Pen;
use crate::probe::{Observed, Visit, visit};
use crate::rootfs::{Root, Suite, run};
use crate::seed::{PASSWORD, Seed};
use crate::web::Web;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

/// Where its seed lies, in its tree.
pub const SEED_DIRECTORY: &str = "var/lib/cloud/seed/nocloud";

/// A machine whose disk is a directory.
pub struct Container {
    name: String,
    /// Its disk; may be changed between boots.
    pub root: Root,
    /// A directory that is served in its neighbourhood while it is on.
    pub served: Option<PathBuf>,
    logs: Logs,
}

impl Container {
    /// A machine that has never been booted.
    pub fn new(suite: Suite, test: &str) -> Self {
        Self::on(Root::new(suite, test, PASSWORD), test)
    }

    /// A machine that has never been booted, with what some areas of a document are for.
    pub fn with_areas(suite: Suite, test: &str) -> Self {
        Self::on(Root::dressed(&suite.with_areas(), test, PASSWORD), test)
    }

    /// A machine with this disk.
    pub fn on(root: Root, test: &str) -> Self {
        Self {
            name: test.replace('_', "-"),
            root,
            served: None,
            logs: Logs::new(test),
        }
    }

    /// Takes the probe away, which would power the machine off.
    pub fn stays_on(&self) {
        let probe = "etc/systemd/system/multi-user.target.wants/probe.service";
        std::fs::remove_file(self.root.path.join(probe)).expect("the probe is installed");
    }
}

impl Container {
    /// Switches it on; returns where it runs and where its logs are.
    pub fn power_on(&mut self, words: &[&str]) -> (Pen, PathBuf) {
        let logs = self.logs.next();
        let arguments = [self.root.path.as_os_str(), self.name.as_ref()];
        // In a container the words for the kernel are the arguments of its first process; systemd reads them there.
        let arguments = arguments.into_iter().chain(words.iter().map(AsRef::as_ref));
        (Pen::start("nspawn", arguments, &logs.join("console")), logs)
    }

    /// What was written down inside, once it is off again.
    pub fn observed(&self, visit: Visit, logs: &Path) -> Observed {
        run(Command::new("cp")
            .arg("-rT")
            .arg(self.root.path.join("var/lib/probe"))
            .arg(logs.join("probe")));
        Observed::read(&logs.join("probe"), visit, logs)
    }
}

impl Machine for Container {
    fn insert(&mut self, seed: &Seed) {
        let directory = self.root.path.join(SEED_DIRECTORY);
        match &self.served {
            Some(served) => seed.write_list(&directory, served),
            None => seed.write(&directory),
        }
    }

    fn boot(&mut self, words: &[&str], address: &str, root_password: &str) -> Observed {
        let (mut pen, logs) = self.power_on(words);
        let _web = self.served.as_ref().map(|served| Web::serve(&pen, served));
        let visit = visit(&mut pen, (address, 22), root_password);
        drop(pen);
        self.observed(visit, &logs)
    }

    fn cut(&mut self, after: Duration) {
        let log = self.logs.next().join("console");
        let pen = Pen::start("nspawn", [self.root.path.as_os_str(), self.name.as_ref()], &log);
        sleep(after);
        drop(pen);
    }
}
