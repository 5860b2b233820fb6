//! The keys of cloud-init's cloud-config that are known by name and not applied.

use std::borrow::Cow;

use super::compressed::{self, is_gzip};
use super::encoded;
use super::text::TEXT_LIMIT;
use super::yaml::scalar::{Meaning, boolean, resolve};
use super::yaml::{Node, Value};

/// Keys that change nothing on a machine by themselves, and why: they are accepted and have no effect here.
pub const WITHOUT_EFFECT: [(&str, &str); 4] = [
    (
        "merge_how",
        "a later document's key always takes the place of an earlier one's",
    ),
    (
        "merge_type",
        "a later document's key always takes the place of an earlier one's",
    ),
    (
        "final_message",
        "the end of a boot is in the journal and in `firstlight status`",
    ),
    (
        "vendor_data",
        "only `enabled: false` says something: that vendor-data is not taken",
    ),
];

/// Keys of cloud-config (schema-cloud-config-v1.json, cloud-init 26.2) that firstlight doesn't apply; one below another
/// with a dot in between.
pub const NOT_APPLIED: [&str; 84] = [
    "allow_userdata",
    "ansible",
    "apk_repos",
    "apt",
    "apt_pipelining",
    "apt_reboot_if_required",
    "apt_update",
    "apt_upgrade",
    "authkey_hash",
    "autoinstall",
    "bootcmd",
    "byobu_by_default",
    "ca-certs",
    "ca_certs",
    "chef",
    "cloud_config_modules",
    "cloud_final_modules",
    "cloud_init_modules",
    "create_hostname_file",
    "device_aliases",
    "disable_ec2_metadata",
    "disable_root",
    "disable_root_opts",
    "disk_setup",
    "drivers",
    "fan",
    "fs_setup",
    "groups",
    "growpart",
    "grub-dpkg",
    "grub_dpkg",
    "keyboard",
    "landscape",
    "launch-index",
    "locale_configfile",
    "lxd",
    "manage_resolv_conf",
    "mcollective",
    "mount_default_fields",
    "mounts",
    "no_ssh_fingerprints",
    "ntp.allow",
    "ntp.config",
    "ntp.peers",
    "output",
    "package_reboot_if_required",
    "package_update",
    "package_upgrade",
    "packages",
    "phone_home",
    "power_state",
    "puppet",
    "random_seed",
    "reporting",
    "resize_rootfs",
    "resolv_conf",
    "rh_subscription",
    "rpi",
    "rsyslog",
    "runcmd",
    "salt_minion",
    "snap",
    "spacewalk",
    "ssh",
    "ssh_authorized_keys",
    "ssh_deletekeys",
    "ssh_fp_console_blacklist",
    "ssh_genkeytypes",
    "ssh_import_id",
    "ssh_key_console_blacklist",
    "ssh_keys",
    "ssh_publish_hostkeys",
    "ssh_quiet_keygen",
    "swap",
    "system_info",
    "ubuntu_advantage",
    "ubuntu_pro",
    "updates",
    "user",
    "users",
    "wireguard",
    "yum_repo_dir",
    "yum_repos",
    "zypper",
];

/// What does it instead of a key that is not applied.
pub fn instead(key: &str) -> String {
    let does = match key {
        "ssh_authorized_keys" => "root's keys go below `root.ssh_authorized_keys`",
        "disable_root" | "disable_root_opts" => "`sshd.permit_root_login` says whether root may log in over SSH",
        "runcmd" | "bootcmd" => {
            "commands aren't run yet: `services` enables and starts units, `write_files` writes files, `sysctl` sets \
             kernel parameters, `kernel_modules` loads modules"
        }
        "packages" | "package_update" | "package_upgrade" => "packages aren't installed yet: put them into the image",
        "user" | "users" | "groups" => {
            "accounts aren't made yet: `root` has root's password and keys, `chpasswd` passwords of accounts that are there"
        }
        "keyboard" => "`keymap` sets the keys of the console",
        "manage_resolv_conf" | "resolv_conf" => "`nameservers` of an interface below `network` does it",
        "locale_configfile" => "`locale` writes the file that the machine reads",
        _ => "nothing of it is applied: remove the key",
    };
    does.to_owned()
}

