//! `packages`: what the machine's own package manager installs and upgrades.

pub(super) mod manager;

use super::{Change, DocumentCommand, Module, Once, Plan, PlanError, Program, Stage, Supply, When};
use crate::document::Config;
use crate::document::commands::script::Script;
use crate::document::packages::{Item, Package};
use crate::system::Machine;
use manager::Manager;

/// The name of its unit, and of its entry in the ledger.
pub const NAME: &str = "packages";

/// Installs and upgrades packages.
#[derive(Debug, Clone, Copy)]
pub struct Packages;

impl Module for Packages {
    fn name(&self) -> &'static str {
        NAME
    }

    fn stage(&self) -> Stage {
        Stage::Final
    }

    /// The sources of packages.
    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files]
    }

    fn brings(&self, want: &Config, machine: &Machine<'_>) -> bool {
        is_listed(want) && is_pending(want, machine)
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let command = command(want, machine, &mut plan)?;
        plan.changes.extend(command.map(Change::DocumentCommand));
        Ok(plan)
    }
}

/// Whether packages are still to be installed or upgraded, and can be.
pub fn is_pending(want: &Config, machine: &Machine<'_>) -> bool {
    command(want, machine, &mut Plan::default()).is_ok_and(|command| command.is_some())
}

/// Whether the document asks for anything here.
pub fn is_asked(want: &Config) -> bool {
    is_listed(want) || want.package_upgrade == Some(true) || want.package_update == Some(true)
}

fn is_listed(want: &Config) -> bool {
    let mut items = want.packages.iter().flat_map(|packages| packages.each());
    items.next().is_some()
}

/// What installs and upgrades them; `None` where that is done, or nothing is asked.
fn command(want: &Config, machine: &Machine<'_>, plan: &mut Plan) -> Result<Option<DocumentCommand>, PlanError> {
    if !is_asked(want) {
        return Ok(None);
    }
    let upgrade = want.package_upgrade == Some(true);
    let key = if is_listed(want) { "packages" } else { "package_update" };
    let Some(manager) = Manager::of(machine.root())? else {
        let message = format!(
            "there is no package manager on this machine: none of {}",
            Manager::names()
        );
        return Err(PlanError::at(&[key], message).hint("add the packages to the image"));
    };
    let packages = wanted(want, manager, plan);
    if packages.is_empty() && !upgrade && want.package_update != Some(true) {
        return Ok(None);
    }
    let words: Vec<String> = packages.iter().map(|package| manager.word(package)).collect();
    let what = format!("{}{}", if upgrade { "upgrade, " } else { "" }, words.join(" "));
    if machine.has_done_this(NAME, &what) {
        plan.info("the packages have been installed for this instance");
        return Ok(None);
    }
    Ok(Some(DocumentCommand {
        name: NAME.to_owned(),
        program: Program::Script(Script::of_ours(manager.lines(want.proxy().as_ref(), upgrade, &words))),
        limit: want.command_limit(),
        purpose: purpose(upgrade, &words, manager),
        once: Once::UntilDone(what),
        when: When::InTurn,
    }))
}

/// The packages for this package manager, without those that it would remove.
fn wanted<'a>(want: &'a Config, manager: Manager, plan: &mut Plan) -> Vec<&'a Package> {
    let mut packages = Vec::new();
    for (number, item) in want.packages.iter().flat_map(|packages| packages.each()) {
        let number = number.to_string();
        match item {
            Item::Package(package) => packages.push((vec![number], package)),
            Item::Of(managers) => {
                for (name, own) in managers {
                    let below = |at: usize| vec![number.clone(), name.clone(), at.to_string()];
                    match manager.is_called(name) {
                        true => packages.extend(own.iter().enumerate().map(|(at, package)| (below(at), package))),
                        false => plan.info(format!(
                            "the packages below `{name}` are not for this machine, which has {manager}"
                        )),
                    }
                }
            }
        }
    }
    packages.retain(|(place, package)| {
        let removes = manager.removes(package);
        plan.problems.extend(removes.then(|| would_remove(place, package)));
        !removes
    });
    packages.into_iter().map(|(_, package)| package).collect()
}

fn would_remove(place: &[String], package: &Package) -> PlanError {
    let path: Vec<&str> = ["packages"]
        .into_iter()
        .chain(place.iter().map(String::as_str))
        .collect();
    let name = package.name.trim_end_matches('-');
    let message = format!("apt would remove {name}: it takes a `-` at the end of a name for that");
    PlanError::at(&path, message).hint(format!(
        "leave out the `-` to install it; `apt-get -y remove {name}` in `runcmd` removes it"
    ))
}

fn purpose(upgrade: bool, words: &[String], manager: Manager) -> String {
    match (upgrade, words.is_empty()) {
        (true, true) => format!("{manager} upgrades all packages"),
        (true, false) => format!("{manager} upgrades all packages and installs {}", words.join(", ")),
        (false, true) => format!("{manager} updates its lists"),
        (false, false) => format!("{manager} installs {}", words.join(", ")),
    }
}

#[cfg(test)]
mod tests;
