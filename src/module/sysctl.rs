//! `sysctl`: parameters of the kernel, set now, and by systemd at each boot, sysctl.d(5).

use std::collections::BTreeMap;

use super::{Change, Expectation, FileChange, KernelChange, Level, Module, Note, Plan, PlanError, Stage, Supply};
use crate::document::Config;
use crate::document::sysctl::{ParameterName, ParameterValue};
use crate::system::{Machine, ReadError, kernel};
use crate::vocabulary::dots_for_slashes;

/// The directories that systemd-sysctl reads. Of two files with one name, the first one counts.
const DIRECTORIES: [&str; 4] = [
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
];

/// The file's name: files are read in the order of their names, and those of distributions begin with less.
const NAME: &str = "90-firstlight.conf";

/// Sets the kernel's parameters.
#[derive(Debug, Clone, Copy)]
pub struct Sysctl;

impl Module for Sysctl {
    fn name(&self) -> &'static str {
        "sysctl"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files, Supply::KernelModules]
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn asked_at(&self, change: &Change, want: &Config) -> Vec<String> {
        let mut path = vec!["sysctl".to_owned()];
        if let Change::Kernel(KernelChange::Parameter { name, .. }) = change {
            let asked = parameters(want).iter().find(|(asked, _)| asked.dotted() == name);
            path.extend(asked.map(|(asked, _)| asked.written().to_owned()));
        }
        path
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let mut text = String::new();
        let mut changes = Vec::new();
        let later = Later::read(machine)?;
        for (name, value) in parameters(want) {
            if is_action(name, machine)? {
                let message = format!("{} triggers an action and keeps no value", name.dotted());
                let hint = "leave it out: `sysctl` is for values that are set at every boot";
                plan.problems
                    .push(PlanError::at(&["sysctl", name.written()], message).hint(hint));
                continue;
            }
            let (name, value) = (name.dotted(), value.as_str());
            note_absent(name, want, machine, &mut plan)?;
            later.warn(name, value, &mut plan);
            text += &format!("{name} = {value}\n");
            let change = KernelChange::Parameter {
                name: name.to_owned(),
                value: value.to_owned(),
            };
            plan.expectations.push(Expectation::Kernel(change.clone()));
            changes.push(Change::Kernel(change));
        }
        if !changes.is_empty() {
            let file = FileChange::write(format!("{}/{NAME}", DIRECTORIES[0]), text, 0o644);
            plan.changes.push(Change::File(file.headed()));
        }
        plan.changes.extend(changes);
        Ok(plan)
    }
}

fn parameters(want: &Config) -> &[(ParameterName, ParameterValue)] {
    want.sysctl.as_ref().map_or(&[], |sysctl| &sysctl.0)
}

/// Whether the parameter can be written and not read: `net.ipv4.route.flush`.
fn is_action(name: &ParameterName, machine: &Machine<'_>) -> Result<bool, ReadError> {
    if machine.live().is_none() {
        return Ok(false);
    }
    let there = machine.root().metadata(&kernel::parameter_path(name.dotted()))?;
    Ok(there.is_some_and(|there| there.mode & 0o444 == 0))
}

/// A parameter of a module or an interface that is yet to come is not there now, and neither is one with a typo.
fn note_absent(name: &str, want: &Config, machine: &Machine<'_>, plan: &mut Plan) -> Result<(), ReadError> {
    let modules = want.kernel_modules.iter().flat_map(|modules| &modules.0);
    for module in modules {
        if kernel::has_module(machine.root(), module.as_str())? != Some(true) {
            return Ok(());
        }
    }
    if machine.live().is_some() && kernel::parameter(machine.root(), name).is_ok_and(|is| is.is_none()) {
        let text = format!(
            "the kernel has no parameter {name} now: it may need a module (`kernel_modules`) or an interface, or \
             the name may be wrong"
        );
        let level = Level::Notice;
        plan.notes.push(Note { level, text });
    }
    Ok(())
}

