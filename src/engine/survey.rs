//! Collects, before planning, the facts that only a running machine shows.

use std::collections::{BTreeMap, BTreeSet};

use super::baseline::Baseline;
use super::plan::GenerationPlan;
use crate::document::{Config, Document};
use crate::module::{Dirty, Module, Stage};
use crate::state::StateError;
use crate::system::clock::{self, BootTime};
use crate::system::{Facts, Live, Machine, Root, System, network};
use crate::vocabulary::Run;

/// Units that react to what modules write, and so are always looked at.
const REACTING: [&str; 5] = [
    "systemd-networkd.service",
    "sshd.service",
    "ssh.service",
    "sshd.socket",
    "docker.service",
];

/// No machine of ours ran before this day (2024-01-01): a clock that says so has not been set.
const EARLIEST_DAY: u32 = 19_723;

/// The facts that planning `config` needs, after what earlier generations did to `units`.
pub async fn survey(system: &System, modules: &[&dyn Module], config: &Config, units: Vec<String>) -> Facts {
    let live = if system.live {
        Some(look(system, modules, config, units).await)
    } else {
        None
    };
    Facts {
        today: today(),
        live,
        ran: BTreeMap::new(),
        had_turn: BTreeSet::new(),
    }
}

async fn look(system: &System, modules: &[&dyn Module], config: &Config, units: Vec<String>) -> Live {
    let mut live = Live {
        hostname: nix::unistd::gethostname()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        links: network::links(&system.root),
        boot: BootTime::now(&system.root).boot_id,
        ..Live::default()
    };
    let Some(bus) = &system.bus else { return live };
    live.bus = true;
    let mut names = units;
    names.extend(REACTING.iter().map(ToString::to_string));
    names.extend(modules.iter().flat_map(|module| module.observes(config)));
    names.sort_unstable();
    names.dedup();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match bus.unit_facts(&names).await {
        Ok(units) => live.units = units,
        Err(error) => tracing::warn!("can't get the state of the units from systemd: {error}"),
    }
    live
}

/// Plans against the running machine, with its files as `root` shows them; also returns the facts. `ran`: what ran once for
/// this instance. `had_turn`: the modules that acted in an earlier part of this run.
///
/// # Errors
/// Something of the machine or of the state can't be read.
pub async fn survey_and_plan(
    (system, root): (&System, &Root),
    modules: &[&dyn Module],
    document: &Document,
    baseline: &Baseline,
    (ran, had_turn): (BTreeMap<String, Run>, BTreeSet<String>),
) -> Result<(Facts, GenerationPlan), StateError> {
    let mut facts = survey(system, modules, &document.config, baseline.inventory.units()).await;
    facts.ran = ran;
    facts.had_turn = had_turn;
    if let Some(live) = &mut facts.live {
        live.taken_over = baseline.inventory.taken_over();
    }
    let plan = GenerationPlan::make(modules, document, &Machine::new(root, &facts), baseline)?;
    observe_dirtied(system, &mut facts, &plan).await;
    let plan = plan.up_to(Stage::Final, &Machine::new(root, &facts));
    Ok((facts, plan))
}

/// Adds the state of units that `plan` makes dirty and that are still unknown: they are known only after planning.
async fn observe_dirtied(system: &System, facts: &mut Facts, plan: &GenerationPlan) {
    let (Some(live), Some(bus)) = (&mut facts.live, &system.bus) else {
        return;
    };
    let missing = unobserved(plan, live);
    if missing.is_empty() {
        return;
    }
    match bus.unit_facts(&missing).await {
        Ok(units) => live.units.extend(units),
        Err(error) => tracing::warn!("can't get the state of the units from systemd: {error}"),
    }
}

/// The units that a plan makes dirty and the facts don't have.
fn unobserved<'p>(plan: &'p GenerationPlan, live: &Live) -> Vec<&'p str> {
    let changes = plan.modules.iter().flat_map(|module| &module.changes);
    let dirties = changes.flat_map(|change| change.kind().dirties());
    let mut units: Vec<&str> = dirties.filter_map(Dirty::unit).collect();
    units.sort_unstable();
    units.dedup();
    units.retain(|unit| !live.units.contains_key(*unit));
    units
}

/// Days since 1970-01-01, or 0 when the clock has not been set.
fn today() -> u32 {
    let day = u32::try_from(clock::now() / 86_400).unwrap_or(0);
    if day < EARLIEST_DAY { 0 } else { day }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};
    use crate::engine::Baseline;
    use crate::module::keymap;
    use crate::system::{Machine, UnitFacts};

    #[test]
    fn who_has_to_notice_is_looked_at_though_no_module_asks_for_it() {
        let tree = tempfile::tempdir().unwrap();
        let units = tree.path().join("usr/lib/systemd/system");
        std::fs::create_dir_all(&units).unwrap();
        std::fs::write(units.join("systemd-vconsole-setup.service"), "[Service]\n").unwrap();
        let system = System::tree(tree.path()).unwrap();
        let document = Document::read(&Texts::of_user_data("x", b"keymap: de\n"));
        let facts = Facts::default();
        let machine = Machine::new(&system.root, &facts);
        let plan = GenerationPlan::make(&[&keymap::Keymap], &document, &machine, &Baseline::default()).unwrap();
        let mut live = Live::default();
        assert_eq!(unobserved(&plan, &live), ["systemd-vconsole-setup.service"], "{plan:?}");
        live.units
            .insert("systemd-vconsole-setup.service".to_owned(), UnitFacts::default());
        assert_eq!(unobserved(&plan, &live), [""; 0]);
        assert_eq!(unobserved(&GenerationPlan::default(), &Live::default()), [""; 0]);
    }
}
