//! Types that all layers share. It depends on no other folder.

mod account;
mod address;
mod dirty;
mod fingerprint_hash;
mod host_key;
mod kernel;
pub mod password_hash;
mod run;
#[cfg(test)]
pub mod schema;
pub mod secret;
mod share;
mod stage;
mod unit_action;

pub use account::{AccountChange, Aging, PasswordChange, RandomPassword, Subordinate, UserAccount};
pub use address::{Address, NoAddress, is_address, percent_encoded};
pub use dirty::Dirty;
pub use fingerprint_hash::FingerprintHash;
pub use host_key::HostKeyType;
pub use kernel::{KernelChange, dots_for_slashes};
pub use password_hash::PasswordHash;
pub use run::{ANY_INSTANCE, COMMANDS_DIRECTORY, Run, RunOutcome, script_record};
pub use secret::{MASK, Secret};
pub use share::Share;
pub use stage::Stage;
pub use unit_action::UnitAction;
