//! What can't be done where a document is carried out.

use std::path::Path;

use super::*;
use crate::agent::decide::{Decision, decide};
use crate::document::{Config, Texts};
use crate::module::phone_home::PhoneHome;
use crate::module::{Change, DocumentCommand, FileChange, Level, Once, Plan, PlanError, Program, When};
use crate::source::http::server::{Server, answer};

/// The whole of a document, for a person.
fn request<'a>(document: &'a Document, modules: &'a [&'static dyn Module]) -> Request<'a> {
    Request {
        document,
        instance_id: "i-1",
        origin: ("nocloud", "a place"),
        digest: "d",
        pointer: None,
        modules,
        scope: &[],
        stage: Stage::Final,
        default_policy: Policy::Rollback,
        patience: Duration::ZERO,
        resume: None,
        always: false,
        confirm: None,
        run_again: false,
    }
}

/// A module that wants a file, and a command run.
#[derive(Debug)]
struct Commands;

impl Module for Commands {
    fn name(&self) -> &'static str {
        "commands"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    fn plan(&self, _want: &Config, _machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let command = DocumentCommand {
            name: "setup".to_owned(),
            program: Program::Argv(["/usr/bin/setup", "--token", "hunter2"].map(str::to_owned).into()),
            limit: Duration::from_secs(90),
            purpose: "set it up".to_owned(),
            once: Once::No,
            when: When::InTurn,
        };
        Ok(Plan {
            changes: vec![file("/etc/setup"), Change::DocumentCommand(command)],
            ..Plan::default()
        })
    }
}

#[tokio::test]
async fn a_command_is_left_for_the_first_boot_and_is_still_wanted_then() {
    let tree = tempfile::tempdir().unwrap();
    let system = System::tree(tree.path()).unwrap();
    let store = Store::new(system.root.clone());
    let document = Document::read(&Texts::default());
    let request = request(&document, &[&Commands]);
    let report = carry_out(&system, &store, &request).await.unwrap();
    // Nothing is short of what can be done here.
    assert_eq!(report.outcome, Outcome::Done);
    let notes: Vec<_> = report.modules[0]
        .notes
        .iter()
        .map(|note| (note.level, note.text.as_str()))
        .collect();
    let note = "/usr/bin/setup --token (secret) runs at the first boot: set it up";
    assert_eq!(notes, [(Level::Notice, note)]);
    let plan = store.part(1, "plan-final.json").unwrap().unwrap();
    assert!(String::from_utf8(plan).unwrap().contains(note));

    let generations = store.generations().unwrap();
    assert_eq!(generations[0].incomplete.modules, ["commands".to_owned()].into());
    // The boot of a machine that had this instance already.
    let decision = decide("i-1", "d", Some("i-1"), &generations);
    assert_eq!(decision, Decision::Retry(generations[0].clone()));
    // Asked again, there is nothing more to be done here.
    let again = carry_out(&system, &store, &request).await.unwrap();
    assert_eq!((again.generation, again.outcome), (None, Outcome::Done));
}

/// A module that can't do what it is asked.
#[derive(Debug)]
struct Stuck;

impl Module for Stuck {
    fn name(&self) -> &'static str {
        "stuck"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn plan(&self, _want: &Config, _machine: &Machine<'_>) -> Result<Plan, PlanError> {
        Err(PlanError::at(&["hostname"], "it is stuck"))
    }
}

#[tokio::test]
async fn what_is_refused_lets_no_command_run_again() {
    let tree = tempfile::tempdir().unwrap();
    let system = System::tree(tree.path()).unwrap();
    let store = Store::new(system.root.clone());
    store.begin_once("runcmd", "i-1", 7, None).unwrap();
    let document = Document::read(&Texts::default());
    let apply = async |modules: &[&'static dyn Module]| {
        let request = Request {
            origin: ("file", "-"),
            run_again: true,
            ..request(&document, modules)
        };
        carry_out(&system, &store, &request).await.unwrap().outcome
    };
    assert_eq!(apply(&[&Stuck]).await, Outcome::Failed);
    assert!(store.ran_for("i-1").unwrap().contains_key("runcmd"));
    assert_eq!(apply(&[&Commands]).await, Outcome::Done);
    assert!(store.ran_for("i-1").unwrap().is_empty());
}

/// A file of the user who runs the tests.
fn file(path: &str) -> Change {
    let mut file = FileChange::write(path, "a\n", 0o644);
    if let Some(content) = &mut file.content {
        content.owner = (users::get_effective_uid(), users::get_effective_gid());
    }
    Change::File(file)
}

/// A module that brings what nobody sees before.
#[derive(Debug)]
struct Brings;

impl Module for Brings {
    fn name(&self) -> &'static str {
        "brings"
    }

    fn stage(&self) -> Stage {
        Stage::Final
    }

    fn brings(&self, _want: &Config, machine: &Machine<'_>) -> bool {
        !machine.root().exists("/etc/brought").unwrap()
    }

    fn plan(&self, _want: &Config, _machine: &Machine<'_>) -> Result<Plan, PlanError> {
        Ok(Plan {
            changes: vec![file("/etc/brought")],
            ..Plan::default()
        })
    }
}

