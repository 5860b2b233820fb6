//! The network: files of networkd in `/etc/systemd/network`, named `10-firstlight-ID`.

mod expected;
mod files;
mod glob;
mod ini;
mod member;
mod netdev;
mod networkd;
mod overlap;
mod secret_file;
mod selector;
mod shadow;
mod udev;

use std::collections::BTreeMap;

use crate::document::Config;
use crate::document::network::{Common, Device, InterfaceId, LinkName, Network as Asked, Use};
use crate::document::networkd_files::RESERVED_PREFIX;
use crate::system::{LinkFacts, Machine};

use super::{Change, Dirty, FileChange, Level, Module, Note, Plan, PlanError, Stage, Supply};

use files::NetworkdFile;
use ini::Assignment;
use selector::Selector;
use shadow::{Conditions, Target, Verdict};

pub use expected::is_own_file;
pub(super) use secret_file::for_networkd;
pub(super) use udev::trigger_udev;

/// The network of the document, for networkd.
#[derive(Debug, Clone, Copy)]
pub struct Network;

/// How the names of our files begin. They sort before Photon's 99-dhcp-en.network and systemd's own.
const PREFIX: &str = RESERVED_PREFIX;

/// Where our files are.
pub(super) const DIRECTORY: &str = "/etc/systemd/network";

/// A device of the document, and which links it means.
struct Interface<'a> {
    id: &'a InterfaceId,
    device: &'a dyn Device,
    /// The devices that use it.
    uses: Vec<Use<'a>>,
    selector: Selector,
    /// How many virtual functions it gets, where that is said.
    virtual_functions: Option<u32>,
    /// The links of the running machine that are meant.
    links: Vec<&'a LinkFacts>,
}

/// The files of others that matter for ours.
struct Others {
    network: Vec<Other>,
    link: Vec<Other>,
    /// The `.netdev` files, by the name of the link that they make.
    netdev: BTreeMap<String, Vec<NetworkdFile>>,
    /// The distribution's settings for every link without a file of its own.
    defaults: Vec<Assignment>,
}

/// A file of somebody else, and which links it is for.
struct Other {
    file: NetworkdFile,
    conditions: Conditions,
}

impl Module for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn gives(&self) -> &'static [Supply] {
        &[Supply::NetworkFiles]
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        // The machine is short of what could not be read.
        want.left_out.network.iter().for_each(|sentence| plan.warn(sentence));
        let Some(network) = want.network.as_ref().filter(|network| !network.is_disabled()) else {
            return Ok(plan);
        };
        let interfaces = interfaces(network, links_of(machine))?;
        let mut others = Others {
            network: others(want, machine, ".network", &mut plan),
            link: others(want, machine, ".link", &mut plan),
            netdev: netdev::by_name(others(want, machine, ".netdev", &mut plan)),
            defaults: Vec::new(),
        };
        others.defaults = default_link_settings(&others.link);
        let looks = interfaces
            .len()
            .saturating_mul(others.network.len().max(others.link.len()));
        if looks > LOOKS_MAX {
            plan.warn("there are too many interfaces and networkd files to check which of them conflict");
            (others.network, others.link) = (Vec::new(), Vec::new());
        }
        for interface in &interfaces {
            plan_interface(interface, &others, machine, &mut plan)?;
        }
        overlap::note_overlaps(&interfaces, &mut plan);
        note_all_optional(&interfaces, &mut plan);
        Ok(plan)
    }
}

/// The most interfaces, times files of others, that are compared.
const LOOKS_MAX: usize = 100_000;

/// The interfaces of the document, each with the links of the running machine that it means.
fn interfaces<'a>(network: &'a Asked, links: &'a [LinkFacts]) -> Result<Vec<Interface<'a>>, PlanError> {
    let mut interfaces = Vec::new();
    let mut uses = network.uses();
    let virtual_functions = network.virtual_functions();
    for (id, device) in network.devices() {
        let uses = uses.remove(id).unwrap_or_default();
        interfaces.push(Interface {
            id,
            device,
            selector: Selector::new(id, device, &uses)?,
            uses,
            virtual_functions: virtual_functions.get(id).copied(),
            links: Vec::new(),
        });
    }
    let index = overlap::Index::of(interfaces.iter().map(|interface| &interface.selector));
    for link in links {
        for number in index.candidates(link) {
            if let Some(interface) = interfaces.get_mut(number).filter(|it| it.selector.claims(link)) {
                interface.links.push(link);
            }
        }
    }
    Ok(interfaces)
}

/// The links of the running machine.
fn links_of<'a>(machine: &Machine<'a>) -> &'a [LinkFacts] {
    machine.live().map(|live| live.links.as_slice()).unwrap_or_default()
}

