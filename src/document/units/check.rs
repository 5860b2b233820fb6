//! What is wrong with a unit, as far as its files show it: found before anything is touched.

use std::collections::{BTreeMap, BTreeSet};

use super::form::{self, Form};
use super::{Unit, UnitFile};
use crate::document::advice::nearest;
use crate::document::code::Code;
use crate::document::config::Config;
use crate::document::docker::{DOCKER_UNIT, Docker};
use crate::document::problem::{Check, Problems};
use crate::document::services::{Service, check_template, contradict};
use crate::document::systemd_file::{Item, Said, is_short, shown, walk};
use crate::system::systemd::{NameKind, UnitName, escape_path};

/// The sections that are in files of every kind.
const COMMON: [&str; 2] = ["Unit", "Install"];

/// Those that are in podman's files too: of the service that it makes, and of how it makes it.
const OF_QUADLET: [&str; 2] = ["Service", "Quadlet"];

impl Check for [Unit] {
    fn check(&self, problems: &mut Problems<'_>) {
        let mut names = BTreeSet::new();
        for (number, unit) in self.iter().enumerate() {
            let mut problems = problems.below(&[&number.to_string()]);
            let name = unit.name.as_str();
            if !names.insert(name) {
                let message = format!("the unit {name} is given twice");
                let hint = Some("put everything into one entry");
                problems.of(Code::Conflict).error(&["name"], message, hint);
            }
            check_unit(unit, &mut problems);
        }
    }
}

/// Reports where `units` and `services` or `docker` ask different things of the same unit. Places are relative to the
/// document.
pub fn check_with_services(config: &Config, problems: &mut Problems<'_>) {
    let docker = config.docker.as_ref().and_then(Docker::service);
    for (number, unit) in config.units.iter().flatten().enumerate() {
        let docker = docker.filter(|_| unit.name.as_str() == DOCKER_UNIT);
        if docker.is_some_and(|docker| contradict(&docker, &unit.service())) {
            let message = format!("`docker` says something else about {DOCKER_UNIT}");
            let hint = Some("set it in one place");
            problems
                .of(Code::Conflict)
                .error(&["units", &number.to_string()], message, hint);
        }
    }
    for (name, service) in config.services.iter().flat_map(|services| &services.0) {
        let of_same = |unit: &&Unit| matches!(&unit.name, UnitFile::Systemd(unit) if unit == name.unit());
        let unit = config.units.iter().flatten().find(of_same);
        if unit.is_some_and(|unit| contradict(&unit.service(), service)) {
            let message = format!("`units` says something else about {}", name.unit());
            let hint = Some("set it in one place");
            problems
                .of(Code::Conflict)
                .error(&["services", name.written()], message, hint);
        }
    }
}

fn check_unit(unit: &Unit, problems: &mut Problems<'_>) {
    let mut drop_ins = BTreeSet::new();
    for (number, drop_in) in unit.dropins.iter().enumerate() {
        let number = number.to_string();
        let name = drop_in.name.as_str();
        if !drop_ins.insert(name) {
            let message = format!("the drop-in {name} is given twice");
            let hint = Some("keep one of them, or give it another name");
            problems
                .of(Code::Conflict)
                .error(&["dropins", &number, "name"], message, hint);
        }
    }
    if unit.contents.is_none() && unit.dropins.is_empty() && unit.service() == Service::default() {
        let hint = Some("set `contents`, `dropins`, `enabled`, `mask` or `state`");
        problems
            .of(Code::NoEffect)
            .warning(&[], "this entry sets nothing", hint);
    } else if unit.service() != Service::default() {
        unit.service().check(problems);
    }
    let settings = check_texts(unit, problems);
    match &unit.name {
        UnitFile::Systemd(name) => check_of_systemd(unit, name, &settings, problems),
        UnitFile::Quadlet(_) => check_of_podman(unit, &settings, problems),
    }
}

/// The keys that are set to something, with their last values.
type Settings = BTreeMap<String, String>;

/// Checks the lines of all files; what they set together.
fn check_texts(unit: &Unit, problems: &mut Problems<'_>) -> Settings {
    let mut settings = Settings::new();
    let form = form::of(unit.name.suffix());
    if let Some(contents) = &unit.contents {
        if contents.expose().trim().is_empty() {
            let hint = Some("write `mask: true` if nothing may start it, or leave out `contents`");
            let message = "an empty file masks the unit";
            problems.error(&["contents"], message, hint);
        } else if form.is_none() {
            let message = format!("systemd reads no .{} files", unit.name.suffix());
            problems.error(
                &["contents"],
                message,
                Some("leave out `contents`; a drop-in can change it"),
            );
        }
        check_text(unit, contents.expose(), &["contents"], &mut settings, problems);
    }
    for (number, drop_in) in unit.dropins.iter().enumerate() {
        let at = ["dropins", &number.to_string(), "contents"];
        check_text(unit, drop_in.contents.expose(), &at, &mut settings, problems);
    }
    settings
}

