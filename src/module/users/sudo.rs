//! `sudo`: each account's rules in a file of their own, sudoers(5).

use crate::document::users::Wanted;
use crate::module::{Change, Check, FileChange, Plan, PlanError, RulesCheck, Share};
use crate::system::Machine;

/// The directory of the files.
const DIRECTORY: &str = "/etc/sudoers.d";

/// The main file, which has to include the directory.
const MAIN: &str = "/etc/sudoers";

/// sudo refuses a file that others can write, and warns of one that others can read.
const MODE: u32 = 0o440;

/// Adds the files with the rules. A file each: a broken rule of one account takes away no other's.
///
/// # Errors
/// The machine can't be read.
pub fn plan(plan: &mut Plan, users: &[Wanted], machine: &Machine<'_>) -> Result<(), PlanError> {
    let mut with_rules = users.iter().filter(|wanted| !wanted.user.sudo().is_empty()).peekable();
    if with_rules.peek().is_none() {
        return Ok(());
    }
    for wanted in with_rules {
        if wanted.user.name.as_str().starts_with(|c: char| c.is_ascii_uppercase()) {
            let path: Vec<&str> = wanted.path.iter().map(String::as_str).chain(["sudo"]).collect();
            let why = format!(
                "sudo doesn't read `{}` as an account's name: it begins with a capital letter",
                wanted.user.name
            );
            plan.problems
                .push(PlanError::at(&path, why).hint("choose a name in small letters"));
            continue;
        }
        let name = escaped(wanted.user.name.as_str());
        let rules = wanted.user.sudo().iter();
        let text: String = rules.map(|rule| format!("{name} {rule}\n")).collect();
        let path = file(wanted.user.name.as_str());
        plan.changes.push(Change::File(
            FileChange::write(path.clone(), text.clone(), MODE).headed(),
        ));
        plan.checks.push(Check::Sudoers(RulesCheck {
            path,
            content: text.into_bytes(),
            asked: wanted.path.iter().cloned().chain(["sudo".to_owned()]).collect(),
        }));
    }
    if !machine.root().exists("/usr/bin/sudo")? {
        plan.info("sudo isn't installed: its rules have no effect until it is");
    }
    include_directory(plan, machine)
}

/// An account's file. sudo ignores names with a dot.
pub fn file(name: &str) -> String {
    format!("{DIRECTORY}/90-firstlight-{}", name.replace('.', "%2e"))
}

/// sudo reads the directory only if the main file says so. Where there is none, sudo isn't installed.
fn include_directory(plan: &mut Plan, machine: &Machine<'_>) -> Result<(), PlanError> {
    let Some(main) = machine.read_text(MAIN)? else {
        return Ok(());
    };
    let includes = |line: &str| {
        let line = line.trim();
        let rest = line
            .strip_prefix("@includedir")
            .or_else(|| line.strip_prefix("#includedir"));
        rest.is_some_and(|rest| rest.trim().trim_matches('"').trim_end_matches('/') == DIRECTORY)
    };
    let Some(as_is) = machine.metadata(MAIN)?.filter(|_| !main.lines().any(includes)) else {
        return Ok(());
    };
    let newline = if main.is_empty() || main.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let text = format!("{main}{newline}@includedir {DIRECTORY}\n");
    plan.changes.push(Change::File(
        FileChange::rewrite(MAIN, text, &as_is).share(Share::Lines),
    ));
    Ok(())
}

/// An account's name as sudoers(5) reads it literally.
fn escaped(name: &str) -> String {
    let is_special = |c: char| "@!=:,()\\".contains(c);
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        if is_special(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
