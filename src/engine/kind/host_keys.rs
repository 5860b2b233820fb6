//! An SSH server's host keys: those that are missing are made, and those that the image brought go, once for an instance.
//!
//! At no moment is there none: new ones are in place before old ones go. That it was done is noted last.

use super::{Acting, ChangeKind};
use crate::engine::act::{ActError, Scene};
use crate::engine::view::{ChangeView, view};
use crate::module::{Dirty, HostKeys};
use crate::state::{LedgerUndo, Undo};
use crate::system::sshd::openssh_key;
use crate::system::{Kind, Machine, ReadError, Root, clock};
use crate::vocabulary::{HostKeyType, RunOutcome};

/// Its name in the ledger.
const NAME: &str = "host-keys";

/// Where the keys are.
const DIRECTORY: &str = "/etc/ssh";

impl ChangeKind for HostKeys {
    nothing_lasts!();
    by_itself!();

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        let seen = view("host keys", DIRECTORY, "modify", "");
        Ok(ChangeView {
            summary: format!("{DIRECTORY}: {}", self.in_words()),
            ..seen
        })
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        if self.left_for_boot(machine)?.is_some() {
            return Ok(true);
        }
        let is_renewed = !self.delete || was_renewed(machine);
        Ok(is_renewed && missing(&self.make, machine.root())?.is_empty())
    }

    /// A key that is made in an image is the key of all its clones.
    fn left_for_boot(&self, machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
        let later = || format!("left for the first boot in {DIRECTORY}: {}", self.in_words());
        Ok(machine.live().is_none().then(later))
    }

    fn dirties(&self) -> &[Dirty] {
        &self.dirties
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(std::future::ready(renew(self, scene)))
    }
}

impl HostKeys {
    fn in_words(&self) -> String {
        let names: Vec<&str> = self.make.iter().map(|kind| kind.name()).collect();
        let made = (!names.is_empty()).then(|| format!("new host keys, {}", names.join(" and ")));
        let gone = self
            .delete
            .then(|| "other host keys are removed, once for this instance".to_owned());
        let words: Vec<String> = made.into_iter().chain(gone).collect();
        words.join("; ")
    }
}

fn was_renewed(machine: &Machine<'_>) -> bool {
    machine.has_done(NAME)
}

fn missing(kinds: &[HostKeyType], root: &Root) -> Result<Vec<HostKeyType>, ReadError> {
    let mut missing = Vec::new();
    for kind in kinds {
        let there = root.metadata_followed(&kind.path())?;
        if there.is_none_or(|there| there.size == 0) {
            missing.push(*kind);
        }
    }
    Ok(missing)
}

fn renew(wanted: &HostKeys, scene: &Scene<'_>) -> Result<(), ActError> {
    let root = &scene.system.root;
    let instance_id = scene.instance_id()?;
    let ran = scene.store.ran_for(&instance_id)?;
    let is_done = ran.get(NAME).is_some_and(|run| run.outcome == RunOutcome::Done);
    let delete = wanted.delete && !is_done;
    let make = if delete {
        wanted.make.clone()
    } else {
        missing(&wanted.make, root)?
    };
    let mut kept: Vec<String> = Vec::new();
    for kind in &make {
        let Some(key) = openssh_key::make(*kind) else { continue };
        let key = key.map_err(ActError::Refused)?;
        let path = kind.path();
        write(scene, &format!("{path}.pub"), key.public.as_bytes(), 0o644)?;
        write(scene, &path, key.private.expose().as_bytes(), 0o600)?;
        kept.extend([format!("{path}.pub"), path]);
    }
    for kind in &wanted.given {
        let path = kind.path();
        kept.extend([format!("{path}.pub"), format!("{path}-cert.pub"), path]);
    }
    if !delete || kept.is_empty() {
        return Ok(());
    }
    scene.record(Undo::Ledger(LedgerUndo { key: NAME.to_owned() }), &[])?;
    for path in host_keys(root)? {
        if !kept.contains(&path) {
            scene.remember_path(&path, &[])?;
            scene.system.writer.remove(&path)?;
        }
    }
    Ok(scene.store.note_done(NAME, &instance_id, clock::now())?)
}

fn write(scene: &Scene<'_>, path: &str, bytes: &[u8], mode: u32) -> Result<(), ActError> {
    scene.remember_path(path, &[])?;
    Ok(scene.system.writer.write_file(path, bytes, mode, (0, 0))?)
}