/// The names of the `links` that each entry of the document means, by its ID.
///
/// # Errors
/// An entry can't be planned.
pub fn links_now<'a>(network: &'a Asked, links: &'a [LinkFacts]) -> Result<BTreeMap<&'a str, Vec<&'a str>>, PlanError> {
    let names = |links: Vec<&'a LinkFacts>| links.into_iter().map(|link| link.name.as_str()).collect();
    let interfaces = interfaces(network, links)?;
    Ok(interfaces
        .into_iter()
        .map(|it| (it.id.as_str(), names(it.links)))
        .collect())
}

/// Says that nothing makes the boot wait for the network, or that it waits in vain: systemd-networkd-wait-online.service(8).
fn note_all_optional(interfaces: &[Interface<'_>], plan: &mut Plan) {
    if !interfaces.is_empty() && interfaces.iter().all(|interface| interface.common().is_optional()) {
        plan.notes.push(Note {
            level: Level::Notice,
            text: "every interface is `optional`: systemd-networkd-wait-online has no interface to wait for, so \
                   units that need network-online.target start without a network or only after it times out"
                .to_owned(),
        });
    }
}

fn plan_interface(
    own: &Interface<'_>,
    others: &Others,
    machine: &Machine<'_>,
    plan: &mut Plan,
) -> Result<(), PlanError> {
    match netdev_change(own, machine) {
        Ok(Some(change)) => {
            if is_left_as_it_is(own, &change, machine) {
                plan.notes.push(Note {
                    level: Level::Notice,
                    text: format!(
                        "`{}` is a link that firstlight did not make: it is not made again or deleted before the next \
                         boot, and what only a new one can be given applies then",
                        own.id.as_str()
                    ),
                });
            }
            plan.changes.push(Change::File(change));
            netdev::note_others(own, &others.netdev, plan);
        }
        Ok(None) => {}
        // Without it there is no link that the rest could be for.
        Err(error) => {
            plan.problems.push(error);
            return Ok(());
        }
    }
    let network = networkd::network_file(own);
    let change = FileChange::write(own.path(".network"), network, 0o644)
        .headed()
        .dirties(Dirty::Network);
    plan.changes.push(Change::File(change));
    note_shadows(own, ".network", &others.network, machine, plan);

    if let Some(link) = networkd::link_file(own, &others.defaults) {
        let change = FileChange::write(own.path(".link"), link.clone(), 0o644).headed();
        plan.changes.push(Change::File(change));
        note_shadows(own, ".link", &others.link, machine, plan);
        udev::plan_link(own, &link, machine, plan)?;
    }
    if !own.common().has_addressing() && own.uses.is_empty() && own.device.table().is_none() {
        plan.notes.push(Note {
            level: Level::Notice,
            text: format!(
                "`{}` gets no address: it has neither DHCP nor `addresses`",
                own.id.as_str()
            ),
        });
    }
    if let Some(name) = own.set_name().filter(|_| own.links.len() > 1) {
        let links: Vec<&str> = own.links.iter().map(|link| link.name.as_str()).collect();
        plan.warn(format!(
            "{} would all be named {}, but only one of them can have that name: narrow the `match` of `{}`",
            links.join(", "),
            name.as_str(),
            own.id.as_str()
        ));
    }
    if own.selector.is_for_every_link() {
        plan.warn(format!(
            "`{}` also matches `lo` and the links of containers: narrow its `match`, for example to `e*`",
            own.id.as_str()
        ));
    }
    plan.expectations.extend(expected::expectations(own));
    let is_there = own.device.netdev().there().is_some();
    if machine.live().is_some() && own.links.is_empty() && is_there && !own.selector.is_by_permanent_mac {
        plan.info(format!(
            "no link matches `{}` now; its files are written anyway",
            own.id.as_str()
        ));
    }
    Ok(())
}

/// The `.netdev` file of an interface that is made. One with a key in it is for networkd alone.
fn netdev_change(own: &Interface<'_>, machine: &Machine<'_>) -> Result<Option<FileChange>, PlanError> {
    let Some(text) = netdev::netdev_file(own.id, own.device) else {
        return Ok(None);
    };
    let path = own.path(".netdev");
    let is_there = machine.root().metadata(&path)?.is_some();
    let mut change = FileChange::write(path, text, 0o644).headed().dirties(Dirty::Network);
    if let Some(key) = netdev::inline_key(own.device.netdev()) {
        let place = ["network", own.device.kind(), own.id.as_str(), key];
        change = for_networkd(change, &place, machine)?;
    }
    Ok(Some(change.dirties(made_again(own, is_there, machine))))
}

/// How networkd is told to make the link again. It takes over one of this name that it has not made, which isn't ours to
/// delete; after the next boot it is networkd's own. `is_there`: we have written a `.netdev` file for it before.
fn made_again(own: &Interface<'_>, is_there: bool, machine: &Machine<'_>) -> Dirty {
    let link = own.id.as_str().to_owned();
    let boot = machine.live().and_then(|live| match is_there {
        true => live.taken_over.get(&link),
        false => (!own.links.is_empty()).then_some(&live.boot),
    });
    match boot {
        Some(boot) => Dirty::TakenOver {
            link,
            boot: boot.clone(),
        },
        None => Dirty::Netdev(link),
    }
}

/// Whether the link was made by somebody else in this boot.
fn is_left_as_it_is(own: &Interface<'_>, file: &FileChange, machine: &Machine<'_>) -> bool {
    let is_now = |boot: &String| machine.live().is_some_and(|live| live.boot == *boot);
    !own.links.is_empty()
        && file
            .dirties
            .iter()
            .any(|dirty| matches!(dirty, Dirty::TakenOver { boot, .. } if is_now(boot)))
}

impl Interface<'_> {
    /// The name of the interface's file with this suffix. Whatever may be read as something else in a name is written as
    /// `%` and its code, `%` too: different IDs have different names.
    fn file_name(&self, suffix: &str) -> String {
        let mut name = PREFIX.to_owned();
        for byte in self.id.as_str().bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => name.push(char::from(byte)),
                other => name.push_str(&format!("%{other:02x}")),
            }
        }
        name + suffix
    }

    fn path(&self, suffix: &str) -> String {
        format!("{DIRECTORY}/{}", self.file_name(suffix))
    }

    fn common(&self) -> &'_ Common {
        self.device.common()
    }

    fn set_name(&self) -> Option<&LinkName> {
        let there = self.device.netdev().there()?;
        there.set_name.as_ref()
    }

    /// What is known of the links that are meant: each link of the running machine, else what the document says.
    fn targets(&self) -> Vec<(Option<String>, Target)> {
        let live: Vec<_> = self
            .links
            .iter()
            .map(|link| {
                (
                    Some(link.name.clone()),
                    Target::of_link(link, self.set_name().map(LinkName::as_str)),
                )
            })
            .collect();
        if live.is_empty() {
            vec![(None, Target::of_selector(&self.selector))]
        } else {
            live
        }
    }
}

