//! A stage of the boot that ended without saying how: its process was killed, or its unit was stopped.

use crate::module::Stage;
use crate::report::status::{Standing, Status};
use crate::system::System;

/// Whether no stage runs, and none is about to. Without a bus nobody can tell.
pub async fn is_over(system: &System) -> bool {
    match &system.bus {
        Some(bus) => bus
            .is_under_way(&[Stage::Local, Stage::System, Stage::Final].map(Stage::unit))
            .await
            .is_ok_and(|is_under_way| !is_under_way),
        None => false,
    }
}

/// What is said where all stages are over, and the last word of them was that there is more to come.
pub fn cut_off(status: Status) -> Status {
    let next = match status.stage {
        None => Stage::Local,
        Some(Stage::Local) => Stage::System,
        Some(Stage::System | Stage::Final) => Stage::Final,
    };
    let unit = next.unit();
    match status.status {
        Standing::Running => Status {
            status: Standing::Failed,
            detail: format!(
                "{unit} was stopped before it was done: `journalctl -b -u {unit}` shows why; the next boot goes on, and so \
                 does `firstlight apply`"
            ),
            ..status
        },
        _ => status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_one_that_was_to_go_on() {
        for (stage, unit) in [
            (None, "firstlight-local.service was"),
            (Some(Stage::Local), "firstlight.service was"),
            (Some(Stage::System), "firstlight-final.service was"),
            (Some(Stage::Final), "firstlight-final.service was"),
        ] {
            let status = Status {
                stage,
                ..Status::plain(Standing::Running, "")
            };
            let said = cut_off(status);
            assert_eq!(said.status, Standing::Failed);
            assert!(said.detail.starts_with(unit), "{}", said.detail);
        }
        let never = Status::plain(Standing::NotRun, "never");
        assert_eq!(cut_off(never.clone()), never);
    }
}
