//! The read-only view of the machine that modules plan from.

use std::collections::{BTreeMap, BTreeSet};

use super::root::{Metadata, ReadError, Root};
use crate::vocabulary::{Run, RunOutcome};

/// The machine as it is now. It can't write.
#[derive(Debug, Clone, Copy)]
pub struct Machine<'a> {
    root: &'a Root,
    facts: &'a Facts,
}

/// The facts collected before planning, in addition to the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Today, in days since 1970-01-01 (UTC); 0 if the clock is not set.
    pub today: u32,
    /// What only a running machine shows; `None` under `--root`.
    pub live: Option<Live>,
    /// What ran once for this instance, by name.
    pub ran: BTreeMap<String, Run>,
    /// The modules that had their turn in an earlier part of this run.
    pub had_turn: BTreeSet<String>,
}

/// The facts of a running machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// The kernel's host name.
    pub hostname: String,
    /// Whether the system bus answers; early in the boot there is none.
    pub bus: bool,
    /// The units that were asked about, by full name, as systemd has them; empty without a bus.
    pub units: BTreeMap<String, UnitFacts>,
    /// The network links, as the kernel has them.
    pub links: Vec<LinkFacts>,
    /// The ID of this boot, random(4).
    pub boot: String,
    /// The links that somebody else had made when a document first asked for them, each with the ID of that boot.
    pub taken_over: BTreeMap<String, String>,
}

/// A unit as systemd has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitFacts {
    /// LoadState: `loaded`, `not-found`, `masked`, …
    pub load_state: String,
    /// ActiveState: `active`, `inactive`, `failed`, `activating`, …
    pub active_state: String,
    /// It is a `Type=oneshot` service without `RemainAfterExit=`, which is inactive after its run, and has not failed.
    /// systemd may have forgotten whether it has run.
    pub rests: bool,
    /// It doesn't run, and systemd is still to start it: in a boot, once what it waits for has started.
    pub is_queued: bool,
}

/// A network link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkFacts {
    /// Its name: `eth0`.
    pub name: String,
    /// Its hardware address, lower case with colons; empty where it has none.
    pub mac: String,
    /// The driver's name; empty where it has none.
    pub driver: String,
}

impl UnitFacts {
    /// Whether the unit runs, or is being started.
    pub fn runs(&self) -> bool {
        matches!(self.active_state.as_str(), "active" | "activating" | "reloading")
    }

    /// Whether the unit runs now, or will without anybody's doing.
    pub fn runs_or_will(&self) -> bool {
        self.runs() || self.is_queued
    }
}

impl<'a> Machine<'a> {
    /// The view of the machine at `root`, with what was found out before.
    pub fn new(root: &'a Root, facts: &'a Facts) -> Self {
        Self { root, facts }
    }

    /// The same machine with other files, as planned.
    #[must_use]
    pub fn with_root(self, root: &'a Root) -> Self {
        Self { root, ..self }
    }

    /// The files, for reading.
    pub fn root(&self) -> &'a Root {
        self.root
    }

    /// Today, in days since 1970-01-01.
    pub fn today(&self) -> u32 {
        self.facts.today
    }

    /// The facts of a running machine; `None` under `--root`, where nothing runs and nothing may be run.
    pub fn live(&self) -> Option<&'a Live> {
        self.facts.live.as_ref()
    }

    /// How what runs once went, if it ran for this instance.
    pub fn ran(&self, name: &str) -> Option<&'a Run> {
        self.facts.ran.get(name)
    }

    /// Whether exactly this has been done under this name.
    pub fn has_done_this(&self, name: &str, what: &str) -> bool {
        self.has_done(name) && self.ran(name).is_some_and(|ran| ran.what.as_deref() == Some(what))
    }

    /// Whether what runs once has succeeded for this instance.
    pub fn has_done(&self, name: &str) -> bool {
        self.ran(name).is_some_and(|run| run.outcome == RunOutcome::Done)
    }

    /// Whether a module had its turn in an earlier part of this run: what it did counts as this run's.
    pub fn had_turn(&self, module: &str) -> bool {
        self.facts.had_turn.contains(module)
    }

    /// The unit as systemd has it; `None` where there is no bus, or nobody asked about it before planning.
    pub fn unit(&self, name: &str) -> Option<&'a UnitFacts> {
        self.live()?.units.get(name)
    }

    /// A file's text; `None` when there is none.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn read_text(&self, path: &str) -> Result<Option<String>, ReadError> {
        self.root.read_text(path)
    }

    /// What is at `path`, links followed; `None` when there is nothing.
    ///
    /// # Errors
    /// As [`Root::metadata`].
    pub fn metadata(&self, path: &str) -> Result<Option<Metadata>, ReadError> {
        self.root.metadata_followed(path)
    }
}
