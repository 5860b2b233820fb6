//! networkd reloads its files and reconfigures links: those whose files have changed, and those with these names.

use super::{Acting, ChangeKind};
use crate::engine::act::{ActError, JOB_LIMIT, Scene};
use crate::engine::view::{ChangeView, view};
use crate::module::network::is_own_file;
use crate::module::{Dirty, NetworkReloadChange};
use crate::system::network::{Session, netdev};
use crate::system::{Machine, ReadError, Root, System};

/// Writes a file of ours as it is. networkd 252 keeps what it has read of a file that is not a new one: the link would wait
/// for the bond or the VLAN that was, and never find the one that is.
fn write_again(system: &System, path: Option<&str>) -> Result<(), ActError> {
    let Some(path) = path.filter(|path| is_own_file(path)) else {
        return Ok(());
    };
    if let (Some(text), Some(found)) = (system.root.read(path)?, system.root.metadata(path)?) {
        system
            .writer
            .write_file(path, &text, found.mode, (found.uid, found.gid))?;
    }
    Ok(())
}

impl ChangeKind for NetworkReloadChange {
    nothing_lasts!();
    by_itself!();

    fn view(&self, _root: &Root) -> Result<ChangeView, ReadError> {
        Ok(match self.links.join(" ").as_str() {
            "" if self.netdevs.is_empty() => view("network-reload", "systemd-networkd", "reload", "reloads its files"),
            "" => {
                let what = format!("reloads its files; made again: {}", self.netdevs.join(", "));
                view("network-reload", "systemd-networkd", "reload", &what)
            }
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
        self.links.is_empty() && matches!(dirty, Dirty::Network | Dirty::Netdev(_) | Dirty::TakenOver { .. })
    }

    /// networkd reconfigures the links whose files have changed by itself.
    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Acting<'a> {
        Box::pin(async move {
            let bus = scene.bus("reload the network")?;
            let mut links = self.links.clone();
            for name in &self.netdevs {
                for lower in netdev::delete(&scene.system.root, name, JOB_LIMIT).await? {
                    write_again(scene.system, lower.network_file.as_deref())?;
                    links.push(lower.name);
                }
            }
            let links: Vec<&str> = links.iter().map(String::as_str).collect();
            bus.reload_network(&links, JOB_LIMIT).await?;
            Ok(())
        })
    }
}
