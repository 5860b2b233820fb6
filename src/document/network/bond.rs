//! Bonds: several links that act as one.

use std::net::Ipv4Addr;

use serde::Deserialize;

use super::common::device;
use super::device::{Device, LinkTo, Netdev, Role, of_kind};
use super::interval::Interval;
use super::name::InterfaceId;
use super::null_is_empty;
use super::word::words;

device! {
    /// One bond of several links.
    ///
    /// ```yaml
    /// interfaces: [eth0, eth1]
    /// parameters: {mode: 802.3ad, mii-monitor-interval: 100}
    /// dhcp4: true
    /// ```
    pub struct Bond {
        /// The IDs of its members.
        #[serde(default, deserialize_with = "null_is_empty")]
        pub interfaces: Vec<InterfaceId>,
        /// How it works.
        #[serde(default, deserialize_with = "null_is_empty")]
        pub parameters: BondParameters,
    }
}

impl Device for Bond {
    of_kind!("bonds", Netdev::Bond);

    fn links_to(&self) -> Vec<LinkTo<'_>> {
        LinkTo::members(&self.interfaces, Role::BondMember)
    }
}

/// How a bond works: `[Bond]` of systemd.netdev(5).
///
/// ```yaml
/// {mode: active-backup, primary: eth0, mii-monitor-interval: 100}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BondParameters {
    /// How the members share the work. Default: `balance-rr`.
    pub mode: Option<BondMode>,
    /// How often LACP packets are asked for. Needs the mode `802.3ad`.
    pub lacp_rate: Option<LacpRate>,
    /// How often the members' carriers are looked at; in milliseconds without a unit.
    ///
    /// ```yaml
    /// mii-monitor-interval: 100
    /// ```
    pub mii_monitor_interval: Option<Interval>,
    /// How many members must be up for the bond to be up. Needs the mode `802.3ad`.
    ///
    /// ```yaml
    /// min-links: 1
    /// ```
    pub min_links: Option<u32>,
    /// What decides over which member a packet goes. For the modes `balance-xor`, `802.3ad` and `balance-tlb`.
    pub transmit_hash_policy: Option<TransmitHashPolicy>,
    /// How the active group of members is chosen. Needs the mode `802.3ad`.
    pub ad_select: Option<AdSelect>,
    /// Take packets that come in over inactive members. Default: false.
    #[serde(alias = "all-slaves-active")]
    pub all_members_active: Option<bool>,
    /// How often ARP is asked to find out whether members work; in milliseconds without a unit.
    ///
    /// ```yaml
    /// arp-interval: 100
    /// ```
    pub arp_interval: Option<Interval>,
    /// The IPv4 addresses that ARP asks for.
    ///
    /// ```yaml
    /// arp-ip-targets: [192.0.2.1]
    /// ```
    #[serde(default, deserialize_with = "null_is_empty")]
    #[cfg_attr(test, schemars(with = "Option<Vec<super::address::Gateway4>>"))]
    pub arp_ip_targets: Vec<Ipv4Addr>,
    /// Which members' ARP answers are checked.
    pub arp_validate: Option<ArpValidate>,
    /// Whether one target must answer, or all of them.
    pub arp_all_targets: Option<ArpAllTargets>,
    /// How long a member's carrier must be there before the member is used; in milliseconds without a unit.
    ///
    /// ```yaml
    /// up-delay: 200
    /// ```
    pub up_delay: Option<Interval>,
    /// How long a member's carrier must be away before the member isn't used; in milliseconds without a unit.
    ///
    /// ```yaml
    /// down-delay: 200
    /// ```
    pub down_delay: Option<Interval>,
    /// Which hardware address members have. For the mode `active-backup`.
    pub fail_over_mac_policy: Option<FailOverMacPolicy>,
    /// How many gratuitous ARPs are sent after a fail-over; 0: as many as without this key.
    ///
    /// ```yaml
    /// gratuitous-arp: 1
    /// ```
    #[serde(alias = "gratuitious-arp")]
    #[cfg_attr(test, schemars(extend("maximum" = 255)))]
    pub gratuitous_arp: Option<u8>,
    /// How many packets go over a member before the next one takes over. For the mode `balance-rr`.
    ///
    /// ```yaml
    /// packets-per-member: 1
    /// ```
    #[serde(alias = "packets-per-slave")]
    #[cfg_attr(test, schemars(extend("maximum" = 65535)))]
    pub packets_per_member: Option<u16>,
    /// When the primary member becomes the active one again.
    pub primary_reselect_policy: Option<PrimaryReselectPolicy>,
    /// How many IGMP reports are sent after a fail-over.
    ///
    /// ```yaml
    /// resend-igmp: 1
    /// ```
    #[cfg_attr(test, schemars(extend("maximum" = 255)))]
    pub resend_igmp: Option<u8>,
    /// How often packets are sent from which switches learn where addresses are; in seconds without a unit.
    ///
    /// ```yaml
    /// learn-packet-interval: 1
    /// ```
    pub learn_packet_interval: Option<Interval>,
    /// The ID of the member that is used as long as it works. For the modes `active-backup`, `balance-tlb` and `balance-alb`.
    ///
    /// ```yaml
    /// primary: eth0
    /// ```
    pub primary: Option<InterfaceId>,
}

