//! firstlight turns one YAML document into a configured machine.
//!
//! The folders, from top to bottom. A folder uses only those below it; `tests/arrows.rs` reads this list and checks
//! that.
//!
//! - [`cli`]: one file per subcommand, no logic.
//! - [`agent`]: from a seed to a report; the units and the command line run it.
//! - [`report`]: what happened, for people and for programs.
//! - [`engine`]: plan, apply, verify, undo, generations; the only code that acts.
//! - [`settings`]: the settings of the machine's owner: `/etc/firstlight/config.yaml`.
//! - [`state`]: what firstlight remembers, in `/var/lib/firstlight` and `/run/firstlight`.
//! - [`source`]: where the document comes from.
//! - [`module`]: one file (or folder) per area of the machine; modules only plan.
//! - [`document`]: the document: YAML with positions, typed configuration, diagnostics.
//! - [`system`]: the machine: its root directory, systemd, accounts, commands, facts.
//! - [`vocabulary`]: types that all layers share: a secret, a stage of the boot, a change of an account.

// Files of a machine are reached through `system` alone; clippy.toml lists what would bypass it.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod agent;
pub mod cli;
pub mod document;
pub mod engine;
pub mod module;
pub mod report;
pub mod settings;
pub mod source;
pub mod state;
pub mod system;
pub mod vocabulary;

#[cfg(test)]
#[path = "../tests/support/skip.rs"]
mod skip;
