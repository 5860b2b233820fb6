//! base64 as documents have it: on several lines, or with blanks in it.

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

/// The bytes that `text` encodes, padded; white space in it counts for nothing.
pub fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    let digits = Zeroizing::new(digits.collect::<Vec<u8>>());
    let bytes = Base64::decode_vec(std::str::from_utf8(&digits).ok()?).ok()?;
    Some(Zeroizing::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_counts_for_nothing() {
        for (text, bytes) in [
            ("aGVsbG8K", Some(&b"hello\n"[..])),
            (" aGVs\r\n\tbG8K\n", Some(b"hello\n")),
            ("", Some(b"")),
            ("aGVsbG8", None),
            ("aGVsbG8K!", None),
            ("ä", None),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref().map(Vec::as_slice), bytes, "{text}");
        }
    }
}
