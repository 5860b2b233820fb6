//! A password that is made on the machine, once for an instance, and shown on its console and nowhere else.
//!
//! It is shown before it is set, and that it was set is noted last: whoever comes back after an interruption makes another one
//! and shows that. So the password that was shown last is the one that counts.

use super::{Acting, ChangeKind, TakingBack, UndoKind};
use crate::document::Secret;
use crate::engine::act::{ActError, Scene};
use crate::engine::next_inventory::Taker;
use crate::engine::plan::ModulePlan;
use crate::engine::undo::Back;
use crate::engine::view::{ChangeView, view};
use crate::module::{AccountChange, PasswordChange};
use crate::state::{AccountEntryUndo, LedgerUndo, PasswordItem, Record, Thing, Undo};
use crate::system::account::{self, AccountFile, shadow};
use crate::system::{Machine, ReadError, Root, clock, console, crypt};
use crate::vocabulary::RandomPassword;

impl ChangeKind for RandomPassword {
    by_itself!();

    fn key(&self) -> Option<String> {
        Some(format!("password {}", self.user))
    }

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        let day = if self.expire {
            ", which must be changed at the next login"
        } else {
            ""
        };
        let how = format!("random password set and shown on the console{day}");
        Ok(view("account", &self.user, "modify", &how))
    }

    /// An account that has lost its password gets another one.
    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        let is_done = machine.has_done(&self.name()) && has_password(machine.root(), &self.user)?;
        Ok(is_done || self.left_for_boot(machine)?.is_some())
    }

    fn left_for_boot(&self, machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
        let later = format!(
            "{} gets its random password at the first boot, which shows it on the console",
            self.user
        );
        Ok(machine.live().is_none().then_some(later))
    }

    fn remember(&self, taker: &mut Taker<'_>, module: &ModulePlan, _missing: bool) -> Result<(), ReadError> {
        let item = PasswordItem {
            user: self.user.clone(),
            digest: None,
            expired: self.expire,
        };
        taker.put(module, Thing::Password(item));
        Ok(())
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(std::future::ready(set(self, scene)))
    }
}

fn has_password(root: &Root, user: &str) -> Result<bool, ReadError> {
    let shadow = root.read(AccountFile::Shadow.path())?.unwrap_or_default();
    let entry = shadow::entry(&shadow, user);
    Ok(entry.is_some_and(|entry| entry.hash.expose().trim_start_matches('!').starts_with('$')))
}

fn set(wanted: &RandomPassword, scene: &Scene<'_>) -> Result<(), ActError> {
    let (system, user) = (scene.system, wanted.user.as_str());
    let refused = |why: String| ActError::Refused(format!("{user} gets no random password: {why}"));
    let password = crypt::random_password().map_err(|error| refused(error.to_string()))?;
    let scheme = crypt::scheme(&system.root)?;
    let hash = crypt::hash(&password, scheme).map_err(|error| refused(error.to_string()))?;
    let change = AccountChange::Password(PasswordChange {
        user: user.to_owned(),
        hash: Some(hash),
        last_change: if wanted.expire { Some(0) } else { wanted.today },
        clear_expiry: user == "root",
    });
    let _lock = system.lock_accounts()?;
    let mut files = Vec::new();
    for file in account::files(&change) {
        let Some(there) = system.root.metadata_followed(file.path())? else {
            continue;
        };
        let old = system.root.read(file.path())?.unwrap_or_default();
        let new = account::apply(&change, *file, &old)?;
        if new != old {
            files.push((file.path(), there, old, new));
        }
    }
    let text = Secret::new(format!("\r\nThe password of {user} is {}\r\n", password.expose()));
    console::show(&system.root, text.expose()).map_err(refused)?;
    let key = wanted.name();
    scene.record(Undo::Ledger(LedgerUndo { key: key.clone() }), &[])?;
    for (path, there, old, new) in files {
        let line = account::restore::line(&old, user);
        let image = line
            .map(|line| scene.store.keep_image(scene.generation, line))
            .transpose()?;
        let undo = AccountEntryUndo {
            path: path.to_owned(),
            name: user.to_owned(),
            image,
        };
        scene.record(Undo::AccountEntry(undo), &[])?;
        system
            .writer
            .write_file(path, &new, there.mode, (there.uid, there.gid))?;
    }
    Ok(scene.store.note_done(&key, &scene.instance_id()?, clock::now())?)
}

impl UndoKind for LedgerUndo {
    fn in_words(&self) -> Option<String> {
        None
    }

