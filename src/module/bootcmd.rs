//! `bootcmd`, boot hooks and scripts of each boot: a unit for each, so that they run whether there is a seed or not.

use std::borrow::Cow;
use std::time::Duration;

use super::{
    Change, DirectoryChange, Dirty, Expectation, FileChange, Module, Plan, PlanError, Stage, Supply, UnitAction,
    UnitChange, UnitFileState,
};
use crate::document::Config;
use crate::document::commands::UserScript;
use crate::document::commands::script::Script;
use crate::document::format::Often;
use crate::module::script_directory::ScriptDirectory;
use crate::system::Machine;

/// Where scripts of each boot are: only root may read them.
const DIRECTORIES: [(&str, u32); 2] = [("/etc/firstlight", 0o755), ("/etc/firstlight/commands", 0o700)];

/// How long those may take that others wait for: what needs the machine to be up.
const TIMEOUT: Duration = Duration::from_secs(180);

/// Runs commands and scripts at each boot.
#[derive(Debug, Clone, Copy)]
pub struct Bootcmd;

impl Module for Bootcmd {
    fn name(&self) -> &'static str {
        "bootcmd"
    }

    /// The files of an earlier document must be gone before systemd gets to their units.
    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files, Supply::Accounts]
    }

    fn observes(&self, want: &Config) -> Vec<String> {
        each_boot(want).iter().map(BootScript::unit).collect()
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let mut scripts = each_boot(want);
        let directory = ScriptDirectory(Often::Boot);
        let in_directory = directory.script(want.stops_on_error(), machine)?;
        scripts.extend(in_directory.map(|(script, _)| BootScript {
            name: directory.name().to_owned(),
            what: "the scripts of each boot",
            script: Cow::Owned(script),
            when: When::Late,
        }));
        if scripts.is_empty() {
            return Ok(plan);
        }
        for (path, mode) in DIRECTORIES {
            let there = machine.metadata(path)?;
            plan.changes.push(Change::Directory(DirectoryChange {
                path: path.to_owned(),
                mode: there.map_or(mode, |there| there.mode),
                owner: there.map_or((0, 0), |there| (there.uid, there.gid)),
                on_the_way: false,
            }));
        }
        for script in &scripts {
            script.plan(want.command_limit(), machine, &mut plan)?;
        }
        Ok(plan)
    }
}

/// The unit that runs the script of this name at each boot.
pub(super) fn unit(name: &str) -> String {
    format!("firstlight-{name}.service")
}

/// The name of a script of user-data here.
pub(super) fn name(script: &UserScript) -> String {
    format!("boot-{}", script.name)
}

/// A script of each boot.
struct BootScript<'a> {
    name: String,
    what: &'static str,
    script: Cow<'a, Script>,
    when: When,
}

/// When in a boot a script runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// Before services.
    Early,
    /// With them. In the first boot the final stage starts it, behind the packages.
    Late,
    /// After all that firstlight does in this boot. In the first boot the final stage runs it.
    Last,
}

/// All that runs at each boot, in its order.
fn each_boot(want: &Config) -> Vec<BootScript<'_>> {
    let commands = want.bootcmd.iter().filter(|commands| !commands.is_empty());
    let commands = commands.map(|commands| BootScript {
        name: "bootcmd".to_owned(),
        what: "bootcmd",
        script: Cow::Owned(Script::of_commands(commands, want.stops_on_error())),
        when: When::Early,
    });
    let scripts = want.scripts.all().iter().filter(|script| script.is_of_each_boot());
    let scripts = scripts.map(|script| BootScript {
        name: name(script),
        what: if script.is_boothook {
            "a boot hook"
        } else {
            "a script of each boot"
        },
        script: Cow::Borrowed(&script.script),
        when: if script.is_boothook { When::Early } else { When::Late },
    });
    let (hooks, others): (Vec<_>, Vec<_>) = scripts.partition(|script| script.when == When::Early);
    hooks
        .into_iter()
        .chain(commands)
        .chain(others)
        .chain(last(want))
        .collect()
}

