//! Words of which a key takes one.

/// Declares a key's words: each is written in the document and in networkd's files in the same way.
///
/// ```text
/// words! {
///     /// How fast.
///     pub enum Rate {
///         /// Slow.
///         Slow = "slow",
///     }
/// }
/// ```
macro_rules! words {
    ($(#[$about:meta])* pub enum $Word:ident { $($(#[doc = $doc:literal])* $Variant:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        pub enum $Word {
            $($(#[doc = $doc])* #[serde(rename = $text)] $Variant,)*
        }

        impl $Word {
            /// The word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $text,)*
                }
            }
        }

        impl std::fmt::Display for $Word {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(super) use words;
