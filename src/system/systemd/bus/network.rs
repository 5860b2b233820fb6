//! systemd's other services on the bus: hostnamed and networkd.

use std::time::Duration;

use super::error::{name_and_message, refused};
use super::proxy::{HostnamedProxy, NetworkdProxy};
use super::{Bus, BusError, Verb};

/// networkd's unit.
const NETWORKD_UNIT: &str = "systemd-networkd.service";
const NETWORKD: &str = "systemd-networkd";
const HOSTNAMED: &str = "systemd-hostnamed";

/// The result of a reload of networkd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkReloaded {
    /// networkd doesn't run: it will read its files when it starts.
    NotRunning,
    /// It reloaded its files and reconfigured the links, except these unknown ones.
    Reloaded {
        /// Their names.
        missing: Vec<String>,
    },
    /// It is too old to reload (systemd < 244): it was restarted.
    Restarted,
}

impl Bus {
    /// Sets the static host name: hostnamed writes `/etc/hostname` and sets the kernel's name.
    ///
    /// # Errors
    /// hostnamed can't be started, refuses the name, or doesn't answer.
    pub async fn set_static_hostname(&self, hostname: &str) -> Result<(), BusError> {
        let timeout = self.connection.method_timeout();
        let fail = |e: &zbus::Error| refused(&format!("set the host name {hostname}"), HOSTNAMED, timeout, e);
        let proxy = HostnamedProxy::new(&self.connection).await.map_err(|e| fail(&e))?;
        proxy.set_static_hostname(hostname, false).await.map_err(|e| fail(&e))
    }

    /// If networkd runs, reloads its files and reconfigures the links with these names. If it is too old for that,
    /// restarts it, for at most `limit`.
    ///
    /// # Errors
    /// networkd refuses or doesn't answer.
    pub async fn reload_network(&self, links: &[&str], limit: Duration) -> Result<NetworkReloaded, BusError> {
        if !self.facts(NETWORKD_UNIT).await?.runs() {
            return Ok(NetworkReloaded::NotRunning);
        }
        let timeout = self.connection.method_timeout();
        let fail = |what: &str, e: &zbus::Error| refused(what, NETWORKD, timeout, e);
        let networkd = NetworkdProxy::new(&self.connection)
            .await
            .map_err(|e| fail("reload the network", &e))?;
        match networkd.reload().await {
            Ok(()) => {}
            Err(error) if name_and_message(&error).0.ends_with(".UnknownMethod") => {
                self.run_job(Verb::Restart, NETWORKD_UNIT, limit).await?;
                return Ok(NetworkReloaded::Restarted);
            }
            Err(error) => return Err(fail("reload the network", &error)),
        }
        let mut missing = Vec::new();
        for link in links {
            let what = format!("reconfigure the link {link}");
            match networkd.get_link_by_name(link).await {
                Ok((index, _)) => networkd.reconfigure_link(index).await.map_err(|e| fail(&what, &e))?,
                Err(error) if name_and_message(&error).0.ends_with(".NoSuchLink") => missing.push((*link).to_owned()),
                Err(error) => return Err(fail(&what, &error)),
            }
        }
        Ok(NetworkReloaded::Reloaded { missing })
    }
}
