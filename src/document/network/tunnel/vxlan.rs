//! VXLAN: what only such a tunnel has.

use std::fmt;

use serde::Deserialize;

use crate::document::network::word::words;

/// The number of a network that VXLAN carries: 1 to 16777215.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minimum" = 1, "maximum" = 16_777_215, "examples" = [100])))]
pub struct Vni(u32);

impl Vni {
    /// The number.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Vni {
    type Error = String;

    fn try_from(id: u32) -> Result<Self, String> {
        match id {
            1..=0xff_ffff => Ok(Self(id)),
            other => Err(format!("there is no VXLAN {other}, expected 1 to 16777215")),
        }
    }
}

/// The flow label of IPv6 packets: 0 to 1048575.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("minimum" = 0, "maximum" = 1_048_575, "examples" = [92])))]
pub struct FlowLabel(u32);

impl FlowLabel {
    /// The number.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for FlowLabel {
    type Error = String;

    fn try_from(label: u32) -> Result<Self, String> {
        match label {
            0..=0xf_ffff => Ok(Self(label)),
            other => Err(format!("there is no flow label {other}, expected 0 to 1048575")),
        }
    }
}

/// The ports that packets are sent from: the lowest and the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<u16>")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "Vec<u16>", extend("minItems" = 2, "maxItems" = 2, "items" = {"type": "integer", "minimum": 1, "maximum": 65535}, "examples" = [[42000, 42100]])))]
pub struct PortRange {
    low: u16,
    high: u16,
    /// Whether the document has the highest one first.
    pub is_swapped: bool,
}

impl TryFrom<Vec<u16>> for PortRange {
    type Error = String;

    fn try_from(ports: Vec<u16>) -> Result<Self, String> {
        match ports.as_slice() {
            [0, _] | [_, 0] => Err("there is no port 0, expected 1 to 65535".to_owned()),
            [low, high] => Ok(Self {
                low: *low.min(high),
                high: *low.max(high),
                is_swapped: low > high,
            }),
            _ => Err("a range of ports is a list of two: the lowest and the highest".to_owned()),
        }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.low, self.high)
    }
}

words! {
    /// What the kernel reports.
    pub enum Notification {
        /// A hardware address that isn't known.
        L2Miss = "l2-miss",
        /// An IP address that isn't known.
        L3Miss = "l3-miss",
    }
}

words! {
    /// Which checksums packets have, and which may be missing.
    pub enum Checksum {
        /// UDP over IPv4 has one.
        Udp = "udp",
        /// UDP over IPv6 goes out without one.
        ZeroUdp6Tx = "zero-udp6-tx",
        /// UDP over IPv6 is taken without one.
        ZeroUdp6Rx = "zero-udp6-rx",
        /// The other end computes that of packets that go out.
        RemoteTx = "remote-tx",
        /// This end computes that of packets that come in.
        RemoteRx = "remote-rx",
    }
}

words! {
    /// Extensions of the protocol.
    pub enum Extension {
        /// The group that a packet's policy is of.
        GroupPolicy = "group-policy",
        /// Other packets than those of Ethernet.
        GenericProtocol = "generic-protocol",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_ports_has_two() {
        let read = |ports: &[u16]| PortRange::try_from(ports.to_vec());
        assert_eq!(
            read(&[442, 42]).unwrap(),
            PortRange {
                low: 42,
                high: 442,
                is_swapped: true
            }
        );
        assert_eq!(read(&[5, 5]).unwrap().to_string(), "5-5");
        for ports in [&[][..], &[1], &[1, 2, 3], &[0, 5], &[5, 0]] {
            assert!(read(ports).is_err(), "{ports:?}");
        }
    }

    #[test]
    fn numbers_have_their_bounds() {
        for (number, id, label) in [
            (0, false, true),
            (1, true, true),
            (1_048_575, true, true),
            (1_048_576, true, false),
            (16_777_215, true, false),
            (16_777_216, false, false),
        ] {
            assert_eq!(Vni::try_from(number).is_ok(), id, "{number}");
            assert_eq!(FlowLabel::try_from(number).is_ok(), label, "{number}");
        }
    }
}