/// Keys of which `false` forbids something that would be done otherwise.
const FALSE_FORBIDS: [&str; 3] = ["allow_userdata", "apt_pipelining", "create_hostname_file"];

/// Whether a key that is not applied asks for nothing that would have to be done: `packages: []`, `package_update: false`.
pub fn asks_nothing(key: &str, value: &Node) -> bool {
    if !NOT_APPLIED.contains(&key) {
        return false;
    }
    match &value.value {
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(_) if key == "growpart" => value.get("mode").is_some_and(is_off),
        Value::Mapping(entries) => entries.is_empty(),
        Value::Scalar(scalar) if resolve(scalar) == Meaning::Null => true,
        Value::Scalar(_) => is_off(value) && !FALSE_FORBIDS.contains(&key),
    }
}

fn is_off(value: &Node) -> bool {
    matches!(&value.value, Value::Scalar(scalar) if boolean(&scalar.text) == Some(false))
}

/// Keys that forbid something, and what forbids it. Where their value can't be read, that is taken: what somebody wanted to
/// forbid is not allowed by a typo.
const FORBIDDING: [(&str, &str); 7] = [
    ("allow_public_ssh_keys", "false"),
    ("chpasswd.expire", "true"),
    ("firstlight.scrub", "true"),
    ("firstlight.strict", "true"),
    ("ntp.enabled", "false"),
    ("preserve_hostname", "true"),
    ("root.expire", "true"),
];

/// What is taken for a value at `path` that can't be read, if the key is one that forbids.
pub fn strict_reading(path: &[String]) -> Option<&'static str> {
    let written = path.join(".");
    let found = FORBIDDING.iter().find(|(key, _)| *key == written);
    found.map(|(_, strict)| *strict)
}

/// What a list of addresses begins with. The second one asks for what is always so here: the same list is not fetched
/// twice for one instance that came out as asked.
const LIST: [&str; 2] = ["#include-once", "#include"];

/// What is behind the first word of a list of addresses (`#include`), without the encodings it comes in; `None` if it is no
/// list.
pub fn list_of_addresses(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    /// Longer than white space before a header may be.
    const HEAD: u64 = 4096;
    if is_gzip(bytes) {
        // Most are none: they aren't unpacked to know that.
        behind_header(&compressed::beginning(bytes, HEAD))?;
    }
    match encoded::unwrapped(bytes, TEXT_LIMIT as u64).ok()? {
        Some(unpacked) => behind_header(&unpacked).map(|list| Cow::Owned(list.to_vec())),
        None => behind_header(bytes).map(Cow::Borrowed),
    }
}

fn behind_header(bytes: &[u8]) -> Option<&[u8]> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let rest = LIST.iter().find_map(|header| text.strip_prefix(header.as_bytes()))?;
    rest.first().is_none_or(u8::is_ascii_whitespace).then_some(rest)
}

/// What the first line of a user-data says of its format, when it is one that is not a cloud-config.
pub fn other_format(text: &str) -> Option<&'static str> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let first = start.lines().next().unwrap_or_default().to_ascii_lowercase();
    let formats = [
        ("#!", "a script"),
        ("#cloud-config-archive", "a cloud-config archive"),
        ("#cloud-config-jsonp", "a JSON patch"),
        ("#cloud-boothook", "a boot hook"),
        ("#part-handler", "a part handler, which is Python code"),
        ("## template: jinja", "a Jinja template"),
        ("content-type:", "a MIME message"),
        ("mime-version:", "a MIME message"),
    ];
    formats
        .iter()
        .find(|(prefix, _)| first.starts_with(prefix))
        .map(|(_, name)| *name)
}
