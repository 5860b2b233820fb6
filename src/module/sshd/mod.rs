//! `sshd`: what the SSH server allows.
//!
//! The first value of a keyword wins in sshd, so it matters where it is written: [`placement`] finds the place, with
//! [`effective`], which reads the configuration as sshd does, and [`config_file`], which edits a file without touching
//! another byte.

pub mod access;
pub mod account;
pub mod config_file;
pub mod criteria;
pub mod effective;
pub mod files;
pub mod key_file;
pub mod placement;
pub mod strict_modes;
pub mod unit;

use std::collections::HashMap;

use super::{
    Change, Check, DirectoryChange, Dirty, Expectation, FileChange, Level, Module, Note, Plan, PlanError, Share,
    SshdCheck, Stage,
};
use crate::document::Config;
use crate::document::sshd::{Keyword, Setting, settings};
use crate::system::sshd::{PlannedFile, PlannedLine};
use crate::system::{Kind, Machine, Metadata, Root};
use access::shown;
use config_file::ConfigFile;
use criteria::Who;
use effective::{Block, Effective, Include, MAIN, Occurrence, Scope};
use files::Files;
use placement::{DROP_INS, Placement, place};

/// Where drop-ins are, on the machines that have them.
const DROP_IN_DIRECTORY: &str = "/etc/ssh/sshd_config.d";

/// The most notes of one kind.
const NOTES_LIMIT: usize = 10;

/// The module of `sshd` and `ssh_pwauth`.
#[derive(Debug, Clone, Copy)]
pub struct Sshd;

impl Module for Sshd {
    fn name(&self) -> &'static str {
        "sshd"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn observes(&self, want: &Config) -> Vec<String> {
        if wants_address(&settings(want)) {
            unit::SOCKETS.map(str::to_owned).to_vec()
        } else {
            Vec::new()
        }
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let settings = settings(want);
        let Some(first) = settings.first() else {
            return Ok(Plan::default());
        };
        let mut left = settings.clone();
        let mut problems = Vec::new();
        // A setting that can't be written costs itself alone.
        loop {
            match plan_settings(&left, machine) {
                Ok(plan) => return Ok(Plan { problems, ..plan }),
                Err(error) => {
                    let count = left.len();
                    left.retain(|setting| setting.path != error.path);
                    if left.len() == count {
                        return Err(blamed_on(first, error));
                    }
                    problems.push(error);
                }
            }
        }
    }
}

/// sshd's configuration as it will be once the document is carried out, and what the document asks of it; `None` on a
/// machine that has none.
///
/// # Errors
/// It can't be read, or what the document asks can't be written.
pub fn planned(want: &Config, machine: &Machine<'_>) -> Result<Option<(Effective, Vec<Setting>)>, PlanError> {
    let Some(main) = machine.root().read(MAIN)? else {
        return Ok(None);
    };
    let settings = settings(want);
    let files = Files::new(machine.root());
    let effective = Effective::read(&place(&settings, &files, &main)?.applied(&files))?;
    Ok(Some((effective, settings)))
}

/// The files that sshd reads its configuration from as they are, in its order, and what they say.
///
/// # Errors
/// They can't be read, or sshd would not follow their includes.
pub fn configuration(root: &Root) -> Result<Vec<(String, Vec<u8>)>, PlanError> {
    let files = Files::new(root);
    let read = |path: &String| Ok((path.clone(), files.read(path)?.unwrap_or_default()));
    Effective::read(&files)?.files().iter().map(read).collect()
}

/// An error about the machine's configuration as a whole is about the first thing that the document wants of it.
fn blamed_on(first: &Setting, mut error: PlanError) -> PlanError {
    if error.path.is_empty() {
        error.path.extend(first.path.first().cloned());
    }
    error
}

fn plan_settings(settings: &[Setting], machine: &Machine<'_>) -> Result<Plan, PlanError> {
    let main = main_file(machine)?;
    let files = Files::new(machine.root());
    let placement = place(settings, &files, &main)?;
    let planned = placement.applied(&files);
    let effective = Effective::read(&planned)?;
    let mut plan = Plan {
        changes: changes(&placement, machine)?,
        expectations: expectations(settings),
        checks: vec![check(settings, &planned, &effective)?],
        ..Plan::default()
    };
    for setting in settings {
        note_what_differs(setting, &effective, &mut plan);
    }
    note_conditional_includes(&effective, &mut plan);
    note_keyboard_interactive(settings, &effective, &mut plan);
    note_socket(settings, machine, &mut plan)?;
    plan.notes.extend(placement.notes);
    Ok(plan)
}

