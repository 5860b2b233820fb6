//! The status that a boot publishes, computed from what a stage found or did.

use crate::engine::Undone;
use crate::module::Stage;
use crate::report::applied::AppliedReport;
use crate::report::status::{Standing, Status};
use crate::source::Seed;
use crate::state::{Generation, Outcome, Store};

/// The status of a machine that has this seed.
pub fn about(seed: &Seed, id: &str, standing: Standing, detail: &str) -> Status {
    Status {
        source: Some(seed.source.clone()),
        place: Some(seed.place.clone()),
        instance_id: Some(id.to_owned()),
        ..Status::plain(standing, detail)
    }
}

/// The same document as in an earlier boot: the status is that of its generation.
pub fn unchanged(seed: &Seed, id: &str, generation: &Generation, stage: Stage) -> Status {
    let (standing, detail) = match generation.outcome {
        Outcome::RolledBack if generation.unconfirmed.is_some() => (
            Standing::Degraded,
            "this document was applied but not confirmed, so boots do not apply it again; run `firstlight apply` to \
             apply it, or change the document and reboot",
        ),
        Outcome::RolledBack => (
            Standing::Done,
            "this document was rolled back by hand, so boots do not apply it again; run `firstlight apply` to apply \
             it, or change the document and reboot",
        ),
        Outcome::Degraded => (
            Standing::Degraded,
            "the document is unchanged, and what is wrong with it or has failed is not tried again",
        ),
        _ => (
            Standing::Done,
            "the machine and the document are unchanged: nothing to do",
        ),
    };
    Status {
        stage: Some(stage),
        generation: Some(generation.number),
        report: Some(Store::report_path(generation.number)),
        problems: match generation.outcome {
            Outcome::RolledBack => Vec::new(),
            _ => generation.incomplete.document.clone(),
        },
        ..about(seed, id, standing, detail)
    }
}

/// Reports how many items have drifted. A boot doesn't repair drift, because it may be intended.
pub fn note_drift(status: &mut Status, drifted: usize) {
    let what = match drifted {
        0 => return,
        1 => "1 item has drifted".to_owned(),
        many => format!("{many} items have drifted"),
    };
    let hint = "`firstlight status --drift` shows what, `firstlight apply --again` repairs it";
    status.detail = format!("{}; {what}: {hint}", status.detail);
}

/// Sets the status of the boot from the result of a stage.
pub fn conclude(status: &mut Status, report: &AppliedReport, stage: Stage) {
    status.add_report(report);
    status.generation = report.generation;
    status.report = report.generation.map(Store::report_path);
    let (standing, detail) = match (report.outcome, stage) {
        (Outcome::Failed, _) => (Standing::Failed, "a change failed, so all changes were undone"),
        (_, Stage::Local) => (
            Standing::Running,
            "the local stage is done; the system stage has not run yet",
        ),
        (Outcome::Done, _) if status.problems.is_empty() => (Standing::Done, "the machine matches the document"),
        _ => (Standing::Degraded, "the machine does not fully match the document"),
    };
    status.status = standing;
    status.detail = detail.to_owned();
}

/// The boot has not ended while a rollback still has to start or stop units.
pub fn not_before_all_is_undone(status: Status, undone: &Undone) -> Status {
    match status.status {
        Standing::Done | Standing::Degraded | Standing::NoSource if !undone.left.is_empty() => Status {
            status: Standing::Running,
            detail: format!("a rollback continues in the system stage: {}", undone.left.join(", ")),
            ..status
        },
        _ => status,
    }
}

/// Whether the system stage has nothing left to do after a local stage with this status. The system stage verifies
/// what the local stage applied, searches again for what it didn't find, and reports what does not match. So the local
/// stage is `done` only if the whole document was applied in an earlier boot.
pub fn is_last_word(local: &Status) -> bool {
    local.status == Standing::Done
}
