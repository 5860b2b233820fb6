//! From a seed to a report. Both the units and the command line use this.
//!
//! [`carry_out()`] applies one document as one generation; [`boot`] decides at each boot whether there is anything to
//! apply; [`confirm`] undoes unconfirmed changes. Uses everything below it; only [`crate::cli`] uses it.

pub mod boot;
pub mod carry_out;
pub mod confirm;
pub mod cut_off;
pub mod decide;
pub mod imports;
mod incomplete;
pub mod online;
pub mod remote;
mod reporting;
pub mod script;
pub mod scrub;
mod seedless;
pub mod selection;
pub mod standing;
pub mod texts;

pub use carry_out::{CarryOutError, Request, carry_out};
