//! The account files: `/etc/passwd`, `/etc/shadow`, `/etc/group`, `/etc/gshadow`, `/etc/subuid`, `/etc/subgid`.
//!
//! Reading entries is for everyone. [`apply`] and [`holds`] work on bytes and touch nothing; who writes the result takes
//! the [`Lock`] first. Whatever the edited entry does not concern keeps its bytes: other entries, comments, NIS lines,
//! a missing newline at the end.

mod edit;
pub mod free;
pub mod group;
mod lines;
mod lock;
pub mod login_defs;
pub mod passwd;
pub mod restore;
pub mod shadow;
pub mod subordinate;

pub use edit::{AccountError, AccountFile, apply, files, holds};
pub use lock::{LOCK_WAIT, Lock, LockError};
