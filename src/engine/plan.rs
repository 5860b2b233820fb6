//! Computes the plan from a document and a machine: every module plans, and changes that already hold are removed.

mod module_plan;

use super::baseline::Baseline;
use super::owner::{self, Denied};
use super::reaction::reactions;
use super::{release, unmasked};
use crate::document::{Code, Diagnostic, Document};
use crate::module::order::{needs, order};
use crate::module::{Change, Module, Stage, Supply, asked_at};
use crate::state::{StateError, targets};
use crate::system::{Machine, Root};
use module_plan::Coming;
pub use module_plan::ModulePlan;

/// The plan for a machine.
#[derive(Debug, Clone, Default)]
pub struct GenerationPlan {
    /// By module, in the order of execution.
    pub modules: Vec<ModulePlan>,
    /// The reloads and restarts once all files are in place.
    pub reactions: Vec<Change>,
    /// The machine's files after the plan; `None` if nothing was planned.
    pub(super) imagined: Option<Root>,
    /// The places in `modules`, in the order in which they planned.
    pub(super) order: Vec<usize>,
}

impl GenerationPlan {
    /// Lets every module plan, and adds the changes that undo what is no longer asked for.
    ///
    /// # Errors
    /// Something of the machine or of the state can't be read.
    pub fn make(
        modules: &[&dyn Module],
        document: &Document,
        machine: &Machine<'_>,
        baseline: &Baseline,
    ) -> Result<Self, StateError> {
        let without_edits = baseline.without_edits(machine.root());
        let mut denied = Denied::new();
        let mut plan = loop {
            let plan = Self::over_imagined(modules, document, (machine, &without_edits), baseline, &denied)?;
            let clashes = owner::clashes(&plan, document);
            if clashes.is_empty() {
                break plan;
            }
            // Each time there is less to plan.
            denied.extend(clashes);
        };
        owner::merge_edits(&mut plan, machine)?;
        for module in &mut plan.modules {
            module.note_what_opens_up(machine, baseline)?;
        }
        let imagined = machine.with_root(&without_edits);
        let elsewhere = release::asked_elsewhere(modules, document, &imagined);
        release::add(&mut plan.modules, &elsewhere, document, machine, baseline)?;
        unmasked::disable(&mut plan.modules, machine)?;
        plan.reactions = reactions(&plan.modules, machine);
        Ok(plan)
    }

    /// Lets every module plan on top of the modules before it. Modules that provide what others need come first.
    fn over_imagined(
        modules: &[&dyn Module],
        document: &Document,
        (machine, without_edits): (&Machine<'_>, &Root),
        baseline: &Baseline,
        denied: &Denied,
    ) -> Result<Self, StateError> {
        let mut files = without_edits.clone();
        let mut targets = targets(machine.root());
        let brings: Vec<bool> = modules
            .iter()
            .map(|module| module.brings(&document.config, machine))
            .collect();
        let mut planned: Vec<(usize, ModulePlan)> = Vec::new();
        for at in order(modules) {
            let module = modules[at];
            let (imagined, see) = (machine.with_root(&files), (document, machine));
            let coming = match planned.iter().any(|(_, made)| made.waits) {
                _ if !brings.contains(&true) => Coming::Nothing,
                true => Coming::Files,
                false => Coming::Something,
            };
            let mut made = ModulePlan::make(module, &imagined, see, (baseline, denied), (&mut targets, coming))?;
            made.brings = brings[at];
            made.after = after(module, modules, &planned);
            for change in &made.declared {
                change.kind().imagine(&mut files)?;
            }
            planned.push((at, made));
        }
        let order = planned.iter().map(|(at, _)| *at).collect();
        planned.sort_by_key(|(at, _)| *at);
        Ok(Self {
            modules: planned.into_iter().map(|(_, made)| made).collect(),
            reactions: Vec::new(),
            imagined: Some(files),
            order,
        })
    }

    /// How many changes there are, reactions not counted.
    pub fn change_count(&self) -> usize {
        self.modules.iter().map(|module| module.changes.len()).sum()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.change_count() == 0
    }

    /// What can't be planned, in the order of the document: its author reads it from the top.
    pub fn problems(&self) -> impl Iterator<Item = &Diagnostic> {
        let mut problems: Vec<_> = self.modules.iter().flat_map(|module| &module.problems).collect();
        problems.sort_by_key(|problem| problem.order());
        problems.into_iter()
    }

    /// Removes changes of a module, with the reason. A module without changes expects nothing.
    pub(super) fn leave_out(
        &mut self,
        number: usize,
        is_out: impl Fn(&Change) -> bool,
        problem: Diagnostic,
        machine: &Machine<'_>,
    ) {
        if let Some(module) = self.modules.get_mut(number) {
            module.changes.retain(|change| !is_out(change));
            module.declared.retain(|change| !is_out(change));
            module.problems.push(problem);
            if module.declared.is_empty() {
                let empty = ModulePlan::empty(module.name, module.stage);
                module.problems = std::mem::replace(module, empty).problems;
            }
        }
        self.reactions = reactions(&self.modules, machine);
    }

    /// Removes a change that can't be made, and the changes that depend on it.
    pub(super) fn leave_out_change(
        &mut self,
        number: usize,
        change: &Change,
        why: &str,
        document: &Document,
        machine: &Machine<'_>,
    ) {
        let Some(module) = self.modules.get(number).filter(|module| !module.changes.is_empty()) else {
            return;
        };
        let path = asked_at(module.name, change, &document.config);
        let problem = document.diagnose(&path, why).code(Code::Unplannable);
        let alone = module.stands_alone;
        self.leave_out(number, |other| !alone || other == change, problem, machine);
    }

    /// Takes out a change that is only needed by another one that was taken out.
    pub(super) fn forget_change(&mut self, number: usize, change: &Change) {
        if let Some(module) = self.modules.get_mut(number) {
            module.changes.retain(|other| other != change);
            module.declared.retain(|other| other != change);
        }
    }

    /// Whether a module waits for what another one, which has something to do, is still to bring.
    pub fn waits(&self) -> bool {
        let is_bringing = |module: &ModulePlan| module.brings && !module.changes.is_empty();
        self.modules.iter().any(|module| module.waits) && self.modules.iter().any(is_bringing)
    }

    /// The modules up to the last one that is still to bring something.
    #[must_use]
    pub fn up_to_what_is_brought(mut self, machine: &Machine<'_>) -> Self {
        let last = self.modules.iter().rposition(|module| module.brings);
        self.modules.truncate(last.map_or(0, |last| last + 1));
        self.reactions = reactions(&self.modules, machine);
        self
    }

    /// The modules of `stage` and those before it.
    #[must_use]
    pub fn up_to(mut self, stage: Stage, machine: &Machine<'_>) -> Self {
        self.modules.retain(|module| module.stage <= stage);
        self.reactions = reactions(&self.modules, machine);
        self
    }
}

/// The modules that have planned something which `module` needs.
fn after(module: &dyn Module, modules: &[&dyn Module], planned: &[(usize, ModulePlan)]) -> Vec<(&'static str, Supply)> {
    let busy = planned.iter().filter(|(_, made)| !made.declared.is_empty());
    let needed = busy.filter_map(|(at, made)| Some((made.name, needs(module, modules[*at])?)));
    needed.collect()
}
