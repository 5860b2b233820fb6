//! Unit files under a root: where they are found, what links among them mean, what their `[Install]` says.
//!
//! This is what systemctl(1) does with `--root=`, rule by rule (systemd's `src/shared/install.c`, v252): nothing is
//! asked of a running systemd, and nothing of the tree is executed.

use std::collections::{BTreeMap, BTreeSet};

use super::install_section::InstallSection;
use super::links::{destination, directory, file_name};
use super::unit_name::UnitName;
use crate::system::{Kind, ReadError, Root};

/// Where an administrator's unit files and links are: what enabling writes to.
pub const CONFIG_DIRECTORY: &str = "/etc/systemd/system";

/// Where unit files are looked for, first match wins: the load path of systemd.unit(5). Of a directory that is there by
/// two names (`/lib` → `usr/lib`), the one below `/usr` is used, as systemd ≥ 255 does.
pub const UNIT_PATH: [&str; 13] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    CONFIG_DIRECTORY,
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];

/// How many links lead from an alias to its unit at most: `UNIT_FILE_FOLLOW_SYMLINK_MAX`.
const ALIAS_LIMIT: usize = 64;

/// A unit file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFile {
    /// The unit's own name: of an alias, that of the unit it leads to.
    pub name: UnitName,
    /// Where its file is, inside the root. For an instance, usually the template's.
    pub path: String,
    /// Whether it is masked: the file is empty or a link to `/dev/null`.
    pub masked: bool,
    /// What its `[Install]` says, drop-ins included; empty for a masked unit.
    pub install: InstallSection,
}

/// One name, before aliases are followed.
struct Entry {
    path: String,
    leads_to: LeadsTo,
}

enum LeadsTo {
    /// A regular file: the unit itself.
    File,
    /// Nothing: it is masked.
    Nothing,
    /// A unit of another name on the unit path.
    Alias(String),
    /// A file outside the unit path (`systemctl link`).
    Linked(String),
}

impl UnitFile {
    /// Finds the unit that `name` stands for; `None` when there is none.
    ///
    /// # Errors
    /// A file or directory on the way can't be read, or aliases lead in a circle.
    pub fn find(root: &Root, name: &UnitName) -> Result<Option<Self>, ReadError> {
        Self::find_below(root, name, &UNIT_PATH)
    }

    /// The same, ignoring the administrator's mask of that name.
    ///
    /// # Errors
    /// As [`UnitFile::find`].
    pub fn find_behind_mask(root: &Root, name: &UnitName) -> Result<Option<Self>, ReadError> {
        let found = Self::find(root, name)?;
        let Some(mask) = found.as_ref().filter(|unit| unit.masked) else {
            return Ok(found);
        };
        let place = directory(&mask.path);
        let behind: Vec<&str> = UNIT_PATH.into_iter().skip_while(|p| *p != place).skip(1).collect();
        Ok(Self::find_below(root, name, &behind)?.filter(|unit| !unit.masked))
    }

    /// Its file and its drop-ins, in the order in which they are read.
    ///
    /// # Errors
    /// A directory of drop-ins can't be read.
    pub fn files(&self, root: &Root) -> Result<Vec<String>, ReadError> {
        let mut files = vec![self.path.clone()];
        files.extend(drop_ins(root, &self.name)?);
        Ok(files)
    }

    fn find_below(root: &Root, name: &UnitName, unit_path: &[&str]) -> Result<Option<Self>, ReadError> {
        let mut name = name.clone();
        for _ in 0..ALIAS_LIMIT {
            let Some(entry) = look_up(root, &name, unit_path)? else {
                return Ok(None);
            };
            match entry.leads_to {
                LeadsTo::Nothing => return Ok(Some(Self::new(name, entry.path, true, InstallSection::default()))),
                LeadsTo::File => return Self::load(root, name, entry.path).map(Some),
                LeadsTo::Linked(path) => return Self::load(root, name, path).map(Some),
                LeadsTo::Alias(target) => match follow(&name, &target) {
                    Some(next) if next == name => return Self::load(root, name, target).map(Some),
                    Some(next) => name = next,
                    None => return Ok(None),
                },
            }
        }
        Err(ReadError {
            what: "find the unit",
            path: name.to_string(),
            why: "its aliases form a loop".to_owned(),
        })
    }

    fn load(root: &Root, name: UnitName, path: String) -> Result<Self, ReadError> {
        let mut install = InstallSection::new(name.clone());
        if let Some(text) = root.read_text(&path)? {
            install.read(&text);
        }
        for drop_in in drop_ins(root, &name)? {
            if let Some(text) = root.read_text(&drop_in)? {
                install.read(&text);
            }
        }
        Ok(Self::new(name, path, false, install))
    }

