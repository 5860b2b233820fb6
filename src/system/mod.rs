//! The machine: its root directory, its accounts, its systemd, its commands, and the facts about it.
//!
//! The read-only half ([`Root`], [`Machine`], [`Facts`]) is for everyone. The half that acts is for [`crate::engine`]
//! alone. Nothing here knows what a document is.

pub mod account;
mod append;
pub mod clock;
pub mod command;
pub mod console;
pub mod crypt;
pub mod dockerd;
pub mod failpoint;
pub mod file_system;
mod flush;
mod hand;
pub mod host;
mod imagined;
pub mod kernel;
pub mod machine;
pub mod memory;
pub mod name_service;
pub mod network;
pub mod random_pool;
pub mod root;
pub mod rule_checker;
pub mod run;
mod scratch;
mod seen;
pub mod sshd;
mod staging;
pub mod systemd;
pub mod thread;
pub mod trust;
pub mod udev;
pub mod way;
pub mod write;

pub use file_system::FileSystem;
pub use hand::Hand;
pub use host::System;
pub use imagined::Imagined;
pub use machine::{Facts, LinkFacts, Live, Machine, UnitFacts};
pub use root::{Kind, Metadata, ReadError, Root};
pub use way::{PathError, Targets};
pub use write::{WriteError, Writer};
