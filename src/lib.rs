//! firstlight turns one YAML document into a configured machine.
//!
//! The index of the house; arrows point down only:
//!
//! ```text
//! source ──► document ──► module (plan) ──► engine (apply, verify, undo) ──► report
//! where      what it      what is missing    the only hands                  what happened
//! it is      says                   ▲                 │
//!                                   └──── system ◄────┘   the machine: files under a root, systemd, accounts, commands
//! ```
//!
//! - [`cli`]: one file per subcommand, no logic.
//! - [`settings`]: what the machine's owner says beforehand: `/etc/firstlight/config.yaml`.
//! - [`source`]: where the document comes from.
//! - [`document`]: what it says: YAML with positions, typed configuration, diagnostics.
//! - [`module`]: one file (or folder) per area of the machine; modules only plan.
//! - [`agent`]: from a seed to a report: what the units and the command line run.
//! - [`engine`]: plan, apply, verify, undo, generations; the only code that acts.
//! - [`system`]: the machine: its root directory, systemd, accounts, commands, facts.
//! - [`state`]: what firstlight remembers, in `/var/lib/firstlight` and `/run/firstlight`.
//! - [`report`]: what happened, for people and for programs.

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
