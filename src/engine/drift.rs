//! What no longer is as the last generation left it. Looks, and changes nothing.

use serde::Serialize;

use super::baseline::Baseline;
use crate::state::{Item, StateError};
use crate::system::Machine;

/// One thing that is not as it was left. Its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The module that had made it so.
    pub module: String,
    /// The generation that had.
    pub generation: u32,
    /// The kind: `file`, `directory`, `symlink`, `account`, `hostname`, `kernel`, `unit`, `expectation`.
    pub kind: &'static str,
    /// What it is: a path, an account, a unit.
    pub target: String,
    /// How it is and how it was left, in words.
    pub summary: String,
    /// A unified diff from what was left to what is there, where there is text to compare; secrets are masked.
    pub diff: Option<String>,
}

/// Everything of the inventory that is not as it was left, in its order.
///
/// # Errors
/// The machine or the state can't be read.
pub fn drift(machine: &Machine<'_>, baseline: &Baseline) -> Result<Vec<Drift>, StateError> {
    let mut found = Vec::new();
    for item in baseline.inventory.items.values() {
        let drifted = item.thing.kind().drift(machine, baseline)?;
        found.extend(drifted.map(|drifted| drifted.of(item)));
    }
    sort(&mut found);
    Ok(found)
}

/// By module, then by what it is.
pub fn sort(found: &mut [Drift]) {
    found.sort_by(|a, b| (place(&a.module), &a.target).cmp(&(place(&b.module), &b.target)));
}

/// Modules are shown in the order in which they act.
fn place(module: &str) -> usize {
    let names = crate::module::names();
    names.iter().position(|name| *name == module).unwrap_or(names.len())
}

/// How one thing has drifted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Drifted {
    /// As [`Drift::kind`].
    pub kind: &'static str,
    /// As [`Drift::target`].
    pub target: String,
    /// As [`Drift::summary`].
    pub summary: String,
    /// As [`Drift::diff`].
    pub diff: Option<String>,
}

impl Drifted {
    /// What has no text to compare.
    pub(super) fn new(kind: &'static str, target: &str, summary: String) -> Self {
        Self {
            kind,
            target: target.to_owned(),
            summary,
            diff: None,
        }
    }

    fn of(self, item: &Item) -> Drift {
        Drift {
            module: item.module.clone(),
            generation: item.generation,
            kind: self.kind,
            target: self.target,
            summary: self.summary,
            diff: self.diff,
        }
    }
}
