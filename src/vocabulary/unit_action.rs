//! What can be done with a unit.

/// The verbs systemd has for a unit, as in systemctl(1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitAction {
    /// Make the links that `[Install]` asks for.
    Enable,
    /// Remove them.
    Disable,
    /// Link the unit to `/dev/null`.
    Mask,
    /// Remove that link.
    Unmask,
    /// Start it, if it is not running.
    Start,
    /// Stop it, if it is running.
    Stop,
    /// Stop and start it.
    Restart,
    /// Ask it to read its configuration again, or restart it where it can't.
    Reload,
}
