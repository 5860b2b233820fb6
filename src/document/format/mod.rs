//! From bytes to the parts of a document: all that cloud-init takes as user-data and vendor-data.
//!
//! Bytes are interpreted here and nowhere else: gzip, base64, MIME messages, archives, lists of addresses, templates. What
//! comes out are texts of a known kind, each with its place in what was given. Nothing is fetched: what a list leads to
//! and is not here yet is [`Unpacked::missing`].

mod archive;
pub mod compressed;
pub mod encoded;
pub mod kind;
mod list;
mod message;
pub mod place;
mod template;
mod unpack;
pub mod variables;

use crate::document::text::TEXT_LIMIT;

pub use kind::{Kind, Often};
pub use place::Place;
pub use template::PLACEHOLDER;
pub use unpack::{Around, Found, Missing, Part, Unpacked, text, unpack};
pub use variables::{MachineFacts, Variables};

/// Whether a document for sure leads to nothing that has to be fetched: it is plain, and has no word for it.
pub fn leads_nowhere(bytes: &[u8]) -> bool {
    let has = |word: &[u8]| bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    let is_plain = !message::is_message(bytes) && matches!(encoded::unwrapped(bytes, TEXT_LIMIT as u64), Ok(None));
    is_plain && !has(b"#include") && !has(b"uri") && !has(b"template:")
}

/// How deep parts may be within parts: a list in an archive in a message, compressed or not.
const DEPTH_LIMIT: usize = 8;

/// How many parts a document may have, those that have parts themselves included.
const PART_LIMIT: usize = 256;
