//! Lists of groups: as a list, as one text with commas, or as the keys of a mapping.

use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::document::user_name::GroupName;

/// The names of groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(with = "crate::vocabulary::schema::NamesOrList<GroupName>")
)]
pub struct GroupNames(Vec<GroupName>);

impl GroupNames {
    /// The names, in the order of the document.
    pub fn names(&self) -> &[GroupName] {
        &self.0
    }
}

/// The names of a text with commas; those that are empty are left out, as `adm,,docker` has them.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

impl<'de> Deserialize<'de> for GroupNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = GroupNames;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of groups")
    }

    fn visit_unit<E: Error>(self) -> Result<GroupNames, E> {
        Ok(GroupNames::default())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<GroupNames, E> {
        let names = split(text).map(|name| GroupName::try_from(name.to_owned()));
        names.collect::<Result<_, _>>().map(GroupNames).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<GroupNames, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = items.next_element()? {
            names.push(name);
        }
        Ok(GroupNames(names))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<GroupNames, A::Error> {
        let mut names = Vec::new();
        while let Some((name, IgnoredAny)) = map.next_entry()? {
            names.push(name);
        }
        Ok(GroupNames(names))
    }
}
