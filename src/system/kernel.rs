//! The running kernel's modules and parameters: modprobe(8), proc_sys(5).

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::command::{self, CommandError};
use super::failpoint::{Call, call};
use super::host::System;
use super::root::{ReadError, Root, errno_of};
use crate::vocabulary::{KernelChange, dots_for_slashes};

/// Where the kernel shows its modules.
const MODULES: &str = "/sys/module";

/// How long loading a module may take.
const LOAD_LIMIT: Duration = Duration::from_secs(30);

/// Why the kernel is not as asked.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// There is no such parameter.
    #[error("can't set {name}: the kernel has no such parameter ({})", parameter_path(.name))]
    NoParameter {
        /// Its name.
        name: String,
    },
    /// The parameter can't be set.
    #[error("can't set {name} to {value}: {why}")]
    Parameter {
        /// Its name.
        name: String,
        /// The value.
        value: String,
        /// The system's reason, in words.
        why: &'static str,
    },
    /// The module can't be loaded.
    #[error("can't load the module {name}: {why}")]
    Module {
        /// Its name.
        name: String,
        /// Why.
        why: CommandError,
    },
    /// Nothing was loaded, and nothing said why.
    #[error("the module {name} was not loaded; check whether a file in /etc/modprobe.d blacklists it")]
    NotLoaded {
        /// Its name.
        name: String,
    },
}

/// Where a parameter is: `/proc/sys/net/ipv4/ip_forward` for `net.ipv4.ip_forward`.
pub fn parameter_path(name: &str) -> String {
    format!("/proc/sys/{}", dots_for_slashes(name))
}

/// A parameter's value; `None` where there is no such parameter.
///
/// # Errors
/// It can't be read.
pub fn parameter(root: &Root, name: &str) -> Result<Option<String>, ReadError> {
    let text = root.read_text(&parameter_path(name))?;
    Ok(text.map(|text| text.trim().to_owned()))
}

/// How the kernel is, beside how it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// As wanted.
    Same,
    /// Otherwise; how it is instead.
    Differs(String),
    /// It can't be told; why.
    Unseen(String),
}

/// Looks whether the kernel is as wanted.
pub fn compare(root: &Root, wanted: &KernelChange) -> Standing {
    let found = match wanted {
        KernelChange::Module { name } => has_module(root, name).map(|has| match has {
            Some(true) => Standing::Same,
            Some(false) => Standing::Differs("it is not loaded".to_owned()),
            None => Standing::Unseen(format!("{MODULES} does not exist, as in a container")),
        }),
        KernelChange::Parameter { name, value } => parameter(root, name).map(|is| match is {
            Some(is) if is_same(value, &is) => Standing::Same,
            Some(is) => Standing::Differs(format!("it is {}", in_one_line(&is))),
            None => Standing::Differs("the kernel has no such parameter".to_owned()),
        }),
    };
    found.unwrap_or_else(|error| Standing::Unseen(error.to_string()))
}

/// Sets a parameter.
///
/// # Errors
/// There is none of this name, or the kernel refuses.
pub fn set_parameter(system: &System, name: &str, value: &str) -> Result<(), KernelError> {
    let write = || {
        let fd = system
            .root
            .open_at(&parameter_path(name), OFlag::O_WRONLY | OFlag::O_NOCTTY)?;
        let line = format!("{value}\n");
        File::from(fd).write_all(line.as_bytes()).map_err(errno_of)
    };
    call(Call::Change, write).map_err(|errno| match errno {
        Errno::ENOENT | Errno::ENOTDIR => KernelError::NoParameter { name: name.to_owned() },
        errno => KernelError::Parameter {
            name: name.to_owned(),
            value: value.to_owned(),
            why: errno.desc(),
        },
    })
}

/// Sets a parameter back to what it was. Where it is so, or gone with its module or interface, there is nothing to do.
///
/// # Errors
/// The kernel refuses.
pub fn put_back(system: &System, name: &str, before: &str) -> Result<(), KernelError> {
    match parameter(&system.root, name) {
        Ok(None) => Ok(()),
        Ok(Some(is)) if is == before => Ok(()),
        Ok(Some(_)) | Err(_) => set_parameter(system, name, before),
    }
}

