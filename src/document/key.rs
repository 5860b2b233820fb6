//! One declaration of a top-level key: `document!` makes of it the field, its check, and its row in `KEYS`.

use super::yaml::Node;

/// The part of a document that goes where this path is to blame, for what makes no sense in parts.
pub type Whole = for<'p> fn(&Node, &'p [String]) -> &'p [String];

/// A key of a document's top level.
#[derive(Debug, Clone, Copy)]
pub struct TopKey {
    /// As it is written.
    pub name: &'static str,
    /// Its documentation, in Markdown.
    pub doc: &'static str,
    /// Which area answers for which key: for this one, or for those below it, with a dot in between. None where the key
    /// is about the document itself.
    pub answers: &'static [(&'static str, &'static str)],
    /// What goes where something in it is wrong; otherwise that does alone.
    pub whole: Option<Whole>,
}

/// Takes out the one item of a list that has a mistake in it: a file with a hole would be empty, or readable by all.
pub fn item<'p>(_: &Node, path: &'p [String]) -> &'p [String] {
    path.get(..2).unwrap_or(path)
}

/// Declares what a document may ask for:
///
/// ```text
/// document! {
///     /// What a document asks for.
///     pub struct Config {
///         /// How this document is to be treated.
///         firstlight: Settings;
///         /// Files, as they are or fetched. A mistake takes out one item.
///         write_files: Vec<WriteFile> => write_files [item];
///         /// The root account: several areas answer for it.
///         root: RootAccount => {password: password, ssh_authorized_keys: ssh_authorized_keys};
///     }
///     beside { … }     fields that are no keys
///     together { … }   checks of keys that must agree
/// }
/// ```
macro_rules! document {
    (
        $(#[$($of_all:tt)*])*
        pub struct $Config:ident {
            $($(#[$($of_key:tt)*])* $key:ident: $type:ty $(=> $area:tt $([$whole:path])?)?;)*
        }
        beside { $($(#[$($of_field:tt)*])* $field:ident: $field_type:ty;)* }
        together { $($together:path;)* }
    ) => {
        $(#[$($of_all)*])*
        pub struct $Config {
            $($(#[$($of_key)*])* pub $key: Option<$type>,)*
            $($(#[$($of_field)*])* pub $field: $field_type,)*
        }

        /// All keys, in the order in which they are declared.
        pub const KEYS: &[$crate::document::key::TopKey] = &[$(
            $crate::document::key::TopKey {
                name: stringify!($key),
                doc: $crate::document::key::documentation!($(#[$($of_key)*])*),
                answers: $crate::document::key::answers!($key $($area)?),
                whole: $crate::document::key::whole!($($($whole)?)?),
            },
        )*];

        impl Check for $Config {
            fn check(&self, problems: &mut Problems<'_>) {
                $(if let Some(part) = &self.$key {
                    part.check(&mut problems.below(&[stringify!($key)]));
                })*
                $($together(self, problems);)*
            }
        }
    };
}

/// The lines of docstrings among attributes.
macro_rules! documentation {
    () => { "" };
    (#[doc = $line:literal] $($rest:tt)*) => {
        concat!($line, "\n", $crate::document::key::documentation!($($rest)*))
    };
    (#[$($other:tt)*] $($rest:tt)*) => { $crate::document::key::documentation!($($rest)*) };
}

/// The table of the areas that answer for a key.
macro_rules! answers {
    ($key:ident) => { &[] };
    ($key:ident {$($below:ident: $area:ident),* $(,)?}) => {
        &[$((concat!(stringify!($key), ".", stringify!($below)), stringify!($area))),*]
    };
    ($key:ident $area:ident) => { &[(stringify!($key), stringify!($area))] };
}

/// What goes as a whole.
macro_rules! whole {
    () => {
        None
    };
    ($whole:path) => {
        Some($whole)
    };
}

pub(super) use {answers, document, documentation, whole};

#[cfg(test)]
mod tests {
    use crate::document::advice::keys_of;
    use crate::document::cloud_config::OTHER_KEYS;
    use crate::document::config::{Config, KEYS};
    use crate::document::yaml::decode::DecodeErrorKind;
    use crate::document::yaml::{decode, parse};

    #[test]
    fn every_field_is_a_key_and_every_key_is_told() {
        let declared: Vec<_> = KEYS.iter().map(|key| key.name).collect();
        assert_eq!(declared, keys_of::<Config>());
        for key in KEYS {
            assert!(key.doc.trim().ends_with(['.', '`']), "{}: {:?}", key.name, key.doc);
        }
    }

    #[test]
    fn where_areas_share_a_key_each_key_below_it_has_one() {
        for key in KEYS {
            let below = key
                .answers
                .iter()
                .filter_map(|(name, _)| name.strip_prefix(key.name)?.strip_prefix('.'));
            let below: Vec<_> = below.collect();
            if below.is_empty() {
                continue;
            }
            let probe = format!("{}: {{'': []}}", key.name);
            let tree = parse(&probe, 0).unwrap().root.unwrap();
            let Err(DecodeErrorKind::UnknownKey { known }) = decode::<Config>(&tree).map_err(|error| error.kind) else {
                panic!("{} has no keys", key.name)
            };
            assert_eq!(below, known, "{}", key.name);
        }
    }

    #[test]
    fn what_is_applied_is_not_also_told_as_not_applied() {
        for other in OTHER_KEYS {
            assert!(!KEYS.iter().any(|key| key.name == other.name), "{}", other.name);
        }
    }
}
