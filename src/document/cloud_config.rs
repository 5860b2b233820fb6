//! The keys of cloud-init's cloud-config that are known by name and not applied.

use std::borrow::Cow;

use super::compressed::{self, is_gzip};
use super::encoded;
use super::text::TEXT_LIMIT;

/// Keys that change nothing on a machine by themselves: they are accepted and have no effect here.
pub const WITHOUT_EFFECT: [&str; 3] = ["merge_how", "merge_type", "final_message"];

/// Keys of cloud-config (schema-cloud-config-v1.json, cloud-init 26.2) that firstlight doesn't apply; one below another
/// with a dot in between.
pub const NOT_APPLIED: [&str; 75] = [
    "allow_userdata",
    "ansible",
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
    "ntp.ntp_client",
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
    "updates",
    "user",
    "users",
    "yum_repos",
];

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
