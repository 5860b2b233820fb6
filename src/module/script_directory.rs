//! The directories of scripts that cloud-init runs: of the image, or written by the document.

use super::PlanError;
use crate::document::commands::script::Script;
use crate::document::commands::{Commands, quoted};
use crate::document::format::Often;
use crate::system::{Kind, Machine};

/// Above all of them.
const ABOVE: &str = "/var/lib/cloud/scripts";

/// How many scripts of a directory are run.
const SCRIPTS_MAX: usize = 100;

/// A directory of scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptDirectory(pub Often);

impl ScriptDirectory {
    /// Its name, and that of what runs it.
    pub fn name(self) -> &'static str {
        match self.0 {
            Often::Boot => "scripts-per-boot",
            Often::Instance => "scripts-per-instance",
            Often::Once => "scripts-per-once",
        }
    }

    fn path(self) -> String {
        format!("{ABOVE}/{}", self.name().trim_start_matches("scripts-"))
    }

    /// A command for each file in it that can be executed, by name; `None` where there is none.
    ///
    /// # Errors
    /// It can't be read.
    pub fn script(self, stops_on_error: bool, machine: &Machine<'_>) -> Result<Option<(Script, usize)>, PlanError> {
        let root = machine.root();
        let mut names = root.list(&self.path())?;
        names.sort_unstable();
        let mut lines = Vec::new();
        for name in names {
            let path = format!("{}/{name}", self.path());
            let there = root.metadata_followed(&path)?;
            if there.is_some_and(|there| there.kind == Kind::File && there.mode & 0o111 != 0) {
                lines.push(quoted(&[path]));
            }
        }
        lines.truncate(SCRIPTS_MAX);
        let many = lines.len();
        let script = (many > 0).then(|| Script::of_commands(&Commands::of_lines(lines), stops_on_error));
        Ok(script.map(|script| (script, many)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Facts, Root};
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_can_be_executed_runs_by_name() {
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let facts = Facts::default();
        let script = || {
            let directory = ScriptDirectory(Often::Boot);
            directory.script(false, &Machine::new(&root, &facts)).unwrap()
        };
        assert!(script().is_none());
        let directory = tree.path().join("var/lib/cloud/scripts/per-boot");
        std::fs::create_dir_all(directory.join("sub")).unwrap();
        for (name, mode) in [("b", 0o755), ("a it's", 0o700), ("c", 0o644)] {
            std::fs::write(directory.join(name), "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(directory.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }
        std::os::unix::fs::symlink("nowhere", directory.join("d")).unwrap();
        let (script, many) = script().unwrap();
        let at = "/var/lib/cloud/scripts/per-boot";
        assert_eq!(
            (script.shown(), many),
            (format!("#!/bin/sh\n'{at}/a it'\\''s'\n'{at}/b'\n").as_str(), 2)
        );
    }
}
