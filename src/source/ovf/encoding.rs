//! Documents inside of properties: base64 or plain text, strictly told apart.

use crate::document::format::encoded::{begins_like_a_document, from_base64};

/// The document that a property holds.
///
/// It is base64 only if all of it, white space left out, is base64 with its padding, and what that stands for is
/// compressed by gzip or begins like a document: with `#`, `{`, `---`, `%`, or a `key:`. Anything else is plain text,
/// which has to begin like a document too: cloud-init would guess.
///
/// # Errors
/// It is neither, or is a plain text that lost its line breaks. The words never show the value.
pub fn decode(value: &str) -> Result<Vec<u8>, String> {
    let value = value.trim();
    if let Some(mut bytes) = from_base64(value.as_bytes()) {
        return Ok(std::mem::take(&mut *bytes));
    }
    if !begins_like_a_document(value.as_bytes()) {
        return Err("is neither a document in base64 nor one in plain text: encode it with `base64 -w0`".to_owned());
    }
    // XML makes a space of a line break in an attribute: the whole document is then a comment.
    if value.starts_with('#') && !value.contains(['\n', '\r']) && value.contains([' ', '\t']) {
        return Err(
            "is one line that begins with `#`: XML removed its line breaks; encode it with `base64 -w0`".to_owned(),
        );
    }
    Ok(value.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Encoding};

    use super::*;

    #[test]
    fn base64_and_plain_text_are_told_apart() {
        let plain = "#cloud-config\nhostname: web1\n";
        let base64 = Base64::encode_string(plain.as_bytes());
        let wrapped = format!(" {} {}\n", &base64[..8], &base64[8..]);
        for value in [base64.as_str(), &wrapped] {
            assert_eq!(decode(value).unwrap(), plain.as_bytes());
        }
        for value in [
            "hostname: web1",
            "{\"hostname\": \"web1\"}",
            "---\nhostname: web1",
            "#cloud-config",
            "docker:\n  x: 1",
        ] {
            assert_eq!(decode(value).unwrap(), value.as_bytes());
            assert_eq!(
                decode(&Base64::encode_string(value.as_bytes())).unwrap(),
                value.as_bytes()
            );
        }
        let gzip = [0x1f, 0x8b, 8, 0, 1];
        assert_eq!(decode(&Base64::encode_string(&gzip)).unwrap(), gzip);
    }

    #[test]
    fn what_is_neither_is_refused_without_being_shown() {
        let base64 = Base64::encode_string(b"hostname: a");
        for value in [
            "hunter2",
            "hunter22",
            "aHVudGVyMg==",
            &base64.replace('=', ""),
            &format!("{base64}!"),
            "#cloud-config password: hunter2",
            "http://hunter2",
        ] {
            let why = decode(value).unwrap_err();
            assert!(why.contains("base64 -w0") && !why.contains("hunter2"), "{why}");
        }
    }
}
