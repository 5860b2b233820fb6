//! Which module plans before which: the one that gives what another needs.

use std::fmt;

use super::Module;

/// What one module gives the machine and another one needs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// Whole files and directories, at any path: others edit them, or have their own next to them.
    Files,
    /// Accounts and groups: they own files and have passwords.
    Accounts,
    /// Modules of the kernel: some parameters come with one.
    KernelModules,
    /// Files of networkd: it has to run where there are some.
    NetworkFiles,
    /// Files of units: they are enabled and started.
    Units,
}

impl fmt::Display for Supply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Files => "files",
            Self::Accounts => "accounts",
            Self::KernelModules => "kernel modules",
            Self::NetworkFiles => "networkd's files",
            Self::Units => "unit files",
        })
    }
}

/// The places in `modules`, each after those that provide what it needs; independent ones keep their order. Where some
/// wait for each other, the first of them goes first.
pub fn order(modules: &[&dyn Module]) -> Vec<usize> {
    let mut left: Vec<usize> = (0..modules.len()).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let waits = |at: usize| {
            left.iter()
                .any(|other| *other != at && needs(modules[at], modules[*other]).is_some())
        };
        let next = left.iter().position(|at| !waits(*at)).unwrap_or_default();
        order.push(left.remove(next));
    }
    order
}

/// What `module` needs of what `other` gives.
pub fn needs(module: &dyn Module, other: &dyn Module) -> Option<Supply> {
    let needs = module.needs().iter();
    needs.copied().find(|supply| other.gives().contains(supply))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::all;

    #[test]
    fn who_gives_comes_before_who_needs_and_the_rest_stays() {
        let modules = all();
        let order = order(&modules);
        let names: Vec<&str> = order.iter().map(|at| modules[*at].name()).collect();
        for (place, at) in order.iter().enumerate() {
            for later in &order[place + 1..] {
                let (one, other) = (modules[*at], modules[*later]);
                assert_eq!(needs(one, other), None, "{} waits for {}", one.name(), other.name());
            }
        }
        let mut rest = names.clone();
        let is_first = |name: &&str| ["users", "write_files"].contains(name);
        rest.retain(|name| !is_first(name));
        let mut listed = crate::module::NAMES.to_vec();
        listed.retain(|name| !is_first(name));
        assert_eq!((&names[..2], rest), (&["users", "write_files"][..], listed));
    }

    /// All files go in at once; what acts module by module does so in the order of the list.
    #[test]
    fn what_acts_needs_nothing_of_a_later_one_but_files() {
        let modules = all();
        for (place, module) in modules.iter().enumerate() {
            for later in &modules[place + 1..] {
                let needed = needs(*module, *later).filter(|supply| *supply != Supply::Files);
                assert_eq!(needed, None, "{} acts before {}", module.name(), later.name());
            }
        }
    }

    #[derive(Debug)]
    struct Sample(&'static str, &'static [Supply], &'static [Supply]);

    impl Module for Sample {
        fn name(&self) -> &'static str {
            self.0
        }
        fn stage(&self) -> crate::module::Stage {
            crate::module::Stage::Local
        }
        fn gives(&self) -> &'static [Supply] {
            self.1
        }
        fn needs(&self) -> &'static [Supply] {
            self.2
        }
        fn plan(
            &self,
            _: &crate::document::Config,
            _: &crate::system::Machine<'_>,
        ) -> Result<crate::module::Plan, crate::module::PlanError> {
            Ok(crate::module::Plan::default())
        }
    }

    #[test]
    fn chains_and_circles_end() {
        use Supply::{Accounts, Files, KernelModules};
        let chain = [
            Sample("c", &[], &[Files]),
            Sample("b", &[Files], &[Accounts]),
            Sample("d", &[], &[]),
            Sample("a", &[Accounts], &[]),
        ];
        let modules: Vec<&dyn Module> = chain.iter().map(|it| it as &dyn Module).collect();
        assert_eq!(order(&modules), [2, 3, 1, 0]);
        let circle = [
            Sample("a", &[Files], &[KernelModules]),
            Sample("b", &[KernelModules], &[Files]),
        ];
        let modules: Vec<&dyn Module> = circle.iter().map(|it| it as &dyn Module).collect();
        assert_eq!(order(&modules), [0, 1]);
        assert_eq!(order(&[]), [0usize; 0]);
    }
}