words! {
    /// How the members of a bond share the work.
    pub enum BondMode {
        /// One packet after the other over each of them.
        BalanceRr = "balance-rr",
        /// One works, the others wait.
        ActiveBackup = "active-backup",
        /// A hash of the packet decides.
        BalanceXor = "balance-xor",
        /// Everything over all of them.
        Broadcast = "broadcast",
        /// LACP, IEEE 802.3ad.
        Lacp = "802.3ad",
        /// Outgoing traffic by load.
        BalanceTlb = "balance-tlb",
        /// All traffic by load.
        BalanceAlb = "balance-alb",
    }
}

words! {
    /// How often LACP packets are asked for.
    pub enum LacpRate {
        /// Every 30 seconds.
        Slow = "slow",
        /// Every second.
        Fast = "fast",
    }
}

words! {
    /// What decides over which member a packet goes.
    pub enum TransmitHashPolicy {
        /// Hardware addresses.
        Layer2 = "layer2",
        /// IP addresses and ports.
        Layer34 = "layer3+4",
        /// Hardware and IP addresses.
        Layer23 = "layer2+3",
        /// The same, inside of tunnels.
        Encap23 = "encap2+3",
        /// IP addresses and ports, inside of tunnels.
        Encap34 = "encap3+4",
    }
}

words! {
    /// How the active group of members is chosen.
    pub enum AdSelect {
        /// Once, until it fails.
        Stable = "stable",
        /// The one with the most bandwidth.
        Bandwidth = "bandwidth",
        /// The one with the most members.
        Count = "count",
    }
}

words! {
    /// Which members' ARP answers are checked.
    pub enum ArpValidate {
        /// None.
        None = "none",
        /// The active one's.
        Active = "active",
        /// The others'.
        Backup = "backup",
        /// Everyone's.
        All = "all",
    }
}

words! {
    /// How many targets must answer.
    pub enum ArpAllTargets {
        /// One.
        Any = "any",
        /// All.
        All = "all",
    }
}

words! {
    /// Which hardware address the members of a bond have.
    pub enum FailOverMacPolicy {
        /// All the same.
        None = "none",
        /// Their own; the bond has the active one's.
        Active = "active",
        /// The active one has the bond's.
        Follow = "follow",
    }
}

words! {
    /// When the primary member becomes the active one again.
    pub enum PrimaryReselectPolicy {
        /// As soon as it works.
        Always = "always",
        /// If it is the faster one.
        Better = "better",
        /// Only when the active one fails.
        Failure = "failure",
    }
}
