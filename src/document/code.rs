//! The kinds of mistakes, each with a name that stays: for searching, for silencing in a CI, for `firstlight explain`.

mod example;

use std::fmt;

use serde::Serialize;

pub use example::Example;

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

            /// What it means, in a sentence or two.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$code => concat!($($meaning,)+).trim_ascii(),)+
                }
            }

            /// The first sentence of what it means, without a full stop.
            pub fn gist(self) -> &'static str {
                let meaning = self.meaning();
                let (first, _) = meaning.split_once(". ").unwrap_or((meaning, ""));
                first.trim_end_matches('.')
            }
        }
    };
}

codes! {
    /// The file, the seed or the source can't be read. It may not exist, or you may lack the permission.
    Unreadable "unreadable",
    /// The text is in another format than a cloud-config. Give the part of a message the type text/cloud-config, or begin
    /// it with `#cloud-config`.
    OtherFormat "other-format",
    /// The text isn't UTF-8. It was saved in an older encoding, such as Latin-1, or isn't a text at all.
    NotUtf8 "not-utf8",
    /// Something packed (gzip, base64, MIME) is damaged or cut off. Pack it again, and compare sizes on the way.
    Damaged "damaged",
    /// The document is beyond a limit: its size, its number of values, or how deep they are nested. The limits keep a
    /// hostile or broken document from using up the machine.
    TooLarge "too-large",
    /// There is nothing where something is needed: an empty document, or a list without an address.
    Empty "empty",
    /// The first line is nearly `#cloud-config`. firstlight reads the document anyway, but cloud-init ignores it.
    MisspeltHeader "misspelt-header",
    /// A template is wrong, or uses a variable that doesn't exist.
    BadTemplate "bad-template",
    /// A JSON patch can't be applied to the parts before it.
    BadPatch "bad-patch",
    /// The document is a list of addresses. What they have is only fetched when the machine is configured, so nobody can
    /// check it now: download those documents and check them separately.
    NotFetched "not-fetched",

    /// The text isn't YAML.
    NotYaml "not-yaml",
    /// A line is indented with a tab. YAML only takes spaces.
    Tab "tab",
    /// A line is indented further or less than the lines around it. What belongs together begins in the same column.
    WrongIndentation "wrong-indentation",
    /// A quote or a bracket isn't closed, or something is behind the closing quote.
    Unclosed "unclosed",
    /// A line isn't `key: value`. The colon is missing, or the space behind it.
    MissingColon "missing-colon",
    /// A value without quotes has something in it that means something else to YAML.
    Unquoted "unquoted",
    /// A backslash in double quotes begins something that YAML doesn't know. In single quotes a backslash is a backslash.
    BadEscape "bad-escape",
    /// A value that begins with `*` repeats the one that `&` gave that name. There is none of that name.
    UnknownAnchor "unknown-anchor",
    /// A value that begins with `!` has a tag, and this one isn't known.
    UnknownTag "unknown-tag",
    /// A second YAML document begins in the text. firstlight applies one: join them.
    SecondDocument "second-document",
    /// A key is given twice. Most programs take the last one without a word.
    DuplicateKey "duplicate-key",

    /// A key isn't known.
    UnknownKey "unknown-key",
    /// A key is known, but belongs elsewhere.
    MisplacedKey "misplaced-key",
    /// firstlight doesn't apply this key of cloud-config. The hint says what to use instead.
    NotApplied "not-applied",
    /// firstlight knows this, but doesn't support it yet.
    NotSupported "not-supported",
    /// A key is missing.
    MissingKey "missing-key",
    /// A key or a value is in a spelling that is still taken, but has a better one. `firstlight validate --fix` rewrites
    /// most of these.
    Deprecated "deprecated",

    /// A value is of another kind than the key takes: a list, a mapping, a number, a text, true or false.
    WrongType "wrong-type",
    /// A value is none of the words that the key takes.
    UnknownWord "unknown-word",
    /// A number is too small or too large.
    OutOfRange "out-of-range",
    /// A number means another one in YAML than it seems to. One that begins with 0 is octal, one with a colon has the base
    /// 60.
    AmbiguousNumber "ambiguous-number",
    /// A secret ends before ` #`, because YAML takes the rest of the line for a comment.
    CutByComment "cut-by-comment",
    /// A value is in typographic quotes. They are no quotes in YAML, but a part of the value.
    SmartQuote "smart-quote",
    /// A value isn't one that the key takes.
    InvalidValue "invalid-value",

    /// Two things in the document contradict each other.
    Conflict "conflict",
    /// Something in the document has no effect.
    NoEffect "no-effect",
    /// Something in the document is possible, but probably not meant.
    Doubtful "doubtful",
    /// Something that a platform says can't be taken over. It isn't written in a document of yours: the hint says who can
    /// change it.
    NotConverted "not-converted",
    /// The document is right, but something on this machine is in its way. `validate` doesn't look at the machine; `plan`
    /// and `apply` do.
    Unplannable "unplannable",
    /// There are more problems than are shown.
    More "more",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_words_with_dashes_one_for_each() {
        for code in Code::ALL {
            let name = code.as_str();
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
            assert_eq!(serde_json::to_value(code).unwrap(), name);
            assert!(code.meaning().ends_with('.'), "{name}");
        }
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
