//! `wait-on-network` of the meta-data: waits for addresses that the machine can be reached at.
//!
//! Only in the system stage, for which nothing in the boot waits, and with a limit: cloud-init, and the boot with it,
//! waits forever.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::document::meta_data::WaitOnNetwork;
use crate::system::Root;
use crate::system::network::{Address, Detection, Network};

/// How long to wait.
const LIMIT: Duration = Duration::from_secs(60);

/// How often the addresses are checked.
const POLL: Duration = Duration::from_millis(500);

/// Waits until the machine at `root` has an address of each family that is wanted.
///
/// # Errors
/// It has none within the limit; the text says which.
pub async fn wait(root: &Root, wanted: WaitOnNetwork) -> Result<(), String> {
    let waited = until_online(wanted, || Network::observe(root).addresses).await;
    waited.map_err(|why| format!("wait-on-network: {why}"))
}

async fn until_online(
    wanted: WaitOnNetwork,
    mut observe: impl FnMut() -> Result<Vec<Address>, String>,
) -> Result<(), String> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let addresses = observe()?;
        let has = |ipv4: bool| addresses.iter().any(|one| one.ip.is_ipv4() == ipv4 && is_routable(one));
        let missing: Vec<_> = [("IPv4", wanted.ipv4, true), ("IPv6", wanted.ipv6, false)]
            .into_iter()
            .filter(|(_, wanted, ipv4)| *wanted && !has(*ipv4))
            .map(|(family, ..)| family)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(format!(
                "no link has a routable {} address after {} s; the boot continues without one",
                missing.join(" nor a routable "),
                LIMIT.as_secs()
            ));
        }
        sleep(POLL).await;
    }
}

/// Whether others can use the address, beyond the link that it is on.
fn is_routable(address: &Address) -> bool {
    let is_near = match address.ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_link_local() || ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unspecified(),
    };
    address.link != "lo" && !is_near && address.detection == Detection::Passed
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: WaitOnNetwork = WaitOnNetwork { ipv4: true, ipv6: true };

    fn address(link: &str, ip: &str, detection: Detection) -> Address {
        Address {
            link: link.to_owned(),
            ip: ip.parse().unwrap(),
            prefix_len: 24,
            detection,
        }
    }

    /// Waits while addresses appear, each after so many seconds; says how it ended and how long it took.
    async fn waited(wanted: WaitOnNetwork, coming: &[(u64, Address)]) -> (Result<(), String>, u64) {
        let begun = Instant::now();
        let observe = || {
            let now = begun.elapsed().as_secs();
            let there = coming.iter().filter(|(second, _)| *second <= now);
            Ok(there.map(|(_, address)| address.clone()).collect())
        };
        let ended = until_online(wanted, observe).await;
        (ended, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_of_each_family_ends_the_waiting() {
        let coming = [
            (0, address("lo", "127.0.0.1", Detection::Passed)),
            (0, address("lo", "192.0.2.1", Detection::Passed)),
            (1, address("eth0", "169.254.1.1", Detection::Passed)),
            (1, address("eth0", "fe80::1", Detection::Passed)),
            (2, address("eth0", "2001:db8::2", Detection::Running)),
            (3, address("eth0", "192.0.2.10", Detection::Passed)),
            (7, address("eth1", "2001:db8::10", Detection::Passed)),
        ];
        assert_eq!(waited(BOTH, &coming).await, (Ok(()), 7));
        let ipv4 = WaitOnNetwork { ipv6: false, ..BOTH };
        assert_eq!(waited(ipv4, &coming).await, (Ok(()), 3));
        assert_eq!(waited(WaitOnNetwork::default(), &[]).await, (Ok(()), 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_waiting_has_an_end_that_is_said() {
        let (ended, took) = waited(BOTH, &[(0, address("eth0", "192.0.2.10", Detection::Passed))]).await;
        assert_eq!(took, LIMIT.as_secs());
        let why = ended.unwrap_err();
        assert!(why.contains("no link has a routable IPv6 address after 60 s"), "{why}");
        let why = waited(BOTH, &[]).await.0.unwrap_err();
        assert!(why.contains("IPv4 nor a routable IPv6 address"), "{why}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_kernel_that_says_nothing_is_not_waited_for() {
        let ended = until_online(BOTH, || Err("no netlink".to_owned())).await;
        assert_eq!(ended, Err("no netlink".to_owned()));
    }
}
