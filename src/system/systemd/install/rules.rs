//! The links that an `[Install]` section asks for.

use std::collections::VecDeque;

use super::{InstallError, is_on_unit_path};
use crate::system::Root;
use crate::system::systemd::install_section::Unexpandable;
use crate::system::systemd::unit_file::{CONFIG_DIRECTORY, UnitFile};
use crate::system::systemd::unit_name::{NameKind, UnitName};

/// How many units one enabling reaches through `Also=` at most.
const UNIT_LIMIT: usize = 256;

/// A link that must exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) path: String,
    pub(super) target: String,
    /// Whether it replaces a link that points elsewhere.
    pub(super) replaces: bool,
}

/// The unit and all that its `Also=` reaches, each once. What is not there is left out, and so is what is masked.
pub(super) fn with_also(root: &Root, unit: UnitFile) -> Result<Vec<UnitFile>, InstallError> {
    let first = unit.name.clone();
    let mut reached: Vec<UnitFile> = Vec::new();
    let mut ahead = VecDeque::from([unit]);
    while let Some(unit) = ahead.pop_front() {
        if reached.iter().any(|known| known.name == unit.name) {
            continue;
        }
        if reached.len() >= UNIT_LIMIT {
            return Err(InstallError::TooMany(first.to_string()));
        }
        for word in &unit.install.also {
            let name = expand(&unit, word)?;
            let name = UnitName::parse(&name).map_err(|why| bad_destination(&unit, &name, why))?;
            ahead.extend(UnitFile::find(root, &name)?.filter(|also| !also.masked));
        }
        reached.push(unit);
    }
    Ok(reached)
}

/// All links that one unit's `[Install]` asks for.
pub(super) fn links_of(root: &Root, unit: &UnitFile) -> Result<Vec<Link>, InstallError> {
    let mut links = Vec::new();
    if !is_on_unit_path(root, &unit.path)? {
        links.push(link(unit, unit.name.to_string(), false));
    }
    for word in &unit.install.alias {
        links.extend(alias(unit, &expand(unit, word)?)?.map(|name| link(unit, name, false)));
    }
    let install = &unit.install;
    let lists = [
        (&install.wanted_by, "wants"),
        (&install.required_by, "requires"),
        (&install.upheld_by, "upholds"),
    ];
    for (list, kind) in lists {
        for word in list {
            let destination = dependent(unit, &expand(unit, word)?)?;
            links.push(link(
                unit,
                format!("{destination}.{kind}/{}", enabled_name(root, unit)?),
                true,
            ));
        }
    }
    Ok(links)
}

fn link(unit: &UnitFile, name: String, replaces: bool) -> Link {
    Link {
        path: format!("{CONFIG_DIRECTORY}/{name}"),
        target: unit.path.clone(),
        replaces,
    }
}

/// The name by which the unit is wanted: a template's default instance where it has one.
fn enabled_name(root: &Root, unit: &UnitFile) -> Result<UnitName, InstallError> {
    let Some(default) = &unit.install.default_instance else {
        return Ok(unit.name.clone());
    };
    let name = unit
        .name
        .with_instance(default)
        .map_err(|why| bad_destination(unit, default, why))?;
    match UnitFile::find(root, &name)? {
        Some(instance) if instance.masked => Err(InstallError::Masked {
            unit: name.to_string(),
            path: instance.path,
        }),
        _ => Ok(name),
    }
}

/// A unit that wants this one. A template without an instance can be wanted by templates and instances only: they hand on
/// theirs.
fn dependent(unit: &UnitFile, destination: &str) -> Result<UnitName, InstallError> {
    let name = UnitName::parse(destination).map_err(|why| bad_destination(unit, destination, why))?;
    let lacks_instance = unit.name.kind() == NameKind::Template && unit.install.default_instance.is_none();
    if lacks_instance && name.kind() == NameKind::Plain {
        let why = format!(
            "{0} is a template; enable an instance of it: {1}@NAME.{2}",
            unit.name,
            unit.name.prefix(),
            unit.name.suffix()
        );
        return Err(bad_destination(unit, destination, why));
    }
    Ok(name)
}

/// The name of an alias' link, instance filled in; `None` when it is the unit's own.
fn alias(unit: &UnitFile, word: &str) -> Result<Option<String>, InstallError> {
    // The old way to write WantedBy= and RequiredBy=: a path of one directory.
    if let Some((dependents, name)) = word.rsplit_once('/') {
        let owner = dependents
            .strip_suffix(".wants")
            .or_else(|| dependents.strip_suffix(".requires"));
        let owner = owner.and_then(|owner| UnitName::parse(owner).ok());
        let name = UnitName::parse(name).map_err(|why| bad_destination(unit, word, why))?;
        let fits = owner.is_some_and(|owner| {
            name == unit.name
                || Some(&unit.name) == name.template().as_ref()
                || (owner.kind() == NameKind::Template && Some(&name) == unit.name.template().as_ref())
        });
        return match fits {
            true => Ok(Some(word.to_owned())),
            false => Err(bad_destination(unit, word, "it is not a name of this unit".to_owned())),
        };
    }
    let mut name = UnitName::parse(word).map_err(|why| bad_destination(unit, word, why))?;
    if let (NameKind::Template, NameKind::Instance, Some(instance)) =
        (name.kind(), unit.name.kind(), unit.name.instance())
    {
        name = name
            .with_instance(instance)
            .map_err(|why| bad_destination(unit, word, why))?;
    }
    if name == unit.name {
        return Ok(None);
    }
    let fits = match (name.kind(), unit.name.kind()) {
        (NameKind::Instance, NameKind::Instance) => name.instance() == unit.name.instance(),
        (NameKind::Instance, NameKind::Template) => true,
        (alias, own) => alias == own,
    };
    if name.suffix() != unit.name.suffix() {
        return Err(bad_destination(
            unit,
            word,
            "an alias must have the suffix of its unit".to_owned(),
        ));
    }
    if !fits {
        let why = "a template, an instance and a plain name can't be aliases of each other".to_owned();
        return Err(bad_destination(unit, word, why));
    }
    Ok(Some(name.to_string()))
}

fn expand(unit: &UnitFile, word: &str) -> Result<String, InstallError> {
    unit.install
        .expand(word)
        .map_err(|Unexpandable(specifier)| InstallError::Unexpandable {
            unit: unit.name.to_string(),
            specifier,
        })
}

fn bad_destination(unit: &UnitFile, destination: &str, why: String) -> InstallError {
    InstallError::BadDestination {
        unit: unit.name.to_string(),
        destination: destination.to_owned(),
        why,
    }
}
