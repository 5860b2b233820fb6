//! What a running machine no longer shows although its files are as requested: an address that was removed by hand, or
//! a value that another file of sshd now sets. Only what is not an inventory item itself.

use super::baseline::Baseline;
use super::drift::Drift;
use super::plan::GenerationPlan;
use super::verify::{Sight, Verdict, look_at};
use crate::module::{Expectation, Level, Note};
use crate::system::System;

/// Adds the repairing changes and a note to the plan of a running machine. Modules with pending changes are skipped,
/// because they are verified after applying.
pub async fn add_unmet(system: &System, plan: &mut GenerationPlan) {
    if !system.live {
        return;
    }
    let sight = Sight::now(system);
    for module in &mut plan.modules {
        if !module.changes.is_empty() {
            continue;
        }
        for expectation in &module.expectations {
            let Some(instead) = instead(&sight, expectation).await else {
                continue;
            };
            let repair = expectation.repair(&sight);
            let level = if repair.is_some() {
                Level::Notice
            } else {
                Level::Warning
            };
            let text = format!("expected that {}, but {instead}", expectation.in_words());
            module.notes.push(Note { level, text });
            module
                .changes
                .extend(repair.filter(|repair| !module.changes.contains(repair)));
        }
    }
}

/// The inventory's expectations that the machine doesn't meet. Unknown ones, from a newer firstlight, are ignored.
pub async fn unmet(system: &System, baseline: &Baseline) -> Vec<Drift> {
    let mut found = Vec::new();
    if !system.live {
        return found;
    }
    let sight = Sight::now(system);
    for (module, expected) in &baseline.inventory.expected {
        for value in &expected.expectations {
            let Ok(expectation) = serde_json::from_value::<Expectation>(value.clone()) else {
                continue;
            };
            let Some(summary) = instead(&sight, &expectation).await else {
                continue;
            };
            found.push(Drift {
                module: module.clone(),
                generation: expected.generation,
                kind: "expectation",
                target: expectation.in_words(),
                summary,
                diff: None,
            });
        }
    }
    found
}

/// How it is instead; `None` if it is met, unknown, or not checked here.
async fn instead(sight: &Sight<'_>, expectation: &Expectation) -> Option<String> {
    if !expectation.is_kept() {
        return None;
    }
    match look_at(sight, expectation).await {
        Verdict::Wrong(instead) => Some(instead),
        Verdict::Verified | Verdict::Unseen(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};
    use crate::engine::{GenerationPlan, NextInventory};
    use crate::module;
    use crate::system::{Facts, Machine};

    const DOCUMENT: &str = "network: {version: 2, ethernets: {lan: {match: {macaddress: '52:54:00:00:00:01', name: 'en*', \
        driver: virtio_net}, set-name: wan, macaddress: '52:54:00:00:00:02', mtu: 1400, addresses: [192.0.2.10/24, \
        '2001:db8::10/64'], routes: [{to: default, via: 192.0.2.1}, {to: 198.51.100.0/24, via: 192.0.2.2, metric: 5, from: \
        192.0.2.10, on-link: true, table: 7, scope: link, mtu: 1300, congestion-window: 10}, {to: 203.0.113.0/24, type: \
        blackhole}], nameservers: {addresses: [192.0.2.53], search: [rig.test, '~.']}}}}\nhostname: a\nroot: \
        {hashed_password: $6$firstlight$Bln10jPv65UsKoLPlf5VmSIHjras5SufSxN3P9ZXT3mbLbiIBqJ6Mv.zkTH4grcxg1BAZZWw5TyjLs/8oXtYE.}\n\
        sshd: {permit_root_login: yes}\nservices: {a: {state: started}}\nsysctl: {vm.a: 1}\n";

    /// What the inventory keeps reads back as it was, and holds no hash. What an item tells of is not kept twice.
    #[test]
    fn what_is_kept_reads_back_as_it_was() {
        let document = Document::read(&Texts::of_user_data("x", DOCUMENT.as_bytes()));
        assert_eq!(document.diagnostics, []);
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("etc/ssh")).unwrap();
        std::fs::write(tree.path().join("etc/ssh/sshd_config"), "").unwrap();
        for (name, text) in [
            ("passwd", "root:x:0:0::/root:/bin/sh\n"),
            ("shadow", "root:*:1::::::\n"),
        ] {
            std::fs::write(tree.path().join("etc").join(name), text).unwrap();
        }
        let units = tree.path().join("usr/lib/systemd/system");
        std::fs::create_dir_all(&units).unwrap();
        std::fs::write(units.join("a.service"), "[Service]\nExecStart=/bin/true\n").unwrap();
        let system = System::tree(tree.path()).unwrap();
        let (facts, baseline) = (Facts::default(), Baseline::default());
        let machine = Machine::new(&system.root, &facts);
        let plan = GenerationPlan::make(&module::all(), &document, &machine, &baseline).unwrap();
        assert_eq!(plan.problems().count(), 0, "{plan:?}");
        let next = NextInventory::take(&plan, &baseline, &machine).unwrap().inventory;
        let text = serde_json::to_string(&next).unwrap();
        assert!(!text.contains("$6$"), "{text}");
        let mut kept = 0;
        for module in &plan.modules {
            let expected = module.expectations.iter().filter(|it| it.is_kept());
            let values = next.expected.get(module.name).map_or(&[][..], |it| &it.expectations);
            let read: Vec<Expectation> = values
                .iter()
                .map(|it| serde_json::from_value(it.clone()).unwrap())
                .collect();
            assert_eq!(
                read.iter().collect::<Vec<_>>(),
                expected.collect::<Vec<_>>(),
                "{}",
                module.name
            );
            kept += read.len();
        }
        assert_eq!(next.expected.keys().collect::<Vec<_>>(), ["network", "sshd"]);
        assert_eq!(kept, 13, "{text}");
        assert_eq!(serde_json::from_str::<crate::state::Inventory>(&text).unwrap(), next);
    }
}
