//! Enabling, disabling and masking without a running systemd: computes the links to create or remove.
//!
//! Nothing is written here; the engine makes the links, with their before-images in the journal. The rules are systemctl's
//! (`src/shared/install.c`, v252), tested against it.

mod removal;
mod rules;

use std::collections::BTreeSet;

use super::links::{destination, directory, file_name};
use super::unit_file::{CONFIG_DIRECTORY, UNIT_PATH, UnitFile};
use super::unit_name::UnitName;
use crate::system::{Kind, ReadError, Root};
use removal::removals;
use rules::{Link, links_of, with_also};

/// A link to create or remove.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstallLink {
    /// Where the link is, inside the root.
    pub path: String,
    /// What it points to, as systemd writes it: an absolute path. `None`: it is removed.
    pub target: Option<String>,
}

/// Why a unit can't be enabled, disabled or masked by making links.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstallError {
    /// A file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The name is not a unit's.
    #[error("{0}")]
    BadName(String),
    /// There is no such unit.
    #[error("there is no unit {0}")]
    NotFound(String),
    /// The unit is masked; it has to be unmasked first.
    #[error("{unit} is masked by {path}")]
    Masked {
        /// The unit.
        unit: String,
        /// The empty file or the link to `/dev/null`.
        path: String,
    },
    /// `[Install]` needs something that only the booted machine knows.
    #[error("{unit} has the specifier %{specifier} in its [Install] section, which only the booted machine can expand")]
    Unexpandable {
        /// The unit.
        unit: String,
        /// The specifier's letter.
        specifier: char,
    },
    /// `[Install]` names something that the unit can't be linked to.
    #[error("{unit} can't be installed as `{destination}`: {why}")]
    BadDestination {
        /// The unit.
        unit: String,
        /// The word in `[Install]`, expanded.
        destination: String,
        /// The reason.
        why: String,
    },
    /// Something else is where the link has to be.
    #[error("{path} is in the way: it is {what}")]
    Taken {
        /// The path.
        path: String,
        /// What is there.
        what: String,
    },
    /// `Also=` reaches too many units.
    #[error("enabling {0} would reach more than 256 units through Also=")]
    TooMany(String),
}

/// The links that enabling a unit makes, those of the units in its `Also=` included; empty when all of them are there, or
/// there is nothing in its `[Install]`. A link that is there and leads to the unit by another path counts as there.
///
/// An alias enables the unit that it leads to. A unit that is masked can't be enabled.
///
/// # Errors
/// [`InstallError`]; nothing then should be made.
pub fn enable_links(root: &Root, name: &str) -> Result<Vec<InstallLink>, InstallError> {
    let unit = existing(root, &parse(name)?)?;
    if unit.masked {
        let unit_name = unit.name.to_string();
        return Err(InstallError::Masked {
            unit: unit_name,
            path: unit.path,
        });
    }
    let mut wanted = Vec::new();
    for unit in with_also(root, unit)? {
        for link in links_of(root, &unit)? {
            if !wanted.contains(&link) {
                wanted.push(link);
            }
        }
    }
    let mut missing = Vec::new();
    for link in wanted {
        if !is_there(root, &link)? {
            missing.push(InstallLink {
                path: link.path,
                target: Some(link.target),
            });
        }
    }
    Ok(missing)
}

/// The links that disabling a unit removes: all below `/etc/systemd/system` that bear its name or lead to it, its mask
/// excepted, and those of the units in its `Also=`. A unit that doesn't exist leaves links too.
///
/// # Errors
/// `name` is not a unit's name, or something can't be read.
pub fn disable_links(root: &Root, name: &str) -> Result<Vec<InstallLink>, InstallError> {
    let name = parse(name)?;
    let mut marked = BTreeSet::new();
    match UnitFile::find(root, &name)? {
        None => {
            marked.insert(name.to_string());
        }
        Some(unit) => {
            let alias = (unit.name != name && !unit.masked).then(|| name.to_string());
            let units = with_also(root, unit)?;
            marked.extend(alias);
            marked.extend(
                units
                    .iter()
                    .filter(|unit| !unit.masked)
                    .map(|unit| unit.name.to_string()),
            );
        }
    }
    removals(root, marked)
}

