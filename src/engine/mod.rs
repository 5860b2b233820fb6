//! Plan, apply, verify, undo, generations.
//!
//! Uses [`crate::module`] for the wanted state, [`crate::system`] to apply it, and [`crate::state`] to record the
//! earlier state. Only the engine changes a machine.

// A new kind of change, item, undo or expectation must not be ignored anywhere.
#![deny(clippy::wildcard_enum_match_arm)]

pub mod act;
pub mod apply;
pub mod baseline;
pub mod batch;
pub mod confirm;
pub mod disturbance;
pub mod drift;
mod kind;
mod merge3;
pub mod next_inventory;
mod owner;
pub mod plan;
pub mod preflight;
mod reaction;
pub mod recover;
mod release;
pub mod relief;
pub mod survey;
pub mod undo;
mod unmasked;
mod unmet;
pub mod verify;
pub mod vet;
pub mod view;

pub use apply::{Applied, ApplyError, Job, ModuleResult, Policy, apply};
pub use baseline::Baseline;
pub use confirm::ArmError;
pub use disturbance::disturbances;
pub use drift::{Drift, drift};
pub use next_inventory::NextInventory;
pub use plan::{GenerationPlan, ModulePlan};
pub use preflight::{PreflightError, preflight};
pub use recover::{recover, settle_inventory};
pub use relief::relieve;
pub use survey::{survey, survey_and_plan};
pub use undo::{RollbackError, Undone, rollback};
pub use unmet::{add_unmet, unmet};
pub use vet::vet;
pub use view::ChangeView;
