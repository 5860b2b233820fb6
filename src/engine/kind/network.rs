//! networkd reads its files again and reconfigures the links whose files have changed, or links whose files have not.

use super::{Acting, ChangeKind, no_file};
use crate::engine::act::{ActError, JOB_LIMIT, Scene};
use crate::engine::batch::Batch;
use crate::engine::next_inventory::Taker;
use crate::engine::plan::ModulePlan;
use crate::engine::preflight::{Needs, PreflightError};
use crate::engine::view::{ChangeView, view};
use crate::module::{Dirty, NetworkReconfigureChange};
use crate::system::network::Session;
use crate::system::{Machine, ReadError, Root, System};

/// The reload.
pub(super) struct NetworkReload;

impl ChangeKind for NetworkReload {
    fn key(&self) -> Option<String> {
        None
    }

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        Ok(view(
            "network-reload",
            "systemd-networkd",
            "reload",
            "reads its files again",
        ))
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(machine.live().is_none())
    }

    fn imagine(&self, _files: &mut Root) -> Result<(), ReadError> {
        Ok(())
    }

    fn disturbs(&self, session: Option<&Session>) -> Option<String> {
        session.map(interrupted)
    }

    fn tells(&self, dirty: &Dirty) -> bool {
        *dirty == Dirty::Network
    }

    fn need(&self, _needs: &mut Needs<'_>, _system: &System) -> Result<(), PreflightError> {
        Ok(())
    }

    fn remember(&self, _taker: &mut Taker<'_>, _module: &ModulePlan, _missing: bool) -> Result<(), ReadError> {
        Ok(())
    }

    fn is_of_files(&self, _system: &System) -> bool {
        false
    }

    fn prepare(&self, _batch: &mut Batch<'_>, _module: &str) -> Result<(), ActError> {
        no_file()
    }

    /// networkd reconfigures the links whose files have changed by itself.
    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(async move {
            scene.bus("reload the network")?.reload_network(&[], JOB_LIMIT).await?;
            Ok(())
        })
    }
}

impl ChangeKind for NetworkReconfigureChange {
    fn key(&self) -> Option<String> {
        None
    }

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        let links = self.links.join(" ");
        Ok(view(
            "network-reconfigure",
            &links,
            "reload",
            "configured anew by networkd",
        ))
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(machine.live().is_none())
    }

    fn imagine(&self, _files: &mut Root) -> Result<(), ReadError> {
        Ok(())
    }

    fn disturbs(&self, session: Option<&Session>) -> Option<String> {
        let session = session.filter(|session| self.links.contains(&session.link))?;
        Some(interrupted(session))
    }

    fn need(&self, _needs: &mut Needs<'_>, _system: &System) -> Result<(), PreflightError> {
        Ok(())
    }

    fn remember(&self, _taker: &mut Taker<'_>, _module: &ModulePlan, _missing: bool) -> Result<(), ReadError> {
        Ok(())
    }

    fn is_of_files(&self, _system: &System) -> bool {
        false
    }

    fn prepare(&self, _batch: &mut Batch<'_>, _module: &str) -> Result<(), ActError> {
        no_file()
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(async move {
            let links: Vec<&str> = self.links.iter().map(String::as_str).collect();
            let bus = scene.bus("configure links anew")?;
            bus.reload_network(&links, JOB_LIMIT).await?;
            Ok(())
        })
    }
}

/// What a person at work over the network is told.
fn interrupted(session: &Session) -> String {
    format!(
        "the network is configured anew, and you are logged in over {} ({}): `firstlight apply --confirm 2m` undoes it \
         unless you confirm",
        session.link, session.address
    )
}
