//! `kernel_modules`: loaded now, and by systemd at each boot, modules-load.d(5).

use super::{Change, Expectation, FileChange, KernelChange, Module, Plan, PlanError, Stage, Supply};
use crate::document::Config;
use crate::document::kernel_modules::ModuleName;
use crate::system::{Machine, ReadError, kernel};

/// What systemd reads.
const FILE: &str = "/etc/modules-load.d/firstlight.conf";

/// Has the kernel load the document's modules.
#[derive(Debug, Clone, Copy)]
pub struct KernelModules;

impl Module for KernelModules {
    fn name(&self) -> &'static str {
        "kernel_modules"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn gives(&self) -> &'static [Supply] {
        &[Supply::KernelModules]
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn asked_at(&self, change: &Change, want: &Config) -> Vec<String> {
        let mut path = vec!["kernel_modules".to_owned()];
        if let Change::Kernel(KernelChange::Module { name }) = change {
            let at = modules(want).iter().position(|module| module.as_str() == name);
            path.extend(at.map(|at| at.to_string()));
        }
        path
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let mut text = String::new();
        let mut changes = Vec::new();
        for (at, module) in modules(want).iter().enumerate() {
            let name = module.as_str();
            // Left in the file, it would let systemd-modules-load fail at each boot.
            if let Some(release) = kernel_without(name, machine)? {
                let message = format!("the kernel {release} has no module {name}");
                let hint = "use the name that lsmod shows; some modules come in a separate package";
                let path = ["kernel_modules", &at.to_string()];
                plan.problems.push(PlanError::at(&path, message).hint(hint));
                continue;
            }
            text += &format!("{name}\n");
            let change = KernelChange::Module { name: name.to_owned() };
            plan.expectations.push(Expectation::Kernel(change.clone()));
            changes.push(Change::Kernel(change));
        }
        if !changes.is_empty() {
            plan.changes
                .push(Change::File(FileChange::write(FILE, text, 0o644).headed()));
        }
        plan.changes.extend(changes);
        Ok(plan)
    }
}

fn modules(want: &Config) -> &[ModuleName] {
    want.kernel_modules.as_ref().map_or(&[], |modules| &modules.0)
}

/// The version of the kernel that runs, where it is certain that it has no such module.
fn kernel_without(name: &str, machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
    let root = machine.root();
    if machine.live().is_none()
        || kernel::has_module(root, name)? == Some(true)
        || kernel::can_load_module(root, name)? != Some(false)
    {
        return Ok(None);
    }
    kernel::release(root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::kernel_modules::KernelModules as Wanted;
    use crate::system::{Facts, Live, Root};

    const RELEASE: (&str, &str) = ("proc/sys/kernel/osrelease", "6.1.0\n");

    /// What is planned for the modules `a` and `b-c`: the file, what is loaded, and what is wrong.
    fn plan(files: &[(&str, &str)], live: bool) -> (Option<String>, Vec<String>, Vec<String>) {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = tree.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let root = Root::open(tree.path()).unwrap();
        let names = ["a", "b-c"].map(|name| ModuleName::try_from(name.to_owned()).unwrap());
        let want = Config {
            kernel_modules: Some(Wanted(names.to_vec())),
            ..Config::default()
        };
        let facts = Facts {
            live: live.then(Live::default),
            ..Facts::default()
        };
        let plan = KernelModules.plan(&want, &Machine::new(&root, &facts)).unwrap();
        let mut file = None;
        let mut loaded = Vec::new();
        for change in &plan.changes {
            match change {
                Change::File(written) => {
                    assert_eq!(written.path, FILE);
                    let bytes = written.content.as_ref().unwrap().bytes.to_vec();
                    file = Some(String::from_utf8(bytes).unwrap());
                }
                Change::Kernel(KernelChange::Module { name }) => {
                    let change_of = KernelChange::Module { name: name.clone() };
                    assert!(plan.expectations.contains(&Expectation::Kernel(change_of)));
                    loaded.push(format!("{name} {}", KernelModules.asked_at(change, &want).join(".")));
                }
                other => panic!("{other:?}"),
            }
        }
        let problems = plan.problems.iter();
        let problems = problems.map(|p| format!("{}: {p}", p.path.join("."))).collect();
        (file, loaded, problems)
    }

    #[test]
    fn a_module_that_the_kernel_does_not_have_costs_itself() {
        let all = (
            Some("a\nb_c\n".to_owned()),
            vec!["a kernel_modules.0".to_owned(), "b_c kernel_modules.1".to_owned()],
            vec![],
        );
        let dep = |text| ("lib/modules/6.1.0/modules.dep", text);
        let (both, one) = (
            dep("kernel/a.ko:\nkernel/b-c.ko.xz: kernel/a.ko\n"),
            dep("kernel/a.ko:\n"),
        );
        assert_eq!(plan(&[RELEASE, both], true), all);
        assert_eq!(
            plan(&[RELEASE, one, ("sys/module/b_c/x", "")], true),
            all,
            "loaded already"
        );
        let builtin = ("lib/modules/6.1.0/modules.builtin", "kernel/b-c.ko\n");
        assert_eq!(plan(&[RELEASE, one, builtin], true), all);
        assert_eq!(plan(&[RELEASE], true), all, "that can't be told");
        assert_eq!(plan(&[], true), all);
        assert_eq!(plan(&[RELEASE, one], false), all, "another kernel will be booted there");
        assert_eq!(
            plan(&[RELEASE, one], true),
            (
                Some("a\n".to_owned()),
                vec!["a kernel_modules.0".to_owned()],
                vec!["kernel_modules.1: the kernel 6.1.0 has no module b_c".to_owned()],
            )
        );
        let (file, loaded, problems) = plan(&[RELEASE, dep("")], true);
        assert_eq!((file, loaded.len(), problems.len()), (None, 0, 2));
    }
}
