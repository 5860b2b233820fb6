//! Texts that are base64-encoded, compressed, or both, without being declared as such.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::compressed::{self, Fault, is_gzip};
use crate::document::base64;

/// How many nested encodings are removed.
const LAYERS: usize = 4;

/// These bytes without their encodings, at most `limit` of them; `None` if they are plain.
///
/// # Errors
/// A gzip layer is damaged, or the result is larger than `limit`.
pub fn unwrapped(bytes: &[u8], limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
    let mut inner: Option<Zeroizing<Vec<u8>>> = None;
    for _ in 0..LAYERS {
        let outer = inner.as_ref().map_or(bytes, |inner| inner.as_slice());
        let next = match is_gzip(outer) {
            true => Some(compressed::gunzip(outer, limit)?),
            false => from_base64(outer),
        };
        match next {
            Some(next) => inner = Some(next),
            None => break,
        }
    }
    Ok(inner)
}

/// Decodes a text that is base64 as a whole: padded, white space ignored. The result must be gzip or begin like a
/// document. Anything else is a plain text that happens to look like base64.
pub fn from_base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_digit =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace();
    if text.is_empty() || !text.iter().all(is_digit) {
        return None;
    }
    let bytes = base64::decode(text)?;
    // Strict: encoding the result again must give the same text.
    let again = Zeroizing::new(Base64::encode_string(&bytes));
    let digits = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    let is_same = again.bytes().eq(digits);
    let is_nested = || bytes.len() >= 8 && bytes.iter().all(is_digit) && from_base64(&bytes).is_some();
    (is_same && (begins_like_a_document(&bytes) || is_nested())).then_some(bytes)
}

/// Whether the bytes are gzip or begin like a document: with `#`, `{`, `---`, `%`, or a `key:`.
pub fn begins_like_a_document(bytes: &[u8]) -> bool {
    if is_gzip(bytes) {
        return true;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(['#', '{', '%']) || text.starts_with("---") {
        return true;
    }
    let line = text.lines().next().unwrap_or_default();
    let Some((key, rest)) = line.split_once(':') else {
        return false;
    };
    let key = key.trim_matches(['"', '\'']);
    let named = |c: char| c.is_ascii_alphanumeric() || "_-. ".contains(c);
    !key.is_empty() && key.chars().all(named) && (rest.is_empty() || rest.starts_with([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::document::{Document, Texts};

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn b64(bytes: &[u8]) -> Vec<u8> {
        Base64::encode_string(bytes).into_bytes()
    }

    #[test]
    fn what_is_encoded_is_told_from_what_is_plain() {
        let plain = b"#cloud-config\nhostname: web1\n".as_slice();
        let mut wrapped = b64(plain);
        wrapped.insert(8, b'\n');
        wrapped.push(b'\n');
        for encoded in [
            b64(plain),
            wrapped,
            gz(plain),
            b64(&gz(plain)),
            b64(&b64(plain)),
            b64(&b64(&gz(plain))),
        ] {
            let found = unwrapped(&encoded, 1000).unwrap();
            assert_eq!(found.as_deref().map(Vec::as_slice), Some(plain));
            let document = Document::read(&Texts::of_user_data("user-data", &encoded));
            assert_eq!(
                (document.diagnostics.len(), document.config.hostname.unwrap().as_str()),
                (0, "web1")
            );
        }
        for text in [
            plain,
            b"",
            b" \n",
            b"hostname",
            b"hostname: aHVudGVyMg==",
            b"aHVudGVyMg==",
            b"aHVudGVyMg",
            b"- a",
            b"\xff\xfe",
        ] {
            assert_eq!(unwrapped(text, 1000), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn it_ends() {
        let bomb = b64(&gz(&vec![b'#'; 1_000_000]));
        assert_eq!(unwrapped(&bomb, 1000), Err(Fault::TooLarge));
        let half = gz(b"#cloud-config\n");
        assert_eq!(unwrapped(&half[..half.len() - 4], 1000), Err(Fault::Damaged));
        let mut deep = b"#cloud-config\n".to_vec();
        for _ in 0..3 {
            deep = gz(&deep);
        }
        let mut deeper = deep.clone();
        for _ in 0..20 {
            deeper = gz(&deeper);
        }
        assert_eq!(unwrapped(&deep, 1000).unwrap().unwrap().as_slice(), b"#cloud-config\n");
        assert!(unwrapped(&deeper, 1000).unwrap().is_some_and(|rest| is_gzip(&rest)));
    }
}