fn check_text(unit: &Unit, text: &str, at: &[&str], settings: &mut Settings, problems: &mut Problems<'_>) {
    if let Some(bad) = text.chars().find(|c| c.is_control() && !"\n\r\t".contains(*c)) {
        let message = format!("it contains the control character {}", bad.escape_unicode());
        problems.error(at, message, None);
        return;
    }
    let is_podmans = matches!(unit.name, UnitFile::Quadlet(_));
    let reader = if is_podmans { "podman" } else { "systemd" };
    let own = form::of(unit.name.suffix()).and_then(|form| form.section);
    let of_podman = OF_QUADLET.into_iter().filter(|_| is_podmans);
    let known: Vec<&str> = COMMON.into_iter().chain(own).chain(of_podman).collect();
    let mut said = Said::new(problems, at);
    walk(text, reader, &mut said, |said, number, item| match item {
        Item::Section(name) if name.starts_with("X-") || known.contains(&name) => {}
        Item::Section(name) => {
            let hint = is_short(name).then(|| section_hint(name, &known)).flatten();
            let name = shown(name, hint.is_some(), "[", "]");
            let what = format!("a .{} file has no section {name}", unit.name.suffix());
            said.warning(number, &what, hint);
        }
        // systemd takes an empty value for none, and those before it are taken back.
        Item::Setting { key, value: "", .. } => drop(settings.remove(key)),
        Item::Setting { key, value, .. } => drop(settings.insert(key.to_owned(), value.to_owned())),
    });
}

fn section_hint(name: &str, known: &[&str]) -> Option<String> {
    if let Some(suffix) = form::with_section(name) {
        return Some(format!("[{name}] belongs in a .{suffix} file"));
    }
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    nearest(name, &known).map(|near| format!("did you mean [{near}]?"))
}

/// Reports what the file as a whole lacks: without it, it can't be loaded.
fn check_needs(unit: &Unit, settings: &Settings, problems: &mut Problems<'_>) {
    // Of an empty file, that is said already.
    if unit
        .contents
        .as_ref()
        .is_none_or(|contents| contents.expose().trim().is_empty())
    {
        return;
    }
    let Some(Form { section, needs, .. }) = form::of(unit.name.suffix()) else {
        return;
    };
    for keys in *needs {
        if !keys.iter().any(|key| settings.contains_key(*key)) {
            let keys: Vec<String> = keys.iter().take(4).map(|key| format!("{key}=")).collect();
            let (section, suffix) = (section.unwrap_or_default(), unit.name.suffix());
            let message = format!("a .{suffix} file needs {} in [{section}]", keys.join(" or "));
            problems.error(&["contents"], message, None);
        }
    }
}

fn check_of_systemd(unit: &Unit, name: &UnitName, settings: &Settings, problems: &mut Problems<'_>) {
    check_needs(unit, settings, problems);
    check_template(name, &unit.service(), problems);
    if unit.mask == Some(true) && unit.contents.is_some() {
        let message = "a unit can't have a file here and be masked: the mask would take the file's place";
        let hint = Some("leave out `contents`");
        problems.of(Code::Conflict).error(&["mask"], message, hint);
    }
    let path = settings.get("Where").filter(|path| !path.contains('%'));
    if let Some(path) = path.filter(|_| matches!(name.suffix(), "mount" | "automount")) {
        let called = escape_path(path);
        if called != name.stem() {
            let hint = format!("call it {called}.{}, or correct Where=", name.suffix());
            let message = "the unit of a mount point is called by its path, which is another one than in Where=";
            problems.error(&["name"], message, Some(&hint));
        }
    }
    let is_template = name.kind() == NameKind::Template;
    if unit.contents.is_some() && unit.enabled == Some(true) {
        let lists = ["WantedBy", "RequiredBy", "UpheldBy", "Alias", "Also"];
        if !lists.iter().any(|key| settings.contains_key(*key)) {
            let message = "it can't be enabled: its file has no [Install]";
            let hint = Some("add `WantedBy=multi-user.target` to [Install], or leave out `enabled`");
            problems.warning(&["enabled"], message, hint);
        } else if is_template && !settings.contains_key("DefaultInstance") {
            let (prefix, suffix) = (name.prefix(), name.suffix());
            let message = "a template can be enabled only where its [Install] has DefaultInstance=";
            let hint = format!("enable an instance in an entry of its own: {prefix}@NAME.{suffix}");
            problems.error(&["enabled"], message, Some(&hint));
        }
    }
}

fn check_of_podman(unit: &Unit, settings: &Settings, problems: &mut Problems<'_>) {
    check_needs(unit, settings, problems);
    let name = &unit.name;
    let is_match = |line: &str| line.trim() == "[Match]";
    if name.suffix() == "network" && unit.texts().iter().any(|text| text.lines().any(is_match)) {
        let hint = Some("put it below `networkd_files`: of what is here, podman makes a network of its own");
        problems.error(&["name"], "this is a file of systemd-networkd", hint);
    }
    if unit.mask.is_some() {
        let message = format!("podman's file {} can't be masked", name.as_str());
        problems.error(
            &["mask"],
            message,
            Some("leave the entry out, or mask its service below `services`"),
        );
    }
    let is_wanted = ["WantedBy", "RequiredBy", "UpheldBy"]
        .iter()
        .any(|key| settings.contains_key(*key));
    let is_whole = unit.contents.is_some();
    match unit.enabled {
        Some(true) if is_whole && !is_wanted => {
            let message = "podman's files are enabled by their [Install], and this one has none";
            let hint = Some("add `WantedBy=multi-user.target` to [Install]");
            problems.warning(&["enabled"], message, hint);
        }
        Some(false) if is_wanted => {
            let message = "podman's files are enabled by their [Install], and this one has it";
            let hint = Some("leave out [Install]");
            problems.of(Code::Conflict).error(&["enabled"], message, hint);
        }
        _ => {}
    }
    if unit.state.is_some() && name.as_str().contains("@.") {
        let message = "only instances of a template run";
        problems.error(
            &["state"],
            message,
            Some("set it below `services`, with the name of the instance"),
        );
    }
}
