//! networkd files from the document: in `/etc/systemd/network`, next to those of `network`.

use super::network::{DIRECTORY, for_networkd, trigger_udev};
use super::{Change, Dirty, FileChange, Module, Plan, PlanError, Stage, Supply, header};
use crate::document::Config;
use crate::document::networkd_files::{NetworkdFile, NetworkdFileKind};
use crate::system::{Machine, ReadError};

/// Writes the files of networkd that the document has.
#[derive(Debug, Clone, Copy)]
pub struct NetworkdFiles;

impl Module for NetworkdFiles {
    fn name(&self) -> &'static str {
        "networkd_files"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn gives(&self) -> &'static [Supply] {
        &[Supply::NetworkFiles]
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn asked_at(&self, change: &Change, want: &Config) -> Vec<String> {
        let name = change.path().and_then(|path| path.rsplit('/').next());
        let mut files = want.networkd_files.iter().flatten();
        let number = files.position(|file| name == Some(file.name.as_str()));
        let keys = number.map(|number| [number.to_string(), "name".to_owned()]);
        ["networkd_files".to_owned()]
            .into_iter()
            .chain(keys.into_iter().flatten())
            .collect()
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let mut new_links = Vec::new();
        want.left_out
            .networkd_files
            .iter()
            .for_each(|sentence| plan.warn(sentence));
        for (number, file) in want.networkd_files.iter().flatten().enumerate() {
            if hides_a_network(file) && !want.left_out.is_empty() {
                let name = file.name.as_str();
                plan.warn(format!(
                    "{name} is not hidden: firstlight leaves out the configuration that would replace it"
                ));
                continue;
            }
            let mut change = match file_change(number, file, machine) {
                Ok(change) => change,
                Err(error) => {
                    plan.problems.push(error);
                    continue;
                }
            };
            if file.name.kind() == NetworkdFileKind::Link {
                new_links.extend(is_new(&change, machine)?.then_some(file.name.as_str()));
            } else {
                change = change.dirties(Dirty::Network);
            }
            plan.changes.push(Change::File(change));
        }
        if !new_links.is_empty() {
            trigger_udev(&new_links.join(", "), machine, &mut plan)?;
        }
        Ok(plan)
    }
}

/// Whether it takes the place of a file that configures links, and says nothing.
fn hides_a_network(file: &NetworkdFile) -> bool {
    file.name.kind() == NetworkdFileKind::Network && file.contents.expose().is_empty()
}

fn file_change(number: usize, file: &NetworkdFile, machine: &Machine<'_>) -> Result<FileChange, PlanError> {
    let mut text = file.contents.expose().to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    // An empty file hides the distribution's of that name; one with a comment in it would not.
    let is_mask = text.is_empty();
    let path = format!("{DIRECTORY}/{}", file.name.as_str());
    let mut change = FileChange::write(path, text, 0o644);
    if file.is_secret() {
        change = for_networkd(change, &["networkd_files", &number.to_string()], machine)?;
    }
    Ok(if is_mask { change } else { change.headed() })
}

