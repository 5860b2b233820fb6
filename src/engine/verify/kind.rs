//! One type per kind of expectation, with everything that the engine knows about it. Only [`Expectation::kind`]
//! distinguishes the kinds.

use std::pin::Pin;

use super::Verdict;
use super::hostname::HostnameIs;
use super::kernel::KernelHas;
use super::link::LinkHas;
use super::password::PasswordIs;
use super::sight::Sight;
use super::sshd::{SshdAccepts, SshdSays, SshdTakesKeys};
use super::unit::{UnitFileIs, UnitIs};
use crate::module::{Change, Expectation};

/// A check in progress.
pub(super) type Looking<'a> = Pin<Box<dyn Future<Output = Verdict> + 'a>>;

/// When an expectation is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before any reload: it must hold, or nothing is reloaded.
    Gate,
    /// Before any reload, but a failure doesn't prevent reloads.
    BeforeReload,
    /// Once everything is done, at once.
    Afterwards,
    /// Once everything is done, for as long as the job has patience.
    InTime,
}

/// Where an expectation is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the files of the machine, whether it is booted or not.
    Files,
    /// In the booted machine.
    Running,
}

/// Everything that the engine knows about one kind of expectation.
pub(super) trait ExpectationKind {
    /// What is expected, for a plan.
    fn in_words(&self) -> String;

    /// When it is looked at.
    fn moment(&self) -> Moment;

    /// Where it is seen.
    fn place(&self) -> Place;

    /// Whether it is kept in the inventory, to be looked at later: not what has an item there that drifts by itself, and no
    /// secret.
    fn is_kept(&self) -> bool {
        true
    }

    /// What puts it right where it isn't so and nothing of the files is missing.
    fn repair(&self, _sight: &Sight<'_>) -> Option<Change> {
        None
    }

    /// How it turned out.
    fn look<'a>(&'a self, sight: &'a Sight<'a>) -> Looking<'a>;
}

impl Expectation {
    /// Its kind.
    pub(super) fn kind(&self) -> Box<dyn ExpectationKind + '_> {
        match self {
            Self::SshdAccepts => Box::new(SshdAccepts),
            Self::SshdSays { keyword, value } => Box::new(SshdSays { keyword, value }),
            Self::SshdTakesKeys {
                user,
                file,
                pattern,
                forced,
            } => Box::new(SshdTakesKeys {
                user,
                file,
                pattern,
                forced: *forced,
            }),
            Self::HostnameIs(name) => Box::new(HostnameIs { name }),
            Self::Kernel(wanted) => Box::new(KernelHas { wanted }),
            Self::LinkHas { link, file, setting } => Box::new(LinkHas { link, file, setting }),
            Self::UnitIs { unit, active } => Box::new(UnitIs { unit, active: *active }),
            Self::UnitFileIs { unit, state } => Box::new(UnitFileIs { unit, state: *state }),
            Self::PasswordIs { user, hash } => Box::new(PasswordIs { user, hash }),
        }
    }

    /// The expectation in words, for a plan.
    pub fn in_words(&self) -> String {
        self.kind().in_words()
    }

    /// What puts it right where it isn't so and nothing of the files is missing.
    pub(in crate::engine) fn repair(&self, sight: &Sight<'_>) -> Option<Change> {
        self.kind().repair(sight)
    }

    /// Whether it is kept in the inventory, to be looked at later.
    pub(in crate::engine) fn is_kept(&self) -> bool {
        self.kind().is_kept()
    }

    /// Whether only a running machine can show it; the others are seen in its files.
    pub fn needs_running(&self) -> bool {
        self.kind().place() == Place::Running
    }
}

/// A verdict that needs no waiting.
pub(super) fn seen<'a>(verdict: Verdict) -> Looking<'a> {
    Box::pin(std::future::ready(verdict))
}
