//! `yum_repos`: a file for each repository, which tdnf, dnf and yum read.

use super::on_the_way::with_directories;
use super::packages::manager::Manager;
use super::{Change, FileChange, Module, Plan, PlanError, Stage};
use crate::document::yum_repos::{OptionValue, Repository, RepositoryId};
use crate::document::{Config, redact};
use crate::system::{Kind, Machine, ReadError};

/// Where the files are if the document doesn't say.
const DIRECTORY: &str = "/etc/yum.repos.d";

/// What their names end in.
const SUFFIX: &str = ".repo";

/// The bytes of a line that tdnf reads.
const TDNF_LINE: usize = 1022;

/// Writes the document's repositories.
#[derive(Debug, Clone, Copy)]
pub struct YumRepos;

impl Module for YumRepos {
    fn name(&self) -> &'static str {
        "yum_repos"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn asked_at(&self, change: &Change, want: &Config) -> Vec<String> {
        let name = change.path().and_then(|path| path.rsplit('/').next());
        let id = name.and_then(|name| name.strip_suffix(SUFFIX));
        let repositories = want.yum_repos.iter().flat_map(|all| &all.0);
        let written = repositories.map(|(id, _)| id).find(|other| id == Some(other.as_str()));
        let written = written.map(|id| id.written().to_owned());
        ["yum_repos".to_owned()].into_iter().chain(written).collect()
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(repositories) = want.yum_repos.as_ref().filter(|all| !all.0.is_empty()) else {
            return Ok(plan);
        };
        let Some(reader) = reader(machine)? else {
            plan.info("`yum_repos` is for tdnf, dnf and yum, and this machine has none of them");
            return Ok(plan);
        };
        let directory = want
            .yum_repo_dir
            .as_ref()
            .map_or(DIRECTORY, |directory| directory.as_str());
        let there = sections(directory, machine)?;
        let mut files = Vec::new();
        for (id, repository) in &repositories.0 {
            let name = format!("{}{SUFFIX}", id.as_str());
            if let Err(problem) = stands_alone(id, &name, &there, directory) {
                plan.problems.push(problem);
                continue;
            }
            if reader == Manager::Tdnf {
                note_limits(id, repository, &mut plan);
            }
            files.push(file(format!("{directory}/{name}"), id, repository));
        }
        plan.changes = with_directories(files, machine);
        Ok(plan)
    }
}

/// Who reads the files. An image that will get its package manager later may have the directory already.
fn reader(machine: &Machine<'_>) -> Result<Option<Manager>, ReadError> {
    let manager = Manager::of(machine.root())?;
    if matches!(manager, Some(Manager::Tdnf | Manager::Dnf | Manager::Yum)) {
        return Ok(manager);
    }
    let directory = machine.root().metadata_followed(DIRECTORY)?;
    let is_there = directory.is_some_and(|there| there.kind == Kind::Directory);
    Ok(is_there.then_some(Manager::Dnf))
}

/// The files of a directory, each with the repositories in it.
fn sections(directory: &str, machine: &Machine<'_>) -> Result<Vec<(String, Vec<String>)>, ReadError> {
    let mut found = Vec::new();
    for name in machine.root().list(directory)? {
        let path = format!("{directory}/{name}");
        let there = machine.root().metadata_followed(&path)?;
        if !name.ends_with(SUFFIX) || there.is_none_or(|there| there.kind != Kind::File) {
            continue;
        }
        let text = machine.read_text(&path)?.unwrap_or_default();
        let headers = text.lines().filter_map(|line| line.trim().strip_prefix('['));
        let headers = headers.filter_map(|line| Some(line.split_once(']')?.0.trim().to_owned()));
        found.push((name, headers.collect()));
    }
    Ok(found)
}

/// tdnf does nothing at all where two files have a repository of one name, and a file that has more than this one would
/// lose the others.
fn stands_alone(
    id: &RepositoryId,
    name: &str,
    there: &[(String, Vec<String>)],
    directory: &str,
) -> Result<(), PlanError> {
    let at = ["yum_repos", id.written()];
    for (file, sections) in there {
        let has_it = sections.iter().any(|section| section == id.as_str());
        if file != name && has_it {
            let message = format!("{directory}/{file} has a repository `{}` already", id.as_str());
            return Err(PlanError::at(&at, message).hint("give this one another name, or remove the other one"));
        }
        if let Some(other) = sections.iter().find(|section| *section != id.as_str())
            && file == name
        {
            let message = format!("{directory}/{file} has other repositories as well, such as `{other}`");
            return Err(PlanError::at(&at, message).hint("give this one another name: the file would lose the others"));
        }
    }
    Ok(())
}

/// What tdnf doesn't read.
fn note_limits(id: &RepositoryId, repository: &Repository, plan: &mut Plan) {
    let id = id.as_str();
    for (name, value) in repository.options() {
        if value.expose().len() > TDNF_LINE {
            plan.warn(format!(
                "tdnf reads the first {TDNF_LINE} bytes of `{name}` of the repository {id}, which is longer"
            ));
        }
    }
    let is_only = !repository.has("baseurl") && !repository.has("mirrorlist");
    if is_only && repository.has("metalink") {
        plan.notice(format!(
            "tdnf reads `metalink` of the repository {id} only with its plugin for metalinks"
        ));
    }
}

fn file(path: String, id: &RepositoryId, repository: &Repository) -> FileChange {
    let id = id.as_str();
    let mut text = format!("[{id}]\n");
    // tdnf takes a repository that doesn't say so for a disabled one; yum wants a name.
    for (name, default) in [("name", id), ("enabled", "1")] {
        if !repository.has(name) {
            text += &format!("{name} = {default}\n");
        }
    }
    for (name, value) in repository.options() {
        text += &format!("{name} = {}\n", value.expose());
    }
    let has_password = |value: &OptionValue| match value {
        OptionValue::Secret(_) => true,
        OptionValue::Text(text) => !redact::secrets(text).is_empty(),
    };
    match repository.options().any(|(_, value)| has_password(value)) {
        true => FileChange::write(path, text, 0o600).secret().headed(),
        false => FileChange::write(path, text, 0o644).headed(),
    }
}

#[cfg(test)]
mod tests;
