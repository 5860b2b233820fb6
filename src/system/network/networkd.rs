//! networkd's state of each link, in `/run/systemd/netif/links`.
//!
//! The files say of themselves that they are private; libsystemd's sd-network, which resolved, logind and
//! systemd-networkd-wait-online use, reads exactly these, and their keys have not changed since systemd 242. The
//! documented way, `Describe()` on the bus, exists since 249 only: Photon 4 has 247.

use std::net::{IpAddr, SocketAddr};

use crate::system::{ReadError, Root};

const DIRECTORY: &str = "/run/systemd/netif";

/// networkd's state of a link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Managed {
    /// How far it is: `pending`, `initialized`, `configuring`, `configured`, `unmanaged`, `failed`, `linger` (SETUP of
    /// networkctl(1)).
    pub admin_state: String,
    /// The path of the `.network` file that it uses for the link.
    pub network_file: Option<String>,
    /// The link's DNS servers, ports and names left out.
    pub dns: Vec<IpAddr>,
    /// The link's search domains.
    pub search: Vec<String>,
    /// The domains that only route queries.
    pub route_only: Vec<String>,
}

/// Whether networkd has run in this boot. It leaves its files behind when it stops.
pub(super) fn has_run(root: &Root) -> bool {
    root.exists(&format!("{DIRECTORY}/state")).unwrap_or(false)
}

/// Whether networkd knows of a link with this index.
///
/// # Errors
/// That can't be found out.
pub(super) fn knows(root: &Root, index: &str) -> Result<bool, ReadError> {
    root.exists(&format!("{DIRECTORY}/links/{index}"))
}

/// What networkd says of the link with this index.
pub(super) fn observe(root: &Root, index: &str) -> Option<Managed> {
    let text = root.read_text(&format!("{DIRECTORY}/links/{index}")).ok().flatten()?;
    Some(parse(&text))
}

fn parse(text: &str) -> Managed {
    let mut managed = Managed::default();
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        let value = value.trim_matches('"');
        let words = || value.split_whitespace().map(str::to_owned).collect();
        match key {
            "ADMIN_STATE" => value.clone_into(&mut managed.admin_state),
            "NETWORK_FILE" => managed.network_file = Some(value.to_owned()).filter(|path| !path.is_empty()),
            "DNS" => managed.dns = value.split_whitespace().filter_map(server).collect(),
            "DOMAINS" => managed.search = words(),
            "ROUTE_DOMAINS" => managed.route_only = words(),
            _ => {}
        }
    }
    managed
}

/// `192.0.2.53`, `192.0.2.53:853#dns.example.test`, `[2001:db8::53]:853`, `fe80::1%2`.
fn server(word: &str) -> Option<IpAddr> {
    let address = word.split(['#', '%']).next()?;
    let with_port = || address.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    address.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_networkd_writes_is_understood() {
        let text = "# This is private data. Do not parse.\nADMIN_STATE=configured\nOPER_STATE=routable\n\
                    NETWORK_FILE=/etc/systemd/network/10-firstlight-lan.network\nNETWORK_FILE_DROPINS=\"\"\n\
                    DNS=192.0.2.53 192.0.2.54:853#dns.test [2001:db8::53]:53 fe80::1%2 nonsense\n\
                    NTP=\nDOMAINS=rig.test example.test\nROUTE_DOMAINS=.\nLLMNR=yes\n";
        let ip = |text: &str| text.parse().unwrap();
        let expected = Managed {
            admin_state: "configured".into(),
            network_file: Some("/etc/systemd/network/10-firstlight-lan.network".into()),
            dns: ["192.0.2.53", "192.0.2.54", "2001:db8::53", "fe80::1"].map(ip).to_vec(),
            search: vec!["rig.test".into(), "example.test".into()],
            route_only: vec![".".into()],
        };
        assert_eq!(parse(text), expected);
        assert_eq!(parse("ADMIN_STATE=unmanaged\nNETWORK_FILE=\n").network_file, None);
        assert_eq!(parse("garbage"), Managed::default());
    }
}
