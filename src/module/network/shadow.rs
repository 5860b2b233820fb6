//! Which other file would be used for a link instead of ours.
//!
//! networkd and udev use the first file, by name, whose `[Match]` section holds. What such a section asks for is known
//! here only in part (name, hardware address, driver): the rest (`Type=`, `Virtualization=`, …) may hold or not.

use crate::document::network::Mac;
use crate::system::LinkFacts;

use super::glob::{is_pattern, overlap};
use super::ini::{Assignment, parse};
use super::selector::Selector;

/// Whether a `[Match]` section holds for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It doesn't.
    No,
    /// Nothing that is known here speaks against it.
    Maybe,
    /// It does.
    Yes,
}

/// What is known of a link, or of those that an interface may be. Empty: nothing is known.
#[derive(Debug, Clone, Default)]
pub struct Target {
    names: Vec<String>,
    original_names: Vec<String>,
    macs: Vec<String>,
    drivers: Vec<String>,
}

impl Target {
    /// The links that an interface of the document may be.
    pub fn of_selector(selector: &Selector) -> Self {
        Self {
            names: selector.names.clone(),
            original_names: selector.original_names.clone(),
            macs: selector.macs.iter().map(Mac::to_string).collect(),
            drivers: selector.drivers.clone(),
        }
    }

    /// A link of the running machine, under the name that it will have.
    pub fn of_link(link: &LinkFacts, set_name: Option<&str>) -> Self {
        let known = |text: &str| {
            Some(text.to_owned())
                .filter(|text| !text.is_empty())
                .into_iter()
                .collect()
        };
        Self {
            names: vec![set_name.unwrap_or(&link.name).to_owned()],
            // What it was called before udev renamed it, nobody knows any more.
            original_names: Vec::new(),
            macs: known(&link.mac),
            // Drivers that sysfs doesn't know, as veth, are known to networkd from ethtool.
            drivers: known(&link.driver),
        }
    }

    /// Whether both can be the same link: nothing that both say speaks against it, and there is something that both say.
    pub fn shares_links_with(&self, other: &Self) -> bool {
        let criteria = [
            (&self.names, &other.names),
            (&self.macs, &other.macs),
            (&self.drivers, &other.drivers),
        ];
        let mut common = criteria
            .iter()
            .filter(|(a, b)| !a.is_empty() && !b.is_empty())
            .peekable();
        common.peek().is_some() && common.all(|(a, b)| a.iter().any(|a| b.iter().any(|b| overlap(a, b))))
    }
}

/// The `[Match]` section of a file: its keys with their lists.
#[derive(Debug, Clone, Default)]
pub struct Conditions(Vec<(String, Vec<String>)>);

impl Conditions {
    /// Of a file with this text. A key given again adds to its list, an empty value empties it.
    pub fn of(text: &str) -> Self {
        let mut all: Vec<(String, Vec<String>)> = Vec::new();
        for Assignment { key, value, .. } in parse(text).into_iter().filter(|a| a.section == "Match") {
            let words = words(&value);
            match all.iter_mut().find(|(known, _)| *known == key) {
                Some((_, list)) if words.is_empty() => list.clear(),
                Some((_, list)) => list.extend(words),
                None => all.push((key, words)),
            }
        }
        all.retain(|(_, list)| !list.is_empty());
        Self(all)
    }

    /// Whether they hold for `target`. A `.network` file without any holds for every link; a `.link` file without any is
    /// ignored by udev.
    pub fn verdict(&self, suffix: &str, target: &Target) -> Verdict {
        if self.0.is_empty() {
            return if suffix == ".network" {
                Verdict::Yes
            } else {
                Verdict::No
            };
        }
        let verdicts = self.0.iter().map(|(key, values)| match key.as_str() {
            "Name" => patterns_hold(values, &target.names),
            "OriginalName" => patterns_hold(values, &target.original_names),
            "Driver" => patterns_hold(values, &target.drivers),
            "MACAddress" | "PermanentMACAddress" => macs_hold(values, &target.macs),
            _ => Verdict::Maybe,
        });
        verdicts.min().unwrap_or(Verdict::Maybe)
    }
}

/// The words of a list. A `!` in front of it is in front of each of them.
fn words(value: &str) -> Vec<String> {
    let (not, list) = match value.strip_prefix('!') {
        Some(list) => ("!", list),
        None => ("", value),
    };
    list.split_whitespace()
        .map(|word| format!("{not}{}", word.trim_matches(['"', '\''])))
        .collect()
}

/// Whether a list of patterns holds for one of `names`.
fn patterns_hold(list: &[String], names: &[String]) -> Verdict {
    let verdicts = names.iter().map(|name| {
        let hit = |pattern: &str| overlap(pattern, name);
        let hit_for_sure = if is_pattern(name) { Verdict::Maybe } else { Verdict::Yes };
        let (refused, wanted): (Vec<&str>, Vec<&str>) =
            list.iter().map(String::as_str).partition(|p| p.starts_with('!'));
        let is_refused = refused.iter().any(|pattern| hit(pattern.trim_start_matches('!')));
        let is_wanted = wanted.is_empty() || wanted.iter().any(|pattern| hit(pattern));
        match (is_wanted, is_refused) {
            (false, _) => Verdict::No,
            (true, false) if wanted.is_empty() => Verdict::Yes,
            (true, false) => hit_for_sure,
            (true, true) if is_pattern(name) => Verdict::Maybe,
            (true, true) => Verdict::No,
        }
    });
    verdicts.max().unwrap_or(Verdict::Maybe)
}

fn macs_hold(list: &[String], macs: &[String]) -> Verdict {
    if macs.is_empty() {
        return Verdict::Maybe;
    }
    let digits = |mac: &str| {
        mac.chars()
            .filter(char::is_ascii_hexdigit)
            .collect::<String>()
            .to_ascii_lowercase()
    };
    let hit = list
        .iter()
        .any(|listed| macs.iter().any(|mac| digits(mac) == digits(listed)));
    if hit { Verdict::Yes } else { Verdict::No }
}
