//! The command that repairs damaged state, and its consequences.

use super::STATE_DIRECTORY;
use super::run::RUN_DIRECTORY;

/// What damage to the file at `path` prevents, and how to continue without it.
pub fn remedy(path: &str) -> String {
    if path.starts_with(RUN_DIRECTORY) {
        return format!("To continue, remove it (rm -r {path}): the next boot writes it again");
    }
    format!(
        "Nothing is changed until this is repaired, not even by a boot. To continue, {}",
        way_out(path)
    )
}

fn way_out(path: &str) -> String {
    let below = path
        .strip_prefix(STATE_DIRECTORY)
        .unwrap_or(path)
        .trim_start_matches('/');
    let mut names = below.split('/');
    match (names.next(), names.next(), names.next()) {
        (Some("generations"), Some(number), Some("plan-local.json" | "plan-system.json" | "plan-final.json"))
        | (Some("generations"), Some(number), Some("document.json" | "report.json")) => {
            format!("remove it (rm -r {path}): it only records what generation {number} did")
        }
        (Some("generations"), Some(number), _) => {
            let directory = format!("{STATE_DIRECTORY}/generations/{number}");
            format!(
                "move generation {number} away (mv {directory} {directory}.damaged): its changes stay and can't be \
                 rolled back"
            )
        }
        (Some("inventory.json"), ..) => format!(
            "move it away (mv {path} {path}.damaged): what earlier documents configured then stays, even if later \
             documents no longer ask for it"
        ),
        (Some("ledger.json"), ..) => {
            format!("move it away (mv {path} {path}.damaged): commands that run once per instance then run again")
        }
        (Some("instance-id"), ..) => format!(
            "remove it (rm -r {path}): the next boot treats this as a new machine and applies its document again"
        ),
        _ => format!("remove it (rm -r {path})"),
    }
}
