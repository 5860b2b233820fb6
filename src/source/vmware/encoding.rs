//! How a value of guestinfo is written: plain, or base64, or gzip in base64.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::document::format::compressed::{self, Fault as Unpacking};
use crate::document::format::encoded;
use crate::source::Fault;

/// What `.encoding` may say.
const NAMES: &str = "base64, b64, gzip+base64, gz+b64";

/// The decoded bytes of `raw`, at most `limit` of them. What is below is taken as what it is: people forget the
/// encoding, and tools encode what is encoded already.
///
/// # Errors
/// It is not what the encoding says, but something else, or too large: in words, without anything of the value.
pub fn decode(mut raw: Zeroizing<Vec<u8>>, encoding: &str, limit: u64) -> Result<Vec<u8>, Fault> {
    let decoded = match encoding.trim() {
        "" => Zeroizing::new(std::mem::take(&mut *raw)),
        "base64" | "b64" => from_base64(&raw)?,
        "gzip+base64" | "gz+b64" => gunzip(&from_base64(&raw)?, limit)?,
        _ => {
            let is = what_it_is(&raw);
            let hint = format!("set .encoding to one of {NAMES}, or leave it empty for plain text; the value is {is}");
            return Err(Fault::lasting("has an unknown encoding").with_hint(hint));
        }
    };
    let below = encoded::unwrapped(&decoded, limit).map_err(|fault| match fault {
        Unpacking::TooLarge => too_large(limit),
        Unpacking::Damaged => {
            Fault::lasting("is gzip, but damaged or cut off").with_hint("compress it again with gzip -c")
        }
    })?;
    let mut plain = below.unwrap_or(decoded);
    Ok(std::mem::take(&mut *plain))
}

fn from_base64(raw: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    // base64(1) breaks lines.
    let text: Vec<u8> = raw.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let text = Zeroizing::new(text);
    let decoded = std::str::from_utf8(&text)
        .ok()
        .and_then(|text| Base64::decode_vec(text).ok());
    decoded.map(Zeroizing::new).ok_or_else(|| {
        let is = what_it_is(raw);
        Fault::lasting(format!("has the encoding base64, but is {is}"))
            .with_hint("encode it again with base64 -w0, or remove .encoding")
    })
}

fn gunzip(packed: &[u8], limit: u64) -> Result<Zeroizing<Vec<u8>>, Fault> {
    match compressed::gunzip(packed, limit) {
        Ok(bytes) => Ok(bytes),
        Err(Unpacking::TooLarge) => Err(too_large(limit)),
        Err(Unpacking::Damaged) if compressed::is_gzip(packed) => {
            let what = "is gzip in base64, but damaged or cut off";
            Err(Fault::lasting(what).with_hint("encode it again with gzip -c | base64 -w0"))
        }
        Err(Unpacking::Damaged) => {
            let is = what_it_is(packed);
            let what = format!("has the encoding gzip+base64, but is base64 of {is}");
            let hint = "set .encoding to base64, or encode it again with gzip -c | base64 -w0";
            Err(Fault::lasting(what).with_hint(hint))
        }
    }
}

fn too_large(limit: u64) -> Fault {
    Fault::lasting(format!("unpacks to more than {limit} bytes, the limit"))
}

