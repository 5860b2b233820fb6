//! What firstlight does, from a seed to a report: the units and the command line both come here.
//!
//! [`carry_out()`] takes one document to one generation; [`boot`] decides at each boot whether there is anything to carry
//! out; [`confirm`] undoes what nobody confirms. Uses everything below it; only [`crate::cli`] uses it.

pub mod boot;
pub mod carry_out;
pub mod confirm;
pub mod decide;
pub mod online;
pub mod remote;
pub mod scrub;
mod seedless;
pub mod selection;
pub mod standing;

pub use carry_out::{CarryOutError, Request, carry_out};