/// The bytes of the main file.
fn main_file(machine: &Machine<'_>) -> Result<Vec<u8>, PlanError> {
    let Some(bytes) = machine.root().read(MAIN)? else {
        if machine.root().exists("/usr/etc/ssh/sshd_config")? {
            return Err(
                PlanError::at(&[], format!("{MAIN} doesn't exist, only /usr/etc/ssh/sshd_config does"))
                    .hint(format!("copy it to {MAIN}: firstlight doesn't change anything in /usr")),
            );
        }
        return Err(
            PlanError::at(&[], format!("{MAIN} doesn't exist: is an SSH server installed?"))
                .hint("install the package openssh-server (openssh on Photon, SUSE and Arch)"),
        );
    };
    if bytes.contains(&0) {
        return Err(PlanError::at(
            &[],
            format!("{MAIN} is not a text file: it contains a NUL byte"),
        ));
    }
    Ok(bytes)
}

fn changes(placement: &Placement, machine: &Machine<'_>) -> Result<Vec<Change>, PlanError> {
    let service = unit::service(machine)?;
    let dirtying = |mut change: FileChange| {
        change.dirties.extend(service.clone().map(Dirty::Reload));
        Change::File(change)
    };
    let mut changes = Vec::new();
    if let Some((path, content)) = &placement.drop_in {
        changes.push(Change::Directory(drop_in_directory(machine)?));
        changes.push(dirtying(FileChange::write(*path, content.clone(), 0o600).headed()));
    }
    if let Some(content) = &placement.main {
        let change = FileChange::rewrite(MAIN, content.clone(), &editable(MAIN, machine)?).share(Share::Lines);
        changes.push(dirtying(change));
    }
    let unused = |path: &&str| placement.drop_in.as_ref().is_none_or(|(used, _)| used != path);
    let unused = DROP_INS.into_iter().filter(unused);
    changes.extend(unused.map(|path| dirtying(FileChange::remove(path))));
    Ok(changes)
}

/// The directory of drop-ins as it is; where `Include` names one that isn't there, a new one.
fn drop_in_directory(machine: &Machine<'_>) -> Result<DirectoryChange, PlanError> {
    let as_is = machine.metadata(DROP_IN_DIRECTORY)?;
    Ok(DirectoryChange {
        path: DROP_IN_DIRECTORY.to_owned(),
        mode: as_is.map_or(0o755, |m| m.mode),
        owner: as_is.map_or((0, 0), |m| (m.uid, m.gid)),
        on_the_way: false,
    })
}

/// The metadata of a file that can be replaced by another of that name.
fn editable(path: &str, machine: &Machine<'_>) -> Result<Metadata, PlanError> {
    match machine.root().metadata(path)? {
        Some(metadata) if metadata.kind == Kind::File => Ok(metadata),
        _ => Err(PlanError::at(
            &[],
            format!("{path} is a symbolic link, and firstlight doesn't change its target"),
        )
        .hint(format!(
            "replace it with a regular file, or put `Include {DROP_IN_DIRECTORY}/*.conf` at its top"
        ))),
    }
}

/// sshd's own opinion of its configuration as planned.
fn check(settings: &[Setting], planned: &Files<'_>, effective: &Effective) -> Result<Check, PlanError> {
    let mut paths: Vec<&str> = Vec::new();
    for path in effective.files() {
        if !paths.contains(&path.as_str()) {
            paths.push(path);
        }
    }
    let number = |path: &String| paths.iter().position(|known| known == path);
    let includes = effective.includes().iter();
    let includes: HashMap<(&str, usize), &Include> = includes.map(|one| ((&*one.file, one.line), one)).collect();
    let mut files = Vec::new();
    for path in &paths {
        let bytes = planned.read(path)?.unwrap_or_default();
        let file = ConfigFile::parse(&bytes);
        let lines = file
            .lines()
            .iter()
            .enumerate()
            .map(|(line, text)| match includes.get(&(*path, line)) {
                Some(include) => PlannedLine::Include(include.leads_to.iter().filter_map(number).collect()),
                None => PlannedLine::Text(text.bytes().to_vec()),
            });
        files.push(PlannedFile {
            path: (*path).to_owned(),
            lines: lines.collect(),
        });
    }
    let asked = settings.iter().map(|setting| (setting.keyword, setting.path.clone()));
    Ok(Check::Sshd(SshdCheck {
        files,
        asked: asked.collect(),
    }))
}

