//! Certificates in PEM, RFC 7468.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::document::base64;

/// The most bytes of a certificate.
const CERTIFICATE_MAX: usize = 64 * 1024;

/// The letters of base64 in a line.
const LINE: usize = 64;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The labels of a certificate; the second one is OpenSSL's old name.
const LABELS: [&str; 2] = ["CERTIFICATE", "X509 CERTIFICATE"];

/// One certificate or several, each between a line `-----BEGIN CERTIFICATE-----` and its end. Text between them counts for
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"-----BEGIN (X509 )?CERTIFICATE-----")))]
pub struct Pem(pub Vec<Certificate>);

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// In base64, without line breaks.
    encoded: String,
    /// What tells it from others.
    digest: String,
}

impl Certificate {
    fn new(encoded: &str) -> Result<Self, String> {
        let encoded: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        if encoded.len() > CERTIFICATE_MAX {
            return Err(format!("a certificate has at most {CERTIFICATE_MAX} letters"));
        }
        let bytes = base64::decode(encoded.as_bytes()).ok_or("what is in the certificate is not base64")?;
        if !is_certificate(&bytes) {
            return Err(
                "what is in the certificate is base64, but no certificate: part of it may be missing".to_owned(),
            );
        }
        let digest = hex::encode(&Sha256::digest(&*bytes)[..8]);
        Ok(Self { encoded, digest })
    }

    /// The certificate in base64, without line breaks.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// The beginning of its SHA-256 digest, which no other one has.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The certificate in PEM, and nothing else.
    pub fn pem(&self) -> String {
        let mut text = format!("{BEGIN}CERTIFICATE{DASHES}\n");
        let mut rest = self.encoded.as_str();
        while let Some((line, more)) = rest.split_at_checked(LINE) {
            text += &format!("{line}\n");
            rest = more;
        }
        if !rest.is_empty() {
            text += &format!("{rest}\n");
        }
        text + END + "CERTIFICATE" + DASHES + "\n"
    }
}

/// The content of a DER element of this kind, and what is behind it.
fn element(kind: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        short @ 0..=0x7f => (usize::from(*short), rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let is_sane = (1..=4).contains(&bytes.len());
            let value = bytes
                .iter()
                .fold(0_usize, |value, byte| (value << 8) | usize::from(*byte));
            (is_sane.then_some(value)?, rest)
        }
    };
    (*first == kind).then(|| rest.split_at_checked(length)).flatten()
}

/// Whether it is what RFC 5280 calls a certificate: a sequence of what is signed, how, and the signature.
fn is_certificate(der: &[u8]) -> bool {
    const SEQUENCE: u8 = 0x30;
    const BIT_STRING: u8 = 0x03;
    let parts = || {
        let (inside, after) = element(SEQUENCE, der)?;
        let (_, rest) = element(SEQUENCE, inside)?;
        let (_, rest) = element(SEQUENCE, rest)?;
        let (_, rest) = element(BIT_STRING, rest)?;
        Some(after.is_empty() && rest.is_empty())
    };
    parts() == Some(true)
}

impl TryFrom<String> for Pem {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut found = Vec::new();
        let mut rest = text.as_str();
        while let Some((_, block)) = rest.split_once(BEGIN) {
            let (label, block) = block.split_once(DASHES).ok_or("the first line of a block has no end")?;
            if label.contains("PRIVATE KEY") {
                return Err("this is a private key, which belongs to nobody but the authority itself".to_owned());
            }
            if !LABELS.contains(&label) {
                return Err("a block in it is no CERTIFICATE".to_owned());
            }
            let end = format!("{END}{label}{DASHES}");
            let (encoded, after) = block
                .split_once(end.as_str())
                .ok_or_else(|| format!("the line `{end}` is missing"))?;
            found.push(Certificate::new(encoded)?);
            rest = after;
        }
        match found.is_empty() {
            true => Err(format!(
                "there is no certificate in it: the line `{BEGIN}CERTIFICATE{DASHES}` is missing"
            )),
            false => Ok(Self(found)),
        }
    }
}
