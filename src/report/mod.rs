//! What happened, for people and for programs: plans, reports, status.
//!
//! Everything here turns values into text or JSON; nothing looks at a machine. The JSON forms are stable: keys are added,
//! never renamed; `schema` is their version.

pub mod applied;
mod commands;
pub mod drift;
pub mod generation;
pub mod in_force;
pub mod network_graph;
pub mod plan;
pub mod status;
pub mod style;
pub mod words;

/// The version of the JSON forms.
pub const SCHEMA: u32 = 1;
