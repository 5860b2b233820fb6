//! The table of cloud-config's keys that firstlight doesn't apply.

use super::{Nothing, OtherKey, Treatment};

const fn no_effect(name: &'static str, reason: &'static str) -> OtherKey {
    OtherKey {
        name,
        treatment: Treatment::NoEffect,
        reason,
        instead: None,
        nothing: Nothing::False,
    }
}

/// A row of a key that is not applied: why, and what to do instead.
const fn not_applied(name: &'static str, (reason, instead): Why) -> OtherKey {
    OtherKey {
        name,
        treatment: Treatment::NotApplied,
        reason,
        instead: Some(instead),
        nothing: Nothing::False,
    }
}

impl OtherKey {
    /// Even false asks for something.
    const fn even_false(mut self) -> Self {
        self.nothing = Nothing::Empty;
        self
    }

    /// It asks for nothing where it is true.
    const fn unless_true(mut self) -> Self {
        self.nothing = Nothing::True;
        self
    }

    /// It asks for nothing where this key below it is false.
    const fn off_at(mut self, key: &'static str) -> Self {
        self.nothing = Nothing::FalseAt(key);
        self
    }
}

/// Why a key is not applied, and what to do instead.
type Why = (&'static str, &'static str);

// What several keys have in common.
const JOINS: &str =
    "it only has one beside other parts: it sets how a part of user-data is merged with the parts before it";
const OWN_OUTPUT: &str = "it is about cloud-init's own output, and that of firstlight is in the journal";
const REMOVE: &str = "remove the key";
const BOOT_LOADER: Why = ("firstlight leaves the boot loader alone", "configure it in the image");
const DISKS: Why = (
    "firstlight doesn't partition or format disks yet",
    "prepare them in the image, with systemd-repart",
);
const RSYSLOG_PACKAGE: Why = ("packages are installed by `packages`", "add `rsyslog` to `packages`");
const HYPERV: Why = (
    "firstlight doesn't write to the key-value pool of Hyper-V",
    "use the type `webhook`, or collect the journal",
);
const MODULES: Why = ("the keys of a document say what is done, not a list of modules", REMOVE);
const MOUNTS: Why = (
    "firstlight doesn't mount file systems yet",
    "write `.mount` and `.swap` units with `write_files`, and enable them with `services`",
);
const DEBCONF: Why = (
    "firstlight doesn't answer the questions of packages",
    "run `debconf-set-selections` in `bootcmd`",
);
const DSA: Why = (
    "sshd takes no DSA keys any more (since OpenSSH 10.0)",
    "remove the key, or use `ssh_keys.ed25519_private`",
);
const MIRRORS: Why = (
    "firstlight leaves the distribution's own sources as they are",
    "use `apt.sources_list` for all of them, with `$RELEASE`, and remove sources in other files in the image",
);
const PPA: Why = (
    "firstlight doesn't run add-apt-repository",
    "use `apt.sources` with `source` and `key`",
);
const REPOSITORIES: Why = (
    "firstlight doesn't configure package managers yet",
    "write the package manager's own files with `write_files`",
);
const SOURCES: Why = (
    "sources are searched before there is a document",
    "use `sources` and `allow` in /etc/firstlight/config.yaml",
);
const TIME_CLIENT: Why = (
    "firstlight only sets which servers the machine asks for the time",
    "write the time client's own file with `write_files`",
);
const TOOLS: Why = (
    "firstlight doesn't set up other management tools",
    "add the tool to the image, write its files with `write_files`, and enable its unit with `services`",
);

