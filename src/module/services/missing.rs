//! What to say when a unit isn't there: the package that usually brings it, and the unit that may have been meant.

use crate::module::PlanError;
use crate::system::systemd::{UnitName, unit_names};
use crate::system::{ReadError, Root};

/// How alike two names have to be to be taken for each other, from 0 to 1 (Jaro-Winkler).
const ALIKE: f64 = 0.85;

/// Units that people ask for on container hosts, and where they come from. Photon's package first where Debian's has
/// another name.
const PACKAGES: [(&str, &str); 22] = [
    ("auditd", "`audit` on Photon, `auditd` on Debian"),
    ("chrony", "`chrony`; on Photon its unit is chronyd.service"),
    ("chronyd", "`chrony`"),
    ("cloud-init", "`cloud-init`"),
    ("containerd", "`containerd`"),
    ("crond", "`cronie` on Photon; Debian's `cron` has cron.service"),
    ("docker", "`docker` on Photon, `docker.io` on Debian"),
    ("fail2ban", "`fail2ban`"),
    ("firewalld", "`firewalld`"),
    ("haproxy", "`haproxy`"),
    (
        "iptables",
        "`iptables` on Photon; Debian has `netfilter-persistent` instead",
    ),
    ("keepalived", "`keepalived`"),
    (
        "kubelet",
        "`kubernetes` on Photon, `kubelet` from the Kubernetes project's repository elsewhere",
    ),
    ("nftables", "`nftables`"),
    ("nginx", "`nginx`"),
    (
        "open-vm-tools",
        "`open-vm-tools`; on Photon its unit is vmtoolsd.service",
    ),
    ("podman", "`podman`"),
    ("rsyslog", "`rsyslog`"),
    ("ssh", "`openssh-server` on Debian; on Photon its unit is sshd.service"),
    (
        "sshd",
        "`openssh` on Photon, `openssh-server` on Debian (its unit there is ssh.service)",
    ),
    (
        "systemd-resolved",
        "`systemd-resolved` where it is not part of `systemd`",
    ),
    ("vmtoolsd", "`open-vm-tools`"),
];

/// The error for a unit that isn't there, asked for at `path` of the document.
pub(in crate::module) fn missing_unit(root: &Root, unit: &UnitName, path: &[&str]) -> PlanError {
    let error = PlanError::at(path, format!("there is no unit {unit} on this machine")).lacks(unit.as_str());
    let package = usual_package(unit).map(|package| format!("it comes with the package {package}"));
    // A unit path that can't be read is no reason to say less than this.
    let alike = alike(root, unit)
        .ok()
        .flatten()
        .map(|name| format!("did you mean {name}?"));
    let hints: Vec<String> = [package, alike].into_iter().flatten().collect();
    match hints.is_empty() {
        true => error.hint("install the package that provides it, or remove it from the document"),
        false => error.hint(hints.join("; ")),
    }
}

fn usual_package(unit: &UnitName) -> Option<&'static str> {
    PACKAGES
        .iter()
        .find(|(name, _)| *name == unit.prefix())
        .map(|(_, package)| *package)
}

/// The unit of the same type whose name is most alike.
fn alike(root: &Root, unit: &UnitName) -> Result<Option<UnitName>, ReadError> {
    let alikeness = |name: &UnitName| strsim::jaro_winkler(name.prefix(), unit.prefix());
    let candidates = unit_names(root)?
        .into_iter()
        .filter(|name| name.suffix() == unit.suffix());
    let best = candidates.max_by(|one, other| alikeness(one).total_cmp(&alikeness(other)));
    Ok(best.filter(|name| alikeness(name) >= ALIKE))
}
