//! The characters of a text, below its encodings.

use zeroize::Zeroizing;

use super::wrong::Wrong;
use super::{Place, compressed, encoded};
use crate::document::budget::Budget;
use crate::document::code::Code;
use crate::document::diagnostic::Diagnostic;
use crate::document::text::{Characters, TEXT_LIMIT, Text};

/// The place and the characters of a text that has no format of its own: meta-data, a network-config. The budget pays for
/// what it unpacks.
///
/// # Errors
/// It is damaged, too large, or not UTF-8.
pub fn text(text: Text<'_>, budget: &mut Budget) -> Result<(Place, Characters), Box<Diagnostic>> {
    let told = |wrong: Wrong| Box::new(wrong.told(text.origin));
    let unpacked = layers_off(text.bytes, budget).map_err(told)?;
    let place = Place::of(text.origin);
    let place = if unpacked.is_some() { place.packed() } else { place };
    let bytes = unpacked.as_ref().map_or(text.bytes, |unpacked| unpacked);
    let decoded = characters(bytes).map_err(told)?;
    let characters = match with_line_feeds(decoded) {
        Some(decoded) => Characters::of(&decoded, None),
        None => Characters::of(decoded, text.shared),
    };
    Ok((place, characters))
}

/// What is below gzip and base64; `None` if the bytes are plain. The budget pays for it.
pub(super) fn layers_off(bytes: &[u8], budget: &mut Budget) -> Result<Option<Zeroizing<Vec<u8>>>, Wrong> {
    if bytes.len() > TEXT_LIMIT {
        let size = bytes.len().div_ceil(1024 * 1024);
        let message = format!("the document is too large: {size} MiB");
        return Err(Wrong::new(Code::TooLarge, message, "a document has at most 8 MiB"));
    }
    let limit = budget.unpacked().min(TEXT_LIMIT as u64);
    match encoded::unwrapped(bytes, limit) {
        Ok(unpacked) => {
            budget.spend_unpacked(unpacked.as_ref().map_or(0, |unpacked| unpacked.len() as u64));
            Ok(unpacked)
        }
        Err(compressed::Fault::TooLarge) if limit < TEXT_LIMIT as u64 => Err(Wrong::new(
            Code::TooLarge,
            "the texts of the document are too large once they are unpacked",
            "all together have at most 16 MiB",
        )),
        Err(compressed::Fault::TooLarge) => Err(Wrong::new(
            Code::TooLarge,
            "the document is too large once it is unpacked",
            "a document has at most 8 MiB",
        )),
        Err(compressed::Fault::Damaged) => Err(Wrong::new(
            Code::Damaged,
            "the document is compressed and damaged, or cut off",
            "compress it again with gzip",
        )),
    }
}

/// The same text, if its line ends are carriage returns alone, as on old Macs: those are line ends to YAML, and to nothing
/// else here.
pub(super) fn with_line_feeds(text: &str) -> Option<Zeroizing<String>> {
    let is_of_a_mac = text.contains('\r') && !text.contains('\n');
    is_of_a_mac.then(|| Zeroizing::new(text.replace('\r', "\n")))
}

/// The characters of a text, without a byte order mark.
pub(super) fn characters(bytes: &[u8]) -> Result<&str, Wrong> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.trim_start_matches('\u{feff}')),
        Err(_) if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") => Err(Wrong::new(
            Code::NotUtf8,
            "the document is UTF-16, not UTF-8",
            "save it as UTF-8: in an editor that is its \"encoding\", or run `iconv -f utf16 -t utf8`",
        )),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            let message = format!("the document is not UTF-8: line {line} has a byte that can't be");
            let hint = "save it as UTF-8: in an editor that is its \"encoding\", or run `iconv -f latin1 -t utf8`";
            Err(Wrong::new(Code::NotUtf8, message, hint))
        }
    }
}
