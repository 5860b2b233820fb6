//! The file of all certificate authorities that are trusted, made again by the distribution's own program.

use super::{Acting, ChangeKind};
use crate::engine::act::{ActError, JOB_LIMIT, Scene};
use crate::engine::view::{ChangeView, view};
use crate::module::Dirty;
use crate::module::ca_certs::Bundle;
use crate::system::{Machine, ReadError, Root, command};

impl ChangeKind for Bundle {
    nothing_lasts!();
    by_itself!();

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        let what = format!("makes {} again", self.path);
        Ok(view("certificates", &self.argv.join(" "), "run", &what))
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(machine.live().is_none() || self.missing(machine.root())? == 0)
    }

    fn left_for_boot(&self, machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
        let is_left = machine.live().is_none() && self.missing(machine.root())? > 0;
        Ok(is_left.then(|| format!("{} makes {} again at the first boot", self.argv.join(" "), self.path)))
    }

    fn tells(&self, dirty: &Dirty) -> bool {
        *dirty == Dirty::Certificates
    }

    /// What it makes is undone by running it again, once its files are undone.
    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(async move {
            command::run(&self.argv, JOB_LIMIT).await?;
            if self.is_left_over(&scene.system.root)? {
                scene.system.writer.remove(&self.path)?;
            }
            match self.missing(&scene.system.root)? {
                0 => Ok(()),
                missing => Err(ActError::Refused(format!(
                    "{} ran, but {} lacks {missing} of {} certificates",
                    self.argv.join(" "),
                    self.path,
                    self.certificates.len()
                ))),
            }
        })
    }
}