fn is_new(change: &FileChange, machine: &Machine<'_>) -> Result<bool, ReadError> {
    let there = machine.root().read(&change.path)?;
    let wanted = change.content.as_ref().map(|content| &*content.bytes);
    Ok(there.as_deref().map(header::without) != wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Text, Texts};
    use crate::system::{Facts, Live, Root};

    fn plan(document: &str, files: &[(&str, &str)], live: Option<Live>) -> Result<Plan, PlanError> {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = tree.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let root = Root::open(tree.path()).unwrap();
        let text = Text::new("user-data", document.as_bytes());
        let document = Document::read(&Texts {
            user_data: Some(text),
            ..Texts::default()
        });
        assert!(!document.has_errors(), "{:?}", document.diagnostics);
        let facts = Facts {
            today: 20_000,
            live,
            ..Facts::default()
        };
        NetworkdFiles.plan(&document.config, &Machine::new(&root, &facts))
    }

    /// One file: its path, mode, group, whether it is a secret, whether it has our line above it.
    fn one(document: &str, files: &[(&str, &str)]) -> (String, u32, u32, bool, bool) {
        let plan = plan(document, files, None).unwrap();
        let [Change::File(file)] = plan.changes.as_slice() else {
            panic!("{plan:?}")
        };
        let content = file.content.as_ref().unwrap();
        (
            file.path.clone(),
            content.mode,
            content.owner.1,
            file.secret,
            file.headed,
        )
    }

    const GROUPS: (&str, &str) = ("etc/group", "root:x:0:\nsystemd-network:x:76:\n");

    #[test]
    fn a_secret_is_for_networkd_alone() {
        let public = "networkd_files: [{name: a.network, contents: \"[Match]\\nName=x\\n\"}]\n";
        let path = |name: &str| format!("/etc/systemd/network/{name}");
        assert_eq!(one(public, &[]), (path("a.network"), 0o644, 0, false, true));
        let key = "networkd_files: [{name: wg0.netdev, contents: \"[WireGuard]\\nPrivateKey=hunter2\\n\"}]\n";
        assert_eq!(one(key, &[GROUPS]), (path("wg0.netdev"), 0o640, 76, true, true));
        let named = "networkd_files: [{name: a.network, contents: \"[Match]\\nName=x\\n\", secret: true}]\n";
        assert_eq!(one(named, &[GROUPS]), (path("a.network"), 0o640, 76, true, true));
        let mask = "networkd_files: [{name: 99-dhcp-en.network, contents: \"\"}]\n";
        assert_eq!(one(mask, &[]), (path("99-dhcp-en.network"), 0o644, 0, false, false));

        let error = plan(key, &[("etc/group", "root:x:0:\n")], None)
            .unwrap()
            .problems
            .remove(0);
        assert_eq!(error.path, ["networkd_files", "0"]);
        assert!(error.message.contains("no group systemd-network") && !error.message.contains("hunter2"));
    }

    #[test]
    fn udev_looks_again_at_links_when_a_link_file_is_new() {
        let document = "networkd_files: [{name: a.link, contents: \"[Match]\\nMACAddress=00:50:56:aa:bb:cc\\n\"}]\n";
        let udev = [("run/udev/control", ""), ("usr/bin/udevadm", "")];
        let early = plan(document, &udev, Some(Live::default())).unwrap();
        let [Change::File(file), Change::Command(command)] = early.changes.as_slice() else {
            panic!("{early:?}")
        };
        assert!(file.dirties.is_empty());
        assert_eq!(command.argv[1..], ["trigger", "--action=add", "--subsystem-match=net"]);
        let bus = Live {
            bus: true,
            ..Live::default()
        };
        let late = plan(document, &udev, Some(bus.clone())).unwrap();
        assert_eq!((late.changes.len(), late.notes.len()), (1, 1), "{late:?}");
        let there = ("etc/systemd/network/a.link", "[Match]\nMACAddress=00:50:56:aa:bb:cc\n");
        let again = plan(document, &[there], Some(bus)).unwrap();
        assert_eq!((again.changes.len(), again.notes.len()), (1, 0), "{again:?}");
    }

    /// Hiding the image's own file is right only together with its replacement.
    #[test]
    fn nothing_is_hidden_where_what_takes_its_place_is_left_out() {
        let hide = "{name: 99-dhcp-en.network, contents: ''}";
        for (document, hidden) in [
            (
                format!("networkd_files: [{hide}]\nnetwork: {{ethernets: {{eth0: {{dhcp4: true}}}}}}\n"),
                true,
            ),
            (
                format!("networkd_files: [{hide}]\nnetwork: {{ethernets: {{eth0: {{dhcp: true}}}}}}\n"),
                false,
            ),
            (
                format!("networkd_files: [{hide}, {{name: 50-lan.network, contents: nonsense}}]\n"),
                false,
            ),
            (
                format!("networkd_files: [{hide}, {{name: 50-lan.network, content: ''}}]\n"),
                false,
            ),
        ] {
            let document = Document::read(&Texts::of_user_data("user-data", document.as_bytes()));
            let tree = tempfile::tempdir().unwrap();
            let root = Root::open(tree.path()).unwrap();
            let plan = NetworkdFiles
                .plan(&document.config, &Machine::new(&root, &Facts::default()))
                .unwrap();
            assert_eq!(plan.changes.len(), usize::from(hidden), "{:?}", document.diagnostics);
            let said = plan
                .notes
                .iter()
                .any(|note| note.text.contains("99-dhcp-en.network is not hidden"));
            assert_eq!(said, !hidden, "{:?}", plan.notes);
        }
    }
}
