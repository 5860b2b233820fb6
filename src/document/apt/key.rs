//! The public key that packages are signed with.

use serde::Deserialize;

use super::whole_lines;

const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// A public key of OpenPGP, armoured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = r"-----BEGIN PGP PUBLIC KEY BLOCK-----")))]
pub struct PublicKey(String);

impl PublicKey {
    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PublicKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.contains("PRIVATE KEY") {
            return Err("this is a private key: write the public one".to_owned());
        }
        let text = whole_lines(&text)?;
        let (_, rest) = text.split_once(BEGIN).ok_or(format!("the line `{BEGIN}` is missing"))?;
        let (inside, _) = rest.split_once(END).ok_or(format!("the line `{END}` is missing"))?;
        let lines: Vec<&str> = inside.lines().map(str::trim).collect();
        if !inside.is_ascii() || lines.iter().all(|line| line.is_empty()) {
            return Err("there is no key between its first and its last line".to_owned());
        }
        Ok(Self(format!("{BEGIN}{}\n{END}\n", lines.join("\n").trim_end())))
    }
}
