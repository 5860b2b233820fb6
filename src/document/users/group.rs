//! `groups`: the groups that exist.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::names::split;
use crate::document::problem::Check;
use crate::document::user_name::GroupName;
use crate::document::{UserName, one_or_many};

/// `groups`: the groups that exist, each with accounts that are its members.
///
/// ```yaml
/// - ops
/// - docker: [core]
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "super::forms::AnyGroups"))]
pub struct Groups(Vec<Group>);

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: GroupName,
    /// The accounts that are members of it.
    pub members: Vec<UserName>,
    /// The keys that lead to it in the document, below `groups`.
    pub path: Vec<String>,
}

impl Groups {
    /// The groups, in the order of the document.
    pub fn all(&self) -> &[Group] {
        &self.0
    }
}

impl Group {
    fn alone(name: &str) -> Result<Self, String> {
        Ok(Self {
            name: GroupName::try_from(name.to_owned())?,
            members: Vec::new(),
            path: Vec::new(),
        })
    }
}

impl Check for Groups {}

impl<'de> Deserialize<'de> for Groups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Forms)
    }
}

struct Forms;

impl<'de> Visitor<'de> for Forms {
    type Value = Groups;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of groups")
    }

    fn visit_unit<E: Error>(self) -> Result<Groups, E> {
        Ok(Groups::default())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Groups, E> {
        let groups = split(text).map(Group::alone).collect::<Result<_, String>>();
        groups.map(Groups).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Groups, A::Error> {
        let mut groups = Vec::new();
        let mut number = 0_usize;
        while let Some(Item(more)) = items.next_element()? {
            groups.extend(more.into_iter().map(|group| Group {
                path: std::iter::once(number.to_string()).chain(group.path).collect(),
                ..group
            }));
            number += 1;
        }
        Ok(Groups(groups))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Groups, A::Error> {
        let mut groups = Vec::new();
        while let Some((name, Members(members))) = map.next_entry::<GroupName, Members>()? {
            if matches!(name.as_str(), "name" | "members") {
                return Err(A::Error::custom(
                    "expected a group and its members, like `ops: [core]`; `name` and `members` are no keys",
                ));
            }
            groups.push(Group {
                path: vec![name.to_string()],
                name,
                members,
            });
        }
        Ok(Groups(groups))
    }
}

/// An item of the list: a group's name, or groups with their members.
struct Item(Vec<Group>);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemForms).map(Self)
    }
}

struct ItemForms;

impl<'de> Visitor<'de> for ItemForms {
    type Value = Vec<Group>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a group's name, or a mapping of a name to its members")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Vec<Group>, E> {
        Group::alone(name).map(|group| vec![group]).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<Group>, A::Error> {
        Forms.visit_map(map).map(|Groups(groups)| groups)
    }
}

/// One name, or a list of names.
struct Members(Vec<UserName>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_or_many::one_or_many(deserializer).map(Self)
    }
}
