//! What a document wants run, in its own unit. It can't be undone.

use super::{Acting, ChangeKind};
use crate::document::commands::script::Script;
use crate::document::plain::beginning;
use crate::document::redact::redact;
use crate::engine::act::{ActError, Scene};
use crate::engine::view::{ChangeView, text_diff, view};
use crate::module::{DocumentCommand, Once, Program, Stage, When};
use crate::state::{self, CommandRecord, ImpossibleUndo, Undo, Words};
use crate::system::network::Session;
use crate::system::systemd::{BadEnd, ServiceError, TransientService, UnitName};
use crate::system::{Machine, ReadError, Root, clock, command, host};
use crate::vocabulary::{ANY_INSTANCE, RunOutcome};

/// How much of a command line is shown, in characters.
const SHOWN: usize = 200;

/// What sd_booted(3) looks at. A chroot doesn't have it.
const BOOTED: &str = "/run/systemd/system";

impl ChangeKind for DocumentCommand {
    nothing_lasts!();
    by_itself!();

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        let how = format!("{}; can't be undone", self.purpose);
        let seen = view("command", &self.shown(), "run", "");
        let diff = match &self.program {
            Program::Argv(_) => None,
            Program::Script(script) => Some(text_diff(
                b"",
                script.shown().as_bytes(),
                ("/dev/null", &format!("{} (script)", self.name)),
            )),
        };
        Ok(ChangeView {
            summary: format!("run {}: {how}", seen.target),
            diff,
            ..seen
        })
    }

    /// Its module knows whether it ran before.
    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(self.left_for_boot(machine)?.is_some())
    }

    fn left_for_boot(&self, machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
        Ok((!is_booted(machine)?).then(|| format!("{} runs at the first boot: {}", self.shown(), self.purpose)))
    }

    fn disturbs(&self, _session: Option<&Session>) -> Option<String> {
        matches!(self.when, When::AfterAll(_)).then(|| self.purpose.clone())
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(async move {
            let bus = scene.bus(&format!("run {}", self.shown()))?;
            // What can't be made ready has not begun.
            let service = self.service(scene)?;
            self.note_begin(scene)?;
            let what = self.purpose.clone();
            scene.record(Undo::Impossible(ImpossibleUndo { what }), &[])?;
            if let When::AfterAll(_) = self.when {
                return Ok(bus.queue_service(&service).await?);
            }
            let ended = bus.run_service(&service).await;
            if matches!(ended, Ok(1..)) {
                tracing::info!(
                    "{0} continues in the background; `systemctl stop {0}` stops it",
                    service.unit
                );
            }
            self.note_end(scene, ended.map(drop))
        })
    }
}

impl DocumentCommand {
    /// What is run, in one line.
    fn shown(&self) -> String {
        match &self.program {
            Program::Argv(argv) => shown(argv),
            Program::Script(_) => self.name.clone(),
        }
    }

    /// Notes in the ledger that it runs.
    fn note_begin(&self, scene: &Scene<'_>) -> Result<(), ActError> {
        let (now, instance_id) = (clock::now(), scene.instance_id()?);
        let instance_id = match &self.once {
            Once::No => return Ok(()),
            Once::UntilDone(what) => return Ok(scene.store.begin_again(&self.name, &instance_id, now, what)?),
            Once::PerMachine => ANY_INSTANCE.to_owned(),
            Once::PerInstance => instance_id,
        };
        match scene.store.begin_once(&self.name, &instance_id, now, self.digest())? {
            state::Once::Run => Ok(()),
            state::Once::Already(run) => Err(ActError::Refused(format!("{}: {run}", self.name))),
        }
    }

    /// Notes how it ended. A script with secrets doesn't stay.
    fn note_end(&self, scene: &Scene<'_>, ended: Result<(), ServiceError>) -> Result<(), ActError> {
        let is_known = !matches!(ended, Err(ServiceError::Unknown { .. }));
        if self.once != Once::No && is_known {
            let outcome = if ended.is_ok() {
                RunOutcome::Done
            } else {
                RunOutcome::Failed
            };
            scene.store.end_once(&self.name, outcome)?;
        }
        let Program::Script(script) = &self.program else {
            return Ok(ended?);
        };
        let words = if script.is_ours() { Words::All } else { Words::Ours };
        if is_known {
            scene.store.discard_script(&self.name)?;
        }
        let record = scene.store.command(&self.name)?;
        ended.map_err(|error| match record {
            Some(record) => self.told(error, &record, (scene.module, words)),
            None => error.into(),
        })
    }

