//! What has to notice a change.

/// What has to notice that a file has changed. Each is told once, after all files are in place, and only if it runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dirty {
    /// systemd reads its unit files again.
    Manager,
    /// networkd reads its files again.
    Network,
    /// networkd makes the link of this name again, or no more: it changes none that it has made.
    Netdev(String),
    /// As [`Self::Netdev`], but not in this boot: networkd has taken over a link that somebody else had made, and made none
    /// itself.
    TakenOver {
        /// The link's name.
        link: String,
        /// The boot's ID, random(4).
        boot: String,
    },
    /// The file of all certificate authorities that are trusted is made again.
    Certificates,
    /// The unit reads its configuration again.
    Reload(String),
    /// The unit is restarted: it reads this file only when it starts.
    Restart(String),
}

impl Dirty {
    /// The unit that has to notice, unless it is systemd itself.
    pub fn unit(&self) -> Option<&str> {
        match self {
            Self::Manager | Self::Certificates => None,
            Self::Network | Self::Netdev(_) | Self::TakenOver { .. } => Some("systemd-networkd.service"),
            Self::Reload(unit) | Self::Restart(unit) => Some(unit),
        }
    }
}
