//! `reporting`: who is told how a boot went.

use super::{Module, Plan, PlanError, Stage};
use crate::document::Config;
use crate::system::Machine;

/// Says who is told. It changes nothing: webhooks are told by [`crate::agent`], when the results of all modules are known.
#[derive(Debug, Clone, Copy)]
pub struct Reporting;

impl Module for Reporting {
    fn name(&self) -> &'static str {
        "reporting"
    }

    fn stage(&self) -> Stage {
        Stage::Final
    }

    fn plan(&self, want: &Config, _machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        // A notice is work of the final stage, so that a boot has one: that is where they are told.
        for webhook in want.reporting.iter().flat_map(|reporting| reporting.webhooks()) {
            plan.notice(format!(
                "each boot that applies something tells {} ({}) how it went; `apply` doesn't",
                webhook.name.as_str(),
                webhook.endpoint
            ));
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};
    use crate::module::Level;
    use crate::system::{Facts, Root};

    #[test]
    fn a_plan_says_who_is_told_and_shows_no_secret() {
        let tree = tempfile::tempdir().unwrap();
        let (root, facts) = (Root::open(tree.path()).unwrap(), Facts::default());
        let plan = |yaml: &str| {
            let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
            assert_eq!(document.diagnostics, []);
            Reporting.plan(&document.config, &Machine::new(&root, &facts)).unwrap()
        };
        let told = plan("reporting: {inv: {type: webhook, endpoint: 'https://u:hunter2@h.example/a?t=hunter2'}}\n");
        let [note] = told.notes.as_slice() else {
            panic!("{told:?}")
        };
        let words = "each boot that applies something tells inv (https://h.example/a?…) how it went; `apply` doesn't";
        assert_eq!((note.level, note.text.as_str()), (Level::Notice, words));
        assert!(told.changes.is_empty());
        for quiet in ["reporting: {a: {type: log}, b: {type: print}, c: ~}\n", "hostname: a\n"] {
            assert_eq!(plan(quiet), Plan::default());
        }
    }
}