/// `runcmd` and the scripts of user-data, where they run always.
fn last(want: &Config) -> Vec<BootScript<'_>> {
    if !want.runs_scripts_at_each_boot() {
        return Vec::new();
    }
    let scripts = want.scripts.all().iter();
    let scripts = scripts.filter(|script| script.often == Often::Instance && !script.is_boothook && !script.is_vendors);
    let scripts = scripts.map(|script| BootScript {
        name: name(script),
        what: "a script of each boot",
        script: Cow::Borrowed(&script.script),
        when: When::Last,
    });
    let commands = want.runcmd.iter().filter(|commands| !commands.is_empty());
    let commands = commands.map(|commands| BootScript {
        // No script has this name: theirs begin otherwise.
        name: "runcmd-at-boot".to_owned(),
        what: "runcmd",
        script: Cow::Owned(Script::of_commands(commands, want.stops_on_error())),
        when: When::Last,
    });
    scripts.chain(commands).collect()
}

impl BootScript<'_> {
    fn unit(&self) -> String {
        unit(&self.name)
    }

    fn plan(&self, limit: Duration, machine: &Machine<'_>, plan: &mut Plan) -> Result<(), PlanError> {
        let path = format!("/etc/firstlight/commands/{}", self.name);
        plan.changes
            .push(Change::File(FileChange::write(&path, self.script.text(), 0o700)));
        let unit = FileChange::write(
            format!("/etc/systemd/system/{}", self.unit()),
            self.unit_file(&path, limit),
            0o644,
        );
        plan.changes.push(Change::File(unit.headed().dirties(Dirty::Manager)));
        self.act(UnitAction::Enable, plan);
        plan.expectations.push(Expectation::UnitFileIs {
            unit: self.unit(),
            state: UnitFileState::Enabled,
        });
        // Without a bus it is the next boot that starts it.
        if self.when == When::Early && machine.live().is_some_and(|live| live.bus) {
            match self.has_failed(&path, machine)? {
                // A warning: each boot looks again how it went.
                true => plan.warn(format!(
                    "{} has failed in this boot: the next one runs it again; `journalctl -b -u {}` shows why",
                    self.what,
                    self.unit()
                )),
                false => self.act(UnitAction::Start, plan),
            }
        }
        Ok(())
    }

    /// Whether it ran in this boot, as it is now, and failed: once a boot is enough.
    fn has_failed(&self, path: &str, machine: &Machine<'_>) -> Result<bool, PlanError> {
        let unit = machine.unit(&self.unit());
        let has_failed = unit.is_some_and(|unit| unit.active_state == "failed");
        Ok(has_failed && machine.read_text(path)?.as_deref() == Some(self.script.text()))
    }

    fn act(&self, action: UnitAction, plan: &mut Plan) {
        plan.changes.push(Change::Unit(UnitChange {
            unit: self.unit(),
            action,
        }));
    }

    /// An early one waits for the files alone: no network, no bus. What is started by hand may rely on all of it. multi-user.target
    /// waits for no other: the reasons are in firstlight.service.
    fn unit_file(&self, path: &str, limit: Duration) -> String {
        let Self { name, what, when, .. } = self;
        let (dependencies, wanted_by) = match when {
            When::Early => (
                "DefaultDependencies=no\n\
                 Conflicts=shutdown.target\n\
                 After=local-fs.target systemd-tmpfiles-setup.service firstlight-local.service\n\
                 Before=basic.target shutdown.target\n",
                "sysinit.target",
            ),
            When::Late => (
                "DefaultDependencies=no\n\
                 Requires=sysinit.target\n\
                 Wants=network-online.target\n\
                 After=sysinit.target basic.target network-online.target docker.service\n\
                 Conflicts=shutdown.target\n\
                 Before=shutdown.target\n",
                "multi-user.target",
            ),
            When::Last => (
                "DefaultDependencies=no\n\
                 Requires=sysinit.target\n\
                 Wants=network-online.target\n\
                 After=sysinit.target basic.target network-online.target firstlight.service firstlight-final.service\n\
                 Conflicts=shutdown.target\n\
                 Before=shutdown.target\n",
                "multi-user.target",
            ),
        };
        let timeout = if *when == When::Early { TIMEOUT } else { limit }.as_secs();
        format!(
            "[Unit]\n\
             Description=Run {what} of this machine's document\n\
             ConditionPathExists={path}\n\
             {dependencies}\n\
             [Service]\n\
             Type=oneshot\n\
             RemainAfterExit=yes\n\
             ExecStart=/usr/bin/firstlight run-script {name} {path}\n\
             TimeoutStartSec={timeout}\n\
             Environment=HOME=/root\n\
             \n\
             [Install]\n\
             WantedBy={wanted_by}\n"
        )
    }
}

#[cfg(test)]
mod tests;
