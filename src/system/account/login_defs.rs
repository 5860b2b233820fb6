//! `/etc/login.defs`, login.defs(5), and `/etc/default/useradd`, useradd(8): what new accounts are like on a machine.

use std::ops::RangeInclusive;

use crate::system::{Machine, ReadError};
use crate::vocabulary::Aging;

/// Where they are.
const LOGIN_DEFS: &str = "/etc/login.defs";
const USERADD: &str = "/etc/default/useradd";

/// What new accounts are like. What the machine doesn't say is as shadow-utils has it.
#[derive(Debug, Clone, Default)]
pub struct LoginDefs {
    login_defs: String,
    useradd: String,
}

impl LoginDefs {
    /// Reads those of the machine.
    ///
    /// # Errors
    /// One of the files is there and can't be read.
    pub fn read(machine: &Machine<'_>) -> Result<Self, ReadError> {
        let read = |path: &str| Ok(machine.read_text(path)?.unwrap_or_default());
        Ok(Self {
            login_defs: read(LOGIN_DEFS)?,
            useradd: read(USERADD)?,
        })
    }

    /// The numbers of accounts: of a system's own, or of persons.
    pub fn uids(&self, system: bool) -> RangeInclusive<u32> {
        self.numbers("UID", system)
    }

    /// The numbers of groups: of a system's own, or of persons.
    pub fn gids(&self, system: bool) -> RangeInclusive<u32> {
        self.numbers("GID", system)
    }

    fn numbers(&self, kind: &str, system: bool) -> RangeInclusive<u32> {
        let least = self.number(&format!("{kind}_MIN")).unwrap_or(1000);
        match system {
            false => least..=self.number(&format!("{kind}_MAX")).unwrap_or(60_000),
            true => {
                let end = self.number(&format!("SYS_{kind}_MAX"));
                self.number(&format!("SYS_{kind}_MIN")).unwrap_or(101)..=end.unwrap_or(least.saturating_sub(1))
            }
        }
    }

    /// Where the subordinate numbers of users are, and how many each account gets; none where it is 0.
    pub fn subordinate_uids(&self) -> (std::ops::Range<u32>, u32) {
        self.subordinate("UID")
    }

    /// Where the subordinate numbers of groups are, and how many each account gets; none where it is 0.
    pub fn subordinate_gids(&self) -> (std::ops::Range<u32>, u32) {
        self.subordinate("GID")
    }

    fn subordinate(&self, kind: &str) -> (std::ops::Range<u32>, u32) {
        let said = |what: &str| self.number(&format!("SUB_{kind}_{what}"));
        let (least, most) = (said("MIN").unwrap_or(100_000), said("MAX").unwrap_or(600_100_000));
        (least..most.saturating_add(1), said("COUNT").unwrap_or(65_536))
    }

    /// How long a new account's passwords last.
    pub fn aging(&self) -> Aging {
        let days = |key: &str, default| match self.said(key) {
            // -1 switches it off.
            Some(said) => said.parse().ok(),
            None => default,
        };
        Aging {
            min: days("PASS_MIN_DAYS", None),
            max: days("PASS_MAX_DAYS", None),
            warn: days("PASS_WARN_AGE", None),
        }
    }

    /// Whether each account has a group of its own, with its name.
    pub fn own_groups(&self) -> bool {
        self.said("USERGROUPS_ENAB")
            .is_none_or(|said| said.eq_ignore_ascii_case("yes"))
    }

    /// The permission bits of a new home directory.
    pub fn home_mode(&self) -> u32 {
        let octal = |key: &str| u32::from_str_radix(self.said(key)?, 8).ok();
        octal("HOME_MODE").unwrap_or_else(|| 0o777 & !octal("UMASK").unwrap_or(0o022)) & 0o777
    }

    /// The login shell; `None` where the machine doesn't say.
    pub fn shell(&self) -> Option<&str> {
        self.of_useradd("SHELL").filter(|shell| shell.starts_with('/'))
    }

    /// The directory of home directories.
    pub fn homes(&self) -> &str {
        self.of_useradd("HOME")
            .filter(|home| home.starts_with('/'))
            .unwrap_or("/home")
    }

    /// What a new home directory holds.
    pub fn skeleton(&self) -> &str {
        self.of_useradd("SKEL")
            .filter(|skel| skel.starts_with('/'))
            .unwrap_or("/etc/skel")
    }

    /// The primary group of an account that has no group of its own, by its name or number.
    pub fn group(&self) -> &str {
        self.of_useradd("GROUP").unwrap_or("100")
    }

    /// A value of login.defs: the last one counts.
    fn said(&self, key: &str) -> Option<&str> {
        let lines = self.login_defs.lines().rev();
        let mut words = lines.map(str::split_whitespace);
        words.find_map(|mut words| (words.next() == Some(key)).then(|| words.next())?)
    }

    /// A number of login.defs, also in octal or hexadecimal notation.
    fn number(&self, key: &str) -> Option<u32> {
        let said = self.said(key)?;
        match said.strip_prefix("0x") {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
            None if said.len() > 1 && said.starts_with('0') => u32::from_str_radix(said, 8).ok(),
            None => said.parse().ok(),
        }
    }

    /// A value of useradd's defaults.
    fn of_useradd(&self, key: &str) -> Option<&str> {
        let mut lines = self.useradd.lines().rev().map(str::trim);
        let said = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(said.trim().trim_matches(['"', '\''])).filter(|said| !said.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(login_defs: &str, useradd: &str) -> LoginDefs {
        LoginDefs {
            login_defs: login_defs.to_owned(),
            useradd: useradd.to_owned(),
        }
    }

    #[test]
    fn what_a_machine_does_not_say_is_as_in_shadow_utils() {
        let defs = LoginDefs::default();
        assert_eq!((defs.uids(false), defs.uids(true)), (1000..=60_000, 101..=999));
        assert_eq!(defs.subordinate_gids(), (100_000..600_100_001, 65_536));
        assert_eq!(
            (defs.home_mode(), defs.homes(), defs.skeleton()),
            (0o755, "/home", "/etc/skel")
        );
        assert_eq!((defs.own_groups(), defs.group(), defs.shell()), (true, "100", None));
        assert_eq!(defs.aging(), Aging::default());
    }

    #[test]
    fn what_it_says_counts() {
        let defs = of(
            "# UID_MIN 7\nUID_MIN\t\t 500\nUID_MAX 0x1000\nSYS_GID_MAX 0454\nPASS_MAX_DAYS 90\nPASS_MIN_DAYS -1\n\
             UMASK 027\nUSERGROUPS_ENAB no\nSUB_UID_COUNT 0\nUID_MIN 600\n",
            "# SHELL=/bin/no\nSHELL=/bin/bash\nSKEL=\"/etc/skel2\"\nHOME=\nGROUP=users\n",
        );
        assert_eq!((defs.uids(false), defs.gids(true)), (600..=4096, 101..=300));
        assert_eq!((defs.aging().max, defs.aging().min), (Some(90), None));
        assert_eq!((defs.home_mode(), defs.own_groups()), (0o750, false));
        assert_eq!((defs.shell(), defs.skeleton()), (Some("/bin/bash"), "/etc/skel2"));
        assert_eq!((defs.homes(), defs.group()), ("/home", "users"));
        assert_eq!(defs.subordinate_uids().1, 0);
        assert_eq!(of("UMASK 077\nHOME_MODE 0750\n", "").home_mode(), 0o750);
    }
}
