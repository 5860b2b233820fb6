//! Where the document comes from.
//!
//! A source is one file or folder here. It looks in its place, says [`Verdict::Absent`], [`Verdict::Present`], [`Verdict::Broken`]
//! or [`Verdict::Unknown`], and hands over one [`Seed`]; [`select`] asks them all and chooses. What is wrong is a [`Fault`]. Sources know nothing of what a
//! document may say: they may use [`crate::system`]'s read-only half and nothing else of this crate.

mod allow;
pub mod configdrive;
pub mod credentials;
mod fault;
pub mod file;
mod gathered;
pub mod http;
pub mod import;
mod interface;
mod json;
mod lenient;
pub mod media;
pub mod nocloud;
pub mod ovf;
mod places;
pub mod program;
pub mod remote;
mod rules;
mod seed;
pub mod select;
pub mod signature;
pub mod vmware;

pub use allow::{Allow, NOT_ALLOWED};
pub use fault::{Fault, FaultKind};
pub use http::Http;
pub use import::KeySites;
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
    /// Something is there that can't be used.
    Broken(Fault),
    /// Unknown: it didn't answer, or what can't be read may have been a seed.
    Unknown(Fault),
}

impl Verdict {
    /// In words: where the seed is, or why there is none.
    pub fn why(&self) -> String {
        match self {
            Self::Absent(why) => why.clone(),
            Self::Present(seed) => seed.place.clone(),
            Self::Broken(fault) | Self::Unknown(fault) => fault.to_string(),
        }
    }
}

impl From<Seed> for Verdict {
    fn from(seed: Seed) -> Self {
        Self::Present(Box::new(seed))
    }
}

impl From<Fault> for Verdict {
    fn from(fault: Fault) -> Self {
        Self::Broken(fault)
    }
}

impl<T: Into<Self>> From<Result<T, Fault>> for Verdict {
    fn from(found: Result<T, Fault>) -> Self {
        found.map_or_else(Self::Broken, Into::into)
    }
}
