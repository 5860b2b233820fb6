//! The time zone: the link `/etc/localtime`, localtime(5).

use super::{Change, FileChange, Module, Plan, PlanError, Stage, SymlinkChange};
use crate::document::Config;
use crate::document::advice::nearest;
use crate::document::timezone::Timezone as Zone;
use crate::system::{Kind, Machine, ReadError};

/// The link that says the time zone.
const LOCALTIME: &str = "/etc/localtime";

/// Debian's older way to say it, which some programs still read.
const TIMEZONE: &str = "/etc/timezone";

/// Where the time zones are.
const ZONEINFO: &str = "/usr/share/zoneinfo";

/// What a file begins with that is a time zone, tzfile(5).
const MAGIC: &[u8] = b"TZif";

/// Sets the time zone.
#[derive(Debug, Clone, Copy)]
pub struct Timezone;

impl Module for Timezone {
    fn name(&self) -> &'static str {
        "timezone"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(zone) = &want.timezone else { return Ok(plan) };
        plan.changes.push(Change::Symlink(SymlinkChange {
            path: LOCALTIME.to_owned(),
            target: target(zone, machine)?,
        }));
        plan.changes.extend(timezone_file(zone, machine)?.map(Change::File));
        Ok(plan)
    }
}

/// The target of the link. `None` for UTC on a machine without time zones: no link means UTC, localtime(5).
fn target(zone: &Zone, machine: &Machine<'_>) -> Result<Option<String>, PlanError> {
    let path = format!("{ZONEINFO}/{}", zone.as_str());
    if !is_zone(&path, machine)? {
        return match zone.as_str() {
            "UTC" | "Etc/UTC" => Ok(None),
            _ => Err(missing(zone, &path, machine)?),
        };
    }
    // A link that says the same in another way stays.
    let there = machine.root().read_link(LOCALTIME)?;
    Ok(Some(
        there.filter(|there| *there == path).unwrap_or(format!("..{path}")),
    ))
}

fn is_zone(path: &str, machine: &Machine<'_>) -> Result<bool, ReadError> {
    let is_file = machine.metadata(path)?.is_some_and(|there| there.kind == Kind::File);
    Ok(is_file && machine.root().read(path)?.is_some_and(|bytes| bytes.starts_with(MAGIC)))
}

fn missing(zone: &Zone, path: &str, machine: &Machine<'_>) -> Result<PlanError, ReadError> {
    let message = format!("there is no time zone {} on this machine ({path})", zone.as_str());
    let error = PlanError::at(&["timezone"], message);
    if machine.metadata(ZONEINFO)?.is_none() {
        return Ok(error.hint("time zones come with the package `tzdata`; without it, only UTC is available"));
    }
    if machine
        .metadata(path)?
        .is_some_and(|there| there.kind == Kind::Directory)
    {
        let places = machine.root().list(path).unwrap_or_default();
        let example = places.first().map_or("", String::as_str);
        let area = zone.as_str();
        return Ok(error.hint(format!(
            "{area} is an area: choose a place in it, such as {area}/{example}"
        )));
    }
    let (area, name) = zone.as_str().rsplit_once('/').unwrap_or(("", zone.as_str()));
    // A name that is a file where a directory is meant, or the other way round, is no reason to say less than this.
    let names = machine.root().list(&format!("{ZONEINFO}/{area}")).unwrap_or_default();
    Ok(match nearest(name, &names) {
        Some(near) if area.is_empty() => error.hint(format!("did you mean {near}?")),
        Some(near) => error.hint(format!("did you mean {area}/{near}?")),
        None => error.hint(format!("the names are the paths below {ZONEINFO}")),
    })
}

