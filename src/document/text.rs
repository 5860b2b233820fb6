//! The texts that a document is read from: what each means.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use zeroize::Zeroizing;

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
    /// The same, where others have them too: reading them makes no copy then.
    pub shared: Option<&'a Shared>,
}

impl<'a> Text<'a> {
    /// A text that only its caller has.
    pub fn new(origin: &'a str, bytes: &'a [u8]) -> Self {
        let shared = None;
        Self { origin, bytes, shared }
    }
}

/// The bytes of a text, which may be large: who needs them has them in common. Wiped when the last lets go.
#[derive(Clone)]
pub struct Shared(Arc<Held>);

/// Whether it is UTF-8 is only asked once.
enum Held {
    Text(Zeroizing<String>),
    Bytes(Zeroizing<Vec<u8>>),
}

impl From<Vec<u8>> for Shared {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::new(match String::from_utf8(bytes) {
            Ok(text) => Held::Text(Zeroizing::new(text)),
            Err(error) => Held::Bytes(Zeroizing::new(error.into_bytes())),
        }))
    }
}

impl Deref for Shared {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &*self.0 {
            Held::Text(text) => text.as_bytes(),
            Held::Bytes(bytes) => bytes,
        }
    }
}

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Shared {}

impl fmt::Debug for Shared {
    /// Shows only how many there are: they may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shared({} bytes)", self.len())
    }
}

/// The characters of a text, or of a part of it: shared with who has the text. Wiped when the last lets go.
#[derive(Clone)]
pub struct Characters {
    of: Shared,
    range: Range<usize>,
}

impl Characters {
    /// `part`, which is one of `text` if that is shared; else a copy.
    pub fn of(part: &str, text: Option<&Shared>) -> Self {
        let within = |whole: &Shared| {
            let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
            let found = Self {
                of: whole.clone(),
                range: start..start.checked_add(part.len())?,
            };
            (found.as_ptr() == part.as_ptr() && found.len() == part.len()).then_some(found)
        };
        text.and_then(within).unwrap_or_else(|| Self {
            of: Shared(Arc::new(Held::Text(Zeroizing::new(part.to_owned())))),
            range: 0..part.len(),
        })
    }
}

impl Deref for Characters {
    type Target = str;

    fn deref(&self) -> &str {
        match &*self.of.0 {
            Held::Text(text) => text.get(self.range.clone()).unwrap_or_default(),
            Held::Bytes(_) => "",
        }
    }
}

impl fmt::Debug for Characters {
    /// Shows only how many bytes there are: they may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Characters({} bytes)", self.len())
    }
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
            user_data: Some(Text::new(origin, bytes)),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_part_of_a_shared_text_is_no_copy() {
        let whole = Shared::from(b"hostname: web1\n".to_vec());
        let text = std::str::from_utf8(&whole).unwrap();
        let other = text.to_owned();
        for (part, is_shared) in [
            (text, true),
            (&text[4..8], true),
            (&text[15..], true),
            (other.as_str(), false),
        ] {
            let characters = Characters::of(part, Some(&whole));
            assert_eq!(&*characters, part);
            assert_eq!(characters.as_ptr() == part.as_ptr(), is_shared, "{part:?}");
            assert_eq!(&*Characters::of(part, None), part);
        }
        let bytes = Shared::from(b"\xffa".to_vec());
        let part = std::str::from_utf8(&bytes[1..]).unwrap();
        assert_eq!(&*Characters::of(part, Some(&bytes)), "a");
    }
}
