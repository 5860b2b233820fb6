//! What the running kernel has: modules and parameters.

use super::{Acting, ChangeKind, TakingBack, ThingKind, UndoKind};
use crate::engine::act::{ActError, Scene};
use crate::engine::baseline::Baseline;
use crate::engine::drift::Drifted;
use crate::engine::next_inventory::Taker;
use crate::engine::plan::ModulePlan;
use crate::engine::release::Release;
use crate::engine::undo::Back;
use crate::engine::view::{ChangeView, view};
use crate::module::KernelChange;
use crate::state::{ImpossibleUndo, KernelParameterUndo, Record, StateError, Thing, Undo};
use crate::system::kernel::{self, Standing};
use crate::system::{Machine, ReadError, Root};

impl ChangeKind for KernelChange {
    by_itself!();

    fn key(&self) -> Option<String> {
        Some(KernelChange::key(self))
    }

    fn view(&self, root: &Root) -> Result<ChangeView, ReadError> {
        Ok(match self {
            Self::Module { name } => view("kernel", name, "load", "load"),
            Self::Parameter { name, value } => {
                let before = kernel::parameter(root, name).ok().flatten();
                let how = match before {
                    Some(before) => format!("{} → {value}", kernel::in_one_line(&before)),
                    None => value.clone(),
                };
                view("kernel", name, "set", &how)
            }
        })
    }

    /// Without a running kernel there is nothing to set: the file is what the next boot reads.
    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(machine.live().is_none() || kernel::compare(machine.root(), self) == Standing::Same)
    }

    fn remember(&self, taker: &mut Taker<'_>, module: &ModulePlan, _missing: bool) -> Result<(), ReadError> {
        taker.put(module, Thing::Kernel(self.clone()));
        Ok(())
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(async move {
            match self {
                Self::Module { name } => {
                    let what = format!("the kernel module {name} stays loaded until the next boot");
                    scene.record(Undo::Impossible(ImpossibleUndo { what }), &[])?;
                    kernel::load_module(scene.system, name).await.map_err(refused)?;
                }
                Self::Parameter { name, value } => {
                    if let Some(before) = kernel::parameter(&scene.system.root, name)? {
                        let name = name.clone();
                        scene.record(Undo::KernelParameter(KernelParameterUndo { name, before }), &[])?;
                    }
                    kernel::set_parameter(scene.system, name, value).map_err(refused)?;
                }
            }
            Ok(())
        })
    }
}

fn refused(error: kernel::KernelError) -> ActError {
    ActError::Refused(error.to_string())
}

impl ThingKind for KernelChange {
    fn release(&self, _generation: u32, _machine: &Machine<'_>, _baseline: &Baseline) -> Result<Release, StateError> {
        Ok(Release::stays(match self {
            Self::Module { name } => {
                format!("the document no longer lists the kernel module {name}; it stays loaded until the next boot")
            }
            Self::Parameter { name, value } => {
                format!("the document no longer sets {name}; it stays {value} until the next boot")
            }
        }))
    }

    fn drift(&self, machine: &Machine<'_>, _baseline: &Baseline) -> Result<Option<Drifted>, StateError> {
        if machine.live().is_none() {
            return Ok(None);
        }
        Ok(match kernel::compare(machine.root(), self) {
            Standing::Differs(how) => {
                let how = match self {
                    Self::Module { .. } => "is no longer loaded".to_owned(),
                    Self::Parameter { value, .. } => format!("was set to {value}, but {how}"),
                };
                Some(Drifted::new("kernel", self.name(), how))
            }
            Standing::Same | Standing::Unseen(_) => None,
        })
    }
}

impl UndoKind for KernelParameterUndo {
    fn in_words(&self) -> Option<String> {
        Some(format!("restored {} to {}", self.name, self.before))
    }

    fn take_back<'a>(&'a self, scene: &'a Scene<'a>, _record: &'a Record) -> TakingBack<'a> {
        let put_back = || kernel::put_back(scene.system, &self.name, &self.before);
        let done = if scene.system.live { put_back() } else { Ok(()) };
        Box::pin(std::future::ready(done.map(|()| Back::Taken).map_err(refused)))
    }
}
