//! Hardware addresses, and which one a link gets.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// The bytes of an Ethernet address, and of an InfiniBand one.
const LENGTHS: [usize; 2] = [6, InfinibandBytes::LEN];

/// The longer of them.
struct InfinibandBytes;

impl InfinibandBytes {
    const LEN: usize = 20;
}

/// A hardware address of six bytes, or of the 20 that InfiniBand has; written lower case with colons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^[0-9A-Fa-f]{2}((:[0-9A-Fa-f]{2}){5}|(-[0-9A-Fa-f]{2}){5}|(:[0-9A-Fa-f]{2}){19}|(-[0-9A-Fa-f]{2}){19})$", "examples" = ["00:50:56:aa:bb:cc"])))]
pub struct Mac {
    /// Those after `length` are zero.
    bytes: [u8; InfinibandBytes::LEN],
    length: usize,
}

impl Mac {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Whether a link can have it: not a group's address (IEEE 802), not all zeros.
    pub fn is_unicast(self) -> bool {
        let is_group = !self.is_infiniband() && self.bytes[0] & 1 == 1;
        !is_group && self.bytes().iter().any(|byte| *byte != 0)
    }

    /// Whether it has the 20 bytes of InfiniBand. Other kinds of links have none like it.
    pub fn is_infiniband(self) -> bool {
        self.length == InfinibandBytes::LEN
    }
}

impl TryFrom<String> for Mac {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse(&text).ok_or_else(|| {
            let shown = text.escape_debug();
            format!(
                "`{shown}` is not a hardware address, expected six bytes such as 00:50:56:aa:bb:cc (20 for InfiniBand)"
            )
        })
    }
}

fn parse(text: &str) -> Option<Mac> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let mut mac = Mac {
        bytes: [0; InfinibandBytes::LEN],
        length: 0,
    };
    for part in text.split(separator) {
        if part.len() != 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        *mac.bytes.get_mut(mac.length)? = u8::from_str_radix(part, 16).ok()?;
        mac.length += 1;
    }
    LENGTHS.contains(&mac.length).then_some(mac)
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, byte) in self.bytes().iter().enumerate() {
            let colon = if number == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Which hardware address a link gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = r"^(random|permanent|[0-9A-Fa-f]{2}((:[0-9A-Fa-f]{2}){5}|(-[0-9A-Fa-f]{2}){5}|(:[0-9A-Fa-f]{2}){19}|(-[0-9A-Fa-f]{2}){19}))$", "examples" = ["00:50:56:aa:bb:cc", "random", "permanent"])))]
pub enum MacPolicy {
    /// This one.
    Fixed(Mac),
    /// Another one each time the link appears.
    Random,
    /// The one that it was made with; for a link without any, one that it has on every boot.
    Permanent,
}

impl MacPolicy {
    /// The address, where the document gives one.
    pub fn fixed(self) -> Option<Mac> {
        match self {
            Self::Fixed(mac) => Some(mac),
            Self::Random | Self::Permanent => None,
        }
    }
}

impl TryFrom<String> for MacPolicy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "random" => Ok(Self::Random),
            "permanent" => Ok(Self::Permanent),
            "stable" | "stable-ssid" | "preserve" => Err(format!(
                "`{text}` is a word of NetworkManager that networkd has nothing for: write `permanent`, `random` or an \
                 address"
            )),
            _ => Mac::try_from(text).map(Self::Fixed),
        }
    }
}