/// All of them: those without effect, then those that are not applied.
pub const OTHER_KEYS: &[OtherKey] = &[
    no_effect("def_log_file", OWN_OUTPUT),
    no_effect(
        "launch-index",
        "it only has one beside other parts: it says which machine a part of user-data is for",
    ),
    no_effect("log_cfgs", OWN_OUTPUT),
    no_effect("manual_cache_clean", "it is about cloud-init's own state"),
    no_effect("merge_how", JOINS),
    no_effect("merge_type", JOINS),
    no_effect("migrate", "it renames what old versions of cloud-init left"),
    no_effect("output", OWN_OUTPUT),
    no_effect("ssh_quiet_keygen", "making host keys says nothing anyway"),
    no_effect("syslog_fix_perms", OWN_OUTPUT),
    no_effect(
        "vendor_data",
        "only `enabled: false` has one, by which vendor-data is ignored, and `prefix`, which runs the vendor's scripts",
    ),
    no_effect("version", "it names a version of cloud-config's schema"),
    not_applied("allow_userdata", SOURCES).unless_true(),
    not_applied("ansible", TOOLS),
    not_applied("apk_repos", REPOSITORIES),
    not_applied("apt.add_apt_repo_match", PPA),
    not_applied("apt.debconf_selections", DEBCONF),
    not_applied("apt.disable_suites", MIRRORS),
    not_applied("apt.primary", MIRRORS),
    not_applied("apt.security", MIRRORS),
    not_applied("apt_pipelining", REPOSITORIES).even_false(),
    not_applied("autoinstall", ("it is for Ubuntu's installer", REMOVE)),
    not_applied("byobu_by_default", TOOLS),
    not_applied("chef", TOOLS),
    not_applied("cloud_config_modules", MODULES),
    not_applied("cloud_init_modules", MODULES),
    not_applied(
        "create_hostname_file",
        (
            "a host name that isn't in /etc/hostname is lost at the next boot",
            REMOVE,
        ),
    )
    .unless_true(),
    not_applied("datasource", SOURCES),
    not_applied("datasource_list", SOURCES),
    not_applied("debconf_selections", DEBCONF),
    not_applied("device_aliases", DISKS),
    not_applied(
        "disable_ec2_metadata",
        (
            "firstlight doesn't block the metadata service",
            "block 169.254.169.254 in the image's firewall",
        ),
    ),
    not_applied("disk_setup", DISKS),
    not_applied(
        "drivers",
        (
            "firstlight doesn't install drivers",
            "add them to the image, or use `packages`",
        ),
    ),
    not_applied(
        "fan",
        ("firstlight doesn't configure Ubuntu's fan networking", "use `network`"),
    ),
    not_applied("fs_setup", DISKS),
    not_applied(
        "growpart",
        (
            "firstlight doesn't grow partitions yet",
            "let systemd-repart do it, in the image",
        ),
    )
    .off_at("mode"),
    not_applied("grub-dpkg", BOOT_LOADER),
    not_applied("grub_dpkg", BOOT_LOADER),
    not_applied("landscape", TOOLS),
    not_applied(
        "locale_configfile",
        (
            "the locale is written to the file that the machine reads",
            "use `locale` alone",
        ),
    ),
    not_applied("lxd", TOOLS),
    not_applied("mcollective", TOOLS),
    not_applied("mount_default_fields", MOUNTS),
    not_applied("mounts", MOUNTS),
    not_applied("ntp.allow", TIME_CLIENT),
    not_applied("ntp.config", TIME_CLIENT),
    not_applied("ntp.peers", TIME_CLIENT),
    not_applied("puppet", TOOLS),
    not_applied("reporting.event_types", HYPERV),
    not_applied("reporting.kvp_file_path", HYPERV),
    not_applied(
        "resize_rootfs",
        (
            "firstlight doesn't grow file systems yet",
            "mount it with `x-systemd.growfs`, in the image",
        ),
    ),
    not_applied("rh_subscription", TOOLS),
    not_applied(
        "rpi",
        (
            "firstlight doesn't configure the Raspberry Pi's hardware",
            "write `config.txt` in the image",
        ),
    ),
    not_applied("rsyslog.check_exe", RSYSLOG_PACKAGE),
    not_applied("rsyslog.install_rsyslog", RSYSLOG_PACKAGE),
    not_applied("rsyslog.packages", RSYSLOG_PACKAGE),
    not_applied("salt_minion", TOOLS),
    not_applied("snap", TOOLS),
    not_applied("spacewalk", TOOLS),
    not_applied("ssh_keys.dsa_certificate", DSA),
    not_applied("ssh_keys.dsa_private", DSA),
    not_applied("ssh_keys.dsa_public", DSA),
    not_applied(
        "ssh_publish_hostkeys",
        ("firstlight doesn't send host keys to the platform", REMOVE),
    )
    .off_at("enabled"),
    not_applied("swap", MOUNTS),
    not_applied("ubuntu_advantage", TOOLS),
    not_applied("ubuntu_pro", TOOLS),
    not_applied(
        "updates",
        (
            "networkd configures devices that come later, without being told again",
            REMOVE,
        ),
    ),
    not_applied("users.snapuser", ("it is for Ubuntu Core", REMOVE)),
    not_applied(
        "wireguard",
        (
            "firstlight doesn't run wg-quick",
            "write a `.netdev` file of kind wireguard with `networkd_files`",
        ),
    ),
    not_applied("zypper", REPOSITORIES),
];
