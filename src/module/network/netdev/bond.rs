//! `[Bond]`.

use crate::document::network::{BondParameters, Interval};

use super::super::ini::Section;

/// How a bond works.
pub fn section(parameters: &BondParameters) -> Section {
    let milliseconds = |span: &Option<Interval>| span.as_ref().map(Interval::or_milliseconds);
    let mut section = Section::new("Bond");
    section.set_if("Mode", parameters.mode);
    section.set_if("LACPTransmitRate", parameters.lacp_rate);
    section.set_if("MIIMonitorSec", milliseconds(&parameters.mii_monitor_interval));
    section.set_if("MinLinks", parameters.min_links);
    section.set_if("TransmitHashPolicy", parameters.transmit_hash_policy);
    section.set_if("AdSelect", parameters.ad_select);
    section.set_bool("AllSlavesActive", parameters.all_members_active);
    section.set_if("ARPIntervalSec", milliseconds(&parameters.arp_interval));
    if !parameters.arp_ip_targets.is_empty() {
        let targets: Vec<String> = parameters.arp_ip_targets.iter().map(ToString::to_string).collect();
        section.set("ARPIPTargets", targets.join(" "));
    }
    section.set_if("ARPValidate", parameters.arp_validate);
    section.set_if("ARPAllTargets", parameters.arp_all_targets);
    section.set_if("UpDelaySec", milliseconds(&parameters.up_delay));
    section.set_if("DownDelaySec", milliseconds(&parameters.down_delay));
    section.set_if("FailOverMACPolicy", parameters.fail_over_mac_policy);
    section.set_if("GratuitousARP", parameters.gratuitous_arp);
    section.set_if("PacketsPerSlave", parameters.packets_per_member);
    section.set_if("PrimaryReselectPolicy", parameters.primary_reselect_policy);
    section.set_if("ResendIGMP", parameters.resend_igmp);
    section.set_if("LearnPacketIntervalSec", parameters.learn_packet_interval.as_ref());
    section
}
