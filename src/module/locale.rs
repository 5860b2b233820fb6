//! The locale: `LANG` in `/etc/locale.conf`, locale.conf(5).

use super::{Change, Module, Plan, PlanError, Stage, variables};
use crate::document::Config;
use crate::document::locale::Locale as Name;
use crate::system::{Machine, ReadError};

/// What systemd reads for all services, and on most distributions a login too.
const LOCALE_CONF: &str = "/etc/locale.conf";

/// What a login on Debian reads.
const DEBIANS: &str = "/etc/default/locale";

/// The files of PAM that tell whether a login reads [`DEBIANS`].
const LOGINS: [&str; 2] = ["/etc/pam.d/login", "/etc/pam.d/sshd"];

/// Where glibc has the locales that are compiled: in directories, or all in one file.
const COMPILED: &str = "/usr/lib/locale";
const ARCHIVE: &str = "/usr/lib/locale/locale-archive";

/// Sets the locale.
#[derive(Debug, Clone, Copy)]
pub struct Locale;

impl Module for Locale {
    fn name(&self) -> &'static str {
        "locale"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let Some(locale) = &want.locale else { return Ok(plan) };
        for path in files(machine)? {
            let file = variables::file(path, &[("LANG", locale.as_str())], machine)?;
            plan.changes.push(Change::File(file));
        }
        if is_missing(locale, machine) {
            let name = locale.as_str();
            plan.warn(format!(
                "the locale {name} is not compiled on this machine ({COMPILED}): programs use C instead; compile it \
                 with localedef or locale-gen, or ask for C.UTF-8"
            ));
        }
        Ok(plan)
    }
}

/// The files that say the locale on this machine. One of the two may be a link to the other.
fn files(machine: &Machine<'_>) -> Result<Vec<&'static str>, ReadError> {
    let is_link = |path| Ok::<_, ReadError>(machine.root().read_link(path)?.is_some());
    if is_link(DEBIANS)? || !(machine.metadata(DEBIANS)?.is_some() || login_reads_debians(machine)?) {
        return Ok(vec![LOCALE_CONF]);
    }
    if is_link(LOCALE_CONF)? {
        return Ok(vec![DEBIANS]);
    }
    Ok(vec![LOCALE_CONF, DEBIANS])
}

fn login_reads_debians(machine: &Machine<'_>) -> Result<bool, ReadError> {
    for path in LOGINS {
        let text = machine.read_text(path)?.unwrap_or_default();
        let mut rules = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        if rules.any(|line| line.contains(DEBIANS)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the locale is not there, for certain: on a machine of another C library, or with an archive that is too large
/// to read, that can't be told.
fn is_missing(locale: &Name, machine: &Machine<'_>) -> bool {
    let Ok(there) = machine.root().list(COMPILED) else {
        return false;
    };
    let compiled = locale.compiled();
    if locale.is_built_in() || there.is_empty() || there.contains(&compiled) {
        return false;
    }
    let name = [b"\0", compiled.as_bytes(), b"\0"].concat();
    matches!(machine.root().holds(ARCHIVE, &name), Ok(None | Some(false)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::system::{Facts, Root};

    /// Paths, and what is there.
    type Files<'a> = &'a [(&'a str, &'a str)];

    /// The files that are written, and how many warnings there are, on a machine with these; `-> ` makes a link.
    fn plan(locale: &str, files: Files<'_>) -> (Vec<(String, String)>, usize) {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = tree.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text.strip_prefix("-> ") {
                Some(target) => symlink(target, path).unwrap(),
                None => std::fs::write(path, text).unwrap(),
            }
        }
        let root = Root::open(tree.path()).unwrap();
        let want = Config {
            locale: Some(Name::try_from(locale.to_owned()).unwrap()),
            ..Config::default()
        };
        let facts = Facts::default();
        let plan = Locale.plan(&want, &Machine::new(&root, &facts)).unwrap();
        let written = |change| match change {
            Change::File(file) => (
                file.path,
                String::from_utf8(file.content.unwrap().bytes.to_vec()).unwrap(),
            ),
            other => panic!("{other:?}"),
        };
        (plan.changes.into_iter().map(written).collect(), plan.notes.len())
    }

    #[test]
    fn the_files_that_the_machine_reads() {
        let pam = "session required pam_env.so readenv=1 envfile=/etc/default/locale\n";
        let cases: [(Files<'_>, Files<'_>); 6] = [
            (&[], &[(LOCALE_CONF, "LANG=de_DE.UTF-8\n")]),
            (
                &[("etc/locale.conf", "LC_TIME=C\nLANG=C\n")],
                &[(LOCALE_CONF, "LC_TIME=C\nLANG=de_DE.UTF-8\n")],
            ),
            (
                &[("etc/default/locale", "# x\n")],
                &[
                    (LOCALE_CONF, "LANG=de_DE.UTF-8\n"),
                    (DEBIANS, "# x\nLANG=de_DE.UTF-8\n"),
                ],
            ),
            (
                &[("etc/pam.d/login", pam)],
                &[(LOCALE_CONF, "LANG=de_DE.UTF-8\n"), (DEBIANS, "LANG=de_DE.UTF-8\n")],
            ),
            (
                &[("etc/default/locale", "-> ../locale.conf"), ("etc/pam.d/login", pam)],
                &[(LOCALE_CONF, "LANG=de_DE.UTF-8\n")],
            ),
            (
                &[
                    ("etc/default/locale", "LANG=C\n"),
                    ("etc/locale.conf", "-> default/locale"),
                ],
                &[(DEBIANS, "LANG=de_DE.UTF-8\n")],
            ),
        ];
        for (there, expected) in cases {
            let expected: Vec<_> = expected
                .iter()
                .map(|(p, t)| ((*p).to_owned(), (*t).to_owned()))
                .collect();
            assert_eq!(plan("de_DE.UTF-8", there).0, expected, "{there:?}");
        }
    }

    #[test]
    fn a_locale_that_is_not_compiled_is_noticed_where_that_can_be_told() {
        let archive = |text| [("usr/lib/locale/locale-archive", text)];
        let directory = [("usr/lib/locale/de_DE.utf8/LC_TIME", "")];
        let empty: Files<'_> = &[];
        for (locale, there, warnings) in [
            ("de_DE.UTF-8", empty, 0),
            ("de_DE.UTF-8", &directory, 0),
            ("fr_FR.UTF-8", &directory, 1),
            ("C.UTF-8", &directory, 0),
            ("de_DE.UTF-8", &archive("\0de_DE.utf8\0"), 0),
            ("de_DE", &archive("\0de_DE.utf8\0"), 1),
            ("fr_FR.UTF-8", &archive("\0de_DE.utf8\0"), 1),
        ] {
            assert_eq!(plan(locale, there).1, warnings, "{locale} {there:?}");
        }
    }
}
