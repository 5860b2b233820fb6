//! What of a document a generation leaves undone: for later boots to try again, or for good.

use std::collections::BTreeSet;

use crate::document::budget::PROBLEM_LIMIT;
use crate::document::{Diagnostic, Document};
use crate::engine::GenerationPlan;
use crate::engine::verify::Finding;
use crate::module::{Level, Note};
use crate::report::applied::{AppliedReport, ModuleOutcome};
use crate::state::Outcome;
use crate::system::{Machine, ReadError};

/// The modules that leave work for the first boot.
pub(super) fn left_for_boot(plan: &GenerationPlan, machine: &Machine<'_>) -> Result<BTreeSet<String>, ReadError> {
    let mut left = BTreeSet::new();
    for module in &plan.modules {
        if module.waits || !module.left_for_boot(machine)?.is_empty() {
            left.insert(module.name.to_owned());
        }
    }
    Ok(left)
}

/// What has failed and is not tried again.
pub(super) fn lasting(report: &AppliedReport) -> impl Iterator<Item = String> {
    let notes = report.modules.iter().flat_map(|module| {
        let lasting = module.notes.iter().filter(|note| note.level == Level::Lasting);
        lasting.map(move |note| format!("{}: {}", module.name, note.text))
    });
    notes.take(PROBLEM_LIMIT)
}

/// Whether the module is short of what was asked for a reason of the machine's, which may pass: not only because of what an
/// error of the document takes out.
pub(super) fn can_get_better(module: &ModuleOutcome, document: &Document) -> bool {
    let is_of_the_document = |note: &Note| document.config.left_out.network.contains(&note.text);
    let warnings = || module.notes.iter().filter(|note| note.level == Level::Warning);
    let only_warned = module.problems.is_empty()
        && module.left_out.is_empty()
        && !module.findings.iter().any(Finding::is_short)
        && warnings().all(is_of_the_document);
    module.outcome != Outcome::Done && !only_warned
}

/// The reported errors of the document, one line each.
pub(super) fn errors(document: &Document) -> Vec<String> {
    let errors = document.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    errors.take(PROBLEM_LIMIT).map(Diagnostic::in_one_line).collect()
}
