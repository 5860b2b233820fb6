//! The texts that a document is read from: what each means, and from bytes to characters.

use zeroize::Zeroizing;

use super::budget::Budget;
use super::cloud_config::other_format;
use super::compressed;
use super::conversion::Conversion;
use super::diagnostic::Diagnostic;
use super::encoded;

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
    /// What the machine shall be.
    pub user_data: Option<Text<'a>>,
    /// Who the machine is.
    pub meta_data: Option<Text<'a>>,
    /// What the vendor proposes; user-data wins.
    pub vendor_data: Option<Text<'a>>,
    /// The network, with or without the key `network` around it.
    pub network_config: Option<Text<'a>>,
    /// Documents above `user_data`, in their order, each above the one before.
    pub more_user_data: Vec<Text<'a>>,
    /// The same above `vendor_data`.
    pub more_vendor_data: Vec<Text<'a>>,
    /// What the sources of `write_files` have, by their address.
    pub files: Vec<(&'a str, &'a [u8])>,
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

/// What a text holds that is compressed by gzip or in base64; `None` if it is plain. It is paid for.
pub(super) fn unpacked(text: Text<'_>, budget: &mut Budget) -> Result<Option<Zeroizing<Vec<u8>>>, Box<Diagnostic>> {
    if text.bytes.len() > TEXT_LIMIT {
        return Ok(None);
    }
    let limit = budget.unpacked().min(TEXT_LIMIT as u64);
    let (message, hint) = match encoded::unwrapped(text.bytes, limit) {
        Ok(unpacked) => {
            budget.spend_unpacked(unpacked.as_ref().map_or(0, |unpacked| unpacked.len() as u64));
            return Ok(unpacked);
        }
        Err(compressed::Fault::TooLarge) if limit < TEXT_LIMIT as u64 => (
            "the texts of the document are too large once they are unpacked",
            "all together have at most 16 MiB",
        ),
        Err(compressed::Fault::TooLarge) => (
            "the document is too large once it is unpacked",
            "a document has at most 8 MiB",
        ),
        Err(compressed::Fault::Damaged) => (
            "the document is compressed and damaged, or cut off",
            "compress it again with gzip",
        ),
    };
    Err(Box::new(Diagnostic::whole(text.origin, message, Some(hint.to_owned()))))
}

/// Bytes to text; `Err` says why they are no document.
pub(super) fn decode_text(text: Text<'_>, headed: bool) -> Result<String, Box<Diagnostic>> {
    let refuse =
        |message: String, hint: &str| Err(Box::new(Diagnostic::whole(text.origin, message, Some(hint.to_owned()))));
    if text.bytes.len() > TEXT_LIMIT {
        let size = text.bytes.len().div_ceil(1024 * 1024);
        return refuse(
            format!("the document is too large: {size} MiB"),
            "a document has at most 8 MiB",
        );
    }
    let decoded = match std::str::from_utf8(text.bytes) {
        Ok(decoded) => decoded.trim_start_matches('\u{feff}'),
        Err(error) => {
            let line = 1 + text.bytes[..error.valid_up_to()]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            let message = format!("the document is not UTF-8: line {line} has a byte that can't be");
            return refuse(message, "save it as UTF-8");
        }
    };
    match other_format(decoded).filter(|_| headed) {
        Some(format) => refuse(
            format!("this is {format}, and only one cloud-config document is taken"),
            "write the settings as keys and values",
        ),
        None => Ok(decoded.to_owned()),
    }
}
