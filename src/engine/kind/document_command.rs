//! A command of the document, run in its own unit. It can't be undone.

use super::{Acting, ChangeKind};
use crate::document::redact::redact;
use crate::engine::act::{ActError, Scene};
use crate::engine::view::{ChangeView, view};
use crate::module::DocumentCommand;
use crate::state::{ImpossibleUndo, Undo};
use crate::system::systemd::{TransientService, UnitName};
use crate::system::{Machine, ReadError, Root, command};

/// How much of a command line is shown, in characters.
const SHOWN: usize = 200;

/// What sd_booted(3) looks at. A chroot doesn't have it.
const BOOTED: &str = "/run/systemd/system";

impl ChangeKind for DocumentCommand {
    nothing_lasts!();
    by_itself!();

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        let how = format!("{}; can't be undone", self.purpose);
        let seen = view("command", &shown(&self.argv), "run", "");
        Ok(ChangeView {
            summary: format!("run {}: {how}", seen.target),
            ..seen
        })
    }

    /// Its module knows whether it ran before.
    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(self.left_for_boot(machine)?.is_some())
    }

    fn left_for_boot(&self, machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
        let is_booted = machine.live().is_some() && machine.root().exists(BOOTED)?;
        Ok((!is_booted).then(|| format!("{} runs at the first boot: {}", shown(&self.argv), self.purpose)))
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(async move {
            let bus = scene.bus(&format!("run {}", shown(&self.argv)))?;
            let service = self.service(&scene.system.root)?;
            let what = self.purpose.clone();
            scene.record(Undo::Impossible(ImpossibleUndo { what }), &[])?;
            let left = bus.run_service(&service).await?;
            if left > 0 {
                tracing::info!(
                    "{0} continues in the background; `systemctl stop {0}` stops it",
                    service.unit
                );
            }
            Ok(())
        })
    }
}

impl DocumentCommand {
    /// The unit that runs it.
    fn service(&self, root: &Root) -> Result<TransientService, ActError> {
        let (name, words) = (self.argv.first().map(String::as_str), self.argv.iter().skip(1).cloned());
        let program = command::locate(root, name.unwrap_or_default())?;
        let unit = UnitName::parse(&format!("firstlight-{}.service", self.name)).map_err(ActError::UnitName)?;
        Ok(TransientService {
            unit,
            description: self.purpose.clone(),
            argv: std::iter::once(program).chain(words).collect(),
            limit: self.limit,
        })
    }
}

/// The command line as it is shown.
fn shown(argv: &[String]) -> String {
    let line = argv.join(" ");
    let line = redact(&line);
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Facts, Live};
    use std::time::Duration;

    fn command(argv: &[&str]) -> DocumentCommand {
        DocumentCommand {
            name: "setup".to_owned(),
            argv: argv.iter().map(ToString::to_string).collect(),
            limit: Duration::from_secs(90),
            purpose: "set it up".to_owned(),
        }
    }

    #[test]
    fn only_a_booted_machine_runs_it() {
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let live = Facts {
            live: Some(Live::default()),
            ..Facts::default()
        };
        let left = |facts: &Facts| command(&["a"]).left_for_boot(&Machine::new(&root, facts)).unwrap();
        let note = Some("a runs at the first boot: set it up".to_owned());
        // A tree, and a chroot.
        assert_eq!((left(&Facts::default()), left(&live)), (note.clone(), note.clone()));
        std::fs::create_dir_all(tree.path().join("run/systemd/system")).unwrap();
        // Early in the boot and later.
        assert_eq!((left(&Facts::default()), left(&live)), (note, None));
        let machine = Machine::new(&root, &live);
        assert!(!command(&["a"]).holds(&machine).unwrap());
    }

    #[test]
    fn a_plan_says_that_it_cant_be_undone_and_shows_no_more_than_a_person_reads() {
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let seen = command(&["/bin/setup", "--password", "hunter2"]).view(&root).unwrap();
        assert_eq!(
            seen.summary,
            "run /bin/setup --password (secret): set it up; can't be undone"
        );
        let many = vec!["ä"; 10_000];
        let seen = command(&many).view(&root).unwrap();
        assert_eq!(seen.target.chars().count(), SHOWN + 1);
    }

    #[test]
    fn the_unit_has_the_name_and_the_program_its_path() {
        let tree = tempfile::tempdir().unwrap();
        let bin = tree.path().join("usr/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(bin.join("setup"), "").unwrap();
        std::fs::set_permissions(bin.join("setup"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let root = Root::open(tree.path()).unwrap();
        let service = command(&["setup", "-v"]).service(&root).unwrap();
        assert_eq!(service.unit.as_str(), "firstlight-setup.service");
        assert_eq!(service.argv, ["/usr/bin/setup", "-v"]);
        for (name, argv, why) in [
            ("a/b", ["setup"], "`firstlight-a/b.service` is not a unit name"),
            (
                "setup",
                ["nowhere"],
                "can't run nowhere: there is no such program in /usr/local/sbin:",
            ),
            ("setup", [""], "no program is given"),
        ] {
            let wrong = DocumentCommand {
                name: name.to_owned(),
                ..command(&argv)
            };
            let error = wrong.service(&root).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
