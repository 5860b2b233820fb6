//! `tmpfiles`: a file that systemd-tmpfiles reads at each boot, and now.
//!
//! It is written in the system stage: systemd-tmpfiles has run in this boot by then, so that it has to run again.

use super::on_the_way::with_directories;
use super::{Change, CommandChange, FileChange, Module, Plan, PlanError, Stage, header};
use crate::document::Config;
use crate::document::tmpfiles::TmpfilesLine;
use crate::system::{Machine, ReadError};

/// What systemd-tmpfiles reads. Of two lines for one path, the one in the file with the first name counts.
const FILE: &str = "/etc/tmpfiles.d/00-firstlight.conf";

/// Where the program is.
const PROGRAMS: [&str; 2] = ["/usr/bin/systemd-tmpfiles", "/bin/systemd-tmpfiles"];

/// Has systemd-tmpfiles make what the document lists.
#[derive(Debug, Clone, Copy)]
pub struct Tmpfiles;

impl Module for Tmpfiles {
    fn name(&self) -> &'static str {
        "tmpfiles"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    /// A line that can't be done is no reason to forget the others: at the next boot, it may be.
    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let lines: Vec<&TmpfilesLine> = want.tmpfiles.iter().flat_map(|lines| &lines.0).collect();
        let there = machine.root().read(FILE)?;
        if lines.is_empty() {
            if there.is_some_and(|there| header::without(&there) != there) {
                plan.notice(format!("what systemd-tmpfiles made of {FILE} stays as it is"));
            }
            return Ok(plan);
        }
        let text: String = lines.iter().map(|line| format!("{}\n", line.text())).collect();
        let is_new = there.as_deref().map(header::without) != Some(text.as_bytes());
        let file = match lines.iter().any(|line| line.is_secret()) {
            true => FileChange::write(FILE, text, 0o600).secret().headed(),
            false => FileChange::write(FILE, text, 0o644).headed(),
        };
        plan.changes = with_directories(vec![file], machine);
        if is_new && machine.live().is_some() {
            run(&lines, machine, &mut plan)?;
        }
        Ok(plan)
    }
}

/// Has systemd-tmpfiles make it now. In a tree, the first boot does.
fn run(lines: &[&TmpfilesLine], machine: &Machine<'_>, plan: &mut Plan) -> Result<(), ReadError> {
    let mut program = None;
    for path in PROGRAMS {
        if program.is_none() && machine.metadata(path)?.is_some() {
            program = Some(path);
        }
    }
    let Some(program) = program else {
        plan.warn("this machine has no systemd-tmpfiles, so nothing makes what `tmpfiles` lists");
        return Ok(());
    };
    if lines.iter().any(|line| line.is_for_boot()) {
        plan.info("lines of `tmpfiles` whose type has `!` are for the next boot");
    }
    plan.changes.push(Change::Command(CommandChange {
        argv: [program, "--create", FILE].map(str::to_owned).to_vec(),
        purpose: format!("make what {FILE} lists"),
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};
    use crate::system::{Facts, Live, Root};

    /// A plan in lines, for a machine with these files.
    fn plan(text: &str, files: &[(&str, &str)], live: bool) -> Vec<String> {
        let tree = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let root = Root::open(tree.path()).unwrap();
        let document = Document::read(&Texts::of_user_data("x", text.as_bytes()));
        assert!(!document.has_errors(), "{:?}", document.diagnostics);
        let facts = Facts {
            live: live.then(Live::default),
            ..Facts::default()
        };
        let plan = Tmpfiles.plan(&document.config, &Machine::new(&root, &facts)).unwrap();
        let changes = plan.changes.iter().map(|change| match change {
            Change::File(file) => {
                let content = file.content.as_ref().unwrap();
                assert!(file.headed);
                format!("{} {:o} {}", file.path, content.mode, file.secret)
            }
            Change::Command(command) => command.argv.join(" "),
            Change::Directory(directory) => directory.path.clone(),
            other => panic!("{other:?}"),
        });
        let notes = plan.notes.iter().map(|note| format!("{:?}: {}", note.level, note.text));
        changes.chain(notes).collect()
    }

    const PROGRAM: (&str, &str) = ("usr/bin/systemd-tmpfiles", "");
    const DIRECTORY: (&str, &str) = ("etc/tmpfiles.d/x.conf", "");
    const PUBLIC: &str = "/etc/tmpfiles.d/00-firstlight.conf 644 false";

    #[test]
    fn what_is_new_is_made_now_or_at_the_first_boot() {
        let document = "tmpfiles: [d /srv/a, 'D! /srv/b']\n";
        let run = "/usr/bin/systemd-tmpfiles --create /etc/tmpfiles.d/00-firstlight.conf";
        let said = "Info: lines of `tmpfiles` whose type has `!` are for the next boot";
        assert_eq!(plan(document, &[PROGRAM, DIRECTORY], true), [PUBLIC, run, said]);
        assert_eq!(plan(document, &[PROGRAM, DIRECTORY], false), [PUBLIC]);
        let there = header::with(b"d /srv/a\nD! /srv/b\n", "x", None);
        let there = String::from_utf8(there).unwrap();
        let there = ("etc/tmpfiles.d/00-firstlight.conf", there.as_str());
        assert_eq!(plan(document, &[PROGRAM, there], true), [PUBLIC]);
        assert_eq!(plan("tmpfiles: [d /srv/a]\n", &[PROGRAM, there], true), [PUBLIC, run]);
        let stays = "Notice: what systemd-tmpfiles made of /etc/tmpfiles.d/00-firstlight.conf stays as it is";
        assert_eq!(plan("hostname: a\n", &[there], true), [stays]);
        assert_eq!(plan("tmpfiles: []\n", &[], true), [""; 0]);
        let none = "Warning: this machine has no systemd-tmpfiles, so nothing makes what `tmpfiles` lists";
        assert_eq!(plan(document, &[], true), ["/etc", "/etc/tmpfiles.d", PUBLIC, none]);
    }

    #[test]
    fn a_content_that_is_for_its_owner_alone_is_shown_to_nobody_else() {
        let lines = plan("tmpfiles: [f /etc/token 0600 - - - hunter2]\n", &[DIRECTORY], false);
        assert_eq!(lines, ["/etc/tmpfiles.d/00-firstlight.conf 600 true"]);
    }
}
