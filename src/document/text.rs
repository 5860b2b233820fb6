//! The texts that a document is read from: what each means.

use super::conversion::Conversion;
use super::format::MachineFacts;

/// The most bytes one text of a document may have (8 MiB).
pub const TEXT_LIMIT: usize = 8 * 1024 * 1024;

/// One text of a document, as it was found.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// Where it came from: a path, or a place in a seed.
    pub origin: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// The texts that make up a document, with cloud-init's meaning of each.
#[derive(Debug, Clone, Default)]
pub struct Texts<'a> {
    /// Where they are from: the name of the source, and the place in it. Empty where it does not matter.
    pub source: (&'a str, &'a str),
    /// What the machine should be.
    pub user_data: Option<Text<'a>>,
    /// Who the machine is.
    pub meta_data: Option<Text<'a>>,
    /// What the vendor proposes; user-data wins.
    pub vendor_data: Option<Text<'a>>,
    /// The network, with or without the key `network` around it.
    pub network_config: Option<Text<'a>>,
    /// Documents above `vendor_data`, in their order, each above the one before.
    pub more_vendor_data: Vec<Text<'a>>,
    /// What was fetched, by its address as it was written: documents of lists (`#include`), sources of `write_files`.
    pub fetched: Vec<(&'a str, Text<'a>)>,
    /// What the machine knows of itself, for templates; `None` where the document is not read on its machine.
    pub machine: Option<MachineFacts>,
    /// How those of the texts were made that the source made itself, by their origin.
    pub conversions: Vec<(&'a str, &'a Conversion)>,
}

impl<'a> Texts<'a> {
    /// User-data alone.
    pub fn of_user_data(origin: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            user_data: Some(Text { origin, bytes }),
            ..Self::default()
        }
    }
}