/// What files say that are read after ours: by parameter, the value and the file.
struct Later(BTreeMap<String, (String, String)>);

impl Later {
    fn read(machine: &Machine<'_>) -> Result<Self, ReadError> {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for directory in DIRECTORIES {
            for name in machine.root().list(directory)? {
                if name.as_str() > NAME && name.ends_with(".conf") {
                    let path = format!("{directory}/{name}");
                    files.entry(name).or_insert(path);
                }
            }
        }
        let mut found = BTreeMap::new();
        for path in files.into_values() {
            // A link to /dev/null, say: systemd takes nothing from it either.
            let text = machine.read_text(&path).ok().flatten().unwrap_or_default();
            let said = text.lines().filter_map(said);
            found.extend(said.map(|(name, value)| (name, (value.to_owned(), path.clone()))));
        }
        Ok(Self(found))
    }

    fn warn(&self, name: &str, value: &str, plan: &mut Plan) {
        if let Some((other, path)) = self.0.get(name)
            && !kernel::is_same(value, other)
        {
            plan.warn(format!(
                "{path} is read after {NAME} and sets {name} to {other}: the next boot ends with that value; remove \
                 the line"
            ));
        }
    }
}

/// The parameter that a line of sysctl.d(5) sets, with dots, and its value. A pattern counts for nothing: it leaves out
/// what a file names.
fn said(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let name = name.strip_prefix('-').unwrap_or(name);
    if name.starts_with(['#', ';']) || name.contains(['*', '?', '[']) {
        return None;
    }
    let name = match name.find(['.', '/']) {
        Some(at) if name[at..].starts_with('/') => dots_for_slashes(name),
        _ => name.to_owned(),
    };
    Some((name, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::kernel_modules::{KernelModules, ModuleName};
    use crate::document::sysctl::Sysctl as Wanted;
    use crate::system::{Facts, Live, Root};
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn want(parameters: &[(&str, &str)]) -> Config {
        let parameters = parameters.iter().map(|(name, value)| {
            let name = ParameterName::try_from((*name).to_owned()).unwrap();
            (name, ParameterValue::try_from((*value).to_owned()).unwrap())
        });
        Config {
            sysctl: Some(Wanted(parameters.collect())),
            ..Config::default()
        }
    }

    /// The plan on a machine with these files; `-> ` makes a link, `!` a file that can only be written.
    fn plan(want: &Config, files: &[(&str, &str)], live: bool) -> Plan {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = tree.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            if let Some(target) = text.strip_prefix("-> ") {
                symlink(target, path).unwrap();
                continue;
            }
            std::fs::write(&path, text).unwrap();
            if *text == "!" {
                std::fs::set_permissions(&path, PermissionsExt::from_mode(0o200)).unwrap();
            }
        }
        let root = Root::open(tree.path()).unwrap();
        let facts = Facts {
            live: live.then(Live::default),
            ..Facts::default()
        };
        Sysctl.plan(want, &Machine::new(&root, &facts)).unwrap()
    }

    fn notes(plan: &Plan) -> Vec<&str> {
        plan.notes.iter().map(|note| note.text.as_str()).collect()
    }

    #[test]
    fn the_file_and_the_kernel_in_the_order_of_the_document() {
        let want = want(&[("vm.b", "1"), ("net/ipv4/conf/eth0.5/a", "4 5"), ("vm.a", "")]);
        let there = [
            ("proc/sys/vm/a", ""),
            ("proc/sys/vm/b", ""),
            ("proc/sys/net/ipv4/conf/eth0.5/a", ""),
        ];
        let plan = plan(&want, &there, true);
        let Some(Change::File(file)) = plan.changes.first() else {
            panic!("{plan:?}")
        };
        assert_eq!(file.path, "/etc/sysctl.d/90-firstlight.conf");
        assert_eq!(
            String::from_utf8_lossy(&file.content.as_ref().unwrap().bytes),
            "vm.b = 1\nnet.ipv4.conf.eth0/5.a = 4 5\nvm.a = \n"
        );
        let asked = plan.changes[1..]
            .iter()
            .map(|change| Sysctl.asked_at(change, &want).join(" "));
        assert_eq!(
            asked.collect::<Vec<_>>(),
            ["sysctl vm.b", "sysctl net/ipv4/conf/eth0.5/a", "sysctl vm.a"]
        );
        assert_eq!(plan.expectations.len(), 3);
        assert_eq!(notes(&plan), [""; 0]);
        assert_eq!(self::plan(&Config::default(), &[], true), Plan::default());
    }

    #[test]
    fn what_does_something_once_is_no_parameter() {
        let plan = plan(
            &want(&[("vm.flush", "1"), ("vm.b", "1")]),
            &[("proc/sys/vm/flush", "!"), ("proc/sys/vm/b", "0")],
            true,
        );
        assert_eq!((plan.changes.len(), plan.expectations.len()), (2, 1));
        assert_eq!(plan.problems[0].path, ["sysctl", "vm.flush"]);
        assert!(plan.problems[0].message.contains("triggers an action"));
    }

    #[test]
    fn what_the_kernel_does_not_have_now_is_noted_unless_a_module_is_yet_to_come() {
        let asked = want(&[("net.bridge.a", "1")]);
        assert!(notes(&plan(&asked, &[], true))[0].contains("has no parameter net.bridge.a now"));
        assert_eq!(notes(&plan(&asked, &[], false)), [""; 0], "nothing runs there");
        assert_eq!(notes(&plan(&asked, &[("proc/sys/net/bridge/a", "0")], true)), [""; 0]);
        let bridge = ModuleName::try_from("bridge".to_owned()).unwrap();
        let with_module = Config {
            kernel_modules: Some(KernelModules(vec![bridge])),
            ..asked
        };
        assert_eq!(notes(&plan(&with_module, &[], true)), [""; 0]);
        assert_eq!(
            notes(&plan(&with_module, &[("sys/module/bridge/x", "")], true)).len(),
            1
        );
    }

    #[test]
    fn a_file_that_wins_is_named() {
        let asked = want(&[("vm.b", "1")]);
        for (files, winner) in [
            (
                &[("etc/sysctl.d/99-x.conf", "vm.b = 2\n")][..],
                Some("/etc/sysctl.d/99-x.conf"),
            ),
            (
                &[("usr/lib/sysctl.d/protect.conf", "-vm/b=2")],
                Some("/usr/lib/sysctl.d/protect.conf"),
            ),
            (
                &[
                    ("etc/sysctl.d/99-sysctl.conf", "-> ../sysctl.conf"),
                    ("etc/sysctl.conf", "vm.a=1\n vm.b= 0\n"),
                ],
                Some("/etc/sysctl.d/99-sysctl.conf"),
            ),
            (
                &[
                    ("usr/lib/sysctl.d/99-x.conf", "vm.b=2"),
                    ("usr/lib/sysctl.d/99-y.conf", "vm.b=3"),
                ],
                Some("99-y.conf"),
            ),
            (&[("usr/lib/sysctl.d/50-x.conf", "vm.b = 2\n")], None),
            (&[("etc/sysctl.d/99-x.conf", "vm.b = 0x1\n")], None),
            (
                &[("etc/sysctl.d/99-x.conf", "#vm.b = 2\n; vm.b=2\nvm.* = 2\nvm.b\n")],
                None,
            ),
            (&[("etc/sysctl.d/99-x", "vm.b = 2\n")], None),
            (
                &[
                    ("etc/sysctl.d/99-x.conf", "-> /dev/null"),
                    ("usr/lib/sysctl.d/99-x.conf", "vm.b=2"),
                ],
                None,
            ),
        ] {
            let plan = plan(&asked, files, false);
            let notes = notes(&plan);
            match winner {
                None => assert_eq!(notes, [""; 0], "{files:?}"),
                Some(winner) => assert!(notes.len() == 1 && notes[0].contains(winner), "{files:?}: {notes:?}"),
            }
        }
    }
}