/// What a value looks like, in words that show nothing of it.
fn what_it_is(bytes: &[u8]) -> &'static str {
    match encoded::from_base64(bytes) {
        Some(below) if compressed::is_gzip(&below) => "gzip in base64",
        Some(_) => "base64",
        None if compressed::is_gzip(bytes) => "gzip without base64",
        None if encoded::begins_like_a_document(bytes) => "a document in plain text",
        None if std::str::from_utf8(bytes).is_ok() => "some other text",
        None => "something binary",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn b64(bytes: &[u8]) -> Vec<u8> {
        Base64::encode_string(bytes).into_bytes()
    }

    #[test]
    fn every_encoding() {
        let plain = b"hostname: hunter2\n".to_vec();
        let mut wrapped = b64(&plain);
        wrapped.insert(4, b'\n');
        wrapped.extend_from_slice(b"\r\n");
        let packed = b64(&gz(&plain));
        let two = b64(&[gz(b"hostname: "), gz(b"hunter2\n")].concat());
        for (encoding, raw) in [
            ("", plain.clone()),
            (" ", plain.clone()),
            ("base64", b64(&plain)),
            ("b64\n", b64(&plain)),
            ("base64", wrapped),
            ("gzip+base64", packed.clone()),
            ("gz+b64", packed),
            ("gz+b64", two),
        ] {
            let decoded = decode(Zeroizing::new(raw), encoding, 100);
            assert_eq!(decoded.as_deref(), Ok(plain.as_slice()), "{encoding:?}");
        }
    }

    #[test]
    fn what_is_no_such_thing_is_refused_without_being_shown() {
        let secret = b"hunter2hunter2".to_vec();
        let packed = gz(&secret);
        let half = packed.get(..packed.len() - 5).unwrap().to_vec();
        for (encoding, raw, what) in [
            ("base64", b"hunter2:".to_vec(), "has the encoding base64"),
            ("base64", b"aHVudGVyMg".to_vec(), "has the encoding base64"),
            ("base64", vec![0xFF; 4], "has the encoding base64"),
            ("gz+b64", b64(&secret), "has the encoding gzip+base64"),
            ("gz+b64", b64(&half), "is gzip in base64, but damaged"),
            ("gz+b64", secret.clone(), "has the encoding base64"),
            ("BASE64", secret.clone(), "set .encoding to one of base64, b64"),
            ("hunter2", secret, "unknown encoding"),
        ] {
            let why = decode(Zeroizing::new(raw), encoding, 100).unwrap_err().to_string();
            assert!(why.contains(what) && !why.contains("hunter2"), "{encoding}: {why}");
        }
    }

    #[test]
    fn what_is_below_is_taken_as_what_it_is() {
        let plain = b"#cloud-config\nhostname: web1\n".to_vec();
        for (encoding, raw) in [
            ("", b64(&plain)),
            ("", b64(&gz(&plain))),
            ("", gz(&plain)),
            ("base64", b64(&b64(&plain))),
            ("base64", b64(&gz(&plain))),
            ("gz+b64", b64(&gz(&b64(&plain)))),
        ] {
            let decoded = decode(Zeroizing::new(raw), encoding, 1000);
            assert_eq!(decoded.as_deref(), Ok(plain.as_slice()), "{encoding:?}");
        }
        // A password that is base64 stays one.
        let password = b"aHVudGVyMg==".to_vec();
        assert_eq!(decode(Zeroizing::new(password.clone()), "", 1000), Ok(password));
    }

    #[test]
    fn what_an_encoding_is_wrong_about_is_said() {
        let plain = b"#cloud-config\npassword: hunter2\n".to_vec();
        let half = gz(&plain);
        for (encoding, raw, what) in [
            (
                "base64",
                plain.clone(),
                "has the encoding base64, but is a document in plain text",
            ),
            ("base64", gz(&plain), "but is gzip without base64"),
            ("base64", b"hunter2!".to_vec(), "but is some other text"),
            (
                "gz+b64",
                plain.clone(),
                "has the encoding base64, but is a document in plain text",
            ),
            (
                "gz+b64",
                b64(&plain),
                "but is base64 of a document in plain text: set .encoding to base64",
            ),
            ("gz+b64", b64(&half[..half.len() - 4]), "but damaged or cut off"),
            ("", half[..half.len() - 4].to_vec(), "is gzip, but damaged or cut off"),
            ("hunter2", plain, "the value is a document in plain text"),
            ("gzip", b64(&half), "the value is gzip in base64"),
        ] {
            let why = decode(Zeroizing::new(raw), encoding, 1000).unwrap_err().to_string();
            assert!(why.contains(what) && !why.contains("hunter2"), "{encoding}: {why}");
        }
    }

    #[test]
    fn a_gzip_bomb_is_refused_at_the_limit() {
        let bomb = b64(&gz(&vec![0; 50_000_000]));
        assert!(bomb.len() < 100_000);
        let why = decode(Zeroizing::new(bomb), "gz+b64", 1000).unwrap_err().to_string();
        assert!(why.contains("unpacks to more than 1000 bytes"), "{why}");
        let fits = b64(&gz(&[0; 1000]));
        assert_eq!(decode(Zeroizing::new(fits), "gz+b64", 1000), Ok(vec![0; 1000]));
    }
}
