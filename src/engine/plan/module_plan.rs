//! The plan of one module: what it asks for, less what holds already and what can't be done.

use crate::document::{Code, Diagnostic, Document};
use crate::engine::baseline::Baseline;
use crate::engine::owner::Denied;
use crate::module::{Change, Check, Expectation, FileChange, Level, Module, Note, PlanError, Stage, Supply, header};
use crate::state::StateError;
use crate::system::{Kind, Machine, PathError, ReadError, Targets};

/// What a module that acts later brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coming {
    /// Nothing that others can't see now.
    Nothing,
    /// What nobody can see before ([`Module::brings`]).
    Something,
    /// That, and then files of the document that wait for it.
    Files,
}

/// The plan of one module.
#[derive(Debug, Clone)]
pub struct ModulePlan {
    /// The module's name.
    pub name: &'static str,
    /// The stage it belongs to.
    pub stage: Stage,
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
    /// Those of them that are the module's own words.
    pub own_notes: Vec<Note>,
    /// The entries that it can't plan. If nothing is declared, that is all of them.
    pub problems: Vec<Diagnostic>,
    /// Whether it is still to bring what nobody can see before ([`Module::brings`]).
    pub brings: bool,
    /// Whether entries of it are planned again once that is there.
    pub waits: bool,
    /// Whether each of its changes makes sense without the others.
    pub stands_alone: bool,
    /// The modules that it planned after because it needs what they give, with what that is.
    pub after: Vec<(&'static str, Supply)>,
}

impl ModulePlan {
    /// An empty plan.
    pub(in crate::engine) fn empty(name: &'static str, stage: Stage) -> Self {
        Self {
            name,
            stage,
            declared: Vec::new(),
            changes: Vec::new(),
            released: Vec::new(),
            holding: 0,
            expectations: Vec::new(),
            checks: Vec::new(),
            notes: Vec::new(),
            own_notes: Vec::new(),
            problems: Vec::new(),
            brings: false,
            waits: false,
            stands_alone: false,
            after: Vec::new(),
        }
    }

    /// Leaves an entry for when the packages are there.
    fn wait(&mut self, what: &str) {
        self.waits = true;
        self.notes.push(Note {
            level: Level::Notice,
            text: format!("waits for the packages: {what}"),
        });
    }

    /// What of it is left for the first boot.
    ///
    /// # Errors
    /// The machine can't be looked at.
    pub fn left_for_boot(&self, machine: &Machine<'_>) -> Result<Vec<&Change>, ReadError> {
        let mut left = Vec::new();
        for change in &self.declared {
            if change.kind().left_for_boot(machine)?.is_some() {
                left.push(change);
            }
        }
        Ok(left)
    }

    /// Why it can't be planned, or some entries of it, in words: where, what, and what to do.
    pub fn what_is_missing(&self) -> Vec<String> {
        self.problems.iter().map(Diagnostic::in_one_line).collect()
    }

    /// Plans against the machine as it is imagined: without our edits, with what was planned before. What holds shows the
    /// machine as it is.
    pub(super) fn make(
        module: &dyn Module,
        imagined: &Machine<'_>,
        (document, machine): (&Document, &Machine<'_>),
        (baseline, denied): (&Baseline, &Denied),
        (targets, coming): (&mut Targets<'_>, Coming),
    ) -> Result<Self, StateError> {
        let mut made = Self {
            stands_alone: module.changes_stand_alone(),
            ..Self::empty(module.name(), module.stage())
        };
        let more_comes = coming != Coming::Nothing;
        let diagnose = |error: PlanError| {
            let told = document.diagnose(&error.path, error.message).hint(error.hint);
            told.code(Code::Unplannable)
        };
        let plan = match module.plan(&document.config, imagined) {
            Ok(plan) => plan,
            Err(error) if more_comes && error.lacks.is_some() => {
                made.wait(&diagnose(error).without_hint());
                return Ok(made);
            }
            Err(error) => {
                made.problems.push(diagnose(error));
                return Ok(made);
            }
        };
        if coming == Coming::Files && module.starts_services() {
            let pending = plan.changes.iter().map(|change| change.kind().holds(machine));
            if pending.collect::<Result<Vec<_>, _>>()?.contains(&false) {
                made.wait("it may need a file that waits for them");
                return Ok(made);
            }
        }
        let (mut followers, mut waiting) = (Vec::new(), Vec::new());
        for error in plan.problems {
            match error.lacks.as_deref() {
                Some(account) if document.config.not_created.contains(account) => {
                    followers.push(note_follower(&diagnose(error)));
                }
                Some(_) if more_comes => waiting.push(diagnose(error).without_hint()),
                _ => made.problems.push(diagnose(error)),
            }
        }
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
                None => obstacle(&change, targets)?,
            };
            match why {
                None if more_comes && change.path().is_some_and(|path| plan.deferred.contains(path)) => {
                    // A directory is only made for a file.
                    if let Change::File(file) = change {
                        waiting.push(file.path);
                    }
                }
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
        made.own_notes.clone_from(&plan.notes);
        made.notes = plan.notes;
        made.notes.extend(followers);
        waiting.iter().for_each(|what| made.wait(what));
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
                made.changes.push(change.clone());
            }
            made.declared.push(change);
        }
        Ok(made)
    }

    /// Notes the files that become accessible to more users, once each is left to one module.
    ///
    /// # Errors
    /// The machine can't be read.
    pub(super) fn note_what_opens_up(&mut self, machine: &Machine<'_>, baseline: &Baseline) -> Result<(), ReadError> {
        for change in &self.changes {
            self.notes.extend(note_opened_up(change, machine, baseline)?);
        }
        Ok(())
    }
}

/// What the document can't have because of a mistake of its own: that is the error.
fn note_follower(found: &Diagnostic) -> Note {
    let text = format!(
        "{}: {}; the document asks for it, but with a mistake, or in an area that doesn't take part",
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
fn obstacle(change: &Change, targets: &mut Targets<'_>) -> Result<Option<String>, ReadError> {
    let kind = change.kind();
    let Some((path, wanted)) = kind.makes() else {
        return Ok(None);
    };
    let there = match targets.check(path) {
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
