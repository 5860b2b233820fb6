//! `apt`: files of sources, their keys, and settings. Machines without apt leave it alone.

mod distribution;

use std::collections::BTreeMap;

use super::on_the_way::with_directories;
use super::{Change, FileChange, Module, Plan, PlanError, Stage};
use crate::document::apt::{FileName, Source};
use crate::document::{Config, redact};
use crate::system::{Kind, Machine};
use distribution::{Distribution, filled};

/// What tells that a machine has apt.
const PROGRAM: &str = "/usr/bin/apt-get";

const SOURCES_LIST: &str = "/etc/apt/sources.list";
const PROXY: &str = "/etc/apt/apt.conf.d/90firstlight-proxy";
const SETTINGS: &str = "/etc/apt/apt.conf.d/94firstlight";

/// Where the key of one source is, and the key of all.
const KEYRINGS: &str = "/etc/apt/keyrings";
const TRUSTED: &str = "/etc/apt/trusted.gpg.d";

/// Writes apt's sources and settings.
#[derive(Debug, Clone, Copy)]
pub struct Apt;

impl Module for Apt {
    fn name(&self) -> &'static str {
        "apt"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(apt) = &want.apt else { return Ok(plan) };
        let program = machine.root().metadata_followed(PROGRAM)?;
        if program.is_none_or(|program| program.kind != Kind::File) {
            plan.info("`apt` is for machines with apt, which this one hasn't");
            return Ok(plan);
        }
        let distribution = Distribution::of(machine)?;
        let mut files = Vec::new();
        if let Some(list) = &apt.sources_list {
            match apt.preserve_sources_list {
                Some(true) => plan.info("`sources_list` isn't used: `preserve_sources_list` keeps the machine's own"),
                _ => match filled(list.as_str(), &distribution, None) {
                    Ok(text) => files.push(file(SOURCES_LIST, text)),
                    Err(why) => plan.problems.push(PlanError::at(&["apt", "sources_list"], why)),
                },
            }
        }
        add_sources(&apt.sources.0, &distribution, &mut files, &mut plan);
        let proxies = apt.proxies();
        let proxies =
            proxies.map(|(_, protocol, proxy)| format!("Acquire::{protocol}::Proxy \"{}\";\n", proxy.expose()));
        let proxies: String = proxies.collect();
        if !proxies.is_empty() {
            files.push(file(PROXY, proxies));
        }
        if let Some(conf) = apt.conf.as_ref().filter(|conf| !conf.as_str().is_empty()) {
            files.push(file(SETTINGS, conf.as_str().to_owned()));
        }
        plan.changes = with_directories(files, machine);
        Ok(plan)
    }

    fn asked_at(&self, change: &Change, want: &Config) -> Vec<String> {
        let path = change.path().unwrap_or_default();
        let below = |key: &str| vec!["apt".to_owned(), key.to_owned()];
        match path {
            SOURCES_LIST => below("sources_list"),
            SETTINGS => below("conf"),
            PROXY => vec!["apt".to_owned()],
            path => {
                let sources = want.apt.iter().flat_map(|apt| &apt.sources.0);
                let mut found = sources.filter(|(name, source)| {
                    let file = source.filename.as_ref().unwrap_or(name);
                    let stem = path.rsplit('/').next().and_then(|name| name.strip_suffix(".asc"));
                    file.path() == path || stem == Some(file.stem())
                });
                let name = found.next().map(|(name, _)| name.written().to_owned());
                below("sources").into_iter().chain(name).collect()
            }
        }
    }
}

/// A file with a password is for root alone.
fn file(path: &str, text: String) -> FileChange {
    match redact::secrets(&text).is_empty() {
        true => FileChange::write(path, text, 0o644).headed(),
        false => FileChange::write(path, text, 0o600).secret().headed(),
    }
}

/// The files of the sources and of their keys. Sources of one file are one below the other.
fn add_sources(
    sources: &[(FileName, Source)],
    distribution: &Distribution,
    files: &mut Vec<FileChange>,
    plan: &mut Plan,
) {
    let mut lists: BTreeMap<&str, String> = BTreeMap::new();
    let mut keys: BTreeMap<String, &str> = BTreeMap::new();
    for (name, source) in sources {
        let file = source.filename.as_ref().unwrap_or(name);
        let at = ["apt", "sources", name.written()];
        let directory = if source.source.is_some() { KEYRINGS } else { TRUSTED };
        let key_file = format!("{directory}/{}.asc", file.stem());
        let key = source.key.as_ref().map(|key| key.as_str());
        if key.is_some_and(|key| keys.get(&key_file).is_some_and(|other| *other != key)) {
            let message = format!("{key_file} already has the key of another source");
            plan.problems
                .push(PlanError::at(&at, message).hint("give one of them another `filename`"));
            continue;
        }
        if let Some(lines) = &source.source {
            let text = match filled(lines.as_str(), distribution, Some(&key_file)) {
                Ok(text) => text,
                Err(why) => {
                    plan.problems.push(PlanError::at(&at, why));
                    continue;
                }
            };
            let text = if key.is_some() { signed(&text, &key_file) } else { text };
            if key.is_some() && !text.contains(&key_file) {
                plan.notice(format!(
                    "the key of the source {} isn't used: `signed-by` names another one",
                    name.written()
                ));
            }
            lists.entry(file.path()).or_default().push_str(&text);
        }
        keys.extend(key.map(|key| (key_file, key)));
    }
    files.extend(keys.into_iter().map(|(path, key)| FileChange::write(path, key, 0o644)));
    files.extend(lists.into_iter().map(|(path, text)| file(path, text)));
}

/// Each line with the key that its packages are signed with, unless it names one: it is then trusted for no other source.
fn signed(text: &str, key_file: &str) -> String {
    let sign = |line: &str| {
        let Some((kind, rest)) = line
            .trim_start()
            .split_once([' ', '\t'])
            .filter(|(kind, _)| kind.starts_with("deb"))
        else {
            return line.to_owned();
        };
        match rest
            .trim_start()
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            Some((options, _)) if options.contains("signed-by=") => line.to_owned(),
            Some((options, rest)) => format!("{kind} [{} signed-by={key_file}]{rest}", options.trim()),
            None => format!("{kind} [signed-by={key_file}] {}", rest.trim_start()),
        }
    };
    text.split_inclusive('\n').map(sign).collect()
}

#[cfg(test)]
mod tests;
