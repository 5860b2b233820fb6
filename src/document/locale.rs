//! `locale`: the language and conventions of what programs print.

use serde::{Deserialize, Deserializer};

use super::problem::Check;

/// What says that the locale stays as it is: cloud-init takes these for false, quoted or not.
const OFF: [&str; 4] = ["false", "off", "no", "0"];

/// The most bytes a locale's name may have.
const NAME_MAX: usize = 128;

/// The name of a locale as locale(7) and setlocale(3) have it: `en_US.UTF-8`, `C.UTF-8`, `ca_ES@valencia`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(transform = crate::vocabulary::schema::or_zero, extend("pattern" = r"^(0|[A-Za-z][A-Za-z0-9_.@-]*)$", "maxLength" = 128, "examples" = ["en_US.UTF-8", "C.UTF-8"])))]
pub struct Locale(String);

impl Check for Locale {}

impl Locale {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name under which glibc keeps it when it is compiled: `en_US.utf8` of `en_US.UTF-8`.
    pub fn compiled(&self) -> String {
        let (name, modifier) = self.0.split_once('@').unwrap_or((&self.0, ""));
        let (language, codeset) = name.split_once('.').unwrap_or((name, ""));
        let codeset: String = codeset.chars().filter(char::is_ascii_alphanumeric).collect();
        let mut compiled = language.to_owned();
        for (mark, part) in [('.', codeset.to_ascii_lowercase()), ('@', modifier.to_owned())] {
            if !part.is_empty() {
                compiled.push(mark);
                compiled.push_str(&part);
            }
        }
        compiled
    }

    /// Whether every C library has it, compiled or not.
    pub fn is_built_in(&self) -> bool {
        matches!(self.compiled().as_str(), "C" | "POSIX" | "C.utf8")
    }
}

/// Reads the locale, or a word that turns it off.
pub fn unless_off<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Locale>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    let name = name.filter(|name| !OFF.contains(&name.to_ascii_lowercase().as_str()));
    name.map(Locale::try_from).transpose().map_err(serde::de::Error::custom)
}

impl TryFrom<String> for Locale {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name.is_empty() {
            return Err("the name of a locale can't be empty".to_owned());
        }
        if name.len() > NAME_MAX {
            let length = name.len();
            return Err(format!(
                "the name of a locale has at most {NAME_MAX} bytes, this one has {length}"
            ));
        }
        let refuse = |why: &str| Err(format!("`{}` is not the name of a locale: {why}", name.escape_debug()));
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-@".contains(c);
        if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
            return refuse(&format!(
                "`{}` is not allowed in it; write one such as en_US.UTF-8",
                bad.escape_debug()
            ));
        }
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return refuse("it doesn't begin with a letter");
        }
        Ok(Self(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_asks_for_nothing() {
        use crate::document::{Config, Document, Texts};
        for word in ["false", "off", "No", "0", "'false'", "OFF", "~", ""] {
            let text = format!("locale: {word}\n");
            let document = Document::read(&Texts::of_user_data("user-data", text.as_bytes()));
            assert_eq!(
                (document.diagnostics, document.config),
                (vec![], Config::default()),
                "{word}"
            );
        }
    }

    #[test]
    fn names() {
        for (good, compiled, built_in) in [
            ("en_US.UTF-8", "en_US.utf8", false),
            ("en_US", "en_US", false),
            ("ca_ES@valencia", "ca_ES@valencia", false),
            ("sr_RS.UTF-8@latin", "sr_RS.utf8@latin", false),
            ("de_DE.ISO-8859-1", "de_DE.iso88591", false),
            ("C", "C", true),
            ("POSIX", "POSIX", true),
            ("C.UTF-8", "C.utf8", true),
        ] {
            let locale = Locale::try_from(good.to_owned()).unwrap();
            assert_eq!(
                (locale.compiled().as_str(), locale.is_built_in()),
                (compiled, built_in),
                "{good}"
            );
        }
        let long = "a".repeat(NAME_MAX + 1);
        for bad in [
            "",
            ".UTF-8",
            "../etc",
            "en US",
            "en_US\nX=1",
            "en_US;x",
            "\"C\"",
            "dé",
            &long,
        ] {
            assert!(Locale::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
