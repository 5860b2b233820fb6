//! `checksum` of a source: what a file must have, whoever serves it.

use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256, Sha512};

/// A checksum: `sha256:` or `sha512:` and hexadecimal digits, as sha256sum(1) and sha512sum(1) print them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = "^\\s*((sha256[:-])?[0-9A-Fa-f]{64}|(sha512[:-])?[0-9A-Fa-f]{128})\\s*$")))]
pub struct Checksum {
    method: Method,
    /// In lower case.
    digits: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Sha256,
    Sha512,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// How many digits it has.
    fn length(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

impl Checksum {
    /// Whether these bytes have it.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        let digits = match self.method {
            Method::Sha256 => hex::encode(Sha256::digest(bytes)),
            Method::Sha512 => hex::encode(Sha512::digest(bytes)),
        };
        digits == self.digits
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.method.name(), self.digits)
    }
}

impl TryFrom<String> for Checksum {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        let (name, digits) = match text.split_once([':', '-']) {
            Some((name, digits)) => (Some(name), digits),
            None => (None, text),
        };
        let fits = |method: &Method| digits.len() == method.length() && name.is_none_or(|name| name == method.name());
        let method = [Method::Sha256, Method::Sha512].into_iter().find(fits);
        match method.filter(|_| digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            Some(method) => Ok(Self {
                method,
                digits: digits.to_ascii_lowercase(),
            }),
            None => Err("expected `sha256:` and 64 hexadecimal digits, or `sha512:` and 128".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As sha256sum(1) and sha512sum(1) say it of `hello` and a line end.
    const SHA256: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    const SHA512: &str = "e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931f94aae41edda2c2b207a36e10f8bcb8d45223e54878f5b316e7ce3b6bc019629";

    #[test]
    fn a_checksum_is_of_what_has_it() {
        for text in [
            SHA256.to_owned(),
            format!("sha256:{SHA256}"),
            format!(" sha256-{}\n", SHA256.to_uppercase()),
            SHA512.to_owned(),
            format!("sha512:{SHA512}"),
        ] {
            let checksum = Checksum::try_from(text.clone()).unwrap();
            assert!(checksum.is_of(b"hello\n") && !checksum.is_of(b"hello"), "{text}");
        }
        assert_eq!(
            Checksum::try_from(SHA256.to_uppercase()).unwrap().to_string(),
            format!("sha256:{SHA256}")
        );
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "sha256:",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            &SHA256[1..],
            &format!("sha512:{SHA256}"),
            &format!("sha256:{SHA512}"),
            &format!("sha256:{}g", &SHA256[1..]),
            &format!("SHA256:{SHA256}"),
        ] {
            assert!(Checksum::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