/// The files that `ssh_host_*key*` matches, as cloud-init has it.
fn host_keys(root: &Root) -> Result<Vec<String>, ReadError> {
    let mut found = Vec::new();
    for name in root.list(DIRECTORY)? {
        let path = format!("{DIRECTORY}/{name}");
        let is_key = name.strip_prefix("ssh_host_").is_some_and(|rest| rest.contains("key"));
        if is_key && root.metadata(&path)?.is_some_and(|there| there.kind != Kind::Directory) {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::undo::undo_generation;
    use crate::state::{Generation, Store};
    use crate::system::{Facts, Live, System};

    /// A machine that runs, with the keys of its image and one generation.
    struct Scratch {
        tree: tempfile::TempDir,
        system: System,
        store: Store,
    }

    impl Scratch {
        fn new() -> Self {
            let tree = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(tree.path().join("etc/ssh")).unwrap();
            let write = |path: &str| std::fs::write(tree.path().join("etc/ssh").join(path), "old\n").unwrap();
            for kind in ["rsa", "ed25519"] {
                write(&format!("ssh_host_{kind}_key"));
                write(&format!("ssh_host_{kind}_key.pub"));
            }
            write("sshd_config");
            write("moduli");
            let system = System::tree(tree.path()).unwrap();
            let store = Store::new(system.root.clone());
            store.begin(Generation::sample()).unwrap();
            Self { tree, system, store }
        }

        /// The files of /etc/ssh, with what is in them.
        fn files(&self) -> BTreeMap<String, String> {
            let entries = std::fs::read_dir(self.tree.path().join("etc/ssh")).unwrap();
            let paths = entries.map(|entry| entry.unwrap().path());
            paths
                .map(|path| {
                    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                    (name, std::fs::read_to_string(&path).unwrap())
                })
                .collect()
        }

        fn renew(&self, wanted: &HostKeys) {
            let scene = Scene {
                system: &self.system,
                store: &self.store,
                generation: 1,
                module: "host_keys",
                by_hand: false,
            };
            renew(wanted, &scene).unwrap();
        }

        fn holds(&self, wanted: &HostKeys, instance: &str) -> bool {
            let facts = Facts {
                live: Some(Live::default()),
                ran: self.store.ran_for(instance).unwrap(),
                ..Facts::default()
            };
            wanted.holds(&Machine::new(&self.system.root, &facts)).unwrap()
        }
    }

    fn wanted(make: &[HostKeyType], given: &[HostKeyType], delete: bool) -> HostKeys {
        HostKeys {
            make: make.to_vec(),
            given: given.to_vec(),
            delete,
            dirties: Vec::new(),
        }
    }

    const BOTH: [HostKeyType; 2] = [HostKeyType::Ecdsa, HostKeyType::Ed25519];

    #[test]
    fn those_of_the_image_go_once_for_an_instance() {
        let scratch = Scratch::new();
        let wanted = wanted(&BOTH, &[], true);
        assert!(!scratch.holds(&wanted, "i-1"));
        scratch.renew(&wanted);
        let files = scratch.files();
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        let expected = [
            "moduli",
            "ssh_host_ecdsa_key",
            "ssh_host_ecdsa_key.pub",
            "ssh_host_ed25519_key",
            "ssh_host_ed25519_key.pub",
            "sshd_config",
        ];
        assert_eq!(names, expected);
        assert!(files["ssh_host_ed25519_key"].contains("OPENSSH PRIVATE KEY"));
        let mode = std::fs::metadata(scratch.tree.path().join("etc/ssh/ssh_host_ed25519_key")).unwrap();
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777,
            0o600
        );
        assert!(scratch.holds(&wanted, "i-1") && !scratch.holds(&wanted, "i-2"));
        // One that sshd's own unit makes stays, and so do ours.
        std::fs::write(scratch.tree.path().join("etc/ssh/ssh_host_rsa_key"), "new").unwrap();
        scratch.renew(&wanted);
        assert_eq!(scratch.files()["ssh_host_ed25519_key"], files["ssh_host_ed25519_key"]);
        assert_eq!(scratch.files()["ssh_host_rsa_key"], "new");
    }

    #[test]
    fn only_those_that_are_missing_are_made() {
        let scratch = Scratch::new();
        let wanted = wanted(&BOTH, &[], false);
        scratch.renew(&wanted);
        let files = scratch.files();
        assert_eq!(
            (
                files["ssh_host_ed25519_key"].as_str(),
                files["ssh_host_rsa_key"].as_str()
            ),
            ("old\n", "old\n")
        );
        assert!(files["ssh_host_ecdsa_key.pub"].starts_with("ecdsa-sha2-nistp256 "));
        assert!(scratch.holds(&wanted, "i-1"));
        // An empty file is what a power cut leaves.
        std::fs::write(scratch.tree.path().join("etc/ssh/ssh_host_ecdsa_key"), "").unwrap();
        assert!(!scratch.holds(&wanted, "i-1"));
    }

    #[test]
    fn those_of_the_document_stay() {
        let scratch = Scratch::new();
        scratch.renew(&wanted(&[], &[HostKeyType::Ed25519], true));
        let names: Vec<String> = scratch.files().into_keys().collect();
        assert_eq!(
            names,
            [
                "moduli",
                "ssh_host_ed25519_key",
                "ssh_host_ed25519_key.pub",
                "sshd_config"
            ]
        );
        let scratch = Scratch::new();
        let before = scratch.files();
        scratch.renew(&wanted(&[], &[], true));
        assert_eq!(scratch.files(), before, "nothing would be left");
    }

    #[tokio::test]
    async fn what_is_undone_is_as_it_was() {
        let scratch = Scratch::new();
        let (before, wanted) = (scratch.files(), wanted(&BOTH, &[], true));
        scratch.renew(&wanted);
        undo_generation(&scratch.system, &scratch.store, &Facts::default(), 1, None)
            .await
            .unwrap();
        assert_eq!(scratch.files(), before);
        assert!(!scratch.holds(&wanted, "i-1"));
    }
}
