//! The keymap of the text console: `KEYMAP` in `/etc/vconsole.conf`, vconsole.conf(5).

use super::{Change, Dirty, Module, Plan, PlanError, Stage, variables};
use crate::document::Config;
use crate::document::keymap::Keymap as Name;
use crate::system::systemd::{UnitFile, UnitName};
use crate::system::{Machine, ReadError};

/// What systemd reads.
const VCONSOLE_CONF: &str = "/etc/vconsole.conf";

/// What loads the keymap.
const UNIT: &str = "systemd-vconsole-setup.service";

/// Where keymaps are, by distribution.
const DIRECTORIES: [&str; 4] = [
    "/usr/share/keymaps",
    "/usr/share/kbd/keymaps",
    "/usr/lib/kbd/keymaps",
    "/lib/kbd/keymaps",
];

/// How deep below them and among how many names a keymap is looked for.
const DEPTH: u32 = 4;
const NAMES: usize = 10_000;

/// Sets the console's keymap.
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

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(keymap) = &want.keymap else { return Ok(plan) };
        let unit = UnitName::parse(UNIT).map_err(|why| PlanError::at(&["keymap"], why))?;
        if UnitFile::find_behind_mask(machine.root(), &unit)?.is_none() {
            let message = format!("nothing loads a keymap on this machine: it has no {UNIT}");
            let hint = "Debian has the package `console-setup` instead, which reads /etc/default/keyboard";
            return Err(PlanError::at(&["keymap"], message).hint(hint));
        }
        if Search::of(keymap).fails(machine)? {
            let name = keymap.as_str();
            let message = format!("there is no keymap {name} on this machine");
            let hint = "`localectl list-keymaps` lists the available ones; the package `kbd` has more";
            return Err(PlanError::at(&["keymap"], message).hint(hint));
        }
        let file = variables::file(VCONSOLE_CONF, "KEYMAP", keymap.as_str(), machine)?;
        plan.changes
            .push(Change::File(file.dirties(Dirty::Restart(UNIT.to_owned()))));
        Ok(plan)
    }
}

/// A search for the file of a keymap.
struct Search {
    file: String,
    left: usize,
}

impl Search {
    fn of(keymap: &Name) -> Self {
        Self {
            file: format!("{}.map", keymap.as_str()),
            left: NAMES,
        }
    }

    /// Whether the machine has keymaps, but not this one.
    fn fails(mut self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        for directory in DIRECTORIES {
            if self.is_below(directory, DEPTH, machine)? {
                return Ok(false);
            }
        }
        Ok(self.left > 0 && self.left < NAMES)
    }

    fn is_below(&mut self, directory: &str, depth: u32, machine: &Machine<'_>) -> Result<bool, ReadError> {
        for name in machine.root().list(directory)? {
            let Some(left) = self.left.checked_sub(1) else {
                return Ok(false);
            };
            self.left = left;
            if name.strip_suffix(".gz").unwrap_or(&name) == self.file {
                return Ok(true);
            }
            // Directories of keymaps have no dot in their names.
            let below = format!("{directory}/{name}");
            let is_directory = |m: crate::system::Metadata| m.kind == crate::system::Kind::Directory;
            if depth > 1
                && !name.contains('.')
                && machine.root().metadata(&below)?.is_some_and(is_directory)
                && self.is_below(&below, depth - 1, machine)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let mut plan = plan.map_err(|error| format!("{error}; {}", error.hint.clone().unwrap_or_default()))?;
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