    /// What is undone is done again the next time.
    fn take_back<'a>(&'a self, scene: &'a Scene<'a>, _record: &'a Record) -> TakingBack<'a> {
        let forgotten = scene.store.forget_once(&self.key);
        Box::pin(std::future::ready(
            forgotten.map(|()| Back::Taken).map_err(ActError::from),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::undo::undo_generation;
    use crate::state::{Generation, Store};
    use crate::system::{Facts, Live, System};

    const SHADOW: &str = "root:*:19000:0:99999:7:::\ncore:!:19000:0:99999:7:::\n";

    /// A machine that runs, with one generation.
    struct Scratch {
        tree: tempfile::TempDir,
        system: System,
        store: Store,
    }

    impl Scratch {
        fn new() -> Self {
            let tree = tempfile::tempdir().unwrap();
            for directory in ["etc", "dev"] {
                std::fs::create_dir(tree.path().join(directory)).unwrap();
            }
            let write = |path: &str, text: &str| std::fs::write(tree.path().join(path), text).unwrap();
            write("etc/shadow", SHADOW);
            write(
                "etc/passwd",
                "root:x:0:0::/root:/bin/sh\ncore:x:1000:1000::/home/core:/bin/sh\n",
            );
            write("dev/console", "");
            let system = System::tree(tree.path()).unwrap();
            let store = Store::new(system.root.clone());
            store.begin(Generation::sample()).unwrap();
            Self { tree, system, store }
        }

        fn read(&self, path: &str) -> String {
            std::fs::read_to_string(self.tree.path().join(path)).unwrap()
        }

        fn set(&self, wanted: &RandomPassword) -> Result<(), ActError> {
            let scene = Scene {
                system: &self.system,
                store: &self.store,
                generation: 1,
                module: "password",
                by_hand: false,
            };
            set(wanted, &scene)
        }

        fn holds(&self, wanted: &RandomPassword, instance: &str) -> bool {
            let facts = Facts {
                live: Some(Live::default()),
                ran: self.store.ran_for(instance).unwrap(),
                ..Facts::default()
            };
            wanted.holds(&Machine::new(&self.system.root, &facts)).unwrap()
        }

        /// The password that was shown last.
        fn shown(&self) -> Secret {
            let console = self.read("dev/console");
            let (_, password) = console.trim_end().rsplit_once(' ').unwrap();
            Secret::new(password)
        }

        fn hash(&self) -> Secret {
            shadow::entry(self.read("etc/shadow").as_bytes(), "core").unwrap().hash
        }

        /// All that is kept of it anywhere but on the console.
        fn kept(&self) -> String {
            let walk = std::process::Command::new("grep")
                .args(["-rl", self.shown().expose()])
                .arg(self.tree.path())
                .output()
                .unwrap();
            String::from_utf8(walk.stdout).unwrap()
        }
    }

    fn core() -> RandomPassword {
        RandomPassword {
            user: "core".to_owned(),
            expire: true,
            today: Some(20_000),
        }
    }

    #[test]
    fn it_is_shown_once_and_set_for_the_instance() {
        let scratch = Scratch::new();
        assert!(!scratch.holds(&core(), "i-1"));
        scratch.set(&core()).unwrap();
        assert!(scratch.read("dev/console").starts_with("\r\nThe password of core is "));
        assert_eq!(crypt::verify(&scratch.shown(), &scratch.hash()), Some(true));
        assert!(scratch.read("etc/shadow").contains(":0:0:99999:7:::\n"), "it expires");
        assert_eq!(scratch.kept().lines().count(), 1, "{}", scratch.kept());
        assert!(scratch.holds(&core(), "i-1") && !scratch.holds(&core(), "i-2"));
        // An account that was made anew has none.
        std::fs::write(scratch.tree.path().join("etc/shadow"), SHADOW).unwrap();
        assert!(!scratch.holds(&core(), "i-1"));
    }

    #[test]
    fn one_that_cant_be_shown_is_not_set() {
        let scratch = Scratch::new();
        std::fs::remove_file(scratch.tree.path().join("dev/console")).unwrap();
        let error = scratch.set(&core()).unwrap_err().to_string();
        assert!(
            error.contains("core gets no random password: ") && error.contains("/dev/console"),
            "{error}"
        );
        assert_eq!(scratch.read("etc/shadow"), SHADOW);
        assert!(!scratch.holds(&core(), "i-1"));
    }

    #[test]
    fn whoever_was_interrupted_shows_another_one_that_counts() {
        let scratch = Scratch::new();
        scratch.set(&core()).unwrap();
        let first = scratch.shown();
        // Nobody came to note it.
        scratch.store.forget_once(&core().name()).unwrap();
        assert!(!scratch.holds(&core(), "i-1"));
        scratch.set(&core()).unwrap();
        assert_ne!(scratch.shown().expose(), first.expose());
        assert_eq!(crypt::verify(&scratch.shown(), &scratch.hash()), Some(true));
    }

    #[tokio::test]
    async fn what_is_undone_is_done_again() {
        let scratch = Scratch::new();
        scratch.set(&core()).unwrap();
        undo_generation(&scratch.system, &scratch.store, &Facts::default(), 1, None)
            .await
            .unwrap();
        assert_eq!(scratch.read("etc/shadow"), SHADOW);
        assert!(!scratch.holds(&core(), "i-1"));
    }

    #[test]
    fn nothing_is_shown_for_a_tree() {
        let scratch = Scratch::new();
        let facts = Facts::default();
        let machine = Machine::new(&scratch.system.root, &facts);
        assert!(core().holds(&machine).unwrap());
        let left = core().left_for_boot(&machine).unwrap().unwrap();
        assert_eq!(
            left,
            "core gets its random password at the first boot, which shows it on the console"
        );
    }
}
