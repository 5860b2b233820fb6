//! `docker`: the container engine: its unit, its settings, who may use it.

mod flags;
mod logins;

use serde_json::{Map, Value};

use super::services::{left_to_ask, missing_unit, plan_unit};
use super::{
    AccountChange, Change, Check, DirectoryChange, Dirty, DockerdCheck, FileChange, Module, Plan, PlanError, Share,
    Stage, Supply,
};
use crate::document::docker::{DOCKER_UNIT, UserName};
use crate::document::{Config, redact};
use crate::system::systemd::{UnitFile, UnitName};
use crate::system::{Machine, Metadata, ReadError};

/// The engine's settings, dockerd(8).
const DAEMON_JSON: &str = "/etc/docker/daemon.json";
const DAEMON_DIRECTORY: &str = "/etc/docker";

/// The group whose members may use the engine's socket.
const GROUP: &str = "docker";

/// Sets up the container engine.
#[derive(Debug, Clone, Copy)]
pub struct Docker;

impl Module for Docker {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files, Supply::Units]
    }

    fn starts_services(&self) -> bool {
        true
    }

    fn observes(&self, want: &Config) -> Vec<String> {
        want.docker.iter().map(|_| DOCKER_UNIT.to_owned()).collect()
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(docker) = &want.docker else {
            return Ok(plan);
        };
        let unit = UnitName::parse(DOCKER_UNIT).map_err(|why| PlanError::at(&["docker"], why))?;
        let asks_for_more = docker.settings().is_some() || !docker.users.is_empty() || !docker.logins.is_empty();
        if asks_for_more && !is_installed(&unit, machine)? {
            return Err(missing_unit(machine.root(), &unit, &["docker"]));
        }
        if let Some(daemon) = docker.settings() {
            match plan_settings(&daemon, docker.asked(), machine, &mut plan) {
                Ok(settings) if !writes_unit(want) => warn_of_flags(&unit, &settings, machine, &mut plan)?,
                Ok(_) => {}
                Err(problem) => plan.problems.push(problem),
            }
        }
        plan_users(&docker.users, machine, &mut plan)?;
        logins::plan(&docker.logins, machine, &mut plan);
        // Settings first: the engine reads them when it starts.
        let asked = docker.service();
        if let Some(service) = asked.and_then(|asked| left_to_ask(want, DOCKER_UNIT, asked)) {
            plan_unit(&["docker"], &unit, &service, machine, &mut plan)?;
        }
        Ok(plan)
    }
}

fn is_installed(unit: &UnitName, machine: &Machine<'_>) -> Result<bool, ReadError> {
    Ok(UnitFile::find_behind_mask(machine.root(), unit)?.is_some())
}

/// The directory and the file with the document's settings merged into those that are there; returns all of them.
fn plan_settings(
    daemon: &Map<String, Value>,
    asked: Vec<Vec<String>>,
    machine: &Machine<'_>,
    plan: &mut Plan,
) -> Result<Map<String, Value>, PlanError> {
    let there = machine.root().read(DAEMON_JSON)?;
    let existing = existing_settings(DAEMON_JSON, &["docker", "daemon"], there.as_deref().unwrap_or_default())?;
    let mut merged = existing.clone();
    merge(&mut merged, daemon);
    let bytes = match there {
        // Equal in meaning: the bytes stay as somebody wrote them.
        Some(bytes) if merged == existing => bytes,
        _ => pretty(&merged)?.into_bytes(),
    };
    let directory = machine.metadata(DAEMON_DIRECTORY)?;
    plan.changes.push(Change::Directory(DirectoryChange {
        path: DAEMON_DIRECTORY.to_owned(),
        mode: directory.map_or(0o755, |directory| directory.mode),
        owner: directory.map_or((0, 0), |directory| (directory.uid, directory.gid)),
        on_the_way: false,
    }));
    // The engine runs as root: nobody else has to read a proxy's password, or a token.
    let is_secret = !redact::secrets(&pretty(daemon)?).is_empty();
    let mask = if is_secret { 0o600 } else { 0o7777 };
    let file = match machine.metadata(DAEMON_JSON)? {
        Some(as_is) => {
            let mode = as_is.mode & mask;
            FileChange::rewrite(DAEMON_JSON, bytes, &Metadata { mode, ..as_is })
        }
        None => FileChange::write(DAEMON_JSON, bytes, 0o644 & mask),
    };
    plan.checks.push(Check::Dockerd(DockerdCheck {
        path: DAEMON_JSON.to_owned(),
        content: file
            .content
            .as_ref()
            .map_or_else(Vec::new, |content| content.bytes.to_vec()),
        asked,
    }));
    let file = file.share(Share::Keys).dirties(Dirty::Restart(DOCKER_UNIT.to_owned()));
    plan.changes.push(Change::File(file));
    Ok(merged)
}

