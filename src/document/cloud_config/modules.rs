//! The modules of cloud-init, and the keys that each of them reads.

/// A module of cloud-init, as its `cloud.cfg` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Module {
    /// Its name, with underscores.
    pub name: &'static str,
    /// The keys of cloud-config that it reads: what becomes of these becomes of it.
    pub keys: &'static [&'static str],
    /// Where it reads none, what becomes of it.
    pub note: Option<&'static str>,
}

const fn module(name: &'static str, keys: &'static [&'static str]) -> Module {
    Module { name, keys, note: None }
}

const fn without_keys(name: &'static str, note: &'static str) -> Module {
    Module {
        name,
        keys: &[],
        note: Some(note),
    }
}

const RIGHTSCALE: &str = "not applied: firstlight doesn't ask RightScale for scripts";
const RMC: &str = "not applied: firstlight doesn't manage IBM's RMC";
const SCRIPTS: &str =
    "applied: scripts of user-data and vendor-data, and of the directories below /var/lib/cloud/scripts";

/// Old spellings of keys that are applied, and the new ones.
pub const OLD_SPELLINGS: [(&str, &str); 4] = [
    ("apt_reboot_if_required", "package_reboot_if_required"),
    ("apt_update", "package_update"),
    ("apt_upgrade", "package_upgrade"),
    ("ca-certs", "ca_certs"),
];

/// All modules of cloud-init 22.4 to 26.2.
pub const MODULES: &[Module] = &[
    module("ansible", &["ansible"]),
    module("apk_configure", &["apk_repos"]),
    module("apt_configure", &["apt"]),
    module("apt_pipelining", &["apt_pipelining"]),
    module("bootcmd", &["bootcmd"]),
    module("byobu", &["byobu_by_default"]),
    module("ca_certs", &["ca-certs", "ca_certs"]),
    module("chef", &["chef"]),
    module("disable_ec2_metadata", &["disable_ec2_metadata"]),
    module("disk_setup", &["device_aliases", "disk_setup", "fs_setup"]),
    module("fan", &["fan"]),
    module("final_message", &["final_message"]),
    module("growpart", &["growpart"]),
    module("grub_dpkg", &["grub-dpkg", "grub_dpkg"]),
    module("install_hotplug", &["updates"]),
    module("keyboard", &["keyboard"]),
    module(
        "keys_to_console",
        &["ssh", "ssh_fp_console_blacklist", "ssh_key_console_blacklist"],
    ),
    module("landscape", &["landscape"]),
    module("locale", &["locale", "locale_configfile"]),
    module("lxd", &["lxd"]),
    module("mcollective", &["mcollective"]),
    module("migrator", &["migrate"]),
    module("mounts", &["mount_default_fields", "mounts", "swap"]),
    module("ntp", &["ntp"]),
    module(
        "package_update_upgrade_install",
        &[
            "apt_reboot_if_required",
            "apt_update",
            "apt_upgrade",
            "package_reboot_if_required",
            "package_update",
            "package_upgrade",
            "packages",
        ],
    ),
    module("phone_home", &["phone_home"]),
    module("power_state_change", &["power_state"]),
    module("puppet", &["puppet"]),
    module("raspberry_pi", &["rpi"]),
    without_keys("refresh_rmc_and_interface", RMC),
    without_keys("reset_rmc", RMC),
    module("resizefs", &["resize_rootfs"]),
    module("resolv_conf", &["manage_resolv_conf", "resolv_conf"]),
    module("rh_subscription", &["rh_subscription"]),
    without_keys("rightscale_userdata", RIGHTSCALE),
    module("rsyslog", &["rsyslog"]),
    module("runcmd", &["runcmd"]),
    module("salt_minion", &["salt_minion"]),
    without_keys("scripts_per_boot", SCRIPTS),
    without_keys("scripts_per_instance", SCRIPTS),
    without_keys("scripts_per_once", SCRIPTS),
    without_keys("scripts_user", SCRIPTS),
    module("scripts_vendor", &["vendor_data"]),
    module("seed_random", &["random_seed"]),
    module(
        "set_hostname",
        &[
            "create_hostname_file",
            "fqdn",
            "hostname",
            "prefer_fqdn_over_hostname",
            "preserve_hostname",
        ],
    ),
    module("set_passwords", &["chpasswd", "password", "ssh_pwauth"]),
    module("snap", &["snap"]),
    module("spacewalk", &["spacewalk"]),
    module(
        "ssh",
        &[
            "allow_public_ssh_keys",
            "disable_root",
            "disable_root_opts",
            "ssh_authorized_keys",
            "ssh_deletekeys",
            "ssh_genkeytypes",
            "ssh_keys",
            "ssh_publish_hostkeys",
            "ssh_quiet_keygen",
        ],
    ),
    module("ssh_authkey_fingerprints", &["authkey_hash", "no_ssh_fingerprints"]),
    module("ssh_import_id", &["ssh_import_id"]),
    module("timezone", &["timezone"]),
    module("ubuntu_advantage", &["ubuntu_advantage"]),
    module("ubuntu_autoinstall", &["autoinstall"]),
    module("ubuntu_drivers", &["drivers"]),
    module("ubuntu_pro", &["ubuntu_advantage", "ubuntu_pro"]),
    module("update_etc_hosts", &["fqdn", "hostname", "manage_etc_hosts"]),
    module(
        "update_hostname",
        &["create_hostname_file", "prefer_fqdn_over_hostname", "preserve_hostname"],
    ),
    module("users_groups", &["groups", "user", "users"]),
    module("wireguard", &["wireguard"]),
    module("write_files", &["write_files"]),
    module("write_files_deferred", &["write_files"]),
    module("yum_add_repo", &["yum_repo_dir", "yum_repos"]),
    module("zypper_add_repo", &["zypper"]),
];