    /// Why a script failed: by command, where its record says so. Everybody may read it.
    fn told(&self, error: ServiceError, record: &CommandRecord, (module, words): (&str, Words)) -> ActError {
        let how = match &error {
            // It says of itself that something in it failed.
            ServiceError::Ended {
                end: BadEnd::Exit(_), ..
            } => None,
            ServiceError::Ended { end, .. } => Some(format!("it {end}")),
            ServiceError::Bus(_)
            | ServiceError::Arguments { .. }
            | ServiceError::Taken { .. }
            | ServiceError::Unknown { .. } => return error.into(),
        };
        let why: Vec<String> = how.into_iter().chain(record.failures(words)).collect();
        let name = match self.name == module {
            true => String::new(),
            false => format!("{}: ", self.name),
        };
        let why = why.join("; ");
        let output = &record.output;
        ActError::Refused(format!(
            "{name}{why}; for root, `firstlight status` shows it, and {output} has all output"
        ))
    }

    /// The unit that runs it.
    fn service(&self, scene: &Scene<'_>) -> Result<TransientService, ActError> {
        let unit = UnitName::parse(&format!("firstlight-{}.service", self.name)).map_err(ActError::UnitName)?;
        let argv = match &self.program {
            Program::Argv(argv) => located(&scene.system.root, argv)?,
            Program::Script(script) => self.script_argv(script, scene)?,
        };
        Ok(TransientService {
            unit,
            description: self.purpose.clone(),
            argv,
            limit: self.limit,
            after: match self.when {
                When::InTurn => None,
                When::AfterAll(_) => Some(Stage::Final.unit()),
            },
        })
    }

    fn script_argv(&self, script: &Script, scene: &Scene<'_>) -> Result<Vec<String>, ActError> {
        let path = scene.store.put_script(&self.name, script.text())?;
        let own = host::own_program().map_err(|why| ActError::Refused(format!("can't run {}: {why}", self.name)))?;
        let mut argv = vec![own, "run-script".to_owned(), self.name.clone(), path];
        argv.extend(script.prefix().iter().map(|word| format!("--prefix={word}")));
        if let When::AfterAll(patience) = self.when {
            argv.extend(["--wait".to_owned(), patience.as_secs().to_string()]);
        }
        Ok(argv)
    }
}

/// Whether the machine runs: neither a tree nor a chroot, in which another one would act in its name.
pub(super) fn is_booted(machine: &Machine<'_>) -> Result<bool, ReadError> {
    Ok(machine.live().is_some() && machine.root().exists(BOOTED)?)
}

/// The command line, with the program's absolute path.
fn located(root: &Root, argv: &[String]) -> Result<Vec<String>, ActError> {
    let program = command::locate(root, argv.first().map(String::as_str).unwrap_or_default())?;
    Ok(std::iter::once(program).chain(argv.iter().skip(1).cloned()).collect())
}

/// The command line as it is shown.
fn shown(argv: &[String]) -> String {
    beginning(&redact(&argv.join(" ")), SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Facts, Live};
    use std::time::Duration;

    fn command(argv: &[&str]) -> DocumentCommand {
        DocumentCommand {
            name: "setup".to_owned(),
            program: Program::Argv(argv.iter().map(ToString::to_string).collect()),
            limit: Duration::from_secs(90),
            purpose: "set it up".to_owned(),
            once: Once::No,
            when: When::InTurn,
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
    fn a_program_is_found_by_its_name() {
        let tree = tempfile::tempdir().unwrap();
        let bin = tree.path().join("usr/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(bin.join("setup"), "").unwrap();
        std::fs::set_permissions(bin.join("setup"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let root = Root::open(tree.path()).unwrap();
        let located = |argv: &[&str]| located(&root, &argv.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(located(&["setup", "-v"]).unwrap(), ["/usr/bin/setup", "-v"]);
        for (program, why) in [
            (
                "nowhere",
                "can't run nowhere: there is no such program in /usr/local/sbin:",
            ),
            ("", "no program is given"),
        ] {
            let error = located(&[program]).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_script_is_shown_in_full_without_its_secrets() {
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let script = DocumentCommand {
            program: Program::Script(Script::of_text("#!/bin/sh\nexport TOKEN=hunter2\necho a\n")),
            ..command(&[])
        };
        let seen = script.view(&root).unwrap();
        assert_eq!(seen.summary, "run setup: set it up; can't be undone");
        let diff = seen.diff.unwrap();
        assert!(diff.contains("+export TOKEN=(secret)\n+echo a\n"), "{diff}");
    }
}
