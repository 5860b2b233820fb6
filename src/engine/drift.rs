//! Finds drift: what has changed since firstlight configured it. Read-only.

use serde::Serialize;

use super::baseline::Baseline;
use crate::state::{Item, StateError};
use crate::system::Machine;

/// One item that has drifted. Its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Drift {
    /// The module that configured it.
    pub module: String,
    /// The generation that configured it.
    pub generation: u32,
    /// The kind: `file`, `directory`, `symlink`, `account`, `hostname`, `kernel`, `unit`, `expectation`.
    pub kind: &'static str,
    /// What it is: a path, an account, a unit.
    pub target: String,
    /// How it is and how firstlight left it, in words.
    pub summary: String,
    /// A unified diff from what firstlight left to what is there now, for text; secrets are masked.
    pub diff: Option<String>,
}

/// All items of the inventory that have drifted, in order.
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

/// Sorts by module, then by item.
pub fn sort(found: &mut [Drift]) {
    found.sort_by(|a, b| (place(&a.module), &a.target).cmp(&(place(&b.module), &b.target)));
}

/// Modules are shown in the order in which they act.
fn place(module: &str) -> usize {
    let names = crate::module::NAMES;
    names.iter().position(|name| *name == module).unwrap_or(names.len())
}

/// How one item has drifted.
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
    /// Drift without text to compare.
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
