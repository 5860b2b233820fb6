//! The state of a unit file, as shown by `systemctl is-enabled`, computed only from the files.

use std::fmt;

use super::links::{directory, file_name};
use super::unit_file::{CONFIG_DIRECTORY, UNIT_PATH, UnitFile};
use super::unit_name::{NameKind, UnitName};
use crate::system::{Kind, ReadError, Root};

/// The state of a unit file, with systemctl(1)'s names for `is-enabled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitFileState {
    /// Its `[Install]` links are made.
    Enabled,
    /// The same, in `/run`: until the next boot.
    EnabledRuntime,
    /// A link below `/etc` makes a file from elsewhere known.
    Linked,
    /// The same, in `/run`.
    LinkedRuntime,
    /// The name is another name of a unit.
    Alias,
    /// It is linked to `/dev/null`, or empty.
    Masked,
    /// The same, in `/run`.
    MaskedRuntime,
    /// It has no `[Install]` rules: it can't be enabled.
    Static,
    /// It has `[Install]` rules, and their links are not made.
    Disabled,
    /// It has no rules of its own, only others to enable (`Also=`); or links of other names lead to it.
    Indirect,
    /// A generator made it.
    Generated,
    /// It was made at run time.
    Transient,
    /// systemd can't read it, or reports a state that is unknown here.
    Bad,
}

/// Each state with systemctl's name.
const WORDS: [(UnitFileState, &str); 13] = [
    (UnitFileState::Enabled, "enabled"),
    (UnitFileState::EnabledRuntime, "enabled-runtime"),
    (UnitFileState::Linked, "linked"),
    (UnitFileState::LinkedRuntime, "linked-runtime"),
    (UnitFileState::Alias, "alias"),
    (UnitFileState::Masked, "masked"),
    (UnitFileState::MaskedRuntime, "masked-runtime"),
    (UnitFileState::Static, "static"),
    (UnitFileState::Disabled, "disabled"),
    (UnitFileState::Indirect, "indirect"),
    (UnitFileState::Generated, "generated"),
    (UnitFileState::Transient, "transient"),
    (UnitFileState::Bad, "bad"),
];

impl UnitFileState {
    /// The state with this name.
    pub fn from_word(word: &str) -> Self {
        WORDS
            .iter()
            .find(|(_, known)| *known == word)
            .map_or(Self::Bad, |(state, _)| *state)
    }
}

impl fmt::Display for UnitFileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = WORDS
            .iter()
            .find(|(state, _)| state == self)
            .map_or("bad", |(_, word)| *word);
        f.write_str(word)
    }
}

/// The state of the unit file with this full name; `None` if there is no such unit.
///
/// # Errors
/// `name` is not a unit's name, or a file or directory of the unit path can't be read.
pub fn unit_file_state(root: &Root, name: &str) -> Result<Option<UnitFileState>, ReadError> {
    let name = UnitName::parse(name).map_err(|why| ReadError {
        what: "look up the unit",
        path: name.escape_debug().to_string(),
        why,
    })?;
    let Some(unit) = UnitFile::find(root, &name)? else {
        return Ok(None);
    };
    state_of(root, &name, &unit).map(Some)
}

fn state_of(root: &Root, asked: &UnitName, unit: &UnitFile) -> Result<UnitFileState, ReadError> {
    if unit.masked {
        return Ok(match is_runtime(&unit.path) {
            true => UnitFileState::MaskedRuntime,
            false => UnitFileState::Masked,
        });
    }
    if asked.as_str() != file_name(&unit.path) && unit.name.kind() != NameKind::Instance {
        return Ok(UnitFileState::Alias);
    }
    if directory(&unit.path).starts_with("/run/systemd/generator") {
        return Ok(UnitFileState::Generated);
    }
    if directory(&unit.path) == "/run/systemd/transient" {
        return Ok(UnitFileState::Transient);
    }
    if let Some(state) = state_by_links(root, unit, is_known_name)? {
        return Ok(state);
    }
    // Known under names that `[Install]` doesn't ask for, it may be in use.
    if state_by_links(root, unit, |_, _| true)?.is_some() {
        return Ok(UnitFileState::Indirect);
    }
    Ok(if unit.install.has_rules() {
        UnitFileState::Disabled
    } else if unit.install.also.is_empty() {
        UnitFileState::Static
    } else {
        UnitFileState::Indirect
    })
}

