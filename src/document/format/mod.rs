//! From bytes to the parts of a document: all that cloud-init takes as user-data and vendor-data.
//!
//! Bytes are interpreted only here: gzip, base64, MIME messages, archives, lists of addresses, templates. The result is
//! texts of a known kind, each with its place. Nothing is fetched: addresses that still have to be fetched are in
//! [`Unpacked::missing`].

mod archive;
mod characters;
pub mod compressed;
pub mod encoded;
pub mod kind;
mod list;
mod message;
pub mod place;
mod template;
mod unpack;
mod uuencoded;
pub mod variables;
mod wrong;

use crate::document::text::TEXT_LIMIT;

pub use characters::text;
pub use kind::{Kind, Often};
pub use place::Place;
pub use template::PLACEHOLDER;
pub use unpack::{Around, Found, Part, Unpacked, unpack};
pub use variables::{MachineFacts, Variables};

/// Whether a document certainly has nothing to fetch: it is plain, and has no word that could ask for it.
pub fn leads_nowhere(bytes: &[u8]) -> bool {
    let has = |word: &[u8]| bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    let is_plain = !message::is_message(bytes) && matches!(encoded::unwrapped(bytes, TEXT_LIMIT as u64), Ok(None));
    is_plain && !has(b"#include") && !has(b"uri") && !has(b"template:")
}

/// How deep parts may be nested, as a list in an archive in a message.
const DEPTH_LIMIT: usize = 8;

/// How many parts a document may have, including those that contain parts.
const PART_LIMIT: usize = 256;
