//! The result of a generation, stage by stage: `report.json` in its directory.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SCHEMA;
use super::applied::{AppliedReport, ModuleOutcome};
use crate::module::Stage;
use crate::state::Outcome;

/// The result of a generation. Its JSON form is stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GenerationReport {
    /// The version of this format.
    pub schema: u32,
    /// The generation's number.
    pub generation: u32,
    /// How it stands after the stage that ran last.
    pub outcome: Outcome,
    /// The stages that have run: `local`, `system`, `final`. `apply` uses only `final`. If a stage runs again in a
    /// later boot, its changes accumulate and the rest is replaced. Later stages verify the modules of earlier stages
    /// again.
    pub stages: BTreeMap<Stage, StageReport>,
}

/// The result of one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StageReport {
    /// How it ended.
    pub outcome: Outcome,
    /// By module, in the order of the run, without the modules that the document doesn't mention.
    pub modules: Vec<ModuleOutcome>,
}

impl GenerationReport {
    /// The name of the file.
    pub const NAME: &str = "report.json";

    /// The report of generation `number` from earlier stages. If it can't be read because a newer firstlight wrote it,
    /// a new one is started.
    pub fn resume(number: u32, earlier: Option<&[u8]>) -> Self {
        let earlier = earlier.and_then(|bytes| serde_json::from_slice(bytes).ok());
        earlier.unwrap_or(Self {
            schema: SCHEMA,
            generation: number,
            outcome: Outcome::Running,
            stages: BTreeMap::new(),
        })
    }

    /// Adds the result of a stage.
    pub fn add(&mut self, stage: Stage, report: &AppliedReport) {
        let earlier = self.stages.remove(&stage);
        let earlier = earlier
            .as_ref()
            .map(|stage| stage.modules.as_slice())
            .unwrap_or_default();
        let before = |module: &ModuleOutcome| earlier.iter().find(|before| before.name == module.name);
        let modules = report.modules.iter().filter(|module| module.is_asked_for());
        let stage_report = StageReport {
            outcome: report.outcome,
            modules: modules.map(|module| module.clone().after(before(module))).collect(),
        };
        self.outcome = report.outcome;
        self.stages.insert(stage, stage_report);
    }

    /// Adds a result that comes after the modules have finished, and replaces its earlier result in any stage.
    pub fn put(&mut self, stage: Stage, module: ModuleOutcome) {
        for earlier in self.stages.values_mut() {
            earlier.modules.retain(|other| other.name != module.name);
        }
        let here = self.stages.entry(stage).or_insert(StageReport {
            outcome: module.outcome,
            modules: Vec::new(),
        });
        here.modules.push(module);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ChangeView;
    use crate::engine::verify::{Finding, Verdict};
    use crate::module::{Level, Note};

    fn report(verdict: Verdict) -> AppliedReport {
        let module = ModuleOutcome {
            name: "network".into(),
            outcome: Outcome::Done,
            asked: vec!["network.ethernets.lan.dhcp4: true".into()],
            changed: vec![ChangeView {
                kind: "file".into(),
                target: "/etc/x".into(),
                action: "create".into(),
                summary: "/etc/x, mode 0644".into(),
                diff: None,
            }],
            holding: 1,
            findings: vec![Finding {
                expected: "eth0 has 192.0.2.10/24".into(),
                verdict,
            }],
            notes: vec![Note {
                level: Level::Info,
                text: "good to know".into(),
            }],
            problems: vec![],
            left_out: vec![],
            undone: false,
            milliseconds: 3,
            verify_milliseconds: 4,
        };
        let silent = ModuleOutcome {
            name: "docker".into(),
            asked: vec![],
            changed: vec![],
            holding: 0,
            findings: vec![],
            notes: vec![],
            ..module.clone()
        };
        AppliedReport {
            schema: SCHEMA,
            generation: Some(7),
            outcome: Outcome::Done,
            reverts_in: None,
            modules: vec![module, silent],
            problems: vec![],
        }
    }

    #[test]
    fn stages_add_up_and_a_stage_that_runs_again_goes_on() {
        let mut whole = GenerationReport::resume(7, None);
        whole.add(Stage::Local, &report(Verdict::Unseen("later".into())));
        for verdict in [Verdict::Wrong("it is not".into()), Verdict::Verified] {
            let bytes = serde_json::to_vec(&whole).unwrap();
            let mut next = GenerationReport::resume(7, Some(&bytes));
            assert_eq!(next, whole);
            next.add(Stage::System, &report(verdict));
            whole = next;
        }
        assert_eq!(whole.stages.len(), 2);
        let of = |stage| whole.stages[&stage].modules.as_slice();
        assert_eq!((of(Stage::Local)[0].unseen(), of(Stage::System)[0].verified()), (1, 1));
        assert_eq!(
            (of(Stage::Local)[0].changed.len(), of(Stage::System)[0].changed.len()),
            (1, 2)
        );
        assert_eq!(
            of(Stage::System).len(),
            1,
            "a module that nothing is asked of is left out"
        );
    }

    #[test]
    fn what_is_put_in_is_there_once() {
        let mut whole = GenerationReport::resume(7, None);
        whole.add(Stage::System, &report(Verdict::Verified));
        let scrub = ModuleOutcome {
            name: "scrub".into(),
            ..report(Verdict::Verified).modules.remove(0)
        };
        for stage in [Stage::System, Stage::Local, Stage::Local] {
            whole.put(stage, scrub.clone());
            let all = whole.stages.values().flat_map(|stage| &stage.modules);
            assert_eq!(all.filter(|module| module.name == "scrub").count(), 1);
            assert_eq!(whole.stages[&stage].modules.last(), Some(&scrub));
        }
        assert_eq!(whole.stages[&Stage::System].modules.len(), 1);
    }

    #[test]
    fn its_keys_are_those_that_are_documented() {
        let mut whole = GenerationReport::resume(7, Some(b"not JSON"));
        whole.add(Stage::Final, &report(Verdict::Wrong("no link has it".into())));
        let json = serde_json::to_value(&whole).unwrap();
        let module = &json["stages"]["final"]["modules"][0];
        let expected = serde_json::json!({
            "name": "network",
            "outcome": "done",
            "asked": ["network.ethernets.lan.dhcp4: true"],
            "changed": [{"kind": "file", "target": "/etc/x", "action": "create", "summary": "/etc/x, mode 0644", "diff": null}],
            "holding": 1,
            "findings": [{"expected": "eth0 has 192.0.2.10/24", "verdict": "wrong", "why": "no link has it"}],
            "notes": [{"level": "info", "text": "good to know"}],
            "problems": [],
            "left_out": [],
            "undone": false,
            "milliseconds": 3,
            "verify_milliseconds": 4,
        });
        assert_eq!(*module, expected);
        assert_eq!((&json["generation"], &json["outcome"]), (&7.into(), &"done".into()));
    }
}
