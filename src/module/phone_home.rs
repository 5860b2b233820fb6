//! `phone_home`: an address is told when the machine is ready.

use super::{Change, Module, PhoneHome as PhoneHomeChange, Plan, PlanError, Stage};
use crate::document::Config;
use crate::system::Machine;

/// Its name, in the ledger too.
const NAME: &str = "phone_home";

/// Tells an address that the machine is ready.
#[derive(Debug, Clone, Copy)]
pub struct PhoneHome;

impl Module for PhoneHome {
    fn name(&self) -> &'static str {
        NAME
    }

    fn stage(&self) -> Stage {
        Stage::Final
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(home) = &want.phone_home else { return Ok(plan) };
        if machine.has_done(NAME) {
            plan.info(format!(
                "{} has been told for this instance: it is not told again; `firstlight apply --run-again` tells it",
                home.url
            ));
            return Ok(plan);
        }
        plan.changes.push(Change::PhoneHome(PhoneHomeChange {
            name: NAME.to_owned(),
            home: home.clone(),
            fqdn: qualified_name(want),
            proxy: want.proxy(),
        }));
        Ok(plan)
    }
}

/// The name with a domain that the document gives the machine.
fn qualified_name(want: &Config) -> Option<String> {
    let names = [&want.fqdn, &want.hostname];
    let mut names = names.into_iter().flatten().map(|name| name.as_str());
    let is_ours = want.preserve_hostname != Some(true);
    names
        .find(|name| name.contains('.'))
        .filter(|_| is_ours)
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};
    use crate::system::{Facts, Root};
    use crate::vocabulary::{Run, RunOutcome};

    fn plan(yaml: &str, ran: Option<RunOutcome>) -> Plan {
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        assert_eq!(document.diagnostics, []);
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let run = |outcome| Run {
            outcome,
            ..Run::begun("i-1", 7)
        };
        let facts = Facts {
            ran: ran.map(|outcome| (NAME.to_owned(), run(outcome))).into_iter().collect(),
            ..Facts::default()
        };
        PhoneHome.plan(&document.config, &Machine::new(&root, &facts)).unwrap()
    }

    #[test]
    fn it_is_planned_until_it_has_succeeded() {
        let yaml = "phone_home: {url: 'https://u:hunter2@h.example/a?token=hunter2'}\n";
        for ran in [None, Some(RunOutcome::Begun), Some(RunOutcome::Failed)] {
            let plan = plan(yaml, ran);
            assert!(matches!(plan.changes[..], [Change::PhoneHome(_)]), "{ran:?}: {plan:?}");
        }
        let done = plan(yaml, Some(RunOutcome::Done));
        let said = &done.notes[0].text;
        assert!(
            done.changes.is_empty() && said.contains("https://h.example/a?… has been told"),
            "{said}"
        );
        assert_eq!(plan("hostname: a\n", None), Plan::default());
    }

    #[test]
    fn the_name_with_a_domain_is_the_documents() {
        for (names, expected) in [
            ("fqdn: a.example.test", Some("a.example.test")),
            ("{hostname: b.example.test, fqdn: a}", Some("b.example.test")),
            ("hostname: a", None),
            ("{fqdn: a.example.test, preserve_hostname: true}", None),
        ] {
            let document = Document::read(&Texts::of_user_data("x", names.as_bytes()));
            assert_eq!(qualified_name(&document.config).as_deref(), expected, "{names}");
        }
    }
}
