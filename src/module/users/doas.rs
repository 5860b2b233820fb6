//! `doas`: the rules of all accounts in `/etc/doas.conf`, doas.conf(5). The last one that matches counts.

use crate::document::users::Wanted;
use crate::module::{Change, Check, FileChange, Plan, PlanError, RulesCheck, Share};
use crate::system::Machine;

/// The only file that doas reads.
const FILE: &str = "/etc/doas.conf";

/// doas refuses a file that others can write.
const MODE: u32 = 0o440;

/// Where doas is.
const PROGRAMS: [&str; 2] = ["/usr/bin/doas", "/usr/local/bin/doas"];

/// Adds the rules at the end of the file, where they aren't in it.
///
/// # Errors
/// The machine can't be read.
pub fn plan(plan: &mut Plan, users: &[Wanted], machine: &Machine<'_>) -> Result<(), PlanError> {
    let with_rules: Vec<&Wanted> = users.iter().filter(|wanted| !wanted.user.doas().is_empty()).collect();
    let Some(first) = with_rules.first() else { return Ok(()) };
    let there = machine.metadata(FILE)?;
    let mut text = machine.read_text(FILE)?.unwrap_or_default();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for rule in with_rules.iter().flat_map(|wanted| wanted.user.doas()) {
        if !text.lines().any(|line| line.trim() == rule) {
            text += &format!("{rule}\n");
        }
    }
    plan.checks.push(Check::Doas(RulesCheck {
        path: FILE.to_owned(),
        content: text.clone().into_bytes(),
        asked: first.path.iter().cloned().chain(["doas".to_owned()]).collect(),
    }));
    let file = match there {
        Some(as_is) => FileChange::rewrite(FILE, text, &as_is),
        None => FileChange::write(FILE, text, MODE),
    };
    plan.changes.push(Change::File(file.share(Share::Lines)));
    for program in PROGRAMS {
        if machine.root().exists(program)? {
            return Ok(());
        }
    }
    plan.info("doas isn't installed: its rules have no effect until it is");
    Ok(())
}
