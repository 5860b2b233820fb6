//! What the keys mean: `KEYMAP` in `/etc/vconsole.conf`, vconsole.conf(5), and the files of console-setup and X.

mod keyboard;
mod search;

use super::{Change, Dirty, Module, Plan, PlanError, Stage, variables};
use crate::document::Config;
use crate::system::systemd::{UnitFile, UnitName};
use crate::system::{Machine, ReadError};
use search::Found;

/// What systemd reads.
const VCONSOLE_CONF: &str = "/etc/vconsole.conf";

/// What loads the keymap.
const UNIT: &str = "systemd-vconsole-setup.service";

/// Sets the console's keymap, and the layout of the keyboard.
#[derive(Debug, Clone, Copy)]
pub struct Keymap;

impl Module for Keymap {
    fn name(&self) -> &'static str {
        "keymap"
    }

    /// What loads the keymap may have run before any document was found: it is told to run again, which takes the bus.
    fn stage(&self) -> Stage {
        Stage::System
    }

    fn asked_at(&self, change: &Change, want: &Config) -> Vec<String> {
        let is_keymaps = want.keymap.is_some() && change.path().is_none_or(|path| path == VCONSOLE_CONF);
        vec![if is_keymaps { "keymap" } else { "keyboard" }.to_owned()]
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        // One file for both: a keymap that is asked for is not the one that is made of the layout.
        let mut variables: Vec<(&str, String)> = Vec::new();
        if let Some(keymap) = &want.keymap {
            match check_keymap(keymap.as_str(), machine)? {
                Some(problem) => plan.problems.push(problem),
                None => variables.push(("KEYMAP", keymap.as_str().to_owned())),
            }
        }
        if let Some(wanted) = &want.keyboard {
            keyboard::plan(wanted, want.keymap.is_some(), machine, &mut variables, &mut plan)?;
        }
        if !variables.is_empty() {
            let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let file = variables::file(VCONSOLE_CONF, &variables, machine)?;
            plan.changes
                .push(Change::File(file.dirties(Dirty::Restart(UNIT.to_owned()))));
        }
        Ok(plan)
    }
}

/// Whether this machine has a unit of this name.
fn has_unit(name: &str, machine: &Machine<'_>) -> Result<bool, ReadError> {
    match UnitName::parse(name) {
        Ok(unit) => Ok(UnitFile::find_behind_mask(machine.root(), &unit)?.is_some()),
        Err(_) => Ok(false),
    }
}

/// Why the keymap can't be loaded on this machine.
fn check_keymap(name: &str, machine: &Machine<'_>) -> Result<Option<PlanError>, ReadError> {
    if !has_unit(UNIT, machine)? {
        let message = format!("nothing loads a keymap on this machine: it has no {UNIT}");
        let hint = "Debian has the package `console-setup` instead: use `keyboard`, such as `keyboard: {layout: de}`";
        return Ok(Some(PlanError::at(&["keymap"], message).hint(hint)));
    }
    if search::find(name, machine)? == Found::No {
        let message = format!("there is no keymap {name} on this machine");
        let hint = "`localectl list-keymaps` lists the available ones; the package `kbd` has more";
        return Ok(Some(PlanError::at(&["keymap"], message).hint(hint)));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::keymap::Keymap as Name;
    use crate::system::{Facts, Root};

    /// What `/etc/vconsole.conf` says then; or why not, and what to do.
    fn plan(keymap: &str, files: &[(&str, &str)]) -> Result<String, String> {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = tree.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let root = Root::open(tree.path()).unwrap();
        let want = Config {
            keymap: Some(Name::try_from(keymap.to_owned()).unwrap()),
            ..Config::default()
        };
        let facts = Facts::default();
        let plan = Keymap.plan(&want, &Machine::new(&root, &facts));
        let mut plan = plan.map_err(|error| error.to_string())?;
        if let Some(error) = plan.problems.pop() {
            assert!(plan.changes.is_empty());
            return Err(format!("{error}; {}", error.hint.clone().unwrap_or_default()));
        }
        let Some(Change::File(file)) = plan.changes.pop() else {
            panic!("{plan:?}")
        };
        assert_eq!(file.dirties, [Dirty::Restart(UNIT.to_owned())]);
        Ok(String::from_utf8(file.content.unwrap().bytes.to_vec()).unwrap())
    }

    #[test]
    fn a_keymap_that_can_be_loaded() {
        let unit = ("usr/lib/systemd/system/systemd-vconsole-setup.service", "[Service]\n");
        let german = ("usr/share/keymaps/i386/qwertz/de.map.gz", "");
        assert_eq!(plan("de", &[unit, german]).unwrap(), "KEYMAP=de\n");
        let there = ("etc/vconsole.conf", "FONT=x\nKEYMAP=\"us\"\n");
        assert_eq!(plan("de", &[unit, german, there]).unwrap(), "FONT=x\nKEYMAP=de\n");
        // Where there are no keymaps at all, it can't be told.
        assert_eq!(plan("de", &[unit]).unwrap(), "KEYMAP=de\n");
        let why = plan("dee", &[unit, german]).unwrap_err();
        assert!(why.contains("no keymap dee") && why.contains("`kbd`"), "{why}");
        let why = plan("de", &[german]).unwrap_err();
        assert!(
            why.contains("nothing loads a keymap") && why.contains("console-setup"),
            "{why}"
        );
    }
}
