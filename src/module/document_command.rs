//! What a document wants run: commands, scripts, and programs that take long.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{Change, Plan};
use crate::document::commands::script::Script;
use crate::system::Machine;
use crate::vocabulary::{Run, RunOutcome};

/// Something that the document wants run. systemd runs it as its own unit, outside our sandbox.
///
/// It takes a running systemd: a module that wants it is of the stage [`crate::module::Stage::System`] or a later one. In a
/// tree that doesn't run it is left for the first boot, and the plan says so. It never holds: whether it is still to be
/// run is its module's to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentCommand {
    /// What tells its unit from others, the same at each boot: `runcmd` runs as `firstlight-runcmd.service`.
    pub name: String,
    /// What runs.
    pub program: Program,
    /// How long it may take. Then it is stopped, with all that it has started. What it leaves in the background when it ends
    /// by itself goes on.
    pub limit: Duration,
    /// What it is for, in a few words.
    pub purpose: String,
    /// Whether it runs a second time.
    pub once: Once,
    /// When it runs.
    pub when: When,
}

/// When a [`DocumentCommand`] runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// In its turn: what comes after it waits for its end.
    InTurn,
    /// When this run of firstlight, and the boot's final stage, are over; they are waited for so long. Nobody waits for its
    /// end; the next run finds out how it went.
    AfterAll(Duration),
}

impl DocumentCommand {
    /// Adds it to `plan` where it hasn't run, otherwise what is to be known of how it went.
    pub(super) fn plan_once(self, machine: &Machine<'_>, plan: &mut Plan) {
        match machine.ran(&self.name) {
            None => plan.changes.push(Change::DocumentCommand(self)),
            Some(run) => self.note(run, plan),
        }
    }

    /// What tells a script from another one of the name: that of all a person reads of it. What is around it is another one
    /// after an update of firstlight.
    pub fn digest(&self) -> Option<String> {
        let Program::Script(script) = &self.program else {
            return None;
        };
        let mut hash = Sha256::new();
        for word in script.prefix().iter().map(String::as_str).chain([script.shown()]) {
            hash.update(word);
            hash.update([0]);
        }
        Some(hex::encode(hash.finalize()))
    }

    /// Whether it ran as another script than it is now. Older versions have not noted what ran.
    fn has_changed(&self, run: &Run) -> bool {
        run.what.is_some() && self.digest().is_some_and(|now| run.what != Some(now))
    }

    fn note(&self, run: &Run, plan: &mut Plan) {
        let name = &self.name;
        let again = "`firstlight apply --run-again` runs it";
        let has_changed = self.has_changed(run);
        if has_changed {
            plan.notice(format!(
                "{name} has changed since it ran for this instance: it is not run again; {again}"
            ));
        }
        match run.outcome {
            RunOutcome::Done if has_changed => {}
            RunOutcome::Done => plan.info(format!(
                "{name} has run for this instance: it is not run again; {again}"
            )),
            RunOutcome::Failed => plan.lasting(format!(
                "{name} has run for this instance and failed: it is not run again; {again}"
            )),
            RunOutcome::Begun => plan.lasting(format!(
                "{name} was interrupted, so it is unknown how much of it was done: it is not run again; {again}"
            )),
        }
    }
}

/// What a [`DocumentCommand`] runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// The program, by its absolute path or by a name in the search path, and its arguments. No shell is between. Anybody
    /// may read them: what holds a secret is a script.
    Argv(Vec<String>),
    /// A script, which is a file for root alone while it runs.
    Script(Script),
}

/// How often a [`DocumentCommand`] runs. The ledger notes under its name that it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// Each time that its module plans it.
    No,
    /// Once for each instance.
    PerInstance,
    /// Once on this machine, whatever instance it is.
    PerMachine,
    /// Until this has succeeded, once for each instance.
    UntilDone(String),
}