/// Whether a link of that name counts for the unit.
type Counts = fn(&UnitFile, &str) -> bool;

/// What the links that count say, if any does.
fn state_by_links(root: &Root, unit: &UnitFile, counts: Counts) -> Result<Option<UnitFileState>, ReadError> {
    let mut found = Vec::new();
    let mut below_the_file = false;
    for place in UNIT_PATH {
        let seen = links_in(root, unit, place, below_the_file, counts)?;
        if seen == Seen::Enabling && place == CONFIG_DIRECTORY {
            return Ok(Some(UnitFileState::Enabled));
        }
        found.push((place, seen));
        below_the_file |= directory(&unit.path) == place;
    }
    let any = |wanted: Seen, holds: fn(&str) -> bool| found.iter().any(|(place, seen)| *seen == wanted && holds(place));
    Ok(if any(Seen::Enabling, is_runtime) {
        Some(UnitFileState::EnabledRuntime)
    } else if unit.name.kind() == NameKind::Instance && any(Seen::Enabling, |_| true) {
        // A vendor's link to an instance: it starts, and nobody can disable it.
        Some(UnitFileState::Static)
    } else if any(Seen::SameName, |place| place == CONFIG_DIRECTORY) {
        Some(UnitFileState::Linked)
    } else if any(Seen::SameName, is_runtime) {
        Some(UnitFileState::LinkedRuntime)
    } else {
        None
    })
}

/// What one directory of the unit path says about a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// A link that `[Install]` asks for.
    Enabling,
    /// A link of the unit's own name: `systemctl link` made it.
    SameName,
}

fn links_in(
    root: &Root,
    unit: &UnitFile,
    place: &str,
    below_the_file: bool,
    counts: Counts,
) -> Result<Seen, ReadError> {
    let name = unit.name.as_str();
    let mut same_name = false;
    for entry in root.list(place)? {
        let path = format!("{place}/{entry}");
        let kind = root.metadata(&path)?.map(|m| m.kind);
        let enables = match kind {
            Some(Kind::Directory) if is_dependency_directory(&entry) => {
                let links = list_links(root, &path)?;
                links.iter().any(|link| is_link_of(unit, link) && counts(unit, link))
            }
            Some(Kind::Symlink) => {
                let leads_to_it = root.read_link(&path)?.is_some_and(|target| file_name(&target) == name);
                // A name below the unit's own file says nothing: that file hides it.
                let has_its_name = !below_the_file && entry == name;
                let is_linked = has_its_name && leads_to_it;
                same_name |= is_linked;
                !is_linked && (has_its_name || leads_to_it) && counts(unit, &entry)
            }
            _ => false,
        };
        if enables {
            return Ok(Seen::Enabling);
        }
    }
    Ok(if same_name { Seen::SameName } else { Seen::Nothing })
}

/// `multi-user.target.wants` and its like. systemd reads `.upholds` since v254.
fn is_dependency_directory(name: &str) -> bool {
    [".wants", ".requires", ".upholds"]
        .iter()
        .any(|suffix| name.ends_with(suffix))
}

fn list_links(root: &Root, directory: &str) -> Result<Vec<String>, ReadError> {
    let mut links = Vec::new();
    for entry in root.list(directory)? {
        let is_link = root
            .metadata(&format!("{directory}/{entry}"))?
            .is_some_and(|m| m.kind == Kind::Symlink);
        if is_link {
            links.push(entry);
        }
    }
    Ok(links)
}

/// Whether a link of a dependency directory is the unit's: by its own name, or an instance of the template. Where it leads
/// doesn't matter to systemd.
fn is_link_of(unit: &UnitFile, link: &str) -> bool {
    if link == unit.name.as_str() {
        return true;
    }
    UnitName::parse(link)
        .ok()
        .and_then(|name| name.template())
        .is_some_and(|t| t == unit.name)
}

/// Whether `[Install]` would make a link of that name.
fn is_known_name(unit: &UnitFile, link: &str) -> bool {
    let default = unit.install.default_instance.as_deref();
    link == unit.name.as_str()
        || unit.install.alias.iter().any(|alias| alias == link)
        || default
            .and_then(|d| unit.name.with_instance(d).ok())
            .is_some_and(|name| name.as_str() == link)
}

fn is_runtime(path: &str) -> bool {
    path.starts_with("/run/")
}