/// Whether the document itself writes to docker's unit: what flags it has then is not known yet.
fn writes_unit(want: &Config) -> bool {
    // What `units` writes is known: it plans before.
    let is_part = |path: &str| path.contains(&format!("/{DOCKER_UNIT}"));
    want.write_files
        .iter()
        .flatten()
        .any(|file| is_part(file.path.as_str()))
}

/// dockerd doesn't start when a setting is both in its file and a flag on its command line.
fn warn_of_flags(
    unit: &UnitName,
    settings: &Map<String, Value>,
    machine: &Machine<'_>,
    plan: &mut Plan,
) -> Result<(), PlanError> {
    if let Some(file) = UnitFile::find_behind_mask(machine.root(), unit)? {
        for conflict in flags::conflicts(&file, machine.root(), settings)? {
            plan.warn(conflict);
        }
    }
    Ok(())
}

/// The settings in a JSON file at `path`, which `at` of the document edits.
fn existing_settings(path: &str, at: &[&str], bytes: &[u8]) -> Result<Map<String, Value>, PlanError> {
    // docker passes over a byte order mark.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    let fail = |why: String| {
        PlanError::at(at, format!("{path} {why}"))
            .hint("fix or remove the file: firstlight can't merge settings into it")
    };
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(settings)) => Ok(settings),
        Ok(_) => Err(fail("is not a JSON object".to_owned())),
        Err(error) => Err(fail(format!("is not JSON: {error}"))),
    }
}

/// Puts `from` into `into`: mappings key by key, all else replaced.
fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => merge(inner, value),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Two spaces a level, and a newline at the end.
fn pretty(settings: &Map<String, Value>) -> Result<String, PlanError> {
    let text = serde_json::to_string_pretty(settings);
    let text = text.map_err(|error| PlanError::at(&["docker", "daemon"], error.to_string()))?;
    Ok(text + "\n")
}

fn plan_users(users: &[UserName], machine: &Machine<'_>, plan: &mut Plan) -> Result<(), PlanError> {
    if users.is_empty() {
        return Ok(());
    }
    if !has_entry(machine, "/etc/group", GROUP)? {
        let message = format!("this machine has no group {GROUP}, so no account can join it");
        let hint = "it comes with the package `docker` on Photon, `docker.io` on Debian";
        plan.problems
            .push(PlanError::at(&["docker", "users"], message).hint(hint).lacks(GROUP));
        return Ok(());
    }
    for (number, user) in users.iter().enumerate() {
        if !has_entry(machine, "/etc/passwd", user.as_str())? {
            let message = format!("there is no account {} on this machine", user.as_str());
            let problem = PlanError::at(&["docker", "users", &number.to_string()], message);
            plan.problems.push(
                problem
                    .hint("only existing accounts can use docker")
                    .lacks(user.as_str()),
            );
            continue;
        }
        plan.changes.push(Change::Account(AccountChange::GroupMember {
            group: GROUP.to_owned(),
            user: user.as_str().to_owned(),
        }));
    }
    Ok(())
}

/// Whether an account file has a line for that name, passwd(5) and group(5).
fn has_entry(machine: &Machine<'_>, path: &str, name: &str) -> Result<bool, ReadError> {
    let text = machine.read_text(path)?.unwrap_or_default();
    Ok(text.lines().any(|line| line.split(':').next() == Some(name)))
}

#[cfg(test)]
mod tests;
