//! A text that is shown on the console, once for an instance.

use super::{Acting, ChangeKind};
use crate::engine::act::{ActError, Scene};
use crate::engine::view::{ChangeView, view};
use crate::module::ConsoleText;
use crate::state::{LedgerUndo, Undo};
use crate::system::{Machine, ReadError, Root, clock, console};

impl ChangeKind for ConsoleText {
    nothing_lasts!();
    by_itself!();

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        let how = format!("shows {}, once for this instance", self.what);
        Ok(view("console", console::PATH, "modify", &how))
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(machine.has_done(&self.name) || self.left_for_boot(machine)?.is_some())
    }

    fn left_for_boot(&self, machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
        let later = || format!("the first boot shows {} on the console", self.what);
        Ok(machine.live().is_none().then(later))
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(std::future::ready(show(self, scene)))
    }
}

fn show(wanted: &ConsoleText, scene: &Scene<'_>) -> Result<(), ActError> {
    // A terminal needs both to begin a line.
    let text = wanted.text.replace('\n', "\r\n");
    match console::show(&scene.system.root, &text) {
        Ok(()) => {}
        Err(why) if wanted.required => return Err(ActError::Refused(why)),
        Err(why) => tracing::info!("the console doesn't show {}: {why}", wanted.what),
    }
    let key = wanted.name.clone();
    scene.record(Undo::Ledger(LedgerUndo { key }), &[])?;
    Ok(scene
        .store
        .note_done(&wanted.name, &scene.instance_id()?, clock::now())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Generation, Store};
    use crate::system::{Facts, Live, System};

    fn text(required: bool) -> ConsoleText {
        ConsoleText {
            name: "greeting".to_owned(),
            text: "hello\nworld\n".to_owned(),
            what: "a greeting".to_owned(),
            required,
        }
    }

    #[test]
    fn it_is_shown_once_for_an_instance_and_matters_only_where_it_is_required() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir(tree.path().join("dev")).unwrap();
        let system = System::tree(tree.path()).unwrap();
        let store = Store::new(system.root.clone());
        store.begin(Generation::sample()).unwrap();
        let scene = Scene {
            system: &system,
            store: &store,
            generation: 1,
            module: "greeting",
            by_hand: false,
        };
        let holds = |instance: &str, live: bool| {
            let facts = Facts {
                live: live.then(Live::default),
                ran: store.ran_for(instance).unwrap(),
                ..Facts::default()
            };
            text(true).holds(&Machine::new(&system.root, &facts)).unwrap()
        };
        assert!(!holds("i-1", true) && holds("i-1", false));
        let error = show(&text(true), &scene).unwrap_err().to_string();
        assert!(error.contains("/dev/console") && !holds("i-1", true), "{error}");
        std::fs::write(tree.path().join("dev/console"), "").unwrap();
        show(&text(true), &scene).unwrap();
        assert_eq!(
            std::fs::read(tree.path().join("dev/console")).unwrap(),
            b"hello\r\nworld\r\n"
        );
        assert!(holds("i-1", true) && !holds("i-2", true));
        store.forget_once("greeting").unwrap();
        std::fs::remove_file(tree.path().join("dev/console")).unwrap();
        show(&text(false), &scene).unwrap();
        assert!(holds("i-1", true), "nobody misses it");
    }
}
