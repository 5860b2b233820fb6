//! The keys of cloud-init's cloud-config that firstlight knows by name but doesn't apply.

use std::borrow::Cow;

use super::compressed::{self, is_gzip};
use super::encoded;
use super::text::TEXT_LIMIT;
use super::yaml::scalar::{Meaning, boolean, resolve};
use super::yaml::{Node, Value};

/// Keys that are accepted and have no effect, and why.
pub const WITHOUT_EFFECT: [(&str, &str); 4] = [
    (
        "merge_how",
        "a key in a later document always replaces the same key in an earlier one",
    ),
    (
        "merge_type",
        "a key in a later document always replaces the same key in an earlier one",
    ),
    (
        "final_message",
        "the journal and `firstlight status` say how a boot ended",
    ),
    (
        "vendor_data",
        "only `enabled: false` has one: vendor-data is then ignored",
    ),
];

/// Keys of cloud-config (schema-cloud-config-v1.json, cloud-init 26.2) that firstlight doesn't apply. A dot separates a
/// nested key from its parent.
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

/// What to use instead of a key that is not applied.
pub fn instead(key: &str) -> String {
    let does = match key {
        "ssh_authorized_keys" => "for root's keys, use `root.ssh_authorized_keys`",
        "disable_root" | "disable_root_opts" => "use `sshd.permit_root_login` to allow or forbid root logins over SSH",
        "runcmd" | "bootcmd" => {
            "firstlight doesn't run commands yet: use `services` to enable and start units, `write_files` to write \
             files, `sysctl` to set kernel parameters, `kernel_modules` to load modules"
        }
        "packages" | "package_update" | "package_upgrade" => {
            "firstlight doesn't install packages yet: add them to the image"
        }
        "user" | "users" | "groups" => {
            "firstlight doesn't create accounts yet: use `root` for root's password and keys, `chpasswd` for \
             passwords of existing accounts"
        }
        "keyboard" => "use `keymap` to set the console keymap",
        "manage_resolv_conf" | "resolv_conf" => "use `nameservers` of an interface under `network`",
        "locale_configfile" => "use `locale`: it writes the file that the machine reads",
        _ => "remove the key",
    };
    does.to_owned()
}

/// Keys whose `false` forbids something that would happen otherwise.
const FALSE_FORBIDS: [&str; 3] = ["allow_userdata", "apt_pipelining", "create_hostname_file"];

/// Whether a key that is not applied asks for nothing anyway: `packages: []`, `package_update: false`.
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

/// Keys that can forbid something, with the value that forbids it. That value is used if the given one is invalid: a
/// typo must not allow what somebody wanted to forbid.
const FORBIDDING: [(&str, &str); 7] = [
    ("allow_public_ssh_keys", "false"),
    ("chpasswd.expire", "true"),
    ("firstlight.scrub", "true"),
    ("firstlight.strict", "true"),
    ("ntp.enabled", "false"),
    ("preserve_hostname", "true"),
    ("root.expire", "true"),
];

/// The keys that forbid something, each with what is taken where its value can't be read.
#[cfg(test)]
pub fn forbidding() -> &'static [(&'static str, &'static str)] {
    &FORBIDDING
}

/// The value to use instead of an invalid one at `path`, if the key can forbid something.
pub fn strict_reading(path: &[String]) -> Option<&'static str> {
    let written = path.join(".");
    let found = FORBIDDING.iter().find(|(key, _)| *key == written);
    found.map(|(_, strict)| *strict)
}

/// The headers of an include list. `#include-once` needs no handling of its own: firstlight never fetches a list again
/// for an instance that is configured as asked.
const LIST: [&str; 2] = ["#include-once", "#include"];

/// The decoded body of an include list, without its header (`#include`). `None` if this isn't one.
pub fn list_of_addresses(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    /// How many bytes are unpacked to look for the header.
    const HEAD: u64 = 4096;
    if is_gzip(bytes) {
        // Most texts aren't include lists. Don't unpack them whole to find out.
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

/// The format that the first line of user-data names, if that isn't cloud-config.
pub fn other_format(text: &str) -> Option<&'static str> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let first = start.lines().next().unwrap_or_default().to_ascii_lowercase();
    let formats = [
        ("#!", "a script"),
        ("#cloud-config-archive", "a cloud-config archive"),
        ("#cloud-config-jsonp", "a JSON patch"),
        ("#cloud-boothook", "a boot hook"),
        ("#part-handler", "a part handler (Python code)"),
        ("## template: jinja", "a Jinja template"),
        ("content-type:", "a MIME message"),
        ("mime-version:", "a MIME message"),
    ];
    formats
        .iter()
        .find(|(prefix, _)| first.starts_with(prefix))
        .map(|(_, name)| *name)
}
