//! Where the document comes from.
//!
//! A source is one file or folder here. It looks in its place, says [`Verdict::Absent`], [`Verdict::Present`] or
//! [`Verdict::Broken`], and hands over one [`Seed`]; [`select`] asks them all and chooses. Sources know nothing of what a
//! document may say: they may use [`crate::system`]'s read-only half and nothing else of this crate.

mod allow;
pub mod configdrive;
pub mod credentials;
pub mod file;
pub mod http;
mod interface;
mod json;
mod lenient;
pub mod media;
pub mod nocloud;
pub mod ovf;
mod places;
mod prefix;
pub mod program;
pub mod remote;
mod rules;
mod seed;
pub mod select;
pub mod signature;
pub mod vmware;

pub use allow::{Allow, NOT_ALLOWED};
pub use http::Http;
pub use places::Places;
pub use rules::Rules;
pub use seed::{PART_LIMIT, Part, Seed, Signing};
pub use select::{Choice, Found, Name, search, survey};

/// The name of the source that is a file given by a person.
pub const FILE: &str = "file";

/// What a source says when asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing there; why, in a few words.
    Absent(String),
    /// A complete seed.
    Present(Box<Seed>),
    /// Something is there that can't be used: what, where, and what to do about it.
    Broken(String),
}
