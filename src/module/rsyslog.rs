//! `rsyslog`: files in the directory that rsyslog includes.

use super::on_the_way::with_directories;
use super::services::missing_unit;
use super::{Change, Dirty, FileChange, Module, Plan, PlanError, Stage};
use crate::document::{Config, redact};
use crate::system::Machine;
use crate::system::systemd::{UnitFile, UnitName};

/// rsyslog's unit.
const UNIT: &str = "rsyslog.service";

/// Where the files are if the document doesn't say, as with cloud-init.
const DIRECTORY: &str = "/etc/rsyslog.d";

/// The file of what names none, as with cloud-init.
const FILE: &str = "20-cloud-config.conf";

/// Writes what rsyslog is told, and restarts it.
#[derive(Debug, Clone, Copy)]
pub struct Rsyslog;

impl Module for Rsyslog {
    fn name(&self) -> &'static str {
        "rsyslog"
    }

    /// Before it starts.
    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let files = files(want);
        if files.is_empty() {
            return Ok(plan);
        }
        let unit = UnitName::parse(UNIT).map_err(|why| PlanError::at(&["rsyslog"], why))?;
        if UnitFile::find_behind_mask(machine.root(), &unit)?.is_none() {
            let missing = missing_unit(machine.root(), &unit, &["rsyslog"]);
            let hint = missing
                .hint
                .as_ref()
                .map(|hint| format!(" ({hint})"))
                .unwrap_or_default();
            plan.warn(format!("nothing reads what `rsyslog` writes: {missing}{hint}"));
        }
        let files = files.into_iter().map(|(path, text)| {
            // It is read as root. What has a password in it, or a token, is for nobody else.
            let mode = if redact::secrets(&text).is_empty() {
                0o644
            } else {
                0o600
            };
            FileChange::write(path, text, mode).dirties(Dirty::Restart(UNIT.to_owned()))
        });
        plan.changes = with_directories(files.collect(), machine);
        Ok(plan)
    }

    fn asked_at(&self, _change: &Change, _want: &Config) -> Vec<String> {
        vec!["rsyslog".to_owned()]
    }
}

/// The files with their texts, in the order of the document; the remotes are the last piece.
fn files(want: &Config) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    let Some(rsyslog) = &want.rsyslog else {
        return files;
    };
    let directory = rsyslog
        .config_dir
        .as_ref()
        .map_or(DIRECTORY, |directory| directory.as_str());
    let standard = rsyslog.config_filename.as_ref().map_or(FILE, |name| name.as_str());
    let mut add = |name: &str, text: &str| {
        let path = format!("{directory}/{name}");
        let at = files.iter().position(|(other, _)| *other == path).unwrap_or_else(|| {
            files.push((path, String::new()));
            files.len() - 1
        });
        let file = &mut files[at].1;
        file.push_str(text);
        if !text.ends_with('\n') {
            file.push('\n');
        }
    };
    for piece in &rsyslog.configs {
        add(
            piece.filename.as_ref().map_or(standard, |name| name.as_str()),
            &piece.content,
        );
    }
    if !rsyslog.remotes.0.is_empty() {
        let remotes = rsyslog.remotes.0.iter();
        let lines: String = remotes.map(|(name, remote)| format!("{remote} # {name}\n")).collect();
        add(standard, &format!("# begin remotes\n{lines}# end remotes\n"));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Texts};
    use crate::system::{Facts, Root};

    fn plan(document: &str, unit: bool) -> (Vec<(String, String, u32)>, usize) {
        let tree = tempfile::tempdir().unwrap();
        let units = tree.path().join("usr/lib/systemd/system");
        std::fs::create_dir_all(&units).unwrap();
        std::fs::create_dir_all(tree.path().join("etc/rsyslog.d")).unwrap();
        if unit {
            std::fs::write(units.join(UNIT), "[Service]\nExecStart=/usr/sbin/rsyslogd\n").unwrap();
        }
        let root = Root::open(tree.path()).unwrap();
        let document = Document::read(&Texts::of_user_data("x", document.as_bytes()));
        assert!(!document.has_errors(), "{:?}", document.diagnostics);
        let facts = Facts::default();
        let plan = Rsyslog.plan(&document.config, &Machine::new(&root, &facts)).unwrap();
        let files = plan.changes.into_iter().filter_map(|change| match change {
            Change::File(file) => {
                assert_eq!(file.dirties, [Dirty::Restart(UNIT.to_owned())]);
                let content = file.content?;
                let text = String::from_utf8(content.bytes.to_vec()).unwrap();
                Some((file.path, text, content.mode))
            }
            _ => None,
        });
        (files.collect(), plan.notes.len())
    }

    #[test]
    fn pieces_of_one_file_are_put_together_and_the_remotes_come_last() {
        let document = "rsyslog: {configs: ['*.* @1.2.3.4', {content: x, filename: 10-x.conf}, {content: \"y\\n\"}], remotes: \
             {a: '@@[::1]:514', b: ~}}";
        let expected = [
            (
                "/etc/rsyslog.d/20-cloud-config.conf".to_owned(),
                "*.* @1.2.3.4\ny\n# begin remotes\n*.* @@[::1]:514 # a\n# end remotes\n".to_owned(),
                0o644,
            ),
            ("/etc/rsyslog.d/10-x.conf".to_owned(), "x\n".to_owned(), 0o644),
        ];
        assert_eq!(plan(document, true), (expected.to_vec(), 0));
        assert_eq!(plan(document, false), (expected.to_vec(), 1), "nothing reads them");
    }

    #[test]
    fn nothing_asked_is_nothing_done_and_places_can_be_chosen() {
        for document in ["rsyslog: {}", "rsyslog: ~", "rsyslog: {configs: [], remotes: {a: ~}}"] {
            assert_eq!(plan(document, false), (Vec::new(), 0), "{document}");
        }
        let (files, _) = plan(
            "rsyslog: {config_dir: /etc/x.d, config_filename: a.conf, configs: ['password=hunter22']}",
            true,
        );
        assert_eq!((files[0].0.as_str(), files[0].2), ("/etc/x.d/a.conf", 0o600));
    }
}