/// The file of Debian, where it is; a machine without it doesn't get one.
fn timezone_file(zone: &Zone, machine: &Machine<'_>) -> Result<Option<FileChange>, ReadError> {
    let Some(as_is) = machine.root().metadata(TIMEZONE)?.filter(|m| m.kind == Kind::File) else {
        return Ok(None);
    };
    let text = match machine.read_text(TIMEZONE)? {
        Some(text) if text.trim() == zone.as_str() => text,
        _ => format!("{}\n", zone.as_str()),
    };
    Ok(Some(FileChange::rewrite(TIMEZONE, text, &as_is)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::system::{Facts, Root};

    /// What is planned for a machine with these files and this link.
    fn plan(zone: &str, zones: &[(&str, &str)], link: Option<&str>) -> Result<Vec<Change>, PlanError> {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir(tree.path().join("etc")).unwrap();
        for (name, text) in zones {
            let path = tree.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        if let Some(link) = link {
            symlink(link, tree.path().join("etc/localtime")).unwrap();
        }
        let root = Root::open(tree.path()).unwrap();
        let want = Config {
            timezone: Some(Zone::try_from(zone.to_owned()).unwrap()),
            ..Config::default()
        };
        let facts = Facts::default();
        Timezone
            .plan(&want, &Machine::new(&root, &facts))
            .map(|plan| plan.changes)
    }

    fn link(target: Option<&str>) -> Change {
        Change::Symlink(SymlinkChange {
            path: LOCALTIME.to_owned(),
            target: target.map(str::to_owned),
        })
    }

    const BERLIN: (&str, &str) = ("usr/share/zoneinfo/Europe/Berlin", "TZif2");

    #[test]
    fn a_link_and_debians_file_where_there_is_one() {
        let relative = "../usr/share/zoneinfo/Europe/Berlin";
        let absolute = "/usr/share/zoneinfo/Europe/Berlin";
        for (there, expected) in [
            (None, relative),
            (Some(relative), relative),
            (Some(absolute), absolute),
            (Some("/usr/share/zoneinfo/UTC"), relative),
        ] {
            let changes = plan("Europe/Berlin", &[BERLIN], there).unwrap();
            assert_eq!(changes, [link(Some(expected))], "{there:?}");
        }
        let changes = plan("Europe/Berlin", &[BERLIN, ("etc/timezone", "Etc/UTC\n")], None).unwrap();
        let [_, Change::File(file)] = changes.as_slice() else {
            panic!("{changes:?}")
        };
        let content = file.content.as_ref().unwrap();
        assert_eq!(
            (file.path.as_str(), &*content.bytes),
            (TIMEZONE, &b"Europe/Berlin\n"[..])
        );
    }

    #[test]
    fn utc_needs_no_file() {
        assert_eq!(plan("UTC", &[], None).unwrap(), [link(None)]);
        assert_eq!(plan("Etc/UTC", &[BERLIN], None).unwrap(), [link(None)]);
        let there = plan("UTC", &[("usr/share/zoneinfo/UTC", "TZif2")], None).unwrap();
        assert_eq!(there, [link(Some("../usr/share/zoneinfo/UTC"))]);
    }

    #[test]
    fn a_zone_that_is_not_there_is_an_error_with_advice() {
        for (zone, zones, hint) in [
            ("Europe/Berlin", &[][..], "`tzdata`"),
            ("Europe/Berln", &[BERLIN], "did you mean Europe/Berlin?"),
            ("europe", &[BERLIN], "did you mean Europe?"),
            (
                "Europe",
                &[BERLIN],
                "Europe is an area: choose a place in it, such as Europe/Berlin",
            ),
            ("Mars/Olympus", &[BERLIN], "the paths below"),
            (
                "leapseconds",
                &[("usr/share/zoneinfo/leapseconds", "#")],
                "did you mean",
            ),
        ] {
            let error = plan(zone, zones, None).unwrap_err();
            assert_eq!(error.path, ["timezone"]);
            assert!(
                error.hint.as_deref().unwrap_or_default().contains(hint),
                "{zone}: {error:?}"
            );
        }
    }
}
