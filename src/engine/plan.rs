//! Computes the plan from a document and a machine: every module plans, and changes that already hold are removed.

use super::baseline::Baseline;
use super::owner::{self, Denied};
use super::reaction::reactions;
use super::release;
use crate::document::{Code, Diagnostic, Document};
use crate::module::order::{needs, order};
use crate::module::{
    Change, Check, Expectation, FileChange, Level, Module, Note, PlanError, Stage, Supply, asked_at, header,
};
use crate::state::{StateError, check_target};
use crate::system::{Kind, Machine, PathError, ReadError, Root};

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

/// The plan of one module.
#[derive(Debug, Clone)]
pub struct ModulePlan {
    /// The module's name.
    pub name: &'static str,
    /// The stage it belongs to.
    pub stage: Stage,
    /// What the document requests, one setting per line, secrets masked.
    pub asked: Vec<String>,
    /// Everything that the document asks for.
    pub declared: Vec<Change>,
    /// The pending changes, including those that undo what is no longer asked for.
    pub changes: Vec<Change>,
    /// The keys of the inventory's items that are no longer asked for.
    pub released: Vec<String>,
    /// How many of its changes already hold.
    pub holding: usize,
    /// What is verified afterwards.
    pub expectations: Vec<Expectation>,
    /// What the machine's own programs check first.
    pub checks: Vec<Check>,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// The entries that it can't plan. If nothing is declared, that is all of them.
    pub problems: Vec<Diagnostic>,
    /// Whether each of its changes makes sense without the others.
    pub stands_alone: bool,
    /// The modules that it planned after because it needs what they give, with what that is.
    pub after: Vec<(&'static str, Supply)>,
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
        let imagined = machine.with_root(&without_edits);
        let elsewhere = release::asked_elsewhere(modules, document, &imagined);
        release::add(&mut plan.modules, &elsewhere, document, machine, baseline)?;
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
        let mut planned: Vec<(usize, ModulePlan)> = Vec::new();
        for at in order(modules) {
            let module = modules[at];
            let (imagined, see) = (machine.with_root(&files), (document, machine));
            let mut made = ModulePlan::make(module, &imagined, see, baseline, denied)?;
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
                let empty = ModulePlan::empty(module.name, module.stage, std::mem::take(&mut module.asked));
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

    /// The modules of `stage` and those before it.
    #[must_use]
    pub fn up_to(mut self, stage: Stage, machine: &Machine<'_>) -> Self {
        self.modules.retain(|module| module.stage <= stage);
        self.reactions = reactions(&self.modules, machine);
        self
    }
}

impl ModulePlan {
    /// An empty plan.
    fn empty(name: &'static str, stage: Stage, asked: Vec<String>) -> Self {
        Self {
            name,
            stage,
            asked,
            declared: Vec::new(),
            changes: Vec::new(),
            released: Vec::new(),
            holding: 0,
            expectations: Vec::new(),
            checks: Vec::new(),
            notes: Vec::new(),
            problems: Vec::new(),
            stands_alone: false,
            after: Vec::new(),
        }
    }

    /// Whether something of it is left for the first boot.
    ///
    /// # Errors
    /// The machine can't be looked at.
    pub fn is_left_for_boot(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        for change in &self.declared {
            if change.kind().left_for_boot(machine)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Why it can't be planned, or some entries of it, in words: where, what, and what to do.
    pub fn what_is_missing(&self) -> Vec<String> {
        self.problems.iter().map(Diagnostic::in_one_line).collect()
    }

    /// Plans against the machine as it is imagined: without our edits, with what was planned before. What holds shows the
    /// machine as it is.
    fn make(
        module: &dyn Module,
        imagined: &Machine<'_>,
        (document, machine): (&Document, &Machine<'_>),
        baseline: &Baseline,
        denied: &Denied,
    ) -> Result<Self, StateError> {
        let mut made = Self {
            stands_alone: module.changes_stand_alone(),
            ..Self::empty(module.name(), module.stage(), document.asked(&module.keys()))
        };
        let diagnose = |error: PlanError| {
            let told = document.diagnose(&error.path, error.message).hint(error.hint);
            told.code(Code::Unplannable)
        };
        let plan = match module.plan(&document.config, imagined) {
            Ok(plan) => plan,
            Err(error) => {
                made.problems.push(diagnose(error));
                return Ok(made);
            }
        };
        let (followers, problems): (Vec<_>, Vec<_>) = plan.problems.into_iter().partition(|error| {
            let lacks = error.lacks.as_deref();
            lacks.is_some_and(|account| document.config.not_created.contains(account))
        });
        made.problems = problems.into_iter().map(diagnose).collect();
        let (mut changes, mut kept) = (Vec::new(), Vec::new());
        let mut blocked = false;
        for change in plan.changes {
            if change.path().is_some_and(|path| baseline.is_unclear(path)) {
                kept.push(change);
                continue;
            }
            let clash = change
                .path()
                .and_then(|path| denied.get(&(module.name(), path.to_owned())));
            let why = match clash {
                Some(why) => Some(why.clone()),
                None => obstacle(&change, machine)?,
            };
            match why {
                Some(why) => {
                    let path = module.asked_at(&change, &document.config);
                    made.problems
                        .push(document.diagnose(&path, why).code(Code::Unplannable));
                    blocked = true;
                }
                None => changes.push(change),
            }
        }
        if blocked && !made.stands_alone {
            return Ok(made);
        }
        made.expectations = plan.expectations;
        made.checks = plan.checks;
        made.notes = plan.notes;
        made.notes
            .extend(followers.into_iter().map(|error| note_follower(&diagnose(error))));
        made.notes.extend(kept.iter().filter_map(Change::path).map(note_kept));
        // It is still asked for, and nothing is done about it.
        made.declared.extend(kept);
        for change in changes {
            let mut change = with_header(change, document, machine)?;
            let mut is_so = change.kind().holds(machine)? || baseline.has_started(&change, machine);
            if !is_so && let Some(as_is) = as_is_already(&change, module, document, machine, baseline)? {
                (change, is_so) = (as_is, true);
            }
            if let Some(text) = change.kind().left_for_boot(machine)? {
                let level = Level::Notice;
                made.notes.push(Note { level, text });
            } else if is_so {
                made.holding += 1;
            } else {
                made.notes.extend(note_opened_up(&change, machine, baseline)?);
                made.changes.push(change.clone());
            }
            made.declared.push(change);
        }
        Ok(made)
    }
}

/// The modules that have planned something which `module` needs.
fn after(module: &dyn Module, modules: &[&dyn Module], planned: &[(usize, ModulePlan)]) -> Vec<(&'static str, Supply)> {
    let busy = planned.iter().filter(|(_, made)| !made.declared.is_empty());
    let needed = busy.filter_map(|(at, made)| Some((made.name, needs(module, modules[*at])?)));
    needed.collect()
}

/// What the document can't have because of a key of its own that isn't applied: that key is the error.
fn note_follower(found: &Diagnostic) -> Note {
    let text = format!(
        "{}: {}; the document would create it, with a key that isn't applied",
        found.place(),
        found.message
    );
    Note {
        level: Level::Warning,
        text,
    }
}

/// What is not as firstlight left it, in a way that its edit can't be told from what somebody made of it.
fn note_kept(path: &str) -> Note {
    let text = format!(
        "{path} was edited after firstlight wrote it, and firstlight's own part can't be recognised: it stays as it \
         is; correct or remove it, then apply again"
    );
    Note {
        level: Level::Warning,
        text,
    }
}

/// What a person should know of a file that more may read, write or run afterwards than before: with both modes. A mode
/// that firstlight gave it is only put right.
fn note_opened_up(change: &Change, machine: &Machine<'_>, baseline: &Baseline) -> Result<Option<Note>, ReadError> {
    let Change::File(FileChange {
        path,
        content: Some(content),
        ..
    }) = change
    else {
        return Ok(None);
    };
    let there = machine.root().metadata(path)?.filter(|there| there.kind == Kind::File);
    let written = baseline.inventory.path(path).and_then(|item| item.written.metadata());
    let is_ours = written.is_some_and(|(mode, _)| mode == content.mode);
    let opened = there.filter(|there| !is_ours && content.mode & !there.mode & 0o7777 != 0);
    Ok(opened.map(|there| Note {
        level: Level::Warning,
        text: format!(
            "{path} becomes accessible to more users: its mode changes from {:04o} to {:04o}",
            there.mode, content.mode
        ),
    }))
}

/// What keeps a change from being made on this machine, as far as can be seen.
fn obstacle(change: &Change, machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
    let kind = change.kind();
    let Some((path, wanted)) = kind.makes() else {
        return Ok(None);
    };
    let there = match check_target(machine.root(), path) {
        Ok(there) => there.map(|there| there.kind),
        Err(error @ PathError::System { .. }) => return Err(error.of("look at", path)),
        Err(refused) => return Ok(Some(format!("{path} can't be written: {refused}"))),
    };
    let in_the_way = match (wanted, there) {
        (Kind::Directory, Some(Kind::File | Kind::Symlink)) => "exists and is not a directory",
        (Kind::File | Kind::Symlink, Some(Kind::Directory)) => "is a directory",
        (_, Some(Kind::Other)) => "is a device, a pipe or a socket",
        _ => return Ok(None),
    };
    Ok(Some(format!("{path} can't be written: it {in_the_way}")))
}

/// The file of somebody else as it is, where it has the edit that `change` makes, at another place because of what others
/// have added, and the module is content with it.
fn as_is_already(
    change: &Change,
    module: &dyn Module,
    document: &Document,
    machine: &Machine<'_>,
    baseline: &Baseline,
) -> Result<Option<Change>, StateError> {
    let Change::File(planned) = change else { return Ok(None) };
    if baseline.edit(&planned.path).is_none() {
        return Ok(None);
    }
    let Ok(plan) = module.plan(&document.config, machine) else {
        return Ok(None);
    };
    for other in plan.changes {
        if let Change::File(as_is) = &other
            && as_is.path == planned.path
            && let (Some(new), Some(now)) = (&planned.content, &as_is.content)
            && (new.mode, new.owner) == (now.mode, now.owner)
            && other.kind().holds(machine)?
            && baseline.repeats(&planned.path, &new.bytes, &now.bytes)?
        {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// A file of our own says where it is from.
fn with_header(mut change: Change, document: &Document, machine: &Machine<'_>) -> Result<Change, ReadError> {
    if let Change::File(file) = &mut change
        && file.headed
        && let Some(content) = &mut file.content
    {
        let is_file = |m: &crate::system::Metadata| m.kind == crate::system::Kind::File;
        let there = match machine.root().metadata(&file.path)?.filter(is_file) {
            Some(_) => machine.root().read(&file.path)?,
            None => None,
        };
        content.bytes = header::with(&content.bytes, &document.source, there.as_deref()).into();
    }
    Ok(change)
}