    fn new(name: UnitName, path: String, masked: bool, install: InstallSection) -> Self {
        Self {
            name,
            path,
            masked,
            install,
        }
    }
}

/// The names of all unit files and aliases on the unit path, sorted, each once.
///
/// # Errors
/// A directory of the unit path can't be read.
pub fn unit_names(root: &Root) -> Result<BTreeSet<UnitName>, ReadError> {
    let mut names = BTreeSet::new();
    for place in UNIT_PATH {
        names.extend(root.list(place)?.iter().filter_map(|name| UnitName::parse(name).ok()));
    }
    Ok(names)
}

/// The name that an alias of this name leads to; an instance's alias keeps the instance.
fn follow(name: &UnitName, target: &str) -> Option<UnitName> {
    let target = UnitName::parse(file_name(target)).ok()?;
    match (name.instance(), target.instance()) {
        (Some(instance), Some("")) if !instance.is_empty() => target.with_instance(instance).ok(),
        _ => Some(target),
    }
}

/// The first entry of that name; for an instance without one, its template's.
fn look_up(root: &Root, name: &UnitName, unit_path: &[&str]) -> Result<Option<Entry>, ReadError> {
    let places = present(root, unit_path)?;
    for wanted in [Some(name.clone()), name.template()].into_iter().flatten() {
        for directory in &places {
            if let Some(entry) = entry_at(root, format!("{directory}/{wanted}"))? {
                return Ok(Some(entry));
            }
        }
    }
    Ok(None)
}

/// Those of the directories that are there, which most aren't: in the others nothing needs to be looked for.
fn present<'p>(root: &Root, unit_path: &[&'p str]) -> Result<Vec<&'p str>, ReadError> {
    let mut places = Vec::new();
    for place in unit_path {
        if root.exists(place)? {
            places.push(*place);
        }
    }
    Ok(places)
}

fn entry_at(root: &Root, path: String) -> Result<Option<Entry>, ReadError> {
    let Some(metadata) = root.metadata(&path)? else {
        return Ok(None);
    };
    let leads_to = match metadata.kind {
        Kind::File if metadata.size == 0 => LeadsTo::Nothing,
        Kind::File => LeadsTo::File,
        Kind::Symlink => link_leads_to(root, &path)?,
        Kind::Directory | Kind::Other => return Ok(None),
    };
    Ok(Some(Entry { path, leads_to }))
}

fn link_leads_to(root: &Root, path: &str) -> Result<LeadsTo, ReadError> {
    let nothing_gone = BTreeSet::new();
    let Some(end) = destination(root, path, &nothing_gone)? else {
        return Err(ReadError {
            what: "follow the link",
            path: path.to_owned(),
            why: "it points to itself".to_owned(),
        });
    };
    if end == "/dev/null"
        || root
            .metadata(&end)?
            .is_some_and(|m| m.kind == Kind::File && m.size == 0)
    {
        return Ok(LeadsTo::Nothing);
    }
    // One step only: an alias may lead to another alias, and each has a name of its own.
    let target = root.read_link(path)?.unwrap_or_default();
    let step = match target.strip_prefix('/') {
        Some(_) => target,
        None => format!("{}/{target}", directory(path)),
    };
    let parent = destination(root, directory(&step), &nothing_gone)?.unwrap_or_default();
    let step = format!("{parent}/{}", file_name(&step));
    match is_unit_directory(root, &parent)? {
        true => Ok(LeadsTo::Alias(step)),
        false => Ok(LeadsTo::Linked(end)),
    }
}

/// Whether a directory, given with all links followed, is one of the unit path.
fn is_unit_directory(root: &Root, directory: &str) -> Result<bool, ReadError> {
    for candidate in UNIT_PATH {
        if candidate == directory || destination(root, candidate, &BTreeSet::new())?.as_deref() == Some(directory) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The drop-ins of a unit in the order in which they are read: by file name; of the same name the first on the unit path,
/// the instance's own before its template's. An empty one, or a link to `/dev/null`, hides those behind it.
fn drop_ins(root: &Root, name: &UnitName) -> Result<Vec<String>, ReadError> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let places = present(root, &UNIT_PATH)?;
    for owner in [Some(name.clone()), name.template()].into_iter().flatten() {
        for directory in &places {
            let directory = format!("{directory}/{owner}.d");
            if root
                .metadata_followed(&directory)?
                .is_none_or(|m| m.kind != Kind::Directory)
            {
                continue;
            }
            for file in root.list(&directory)? {
                if file.ends_with(".conf") {
                    let path = format!("{directory}/{file}");
                    found.entry(file).or_insert(path);
                }
            }
        }
    }
    let mut paths = Vec::new();
    for path in found.into_values() {
        if root.metadata_followed(&path)?.is_some_and(|m| m.kind == Kind::File) {
            paths.push(path);
        }
    }
    Ok(paths)
}