/// Loads a module, unless an administrator has it on a blacklist.
///
/// # Errors
/// The kernel has none of this name, or does not take it.
pub async fn load_module(system: &System, name: &str) -> Result<(), KernelError> {
    let argv = ["modprobe", "-b", name].map(str::to_owned);
    if let Err(why) = command::run(&argv, LOAD_LIMIT).await {
        let name = name.to_owned();
        return Err(KernelError::Module { name, why });
    }
    match has_module(&system.root, name) {
        Ok(Some(false)) => Err(KernelError::NotLoaded { name: name.to_owned() }),
        // What can't be told is looked at again afterwards.
        Ok(Some(true) | None) | Err(_) => Ok(()),
    }
}

/// Whether the kernel has the module: loaded, or built in. `None` where that can't be told.
///
/// # Errors
/// It can't be found out.
pub fn has_module(root: &Root, name: &str) -> Result<Option<bool>, ReadError> {
    if root.exists(&format!("{MODULES}/{name}"))? || is_listed(root, "modules.builtin", name)? == Some(true) {
        return Ok(Some(true));
    }
    Ok(root.exists(MODULES)?.then_some(false))
}

/// Whether the running kernel could load the module; `None` where that can't be told.
///
/// # Errors
/// What it could load can't be read.
pub fn can_load_module(root: &Root, name: &str) -> Result<Option<bool>, ReadError> {
    is_listed(root, "modules.dep", name)
}

/// The running kernel's version, as `uname -r` prints it.
///
/// # Errors
/// It can't be read.
pub fn release(root: &Root) -> Result<Option<String>, ReadError> {
    let text = root.read_text("/proc/sys/kernel/osrelease")?;
    Ok(text.map(|text| text.trim().to_owned()))
}

/// Whether a module is in a list of those that the running kernel has files of; `None` where there is no such list.
fn is_listed(root: &Root, list: &str, name: &str) -> Result<Option<bool>, ReadError> {
    let Some(release) = release(root)? else { return Ok(None) };
    let text = root.read_text(&format!("/lib/modules/{release}/{list}"))?;
    Ok(text.map(|text| text.lines().filter_map(module_of).any(|module| module == name)))
}

/// The module of a line like `kernel/net/bridge/br-netfilter.ko.xz: …`.
fn module_of(line: &str) -> Option<String> {
    let path = line.split(':').next()?;
    let (name, _) = path.rsplit('/').next()?.split_once(".ko")?;
    Some(name.replace('-', "_"))
}

/// Whether a parameter that reads `is` has the value `wanted`: blanks don't count, nor how a number is written.
pub fn is_same(wanted: &str, is: &str) -> bool {
    let (wanted, is) = (wanted.split_whitespace(), is.split_whitespace());
    wanted
        .map(|word| number(word).ok_or(word))
        .eq(is.map(|word| number(word).ok_or(word)))
}

/// A whole number as the kernel reads it: `0x` begins a hexadecimal one, `0` an octal one.
fn number(word: &str) -> Option<i128> {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, word),
    };
    let (digits, radix) = match digits.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    // from_str_radix takes a sign of its own.
    let is_plain = digits.starts_with(|c: char| c.is_ascii_hexdigit());
    let number = is_plain.then(|| i128::from_str_radix(digits, radix).ok()).flatten()?;
    Some(sign * number)
}

