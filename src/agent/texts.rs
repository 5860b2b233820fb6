//! The texts of a seed, as they are read on the machine that they are for.

use std::ffi::OsStr;

use nix::sys::utsname::UtsName;

use crate::document::Texts;
use crate::document::format::MachineFacts;
use crate::settings::Settings;
use crate::source::Seed;
use crate::system::System;

/// The files that name the distribution, the first that there is counts (os-release(5)).
const OS_RELEASE: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// The texts of `seed`, with what this machine knows of itself for their templates.
pub fn texts_on<'s>(system: &System, seed: &'s Seed) -> Texts<'s> {
    Texts {
        machine: Some(facts(system)),
        ..seed.texts()
    }
}

/// What this machine knows of itself; of a kernel only where it runs.
pub fn facts(system: &System) -> MachineFacts {
    let release = OS_RELEASE
        .iter()
        .find_map(|path| system.root.read_text(path).ok().flatten());
    let release = release.unwrap_or_default();
    let said = |key: &str| os_release_value(&release, key);
    // This host's is not the one of a machine in a tree.
    let host = system.live.then(|| nix::sys::utsname::uname().ok()).flatten();
    let of_host = |name: fn(&UtsName) -> &OsStr| host.as_ref().map(|host| name(host).to_string_lossy().into_owned());
    MachineFacts {
        distro: said("ID"),
        distro_version: said("VERSION_ID"),
        distro_release: release_name(said),
        kernel_release: of_host(UtsName::release).unwrap_or_default(),
        machine: of_host(UtsName::machine).unwrap_or_default(),
        // Invalid settings are told where the sources are searched.
        default_user: Settings::of(&system.root)
            .ok()
            .and_then(|settings| settings.default_user),
    }
}

/// The name of the version as cloud-init has it: Photon's is its whole name, others have a code name, or one in brackets.
fn release_name(said: impl Fn(&str) -> String) -> String {
    if said("ID") == "photon" {
        return said("PRETTY_NAME");
    }
    let version = said("VERSION");
    let in_brackets = || Some(version.split_once(" (")?.1.split_once(')')?.0.to_owned());
    Some(said("VERSION_CODENAME"))
        .filter(|name| !name.is_empty())
        .or_else(in_brackets)
        .unwrap_or_default()
}

/// The value of a line `KEY=VALUE`, its quotes off.
fn os_release_value(text: &str, key: &str) -> String {
    let value = text
        .lines()
        .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
    value.unwrap_or_default().trim().trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_knows_its_distribution() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("usr/lib")).unwrap();
        std::fs::write(
            tree.path().join("usr/lib/os-release"),
            "NAME=\"VMware Photon OS\"\nID=photon\nVERSION_ID=\"5.0\"\n",
        )
        .unwrap();
        let system = System::tree(tree.path()).unwrap();
        let facts = facts(&system);
        assert_eq!(
            (facts.distro.as_str(), facts.distro_version.as_str()),
            ("photon", "5.0")
        );
        assert_eq!((facts.distro_release.as_str(), facts.machine.as_str()), ("", ""));
    }

    /// cloud-init 25.1, `util.get_linux_distro`.
    #[test]
    fn a_release_has_the_name_that_cloud_init_gives_it() {
        for (text, name) in [
            (
                "ID=photon\nVERSION=\"5.0\"\nPRETTY_NAME=\"VMware Photon OS/Linux\"\n",
                "VMware Photon OS/Linux",
            ),
            (
                "ID=debian\nVERSION=\"13 (trixie)\"\nVERSION_CODENAME=trixie\n",
                "trixie",
            ),
            (
                "ID=fedora\nVERSION=\"42 (Cloud Edition)\"\nVERSION_CODENAME=\"\"\n",
                "Cloud Edition",
            ),
            ("ID=arch\n", ""),
        ] {
            assert_eq!(release_name(|key| os_release_value(text, key)), name, "{text}");
        }
    }
}
