use super::*;
use crate::document::Texts;
use crate::engine::Baseline;
use crate::module::authorized_keys::AuthorizedKeys;
use crate::module::write_files::WriteFiles;
use crate::system::{Facts, Root};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5";

/// The plan for root's key and these files, where root's home directory has this file of keys.
fn plan(write_files: &str, keys: Option<&str>) -> GenerationPlan {
    let tree = tempfile::tempdir().unwrap();
    for directory in ["etc", "root"] {
        std::fs::create_dir(tree.path().join(directory)).unwrap();
    }
    let system = crate::system::System::tree(tree.path()).unwrap();
    if let Some(keys) = keys {
        let there = system.root.metadata("/root").unwrap().unwrap();
        let owner = (there.uid, there.gid);
        system.writer.make_directory("/root/.ssh", 0o700, owner).unwrap();
        let path = "/root/.ssh/authorized_keys";
        system.writer.write_file(path, keys.as_bytes(), 0o600, owner).unwrap();
    }
    let yaml = format!("root: {{ssh_authorized_keys: ['{KEY}']}}\nwrite_files: {write_files}\n");
    let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
    let (root, facts) = (Root::open(tree.path()).unwrap(), Facts::default());
    let machine = Machine::new(&root, &facts);
    GenerationPlan::make(
        &[&AuthorizedKeys, &WriteFiles],
        &document,
        &machine,
        &Baseline::default(),
    )
    .unwrap()
}

#[test]
fn a_directory_on_the_way_is_as_who_asks_for_it_wants_it() {
    let plan = plan("[{path: /root/.ssh/config, content: x}, {path: /root/a/b}]", None);
    assert_eq!(plan.problems().count(), 0, "{plan:?}");
    let made = |name: &str| {
        let changes = plan.modules.iter().filter(|module| module.name == name);
        let changes = changes.flat_map(|module| &module.changes);
        let made = changes.filter_map(|change| {
            let Change::Directory(directory) = change else {
                return None;
            };
            Some((directory.path.clone(), directory.mode))
        });
        made.collect::<Vec<_>>()
    };
    assert_eq!(made("ssh_authorized_keys"), [("/root/.ssh".to_owned(), 0o700)]);
    assert_eq!(made("write_files"), [("/root/a".to_owned(), 0o755)]);
}

#[test]
fn a_file_that_another_module_keeps_private_is_not_told_to_be_opened_up() {
    let keys = format!("# mine\n{KEY}\n");
    let plan = plan(
        "[{path: /root/.ssh/authorized_keys, content: \"# mine\\n\"}]",
        Some(&keys),
    );
    let told = |note: &&Note| note.text.contains("becomes accessible");
    let notes = plan.modules.iter().flat_map(|module| &module.notes);
    assert_eq!(notes.filter(told).count(), 0, "{plan:?}");
}
