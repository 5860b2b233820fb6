//! `users[].selinux_user`: which user of SELinux's policy an account logs in as.

use super::{Change, DocumentCommand, Module, Once, Plan, PlanError, Program, Stage, Supply, When};
use crate::document::commands::quoted;
use crate::document::commands::script::Script;
use crate::document::users::{SelinuxUser, wanted};
use crate::document::{Config, UserName};
use crate::system::Machine;

/// Its name, in the ledger too.
const NAME: &str = "selinux_users";

/// What a machine with SELinux has, selinux_config(5).
const CONFIG: &str = "/etc/selinux/config";

/// Has semanage(8) give accounts their SELinux users. It knows how the policy's store is written, and needs seconds for it.
#[derive(Debug, Clone, Copy)]
pub struct SelinuxUsers;

impl Module for SelinuxUsers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn stage(&self) -> Stage {
        Stage::Final
    }

    fn needs(&self) -> &'static [Supply] {
        &[Supply::Accounts]
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let (mut lines, mut logins) = (Vec::new(), Vec::new());
        for user in wanted(want).into_iter().map(|wanted| wanted.user) {
            let Some(selinux_user) = &user.selinux_user else {
                continue;
            };
            lines.push(telling(&user.name, selinux_user));
            logins.push(format!("{} logs in as {selinux_user}", user.name));
        }
        let what = logins.join(", ");
        if logins.is_empty() {
            return Ok(plan);
        }
        if machine.root().metadata_followed(CONFIG)?.is_none() {
            plan.notice(format!("SELinux is not on this machine ({CONFIG}): {what} once it is"));
            return Ok(plan);
        }
        if machine.has_done_this(NAME, &what) {
            return Ok(plan);
        }
        plan.changes.push(Change::DocumentCommand(DocumentCommand {
            name: NAME.to_owned(),
            program: Program::Script(Script::of_ours(lines)),
            limit: want.command_limit(),
            purpose: what.clone(),
            once: Once::UntilDone(what),
            when: When::InTurn,
        }));
        Ok(plan)
    }
}

/// The line that gives `name` its SELinux user. A login that is there keeps the range of its old user, which the new one
/// may not have: it goes first, but not for a user that the policy doesn't have.
fn telling(name: &UserName, selinux_user: &SelinuxUser) -> String {
    let name = quoted(&[name.to_string()]);
    let pattern = selinux_user.as_str().replace('.', r"\.");
    format!(
        "if semanage user -l -n | grep '^{pattern}[[:space:]]' >/dev/null; \
         then semanage login -d {name} 2>/dev/null; semanage login -a -s {selinux_user} {name}; \
         else echo 'SELinux has no user {selinux_user}; `semanage user -l` lists those it has' >&2; false; fi"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};
    use crate::system::{Facts, Root};
    use crate::vocabulary::{Run, RunOutcome};

    const USERS: &str = "users: [{name: ann, selinux_user: staff_u}, {name: bob}, {name: eve, selinux-user: user_u}]\n";

    fn plan(yaml: &str, has_selinux: bool, done: Option<&str>) -> Plan {
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        assert!(!document.has_errors(), "{:?}", document.diagnostics);
        let tree = tempfile::tempdir().unwrap();
        if has_selinux {
            std::fs::create_dir_all(tree.path().join("etc/selinux")).unwrap();
            std::fs::write(tree.path().join("etc/selinux/config"), "SELINUX=enforcing\n").unwrap();
        }
        let root = Root::open(tree.path()).unwrap();
        let run = |what: &str| Run {
            outcome: RunOutcome::Done,
            what: Some(what.to_owned()),
            ..Run::begun("i-1", 7)
        };
        let facts = Facts {
            ran: done.map(|what| (NAME.to_owned(), run(what))).into_iter().collect(),
            ..Facts::default()
        };
        SelinuxUsers
            .plan(&document.config, &Machine::new(&root, &facts))
            .unwrap()
    }

    #[test]
    fn each_login_is_told_until_it_is_done() {
        let told = plan(USERS, true, None);
        let [Change::DocumentCommand(command)] = told.changes.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!(command.purpose, "ann logs in as staff_u, eve logs in as user_u");
        let Program::Script(script) = &command.program else {
            panic!()
        };
        let line = "then semanage login -d 'eve' 2>/dev/null; semanage login -a -s user_u 'eve'; else";
        assert!(script.text().contains(line), "{}", script.text());
        assert_eq!(plan(USERS, true, Some(&command.purpose)), Plan::default());
        assert_eq!(
            plan(USERS, true, Some("ann logs in as sysadm_u")).changes.len(),
            1,
            "another one"
        );
    }

    #[test]
    fn without_selinux_that_is_said_and_without_the_key_nothing() {
        let without = plan(USERS, false, None);
        assert!(without.changes.is_empty() && without.notes[0].text.contains("SELinux is not on this machine"));
        assert_eq!(plan("users: [bob]\n", true, None), Plan::default());
    }
}
