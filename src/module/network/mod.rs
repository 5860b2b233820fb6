//! The network: files of networkd in `/etc/systemd/network`, named `10-firstlight-ID`.

mod expected;
mod files;
mod glob;
mod ini;
mod networkd;
mod selector;
mod shadow;
mod udev;

use crate::document::Config;
use crate::document::network::{Ethernet, InterfaceId};
use crate::document::networkd_files::RESERVED_PREFIX;
use crate::system::{LinkFacts, Machine};

use super::{Change, Dirty, FileChange, Level, Module, Note, Plan, PlanError, Stage};

use files::NetworkdFile;
use ini::Assignment;
use selector::Selector;
use shadow::{Target, Verdict, verdict};

pub use expected::is_own_file;
pub(super) use udev::trigger_udev;

/// The network of the document, for networkd.
#[derive(Debug, Clone, Copy)]
pub struct Network;

/// How the names of our files begin. They sort before Photon's 99-dhcp-en.network and systemd's own.
const PREFIX: &str = RESERVED_PREFIX;

/// Where our files are.
pub(super) const DIRECTORY: &str = "/etc/systemd/network";

/// An interface of the document, and which links it means.
struct Interface<'a> {
    id: &'a InterfaceId,
    ethernet: &'a Ethernet,
    selector: Selector,
}

/// The files of others that matter for ours.
struct Others {
    network: Vec<NetworkdFile>,
    link: Vec<NetworkdFile>,
}

impl Module for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["network"]
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(network) = want.network.as_ref().filter(|network| !network.is_disabled()) else {
            return Ok(plan);
        };
        // The machine is short of what could not be read.
        network.left_out.0.iter().for_each(|sentence| plan.warn(sentence));
        let mut interfaces = Vec::new();
        for (id, ethernet) in &network.ethernets {
            let selector = Selector::new(id, ethernet)?;
            interfaces.push(Interface { id, ethernet, selector });
        }
        let others = Others {
            network: others(want, machine, ".network", &mut plan),
            link: others(want, machine, ".link", &mut plan),
        };
        for interface in &interfaces {
            plan_interface(interface, &others, machine, &mut plan)?;
        }
        note_overlaps(&interfaces, machine, &mut plan);
        Ok(plan)
    }
}

fn plan_interface(
    own: &Interface<'_>,
    others: &Others,
    machine: &Machine<'_>,
    plan: &mut Plan,
) -> Result<(), PlanError> {
    let network = networkd::network_file(&own.selector, own.ethernet);
    let change = FileChange::write(own.path(".network"), network, 0o644)
        .headed()
        .dirties(Dirty::Network);
    plan.changes.push(Change::File(change));
    note_shadows(own, ".network", &others.network, machine, plan);

    let defaults = default_link_settings(&others.link);
    if let Some(link) = networkd::link_file(&own.selector, own.ethernet, &defaults) {
        let change = FileChange::write(own.path(".link"), link.clone(), 0o644).headed();
        plan.changes.push(Change::File(change));
        note_shadows(own, ".link", &others.link, machine, plan);
        udev::plan_link(own, &link, machine, plan)?;
    }
    plan.expectations.extend(expected::expectations(own));
    if machine.live().is_some() && own.links(machine).is_empty() {
        plan.info(format!(
            "no link matches `{}` now: its files are written all the same",
            own.id.as_str()
        ));
    }
    Ok(())
}

impl Interface<'_> {
    /// The name of the interface's file with this suffix. Whatever may be read as something else in a name is written as
    /// `%` and its code, `%` too: different IDs have different names.
    fn file_name(&self, suffix: &str) -> String {
        let escaped: String = self
            .id
            .as_str()
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
                other => format!("%{other:02x}"),
            })
            .collect();
        format!("{PREFIX}{escaped}{suffix}")
    }

    fn path(&self, suffix: &str) -> String {
        format!("{DIRECTORY}/{}", self.file_name(suffix))
    }

    /// The links of the running machine that are meant.
    fn links<'m>(&self, machine: &Machine<'m>) -> Vec<&'m LinkFacts> {
        let links = machine.live().map(|live| live.links.as_slice()).unwrap_or_default();
        links.iter().filter(|link| self.selector.claims(link)).collect()
    }

    fn set_name(&self) -> Option<&str> {
        self.ethernet.set_name.as_ref().map(|name| name.as_str())
    }

    /// What is known of the links that are meant: each link of the running machine, else what the document says.
    fn targets(&self, machine: &Machine<'_>) -> Vec<(Option<String>, Target)> {
        let live: Vec<_> = self
            .links(machine)
            .into_iter()
            .map(|link| (Some(link.name.clone()), Target::of_link(link, self.set_name())))
            .collect();
        if live.is_empty() {
            vec![(None, Target::of_selector(&self.selector))]
        } else {
            live
        }
    }
}