/// What the kernel says, its tabs and line breaks as single blanks.
pub fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with these files.
    fn system(files: &[(&str, &str)]) -> (tempfile::TempDir, System) {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = tree.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let system = System::tree(tree.path()).unwrap();
        (tree, system)
    }

    #[test]
    fn values_are_the_same_however_they_are_written() {
        for (wanted, is, same) in [
            ("1", "1", true),
            ("4096 87380 6291456", "4096\t87380\t6291456", true),
            ("0x1f", "31", true),
            ("010", "8", true),
            ("-1", "-1", true),
            ("18446744073692774399", "18446744073692774399", true),
            ("bbr", "bbr", true),
            ("", "", true),
            ("0", "00", true),
            ("1", "0", false),
            ("1", "1 1", false),
            ("1 2", "1", false),
            ("bbr", "cubic", false),
            ("", "0", false),
            ("--1", "1", false),
            ("+1", "1", false),
            ("0x", "0", false),
        ] {
            assert_eq!(is_same(wanted, is), same, "{wanted:?} {is:?}");
        }
    }

    #[test]
    fn a_parameter_is_set_where_its_name_leads() {
        let (tree, system) = system(&[
            ("proc/sys/net/ipv4/conf/eth0.5/rp_filter", "0\n"),
            ("proc/sys/vm/a", "2\n"),
        ]);
        let parameter = |name: &str, value: &str| KernelChange::Parameter {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let vlan = parameter("net.ipv4.conf.eth0/5.rp_filter", "1");
        assert_eq!(compare(&system.root, &vlan), Standing::Differs("it is 0".to_owned()));
        set_parameter(&system, "net.ipv4.conf.eth0/5.rp_filter", "1").unwrap();
        assert_eq!(compare(&system.root, &vlan), Standing::Same);
        let none = parameter("vm.b", "1");
        let why = set_parameter(&system, "vm.b", "1").unwrap_err().to_string();
        assert_eq!(why, "can't set vm.b: the kernel has no such parameter (/proc/sys/vm/b)");
        assert_eq!(
            compare(&system.root, &none),
            Standing::Differs("the kernel has no such parameter".to_owned())
        );
        assert!(!tree.path().join("proc/sys/vm/b").exists());
        let why = set_parameter(&system, "vm", "1").unwrap_err().to_string();
        assert_eq!(why, "can't set vm to 1: Is a directory");
    }

    #[test]
    fn a_parameter_is_put_back_unless_it_is_so_or_gone() {
        let (tree, system) = system(&[("proc/sys/vm/a", "2\n")]);
        put_back(&system, "vm.a", "1").unwrap();
        assert_eq!(parameter(&system.root, "vm.a").unwrap().as_deref(), Some("1"));
        put_back(&system, "vm.gone", "1").unwrap();
        assert!(!tree.path().join("proc/sys/vm/gone").exists());
    }

    #[test]
    fn a_module_is_loaded_or_built_in_or_could_be_or_is_not_there() {
        let (_tree, system) = system(&[
            ("proc/sys/kernel/osrelease", "6.1.0-9-amd64\n"),
            ("sys/module/br_netfilter/refcnt", "0\n"),
            (
                "lib/modules/6.1.0-9-amd64/modules.builtin",
                "kernel/fs/overlay-fs/overlay-x.ko\n",
            ),
            (
                "lib/modules/6.1.0-9-amd64/modules.dep",
                "kernel/net/a-b.ko.xz: kernel/net/c.ko.xz\n",
            ),
        ]);
        let root = &system.root;
        for (name, has, can) in [
            ("br_netfilter", true, false),
            ("overlay_x", true, false),
            ("a_b", false, true),
            ("c", false, false),
            ("overlay", false, false),
        ] {
            let found = (has_module(root, name).unwrap(), can_load_module(root, name).unwrap());
            assert_eq!(found, (Some(has), Some(can)), "{name}");
        }
        let (_tree, bare) = self::system(&[]);
        assert_eq!(can_load_module(&bare.root, "a_b").unwrap(), None);
        let module = KernelChange::Module { name: "a_b".to_owned() };
        assert!(matches!(compare(&bare.root, &module), Standing::Unseen(why) if why.contains("container")));
        assert_eq!(
            compare(root, &KernelChange::Module { name: "c".to_owned() }),
            Standing::Differs("it is not loaded".to_owned())
        );
    }
}