/// The link that masks a unit; none when it is masked by the administrator already. The unit need not exist.
///
/// # Errors
/// `name` is not a unit's name, something else is where the link has to be, or something can't be read.
pub fn mask_links(root: &Root, name: &str) -> Result<Vec<InstallLink>, InstallError> {
    let path = format!("{CONFIG_DIRECTORY}/{}", parse(name)?);
    let link = Link {
        path,
        target: "/dev/null".to_owned(),
        replaces: false,
    };
    if is_there(root, &link)? {
        return Ok(Vec::new());
    }
    Ok(vec![InstallLink {
        path: link.path,
        target: Some(link.target),
    }])
}

/// The link that unmasking a unit removes; none when the administrator has not masked it.
///
/// # Errors
/// `name` is not a unit's name, or something can't be read.
pub fn unmask_links(root: &Root, name: &str) -> Result<Vec<InstallLink>, InstallError> {
    let path = format!("{CONFIG_DIRECTORY}/{}", parse(name)?);
    if destination(root, &path, &BTreeSet::new())?.as_deref() == Some("/dev/null") {
        return removals(root, BTreeSet::from([path]));
    }
    match root.metadata(&path)? {
        Some(m) if m.kind == Kind::File && m.size == 0 => Err(InstallError::Taken {
            path,
            what: "an empty file, which masks the unit and is not a link to remove".to_owned(),
        }),
        _ => Ok(Vec::new()),
    }
}

fn parse(name: &str) -> Result<UnitName, InstallError> {
    UnitName::parse(name).map_err(InstallError::BadName)
}

fn existing(root: &Root, name: &UnitName) -> Result<UnitFile, InstallError> {
    UnitFile::find(root, name)?.ok_or_else(|| InstallError::NotFound(name.to_string()))
}

/// Whether the link, or one as good, is there already.
fn is_there(root: &Root, link: &Link) -> Result<bool, InstallError> {
    let Some(metadata) = root.metadata(&link.path)? else {
        return Ok(false);
    };
    let taken = |what: String| InstallError::Taken {
        path: link.path.clone(),
        what,
    };
    if metadata.kind != Kind::Symlink {
        return Err(taken("not a link".to_owned()));
    }
    let target = root.read_link(&link.path)?.unwrap_or_default();
    if leads_alike(root, &link.path, &target, &link.target)? {
        return Ok(true);
    }
    match link.replaces {
        true => Ok(false),
        false => Err(taken(format!("a link to {target}"))),
    }
}

/// Whether two targets of a link are as good as each other: the same place, or the same unit's name on the unit path.
fn leads_alike(root: &Root, path: &str, one: &str, other: &str) -> Result<bool, ReadError> {
    let full = |target: &str| match target.starts_with('/') {
        true => target.to_owned(),
        false => format!("{}/{target}", directory(path)),
    };
    let (one, other) = (full(one), full(other));
    let nothing_gone = BTreeSet::new();
    let ends = (
        destination(root, &one, &nothing_gone)?,
        destination(root, &other, &nothing_gone)?,
    );
    if ends.0.is_some() && ends.0 == ends.1 {
        return Ok(true);
    }
    let same_name = file_name(&one) == file_name(&other);
    Ok(same_name && is_on_unit_path(root, &one)? && is_on_unit_path(root, &other)?)
}

fn is_on_unit_path(root: &Root, path: &str) -> Result<bool, ReadError> {
    if UNIT_PATH.iter().any(|place| directory(path) == *place) {
        return Ok(true);
    }
    let parent = destination(root, directory(path), &BTreeSet::new())?;
    Ok(parent.is_some_and(|parent| UNIT_PATH.contains(&parent.as_str())))
}

#[cfg(test)]
mod tests;
