//! The kinds of mistakes, each with a name that stays: for searching, for silencing in a CI, for `firstlight explain`.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $code:ident $name:literal,)+) => {
        /// A kind of mistake. Its name is stable; one is added for a new kind, and none changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case")]
        pub enum Code {
            $($(#[doc = $meaning])+ $code,)+
        }

        impl Code {
            /// All of them, in the order of a document's way: the text, its YAML, its keys, their values, all together.
            pub const ALL: &[Self] = &[$(Self::$code,)+];

            /// Its name.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$code => concat!($($meaning,)+).trim_ascii(),)+
                }
            }
        }
    };
}

codes! {
    /// The file or the seed can't be read.
    Unreadable "unreadable",
    /// The text is in another format than a cloud-config.
    OtherFormat "other-format",
    /// The text isn't UTF-8.
    NotUtf8 "not-utf8",
    /// What is packed (gzip, base64, MIME) is damaged or cut off.
    Damaged "damaged",
    /// The document costs more than one may: its size, its number of values, how deep they are nested.
    TooLarge "too-large",
    /// The document says nothing.
    Empty "empty",
    /// The first line is nearly `#cloud-config`: cloud-init doesn't take the document for one.
    MisspeltHeader "misspelt-header",
    /// A template is wrong, or uses a variable that doesn't exist.
    BadTemplate "bad-template",
    /// A JSON patch can't be applied.
    BadPatch "bad-patch",
    /// What the addresses in the document have is not known yet.
    NotFetched "not-fetched",

    /// The text isn't YAML.
    NotYaml "not-yaml",
    /// A line is indented with a tab.
    Tab "tab",
    /// A line is indented further or less than the lines around it.
    WrongIndentation "wrong-indentation",
    /// A quote isn't closed, or something is behind the closing one.
    Unclosed "unclosed",
    /// A line is no `key: value`.
    MissingColon "missing-colon",
    /// A value without quotes holds what YAML takes for something else.
    Unquoted "unquoted",
    /// A backslash in double quotes begins something that YAML doesn't know.
    BadEscape "bad-escape",
    /// An alias has no anchor.
    UnknownAnchor "unknown-anchor",
    /// A value has a tag that isn't YAML's.
    UnknownTag "unknown-tag",
    /// A second YAML document begins in the text.
    SecondDocument "second-document",
    /// A key is given twice.
    DuplicateKey "duplicate-key",

    /// A key isn't known.
    UnknownKey "unknown-key",
    /// A key is known, and belongs elsewhere.
    MisplacedKey "misplaced-key",
    /// A key of cloud-config isn't applied by firstlight.
    NotApplied "not-applied",
    /// Something is known, and not supported yet.
    NotSupported "not-supported",
    /// A key is missing.
    MissingKey "missing-key",
    /// A key or a value is in a spelling that will go away.
    Deprecated "deprecated",

    /// A value is of another kind than the key takes.
    WrongType "wrong-type",
    /// A value is none of the words that the key takes.
    UnknownWord "unknown-word",
    /// A number is too small or too large.
    OutOfRange "out-of-range",
    /// A number means another one in YAML than it seems to.
    AmbiguousNumber "ambiguous-number",
    /// YAML takes the end of a value for a comment.
    CutByComment "cut-by-comment",
    /// A quote is a typographic one, which is no quote in YAML.
    SmartQuote "smart-quote",
    /// A value isn't one that the key takes.
    InvalidValue "invalid-value",

    /// Two things that are asked for exclude each other.
    Conflict "conflict",
    /// What is asked for has no effect.
    NoEffect "no-effect",
    /// What is asked for is possible, and probably not meant.
    Doubtful "doubtful",
    /// What a platform says can't be taken over.
    NotConverted "not-converted",
    /// Something else is wrong with what a machine has.
    Unplannable "unplannable",
    /// More is wrong than is shown.
    More "more",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|code| code.as_str() == name);
        found.copied().ok_or_else(|| {
            let known: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
            let near = super::advice::nearest(name, &known).map(|near| format!("did you mean {near}? "));
            format!("{}`firstlight explain` lists all codes", near.unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_with_dashes_and_lead_back() {
        for code in Code::ALL {
            let name = code.as_str();
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
            assert_eq!(name.parse(), Ok(*code));
            assert_eq!(serde_json::to_value(code).unwrap(), name);
            assert!(code.meaning().ends_with('.'), "{name}");
        }
        assert!("unknwon-key".parse::<Code>().unwrap_err().contains("unknown-key"));
    }
}
