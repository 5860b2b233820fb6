//! Keys of netplan that networkd has nothing for: each is refused, with what else would do.

use serde::Deserialize;

use crate::document::code::Code;
use crate::document::problem::Problems;

/// What stands below a key that is refused: anything.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "serde_json::Value")]
pub struct Unsupported {
    /// Whether it asks for something: `{}` and `false` don't.
    pub is_asked: bool,
}

impl From<serde_json::Value> for Unsupported {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value;
        let is_asked = match &value {
            Value::Null | Value::Bool(false) => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(entries) => !entries.is_empty(),
            Value::Bool(true) | Value::Number(_) | Value::String(_) => true,
        };
        Self { is_asked }
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Unsupported {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Unsupported".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "enum": [null, false, {}, []],
            "deprecated": true,
            "doNotSuggest": true,
            "errorMessage": "networkd has nothing for this key",
        })
    }
}

/// A key that is refused.
#[derive(Debug, Clone, Copy)]
pub struct Refusal {
    /// The key.
    pub key: &'static str,
    /// Why: a sentence without a full stop.
    pub why: &'static str,
    /// What else would do.
    pub instead: &'static str,
}

impl Refusal {
    /// Refuses the key where it asks for something.
    pub fn check(&self, value: Option<&Unsupported>, problems: &mut Problems<'_>) {
        if value.is_some_and(|value| value.is_asked) {
            let message = format!("`{}` is not supported: {}", self.key, self.why);
            problems
                .of(Code::NotSupported)
                .error(&[self.key], message, Some(self.instead));
        }
    }
}

/// 802.1x.
pub const AUTH: Refusal = Refusal {
    key: "auth",
    why: "networkd doesn't log into networks (802.1x), wpa_supplicant does",
    instead: "write its configuration with `write_files`, and enable `wpa_supplicant-wired@LINK` with `services`",
};

/// Open vSwitch, for a link or for all of them.
pub const OPENVSWITCH: Refusal = Refusal {
    key: "openvswitch",
    why: "Open vSwitch keeps its bridges in a database of its own, not in files of networkd",
    instead: "use `bridges`, or set it up with `ovs-vsctl` in a unit that `write_files` writes and `services` enables",
};

/// The switch inside of a network card.
pub const EMBEDDED_SWITCH_MODE: Refusal = Refusal {
    key: "embedded-switch-mode",
    why: "neither networkd nor udev sets the mode of a network card's switch",
    instead: "run `devlink dev eswitch set` in a unit that `write_files` writes and `services` enables",
};

/// When virtual functions get their driver back.
pub const DELAY_REBIND: Refusal = Refusal {
    key: "delay-virtual-functions-rebind",
    why: "it is for `embedded-switch-mode`, and nothing here takes virtual functions from their driver",
    instead: "leave it out",
};

/// Kinds of devices, and what else stands beside them. `openvswitch` stands here too.
pub const KINDS: [Refusal; 4] = [
    Refusal {
        key: "wifis",
        why: "networkd doesn't log into wireless networks, wpa_supplicant and iwd do",
        instead: "write its configuration with `write_files` and enable it with `services`; the addresses of the link \
                  go below `ethernets`",
    },
    Refusal {
        key: "modems",
        why: "networkd doesn't dial, ModemManager does",
        instead: "set the modem up with ModemManager; the addresses of the link go below `ethernets`",
    },
    Refusal {
        key: "nm-devices",
        why: "those are profiles of NetworkManager, and networkd configures the network here",
        instead: "write them with `write_files` into /etc/NetworkManager/system-connections, without `network`",
    },
    OPENVSWITCH,
];