fn expectations(settings: &[Setting]) -> Vec<Expectation> {
    let says = settings.iter().map(|setting| Expectation::SshdSays {
        keyword: setting.keyword.canonical().name.to_ascii_lowercase(),
        value: setting.lines.join(" "),
    });
    std::iter::once(Expectation::SshdAccepts).chain(says).collect()
}

/// Says where the value that is wanted is not the one that counts: for some in a `Match` block, or for all.
fn note_what_differs(setting: &Setting, effective: &Effective, plan: &mut Plan) {
    let name = setting.keyword.name;
    let wanted = setting.lines.join(" ");
    if !effective.says(setting) {
        let counting = effective.counting(setting.keyword);
        let places: Vec<String> = counting.iter().map(|o| o.place()).collect();
        plan.warn(format!(
            "{name} won't be `{wanted}`: sshd uses the value from {}",
            places.join(" and ")
        ));
    }
    let counting = effective.counting_for(setting.keyword, &Who::root());
    let always = counting.always.iter().filter(|line| line.block().is_some());
    let others: Vec<(&Occurrence, &Block)> = always
        .chain(&counting.perhaps)
        .filter(|line| !setting.keyword.same(&[&line.value], &setting.lines))
        .filter_map(|line| Some((*line, line.block()?)))
        .collect();
    for (line, block) in others.iter().take(NOTES_LIMIT) {
        plan.warn(format!(
            "{} sets {name} to `{}` for connections that match `{}`; for all others it is `{wanted}`",
            line.place(),
            shown(&line.value),
            shown(&block.text)
        ));
    }
    if others.len() > NOTES_LIMIT {
        plan.warn(format!(
            "{} more lines set {name} in `Match` blocks",
            others.len() - NOTES_LIMIT
        ));
    }
}

/// An `Include` below a `Match` looks as if it held for everybody.
fn note_conditional_includes(effective: &Effective, plan: &mut Plan) {
    let conditional = effective.includes().iter();
    let conditional = conditional.filter(|include| matches!(include.scope, Scope::Match(_)));
    for include in conditional.take(NOTES_LIMIT) {
        if let Scope::Match(block) = &include.scope {
            let text = format!(
                "{} includes files inside `{}`, so their settings apply only there; move the line above the first \
                 `Match`",
                include.place(),
                shown(&block.text)
            );
            let level = Level::Notice;
            plan.notes.push(Note { level, text });
        }
    }
}

/// With PAM, sshd asks for passwords in a second way, which `PasswordAuthentication no` leaves open.
fn note_keyboard_interactive(settings: &[Setting], effective: &Effective, plan: &mut Plan) {
    let forbidden = settings
        .iter()
        .any(|s| s.keyword.name == "PasswordAuthentication" && s.keyword.same(&s.lines, &["no"]));
    let is = |name: &str, word: &str| {
        let keyword = Keyword::find(name);
        keyword.is_some_and(|k| effective.counting(k).iter().any(|o| k.same(&[&o.value], &[word])))
    };
    if forbidden && is("UsePAM", "yes") && !is("KbdInteractiveAuthentication", "no") {
        plan.info(
            "PasswordAuthentication is off, but with UsePAM sshd still asks for passwords through \
             KbdInteractiveAuthentication: to forbid passwords, set that to no in sshd.options too",
        );
    }
}

/// With a socket unit it is systemd that listens.
fn note_socket(settings: &[Setting], machine: &Machine<'_>, plan: &mut Plan) -> Result<(), PlanError> {
    if !wants_address(settings) {
        return Ok(());
    }
    if let Some(socket) = unit::listening_socket(machine)? {
        plan.warn(format!(
            "{socket} listens for sshd on this machine: Port and ListenAddress take effect only if its \
             ListenStream= agrees"
        ));
    }
    Ok(())
}

fn wants_address(settings: &[Setting]) -> bool {
    let names = ["Port", "ListenAddress", "AddressFamily"];
    settings.iter().any(|s| names.contains(&s.keyword.name))
}

#[cfg(test)]
mod tests;
