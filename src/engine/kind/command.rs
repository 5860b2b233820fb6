//! A program that a module needs to run, in firstlight's own unit. It can't be undone.

use super::{Acting, ChangeKind, TakingBack, UndoKind};
use crate::engine::act::{JOB_LIMIT, Scene};
use crate::engine::undo::Back;
use crate::engine::view::{ChangeView, view};
use crate::module::CommandChange;
use crate::state::{ImpossibleUndo, Record, Undo};
use crate::system::{Machine, ReadError, Root, command};

impl ChangeKind for CommandChange {
    nothing_lasts!();
    by_itself!();

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        Ok(view("command", &self.argv.join(" "), "run", &self.purpose))
    }

    /// Nothing is executed in a tree or for it.
    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(machine.live().is_none())
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(async move {
            let what = self.purpose.clone();
            scene.record(Undo::Impossible(ImpossibleUndo { what }), &[])?;
            command::run(&self.argv, JOB_LIMIT).await?;
            Ok(())
        })
    }
}

impl UndoKind for ImpossibleUndo {
    fn in_words(&self) -> Option<String> {
        None
    }

    fn take_back<'a>(&'a self, _scene: &'a Scene<'a>, _record: &'a Record) -> TakingBack<'a> {
        Box::pin(std::future::ready(Ok(Back::Impossible(self.what.clone()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Facts, Live};

    #[test]
    fn nothing_is_executed_for_a_tree() {
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let command = CommandChange {
            argv: vec!["/bin/true".to_owned()],
            purpose: "nothing".to_owned(),
        };
        let running = Facts {
            live: Some(Live::default()),
            ..Facts::default()
        };
        let holds = |facts: &Facts| command.holds(&Machine::new(&root, facts)).unwrap();
        assert!(holds(&Facts::default()) && !holds(&running));
    }
}
