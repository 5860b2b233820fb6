//! Random bytes for the kernel, or for a file: once for an instance.

use super::{Acting, ChangeKind};
use crate::engine::act::{ActError, Scene};
use crate::engine::view::{ChangeView, view};
use crate::module::RandomSeed;
use crate::state::{LedgerUndo, Undo};
use crate::system::{Kind, Machine, ReadError, Root, clock, random_pool};

/// Its name in the ledger.
const NAME: &str = "random-seed";

/// The mode of a file that is new.
const MODE: u32 = 0o600;

impl ChangeKind for RandomSeed {
    nothing_lasts!();
    by_itself!();

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        let seen = view("random seed", self.target(), "modify", "");
        Ok(ChangeView {
            summary: format!("{}: {}, once for this instance", self.target(), self.in_words()),
            ..seen
        })
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(machine.has_done(NAME) || self.left_for_boot(machine)?.is_some())
    }

    /// A seed in an image is that of all its clones.
    fn left_for_boot(&self, machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
        let later = || format!("left for the first boot: {}: {}", self.target(), self.in_words());
        Ok(machine.live().is_none().then(later))
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(std::future::ready(seed(self, scene)))
    }
}

impl RandomSeed {
    fn target(&self) -> &str {
        self.file.as_deref().unwrap_or(random_pool::PATH)
    }

    fn in_words(&self) -> String {
        let count = self.bytes.expose().len();
        let bytes = if count == 1 { "byte" } else { "bytes" };
        match self.file {
            Some(_) => format!("{count} random {bytes} appended"),
            None => format!("{count} random {bytes} mixed into the kernel's"),
        }
    }
}

fn seed(wanted: &RandomSeed, scene: &Scene<'_>) -> Result<(), ActError> {
    let instance_id = scene.instance_id()?;
    scene.record(Undo::Ledger(LedgerUndo { key: NAME.to_owned() }), &[])?;
    match &wanted.file {
        Some(path) => append(path, wanted.bytes.expose(), scene)?,
        None => random_pool::mix(&scene.system.root, wanted.bytes.expose()).map_err(ActError::Refused)?,
    }
    Ok(scene.store.note_done(NAME, &instance_id, clock::now())?)
}

fn append(path: &str, bytes: &[u8], scene: &Scene<'_>) -> Result<(), ActError> {
    let root = &scene.system.root;
    let (mode, owner) = match root.metadata(path)? {
        None => (MODE, (0, 0)),
        Some(there) if there.kind == Kind::File => (there.mode, (there.uid, there.gid)),
        Some(_) => return Err(ActError::Refused(format!("{path} takes no random seed: it is no file"))),
    };
    let old = root.read(path)?.unwrap_or_default();
    scene.remember_path(path, &[])?;
    let new = [old.as_slice(), bytes].concat();
    Ok(scene.system.writer.write_file(path, &new, mode, owner)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::write_files::Content;
    use crate::engine::undo::undo_generation;
    use crate::state::{Generation, Store};
    use crate::system::{Facts, Live, System};

    /// A machine that runs, with one generation.
    struct Scratch {
        tree: tempfile::TempDir,
        system: System,
        store: Store,
    }

    impl Scratch {
        fn new() -> Self {
            let tree = tempfile::tempdir().unwrap();
            for directory in ["dev", "var/lib"] {
                std::fs::create_dir_all(tree.path().join(directory)).unwrap();
            }
            std::os::unix::fs::symlink("/dev/urandom", tree.path().join("dev/urandom")).unwrap();
            let system = System::tree(tree.path()).unwrap();
            let store = Store::new(system.root.clone());
            store.begin(Generation::sample()).unwrap();
            Self { tree, system, store }
        }

        fn seed(&self, wanted: &RandomSeed) -> Result<(), ActError> {
            let scene = Scene {
                system: &self.system,
                store: &self.store,
                generation: 1,
                module: "random_seed",
                by_hand: false,
            };
            seed(wanted, &scene)
        }

        fn holds(&self, wanted: &RandomSeed, instance: &str, live: bool) -> bool {
            let facts = Facts {
                live: live.then(Live::default),
                ran: self.store.ran_for(instance).unwrap(),
                ..Facts::default()
            };
            wanted.holds(&Machine::new(&self.system.root, &facts)).unwrap()
        }

        fn file(&self) -> Option<String> {
            std::fs::read_to_string(self.tree.path().join("var/lib/seed")).ok()
        }
    }

    fn wanted(file: Option<&str>) -> RandomSeed {
        RandomSeed {
            file: file.map(str::to_owned),
            bytes: Content::new(b"abc"),
        }
    }

    #[test]
    fn the_kernel_gets_it_once_for_an_instance_and_a_tree_never() {
        let scratch = Scratch::new();
        let pool = wanted(None);
        assert!(!scratch.holds(&pool, "i-1", true) && scratch.holds(&pool, "i-1", false));
        scratch.seed(&pool).unwrap();
        assert!(scratch.holds(&pool, "i-1", true) && !scratch.holds(&pool, "i-2", true));
        let seen = pool.view(&scratch.system.root).unwrap();
        let summary = "/dev/urandom: 3 random bytes mixed into the kernel's, once for this instance";
        assert_eq!(seen.summary, summary);
    }

    #[tokio::test]
    async fn a_file_gets_it_at_its_end_until_that_is_undone() {
        let scratch = Scratch::new();
        let file = wanted(Some("/var/lib/seed"));
        std::fs::write(scratch.tree.path().join("var/lib/seed"), "old ").unwrap();
        scratch.seed(&file).unwrap();
        assert_eq!(scratch.file().unwrap(), "old abc");
        undo_generation(&scratch.system, &scratch.store, &Facts::default(), 1, None)
            .await
            .unwrap();
        assert_eq!(scratch.file().unwrap(), "old ");
        assert!(!scratch.holds(&file, "i-1", true), "it is given again");
    }

    #[test]
    fn what_is_no_file_gets_none() {
        let scratch = Scratch::new();
        let file = wanted(Some("/var/lib/seed"));
        std::os::unix::fs::symlink("/etc/passwd", scratch.tree.path().join("var/lib/seed")).unwrap();
        let error = scratch.seed(&file).unwrap_err().to_string();
        assert!(error.contains("it is no file"), "{error}");
        assert!(!scratch.holds(&file, "i-1", true));
        std::fs::remove_file(scratch.tree.path().join("var/lib/seed")).unwrap();
        scratch.seed(&file).unwrap();
        let about = std::fs::metadata(scratch.tree.path().join("var/lib/seed")).unwrap();
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777,
            MODE
        );
    }
}