/// The files with this suffix that are not this module's: those on the machine, with those that the document itself has in
/// their places. What can't be read is no reason to leave the network unconfigured.
fn others(want: &Config, machine: &Machine<'_>, suffix: &str, plan: &mut Plan) -> Vec<NetworkdFile> {
    let written = want.networkd_files.as_deref().unwrap_or_default();
    match files::effective(machine, suffix, written) {
        Ok(all) => all.into_iter().filter(|file| !file.name.starts_with(PREFIX)).collect(),
        Err(error) => {
            plan.warn(format!(
                "whether another `{suffix}` file takes precedence is not known: {error}"
            ));
            Vec::new()
        }
    }
}

/// What the distribution's default says of every link that no other file is for.
fn default_link_settings(link_files: &[NetworkdFile]) -> Vec<Assignment> {
    let default = link_files.iter().find(|file| file.name == "99-default.link");
    let assignments = default.map(|file| ini::parse(&file.text)).unwrap_or_default();
    assignments.into_iter().filter(|a| a.section == "Link").collect()
}

/// Warns of each file that is tried before ours and holds for the same link. Where it only may hold, networkd will say on
/// a running machine which one it uses: verification looks.
fn note_shadows(own: &Interface<'_>, suffix: &str, others: &[NetworkdFile], machine: &Machine<'_>, plan: &mut Plan) {
    let name = own.file_name(suffix);
    let targets = match suffix {
        // Names that udev gave are not what it looked at.
        ".link" => vec![(None, Target::of_selector(&own.selector))],
        _ => own.targets(machine),
    };
    let is_verified = suffix == ".network" && machine.live().is_some() && own.ethernet.optional != Some(true);
    for file in others.iter().filter(|file| file.name < name) {
        for (link, target) in &targets {
            let (matches, level) = match verdict(&file.text, suffix, target) {
                Verdict::No => continue,
                Verdict::Maybe if is_verified => ("may match", Level::Info),
                Verdict::Maybe => ("may match", Level::Warning),
                Verdict::Yes => ("matches", Level::Warning),
            };
            let link = link
                .clone()
                .unwrap_or_else(|| format!("the link of `{}`", own.id.as_str()));
            let hint = if file.name.contains("cloud-init") {
                "cloud-init wrote it: disable cloud-init and remove the file"
            } else {
                "remove or rename the file, or narrow its [Match]"
            };
            let path = &file.path;
            let text = format!("{path} sorts before {name} and {matches} {link}: it would be used instead; {hint}");
            plan.notes.push(Note { level, text });
        }
    }
}

/// Notes where two of our files hold for the same link: the first, by name, is used.
fn note_overlaps(interfaces: &[Interface<'_>], machine: &Machine<'_>, plan: &mut Plan) {
    let mut sorted: Vec<&Interface<'_>> = interfaces.iter().collect();
    sorted.sort_by_key(|interface| interface.file_name(".network"));
    for (number, first) in sorted.iter().enumerate() {
        for second in sorted.iter().skip(number + 1) {
            let Some(link) = shared_link(first, second, machine) else {
                continue;
            };
            let (one, two) = (first.id.as_str(), second.id.as_str());
            let text =
                format!("`{one}` and `{two}` both match {link}: the files are tried by name, so `{one}` is used");
            // One link taken out of a pattern is how it is meant to be.
            if first.selector.is_one_link() && !second.selector.is_one_link() {
                plan.info(text);
            } else {
                plan.warn(text);
            }
        }
    }
}

/// A link that both mean, in words.
fn shared_link(one: &Interface<'_>, two: &Interface<'_>, machine: &Machine<'_>) -> Option<String> {
    let links = one.links(machine);
    if let Some(link) = links.iter().find(|link| two.selector.claims(link)) {
        return Some(link.name.clone());
    }
    let (first, second) = (Target::of_selector(&one.selector), Target::of_selector(&two.selector));
    first.shares_links_with(&second).then(|| "the same link".to_owned())
}

#[cfg(test)]
mod tests;
