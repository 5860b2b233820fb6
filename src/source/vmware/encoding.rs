//! How a value of guestinfo is written: plain, or base64, or gzip below base64.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::document::compressed::{self, Fault};

/// What `.encoding` may say.
const NAMES: &str = "base64, b64, gzip+base64, gz+b64";

/// The bytes that `raw` stands for, at most `limit` of them.
///
/// # Errors
/// It is not what the encoding says, or too large: in words, without anything of the value.
pub fn decode(mut raw: Zeroizing<Vec<u8>>, encoding: &str, limit: u64) -> Result<Vec<u8>, String> {
    match encoding.trim() {
        "" => Ok(std::mem::take(&mut *raw)),
        "base64" | "b64" => from_base64(&raw),
        "gzip+base64" | "gz+b64" => gunzip(&Zeroizing::new(from_base64(&raw)?), limit),
        _ => Err(format!(
            "its encoding is not known: set .encoding to one of {NAMES}, or to nothing for plain text"
        )),
    }
}

fn from_base64(raw: &[u8]) -> Result<Vec<u8>, String> {
    // base64(1) breaks lines.
    let text: Vec<u8> = raw.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let text = Zeroizing::new(text);
    let decoded = std::str::from_utf8(&text)
        .ok()
        .and_then(|text| Base64::decode_vec(text).ok());
    decoded.ok_or_else(|| "is not base64, as its encoding says: encode it again with base64 -w0".to_owned())
}

fn gunzip(packed: &[u8], limit: u64) -> Result<Vec<u8>, String> {
    match compressed::gunzip(packed, limit) {
        Ok(mut bytes) => Ok(std::mem::take(&mut *bytes)),
        Err(Fault::TooLarge) => Err(format!("unpacks to more than the {limit} bytes that are read")),
        Err(Fault::Damaged) => Err(
            "is not gzip below base64, as its encoding says, or is cut off: encode it again with gzip -c | base64 -w0"
                .to_owned(),
        ),
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
            ("base64", b"hunter2:".to_vec(), "is not base64"),
            ("base64", b"aHVudGVyMg".to_vec(), "is not base64"),
            ("base64", vec![0xFF; 4], "is not base64"),
            ("gz+b64", b64(&secret), "is not gzip"),
            ("gz+b64", b64(&half), "is not gzip"),
            ("gz+b64", secret.clone(), "is not base64"),
            ("BASE64", secret.clone(), "set .encoding to one of base64, b64"),
            ("hunter2", secret, "encoding is not known"),
        ] {
            let why = decode(Zeroizing::new(raw), encoding, 100).unwrap_err();
            assert!(why.contains(what) && !why.contains("hunter2"), "{encoding}: {why}");
        }
    }

    #[test]
    fn a_gzip_bomb_is_refused_at_the_limit() {
        let bomb = b64(&gz(&vec![0; 50_000_000]));
        assert!(bomb.len() < 100_000);
        let why = decode(Zeroizing::new(bomb), "gz+b64", 1000).unwrap_err();
        assert!(why.contains("unpacks to more than the 1000 bytes"), "{why}");
        let fits = b64(&gz(&[0; 1000]));
        assert_eq!(decode(Zeroizing::new(fits), "gz+b64", 1000), Ok(vec![0; 1000]));
    }
}
