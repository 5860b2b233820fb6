//! The keys of cloud-init's cloud-config that firstlight knows by name but doesn't apply.

use super::yaml::scalar::{Meaning, boolean, resolve};
use super::yaml::{Node, Value};

/// A key of cloud-config (schema-cloud-config-v1.json, cloud-init 26.2) that firstlight knows and doesn't apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherKey {
    /// The key; a dot separates a nested key from its parent.
    pub name: &'static str,
    /// What happens where it is there.
    pub treatment: Treatment,
    /// Why; many keys are not applied only because nothing implements them yet.
    pub reason: Option<&'static str>,
    /// What to do instead.
    pub instead: Option<&'static str>,
    /// Which values ask for nothing, so that they are no error.
    nothing: Nothing,
}

/// What happens where a key of cloud-config is there that firstlight doesn't apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// It is accepted and has no effect.
    NoEffect,
    /// It is an error, unless it asks for nothing.
    NotApplied,
}

/// Which values of a key that is not applied ask for nothing: always null and what is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nothing {
    /// And false: `package_update: false`.
    False,
    /// But not false, which forbids something that would happen otherwise.
    Empty,
    /// And a mapping in which this key is false: `growpart: {mode: off}`.
    FalseAt(&'static str),
}

impl OtherKey {
    /// The key of this name, if it is one of them.
    pub fn find(name: &str) -> Option<&'static Self> {
        OTHER_KEYS.iter().find(|key| key.name == name)
    }

    /// The key of this name, if it is one that is not applied.
    pub fn not_applied(name: &str) -> Option<&'static Self> {
        Self::find(name).filter(|key| key.treatment == Treatment::NotApplied)
    }

    /// Why, and what to do instead.
    pub fn advice(&self) -> String {
        let both: Vec<_> = self.reason.into_iter().chain(self.instead).collect();
        both.join(": ")
    }

    /// Whether a key that is not applied asks for nothing anyway: `packages: []`, `package_update: false`.
    pub fn asks_nothing(&self, value: &Node) -> bool {
        if self.treatment != Treatment::NotApplied {
            return false;
        }
        match (&value.value, self.nothing) {
            (Value::Sequence(items), _) => items.is_empty(),
            (Value::Mapping(_), Nothing::FalseAt(key)) => value.get(key).is_some_and(is_false),
            (Value::Mapping(entries), _) => entries.is_empty(),
            (Value::Scalar(scalar), _) if resolve(scalar) == Meaning::Null => true,
            (Value::Scalar(_), nothing) => nothing != Nothing::Empty && is_false(value),
        }
    }

    const fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    const fn even_false(mut self) -> Self {
        self.nothing = Nothing::Empty;
        self
    }

    const fn off_at(mut self, key: &'static str) -> Self {
        self.nothing = Nothing::FalseAt(key);
        self
    }
}

fn is_false(value: &Node) -> bool {
    matches!(&value.value, Value::Scalar(scalar) if boolean(&scalar.text) == Some(false))
}

/// The names of the keys that are not applied.
pub fn not_applied_names() -> impl Iterator<Item = &'static str> {
    let keys = OTHER_KEYS.iter().filter(|key| key.treatment == Treatment::NotApplied);
    keys.map(|key| key.name)
}

const fn no_effect(name: &'static str, reason: &'static str) -> OtherKey {
    OtherKey {
        name,
        treatment: Treatment::NoEffect,
        reason: Some(reason),
        instead: None,
        nothing: Nothing::False,
    }
}

const fn not_applied(name: &'static str, instead: &'static str) -> OtherKey {
    OtherKey {
        name,
        treatment: Treatment::NotApplied,
        reason: None,
        instead: Some(instead),
        nothing: Nothing::False,
    }
}

// What several keys have in common.
const JOINS: &str = "it sets how a part of user-data is merged with the parts before it";
const REMOVE: &str = "remove the key";
const ROOT_LOGIN: &str = "use `sshd.permit_root_login` to allow or forbid root logins over SSH";
const NO_COMMANDS: &str = "firstlight doesn't run commands yet";
const COMMANDS: &str = "use `services` to enable and start units, `write_files` to write files, `sysctl` to set kernel \
                        parameters, `kernel_modules` to load modules";
const NO_PACKAGES: &str = "firstlight doesn't install packages yet";
const PACKAGES: &str = "add them to the image";
const NO_ACCOUNTS: &str = "firstlight doesn't create accounts yet";
const ACCOUNTS: &str = "use `root` for root's password and keys, `chpasswd` for passwords of existing accounts";
const NAME_SERVERS: &str = "use `nameservers` of an interface under `network`";