/// The files with this suffix that are not this module's: those on the machine, with those that the document itself has
/// in their places. A file that can't be read is not a reason to leave the network unconfigured.
fn others(want: &Config, machine: &Machine<'_>, suffix: &str, plan: &mut Plan) -> Vec<Other> {
    let written = want.networkd_files.as_deref().unwrap_or_default();
    match files::effective(machine, suffix, written) {
        Ok(all) => all
            .into_iter()
            .map(|file| Other {
                conditions: Conditions::of(&file.text),
                file,
            })
            .collect(),
        Err(error) => {
            plan.warn(format!(
                "can't tell whether another `{suffix}` file takes precedence: {error}"
            ));
            Vec::new()
        }
    }
}

/// The distribution's defaults for every link without a file of its own.
fn default_link_settings(link_files: &[Other]) -> Vec<Assignment> {
    let default = link_files.iter().find(|other| other.file.name == "99-default.link");
    let assignments = default.map(|other| ini::parse(&other.file.text)).unwrap_or_default();
    assignments.into_iter().filter(|a| a.section == "Link").collect()
}

/// Warns of each file that is tried before ours and holds for the same link. Where it only may hold, networkd will say on
/// a running machine which one it uses: verification looks.
fn note_shadows(own: &Interface<'_>, suffix: &str, others: &[Other], machine: &Machine<'_>, plan: &mut Plan) {
    if others.is_empty() {
        return;
    }
    let name = own.file_name(suffix);
    let targets = match suffix {
        // Names that udev gave are not what it looked at.
        ".link" => vec![(None, Target::of_selector(&own.selector))],
        _ => own.targets(),
    };
    let is_verified = suffix == ".network" && machine.live().is_some() && !own.common().is_optional();
    for Other { file, conditions } in others.iter().filter(|other| other.file.name < name) {
        for (link, target) in &targets {
            let (matches, level) = match conditions.verdict(suffix, target) {
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
            let text = format!("{path} sorts before {name} and {matches} {link}, so it would be used instead; {hint}");
            plan.notes.push(Note { level, text });
        }
    }
}

#[cfg(test)]
mod tests;
