//! From documents to files, and what is said beside them.

mod every_key;
mod hostile;
mod linear;
mod notes;
mod oracle;
mod random;
mod render;
mod tunnels;
mod version1;

use std::collections::BTreeMap;
use std::path::Path;

use super::Network;
use crate::document::Config;
use crate::document::networkd_files::{NetworkdFileKind, keys};
use crate::module::{Change, Expectation, Level, Module, Plan, PlanError};
use crate::system::{Facts, LinkFacts, Live, Machine, Root};

/// A machine's tree; its live facts, if it runs.
struct Rig {
    tree: tempfile::TempDir,
    facts: Facts,
}

impl Rig {
    fn offline() -> Self {
        Self {
            tree: tempfile::tempdir().unwrap(),
            facts: Facts::default(),
        }
    }

    /// A running machine with these links: name, hardware address, driver.
    fn live(links: &[(&str, &str, &str)]) -> Self {
        let links = links.iter().map(|(name, mac, driver)| LinkFacts {
            name: (*name).to_owned(),
            mac: (*mac).to_owned(),
            driver: (*driver).to_owned(),
        });
        let live = Live {
            links: links.collect(),
            ..Live::default()
        };
        let mut rig = Self::offline();
        rig.facts.live = Some(live);
        rig
    }

    fn with_bus(mut self) -> Self {
        self.facts.live.as_mut().unwrap().bus = true;
        self
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.tree.path().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn symlink(self, path: &str, target: &str) -> Self {
        let path = self.tree.path().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(Path::new(target), path).unwrap();
        self
    }

    fn try_plan(&self, yaml: &str) -> Result<Plan, PlanError> {
        let value: serde_json::Value = serde_yaml::from_str(yaml).unwrap();
        let network = serde_json::from_value(value).unwrap_or_else(|error| panic!("{yaml}: {error}"));
        let config = Config {
            network: Some(network),
            ..Config::default()
        };
        let root = Root::open(self.tree.path()).unwrap();
        Network.plan(&config, &Machine::new(&root, &self.facts))
    }

    fn plan(&self, yaml: &str) -> Plan {
        self.try_plan(yaml).unwrap()
    }
}

/// The files of a plan, by name. Each says only what networkd and udev know.
fn files(plan: &Plan) -> BTreeMap<String, String> {
    let all = files_unchecked(plan);
    all.iter().for_each(|(name, text)| assert_known(name, text));
    all
}

/// Every section and key is one of the table that `networkd_files` is checked by.
fn assert_known(name: &str, text: &str) {
    let kind = match name.rsplit_once('.') {
        Some((_, "link")) => NetworkdFileKind::Link,
        Some((_, "netdev")) => NetworkdFileKind::Netdev,
        _ => NetworkdFileKind::Network,
    };
    for (_, section, key, _) in read_ini(text) {
        let known = keys::of_section(kind, section).unwrap_or_default();
        assert!(known.iter().any(|known| known == key), "{name}: [{section}] {key}=");
    }
}

fn files_unchecked(plan: &Plan) -> BTreeMap<String, String> {
    let text = |change: &Change| match change {
        Change::File(file) => {
            let content = file.content.as_ref().unwrap();
            let name = file.path.strip_prefix("/etc/systemd/network/").unwrap();
            Some((name.to_owned(), String::from_utf8(content.bytes.to_vec()).unwrap()))
        }
        _ => None,
    };
    plan.changes.iter().filter_map(text).collect()
}

/// A reader of INI files that shares nothing with what wrote them: (section number, section, key, value).
fn read_ini(text: &str) -> Vec<(usize, &str, &str, &str)> {
    let (mut number, mut section, mut all) = (0, "", Vec::new());
    for line in text
        .split('\n')
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if line.starts_with('[') && line.ends_with(']') {
            number += 1;
            section = &line[1..line.len() - 1];
        } else {
            let (key, value) = line.split_once('=').unwrap();
            all.push((number, section, key, value));
        }
    }
    all
}

/// All values of a key, in order.
fn values<'a>(text: &'a str, section: &str, key: &str) -> Vec<&'a str> {
    let found = read_ini(text)
        .into_iter()
        .filter(|(_, s, k, _)| *s == section && *k == key);
    found.map(|(_, _, _, value)| value).collect()
}