/// All of them: those without effect, then those that are not applied.
pub const OTHER_KEYS: &[OtherKey] = &[
    no_effect("launch-index", "it says which machine a part of user-data is for"),
    no_effect("merge_how", JOINS),
    no_effect("merge_type", JOINS),
    no_effect("migrate", "it renames what old versions of cloud-init left"),
    no_effect("version", "it names a version of cloud-config's schema"),
    no_effect(
        "final_message",
        "the journal and `firstlight status` say how a boot ended",
    ),
    no_effect(
        "vendor_data",
        "only `enabled: false` has one: vendor-data is then ignored",
    ),
    not_applied("allow_userdata", REMOVE).even_false(),
    not_applied("ansible", REMOVE),
    not_applied("apk_repos", REMOVE),
    not_applied("apt", REMOVE),
    not_applied("apt_pipelining", REMOVE).even_false(),
    not_applied("apt_reboot_if_required", REMOVE),
    not_applied("apt_update", REMOVE),
    not_applied("apt_upgrade", REMOVE),
    not_applied("authkey_hash", REMOVE),
    not_applied("autoinstall", REMOVE),
    not_applied("bootcmd", COMMANDS).because(NO_COMMANDS),
    not_applied("byobu_by_default", REMOVE),
    not_applied("ca-certs", REMOVE),
    not_applied("ca_certs", REMOVE),
    not_applied("chef", REMOVE),
    not_applied("cloud_config_modules", REMOVE),
    not_applied("cloud_final_modules", REMOVE),
    not_applied("cloud_init_modules", REMOVE),
    not_applied("create_hostname_file", REMOVE).even_false(),
    not_applied("device_aliases", REMOVE),
    not_applied("disable_ec2_metadata", REMOVE),
    not_applied("disable_root", ROOT_LOGIN),
    not_applied("disable_root_opts", ROOT_LOGIN),
    not_applied("disk_setup", REMOVE),
    not_applied("drivers", REMOVE),
    not_applied("fan", REMOVE),
    not_applied("fs_setup", REMOVE),
    not_applied("groups", ACCOUNTS).because(NO_ACCOUNTS),
    not_applied("growpart", REMOVE).off_at("mode"),
    not_applied("grub-dpkg", REMOVE),
    not_applied("grub_dpkg", REMOVE),
    not_applied("keyboard", "use `keymap` to set the console keymap"),
    not_applied("landscape", REMOVE),
    not_applied(
        "locale_configfile",
        "use `locale`: it writes the file that the machine reads",
    ),
    not_applied("lxd", REMOVE),
    not_applied("manage_resolv_conf", NAME_SERVERS),
    not_applied("mcollective", REMOVE),
    not_applied("mount_default_fields", REMOVE),
    not_applied("mounts", REMOVE),
    not_applied("no_ssh_fingerprints", REMOVE),
    not_applied("ntp.allow", REMOVE),
    not_applied("ntp.config", REMOVE),
    not_applied("ntp.peers", REMOVE),
    not_applied("output", REMOVE),
    not_applied("package_reboot_if_required", REMOVE),
    not_applied("package_update", PACKAGES).because(NO_PACKAGES),
    not_applied("package_upgrade", PACKAGES).because(NO_PACKAGES),
    not_applied("packages", PACKAGES).because(NO_PACKAGES),
    not_applied("phone_home", REMOVE),
    not_applied("power_state", REMOVE),
    not_applied("puppet", REMOVE),
    not_applied("random_seed", REMOVE),
    not_applied("reporting", REMOVE),
    not_applied("resize_rootfs", REMOVE),
    not_applied("resolv_conf", NAME_SERVERS),
    not_applied("rh_subscription", REMOVE),
    not_applied("rpi", REMOVE),
    not_applied("rsyslog", REMOVE),
    not_applied("runcmd", COMMANDS).because(NO_COMMANDS),
    not_applied("salt_minion", REMOVE),
    not_applied("snap", REMOVE),
    not_applied("spacewalk", REMOVE),
    not_applied("ssh", REMOVE),
    not_applied("ssh_authorized_keys", "for root's keys, use `root.ssh_authorized_keys`"),
    not_applied("ssh_deletekeys", REMOVE),
    not_applied("ssh_fp_console_blacklist", REMOVE),
    not_applied("ssh_genkeytypes", REMOVE),
    not_applied("ssh_import_id", REMOVE),
    not_applied("ssh_key_console_blacklist", REMOVE),
    not_applied("ssh_keys", REMOVE),
    not_applied("ssh_publish_hostkeys", REMOVE),
    not_applied("ssh_quiet_keygen", REMOVE),
    not_applied("swap", REMOVE),
    not_applied("system_info", REMOVE),
    not_applied("ubuntu_advantage", REMOVE),
    not_applied("ubuntu_pro", REMOVE),
    not_applied("updates", REMOVE),
    not_applied("user", ACCOUNTS).because(NO_ACCOUNTS),
    not_applied("users", ACCOUNTS).because(NO_ACCOUNTS),
    not_applied("wireguard", REMOVE),
    not_applied("yum_repo_dir", REMOVE),
    not_applied("yum_repos", REMOVE),
    not_applied("zypper", REMOVE),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_other_key_is_there_once_and_says_what_to_do() {
        let names: BTreeSet<_> = OTHER_KEYS.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), OTHER_KEYS.len());
        for key in OTHER_KEYS {
            let said = match key.treatment {
                Treatment::NoEffect => key.reason,
                Treatment::NotApplied => key.instead,
            };
            assert!(said.is_some_and(|said| !said.is_empty()), "{}", key.name);
        }
    }
}
