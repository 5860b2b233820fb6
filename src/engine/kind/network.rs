//! networkd reloads its files and reconfigures links: those whose files have changed, and those with these names.

use super::{Acting, ChangeKind};
use crate::engine::act::{JOB_LIMIT, Scene};
use crate::engine::view::{ChangeView, view};
use crate::module::{Dirty, NetworkReloadChange};
use crate::system::network::Session;
use crate::system::{Machine, ReadError, Root};

impl ChangeKind for NetworkReloadChange {
    nothing_lasts!();
    by_itself!();

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        Ok(match self.links.join(" ").as_str() {
            "" => view("network-reload", "systemd-networkd", "reload", "reloads its files"),
            links => view("network-reconfigure", links, "reload", "reconfigured by networkd"),
        })
    }

    fn holds(&self, machine: &Machine<'_>) -> Result<bool, ReadError> {
        Ok(machine.live().is_none())
    }

    fn disturbs(&self, session: Option<&Session>) -> Option<String> {
        let is_meant = |session: &&Session| self.links.is_empty() || self.links.contains(&session.link);
        let session = session.filter(is_meant)?;
        Some(format!(
            "the network will be reconfigured, and you are logged in over {} ({}): with `firstlight apply --confirm \
             2m` the changes are undone unless you confirm them",
            session.link, session.address
        ))
    }

    fn tells(&self, dirty: &Dirty) -> bool {
        self.links.is_empty() && *dirty == Dirty::Network
    }

    /// networkd reconfigures the links whose files have changed by itself.
    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(async move {
            let links: Vec<&str> = self.links.iter().map(String::as_str).collect();
            let bus = scene.bus("reload the network")?;
            bus.reload_network(&links, JOB_LIMIT).await?;
            Ok(())
        })
    }
}
