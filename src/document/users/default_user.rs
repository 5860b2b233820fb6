//! The default user: who `default`, and the keys of the top level that name no account, are about.

use serde::Deserialize;

use super::User;
use crate::document::problem::{Check, Problems};

/// `system_info`: what cloud-init's own configuration says of the distribution. Only `default_user` has an effect.
///
/// ```yaml
/// default_user: {name: core, groups: [docker]}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SystemInfo {
    /// The default user.
    pub default_user: Option<User>,
}

impl Check for SystemInfo {
    fn check(&self, problems: &mut Problems<'_>) {
        if let Some(user) = &self.default_user {
            user.check(&mut problems.below(&["default_user"]));
        }
    }
}

/// Default users, as `config/cloud.cfg.tmpl` of cloud-init 25.1 has them: the `ID` of os-release(5), the account's name,
/// its comment and its groups.
const DISTRIBUTIONS: &[(&str, &str, &str, &str)] = &[
    (
        "almalinux",
        "almalinux",
        "AlmaLinux Cloud User",
        "wheel,adm,systemd-journal",
    ),
    ("amzn", "ec2-user", "EC2 Default User", "wheel,adm,systemd-journal"),
    ("arch", "arch", "", "wheel,users"),
    ("azurelinux", "azureuser", "Azure Linux", "wheel"),
    ("centos", "cloud-user", "Cloud User", "wheel,adm,systemd-journal"),
    (
        "debian",
        "debian",
        "Debian",
        "adm,audio,cdrom,dialout,dip,floppy,netdev,plugdev,sudo,video",
    ),
    ("fedora", "fedora", "fedora Cloud User", "wheel,adm,systemd-journal"),
    ("opensuse-leap", "opensuse", "opensuse Cloud User", "cdrom,users"),
    ("opensuse-tumbleweed", "opensuse", "opensuse Cloud User", "cdrom,users"),
    ("rhel", "cloud-user", "Cloud User", "wheel,adm,systemd-journal"),
    ("rocky", "rocky", "rocky Cloud User", "wheel,adm,systemd-journal"),
    ("ubuntu", "ubuntu", "Ubuntu", "adm,cdrom,dip,lxd,sudo"),
];

/// The default user of a distribution, by the `ID` of its os-release(5); `None` for Photon and others, where root is the
/// one who logs in.
pub fn of_distribution(id: &str) -> Option<User> {
    let (_, name, gecos, groups) = DISTRIBUTIONS.iter().find(|(own, ..)| *own == id)?;
    let user = serde_json::json!({
        "name": name,
        "gecos": gecos,
        "groups": groups,
        "shell": "/bin/bash",
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
    });
    serde_json::from_value(user).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_user_is_valid() {
        for (id, name, ..) in DISTRIBUTIONS {
            let user = of_distribution(id).unwrap();
            assert_eq!(
                (user.name.as_str(), user.is_locked(), user.has_home()),
                (*name, true, true)
            );
            assert!(!user.groups().is_empty() && !user.sudo().is_empty());
        }
        assert_eq!(of_distribution("photon"), None);
    }
}
