//! What the tests of the program share: machines as trees, and what the program says about them.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

pub mod chroot;
pub mod differences;
pub mod mounts;
pub mod program;
pub mod recorded;
pub mod schema;
pub mod skip;
pub mod tree;