/// A module that needs it, and another file of which it says that it waits.
#[derive(Debug)]
struct Needs(&'static str);

impl Module for Needs {
    fn name(&self) -> &'static str {
        "needs"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn plan(&self, _want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan {
            changes: vec![file("/etc/at-once"), file("/etc/deferred")],
            deferred: ["/etc/deferred".to_owned()].into(),
            ..Plan::default()
        };
        match machine.root().exists(self.0)? {
            true => plan.changes.push(file("/etc/needs")),
            false => plan.problems.push(PlanError::at(&[], "it is not there").lacks(self.0)),
        }
        Ok(plan)
    }
}

/// A module that starts what reads the deferred file.
#[derive(Debug)]
struct Starts;

impl Module for Starts {
    fn name(&self) -> &'static str {
        "starts"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    fn starts_services(&self) -> bool {
        true
    }

    fn plan(&self, _want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let path = match machine.root().exists("/etc/deferred")? {
            true => "/etc/started",
            false => "/etc/too-early",
        };
        Ok(Plan {
            changes: vec![file(path)],
            ..Plan::default()
        })
    }
}

/// A tree as a machine that runs, without a bus.
fn running(tree: &Path) -> System {
    System {
        live: true,
        ..System::tree(tree).unwrap()
    }
}

/// What is in `/etc` after applying, how that went, and the modules that a boot tries again.
async fn needs_and_brings(needed: &'static Needs, policy: Policy) -> (Vec<String>, AppliedReport, Vec<String>) {
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir(tree.path().join("etc")).unwrap();
    let system = running(tree.path());
    let store = Store::new(system.root.clone());
    let document = Document::read(&Texts::default());
    let modules: [&'static dyn Module; 3] = [needed, &Starts, &Brings];
    let request = Request {
        default_policy: policy,
        ..request(&document, &modules)
    };
    let report = carry_out(&system, &store, &request).await.unwrap();
    let entries = std::fs::read_dir(tree.path().join("etc")).unwrap();
    let mut there: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    let generations = store.generations().unwrap();
    assert_eq!((generations.len(), generations[0].outcome), (1, report.outcome));
    let again = generations[0].incomplete.modules.iter().cloned().collect();
    (there, report, again)
}

#[tokio::test]
async fn what_waits_is_done_after_what_is_brought_in_the_same_generation() {
    let (there, report, again) = needs_and_brings(&Needs("/etc/brought"), Policy::Rollback).await;
    assert_eq!(there, ["at-once", "brought", "deferred", "needs", "started"]);
    assert_eq!(report.outcome, Outcome::Done, "{report:#?}");
    let changed: Vec<_> = report
        .modules
        .iter()
        .map(|module| (module.name.as_str(), module.changed.len()))
        .collect();
    assert_eq!(changed, [("needs", 3), ("starts", 1), ("brings", 1)]);
    assert_eq!(again, [""; 0]);
}

#[tokio::test]
async fn what_is_not_brought_is_named_and_tried_again() {
    let (there, report, again) = needs_and_brings(&Needs("/etc/nobody"), Policy::Keep).await;
    assert_eq!(there, ["at-once", "brought", "deferred", "started"]);
    assert_eq!(report.outcome, Outcome::Degraded);
    assert_eq!(report.modules[0].left_out.len(), 1, "{report:#?}");
    assert_eq!(again, ["needs"]);
}

#[tokio::test]
async fn where_all_goes_or_stays_what_was_done_before_is_undone_too() {
    let (there, report, _) = needs_and_brings(&Needs("/etc/nobody"), Policy::Rollback).await;
    assert_eq!(there, [""; 0]);
    assert_eq!(report.outcome, Outcome::Failed);
    let undone: Vec<_> = report
        .modules
        .iter()
        .map(|module| (module.name.as_str(), module.undone))
        .collect();
    assert_eq!(undone, [("needs", true), ("starts", false), ("brings", true)]);
}

/// What a person asks for may use the network, whatever boots may.
#[tokio::test]
async fn a_person_is_one_in_the_second_part_too() {
    let tree = tempfile::tempdir().unwrap();
    for directory in ["etc/firstlight", "run/systemd/system"] {
        std::fs::create_dir_all(tree.path().join(directory)).unwrap();
    }
    std::fs::write(tree.path().join("etc/firstlight/config.yaml"), "allow: [directory]\n").unwrap();
    let system = running(tree.path());
    let server = Server::new(vec![answer("200 OK", "", "")]);
    let text = format!("phone_home: {{url: 'http://127.0.0.1:{}/'}}\n", server.port);
    let document = Document::read(&Texts::of_user_data("x", text.as_bytes()));
    let modules: [&'static dyn Module; 3] = [&Needs("/etc/brought"), &Brings, &PhoneHome];
    let store = Store::new(system.root.clone());
    let report = carry_out(&system, &store, &request(&document, &modules)).await.unwrap();
    assert_eq!(report.outcome, Outcome::Done, "{report:#?}");
    assert_eq!(server.seen().len(), 1);
}
