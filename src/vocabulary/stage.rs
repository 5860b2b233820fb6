//! When in the boot something is done.

/// When in the boot a module's changes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Stage {
    /// Before the network, sshd and the bus: writes files.
    Local,
    /// With the bus: manages units and services.
    System,
    /// After network-online.target.
    Final,
}

impl Stage {
    /// The unit that runs it.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Local => "firstlight-local.service",
            Self::System => "firstlight.service",
            Self::Final => "firstlight-final.service",
        }
    }
}
