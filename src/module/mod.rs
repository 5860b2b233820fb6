//! One file (or folder) per area of the machine; modules only plan.
//!
//! A module is a pure function from (what the document asks, what the machine shows) to the desired state: [`Change`]s
//! and [`Expectation`]s. It may use [`crate::document`] and the read-only half of [`crate::system`]; it can't write,
//! because [`Machine`] can't. The same noun names `document/sshd.rs` (what is asked) and `module/sshd.rs` (what is
//! missing).

pub mod apt;
pub mod authorized_keys;
pub mod bootcmd;
pub mod ca_certs;
pub mod change;
mod check;
pub mod docker;
pub mod document_command;
pub mod final_message;
pub mod header;
mod homes;
pub mod host_keys;
pub mod hostname;
pub mod kernel_modules;
pub mod keymap;
pub mod locale;
pub mod network;
pub mod networkd;
pub mod networkd_files;
pub mod ntp;
mod on_the_way;
pub mod order;
pub mod packages;
pub mod password;
pub mod phone_home;
pub mod power_state;
pub mod random_seed;
pub mod random_seed_command;
pub mod reporting;
pub mod resolv_conf;
pub mod rsyslog;
pub mod runcmd;
mod script_directory;
pub mod selinux_users;
pub mod services;
pub mod ssh_fingerprints;
pub mod sshd;
pub mod sysctl;
pub mod timezone;
pub mod tmpfiles;
pub mod units;
pub mod users;
mod variables;
pub mod write_files;
pub mod yum_repos;

use std::collections::BTreeSet;

use crate::document::Config;
use crate::document::config::KEYS;
use crate::system::Machine;

pub use crate::vocabulary::Stage;
pub use change::*;
pub use check::{Check, DockerdCheck, RulesCheck, SshdCheck};
pub use order::Supply;

/// One area of the machine that user-data can configure.
pub trait Module: std::fmt::Debug + Sync {
    /// The area's noun, as in the document and in the report.
    fn name(&self) -> &'static str;

    /// The keys of the document that it answers for; one below another with a dot in between.
    fn keys(&self) -> Vec<&'static str> {
        let answers = KEYS.iter().flat_map(|key| key.answers);
        let own = answers.filter(|(_, area)| *area == self.name());
        own.map(|(key, _)| *key).collect()
    }

    /// When its changes are made.
    fn stage(&self) -> Stage;

    /// Whether something to do may show only in its stage, for what came before: a boot asks it then, even if it plans nothing
    /// earlier.
    fn shows_late(&self, _want: &Config) -> bool {
        false
    }

    /// Whether each of its changes makes sense without the others: a boot then leaves out the one that can't be made.
    fn changes_stand_alone(&self) -> bool {
        false
    }

    /// What it gives that others need: it plans before them.
    fn gives(&self) -> &'static [Supply] {
        &[]
    }

    /// What it needs that others give: it plans on what they planned.
    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files]
    }

    /// Whether it is still to bring what nobody can see before it has acted, such as the accounts and the units of a
    /// package. What others lack until then is planned again afterwards.
    fn brings(&self, _want: &Config, _machine: &Machine<'_>) -> bool {
        false
    }

    /// Whether it starts what may need any file of the document: while one waits, so does all of this module.
    fn starts_services(&self) -> bool {
        false
    }

    /// The keys that lead to what asks for `change` in the document, outermost first.
    fn asked_at(&self, _change: &Change, _want: &Config) -> Vec<String> {
        let first = self.keys().first().copied().unwrap_or_default();
        first.split('.').map(str::to_owned).collect()
    }

    /// The units whose state [`Module::plan`] wants to look at with [`Machine::unit`], besides those it dirties.
    fn observes(&self, _want: &Config) -> Vec<String> {
        Vec::new()
    }

    /// The desired state. Everything the document declares for this area is in it, whether it already holds or not: the
    /// engine leaves out what holds.
    ///
    /// # Errors
    /// What the document asks can't be planned on this machine: the problem, where in the document, what to do.
    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError>;
}

/// What one module wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes, in the order in which they are made.
    pub changes: Vec<Change>,
    /// What is verified afterwards.
    pub expectations: Vec<Expectation>,
    /// What the machine's own programs are asked before anything changes.
    pub checks: Vec<Check>,
    /// What a person should know before.
    pub notes: Vec<Note>,
    /// What of the document can't be done on this machine, where the rest can: `apply` refuses it, a boot leaves it out.
    pub problems: Vec<PlanError>,
    /// The paths that are written after a module that brings something ([`Module::brings`]), if there is one.
    pub deferred: BTreeSet<String>,
}

/// A remark about the machine or the document that does not stop anything.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Note {
    /// Whether it leaves the machine short of what was asked (degraded), or is for information.
    pub level: Level,
    /// What and where; complete sentences without a full stop at the end.
    pub text: String,
}

/// How much a [`Note`] weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Level {
    /// Good to know.
    Info,
    /// Something was left as it is, on purpose: always shown, and nothing is short of what was asked.
    Notice,
    /// What was asked will probably not work as asked.
    Warning,
    /// What was asked was tried and failed, and is not tried again by itself.
    Lasting,
}

impl Level {
    /// Whether it leaves the machine short of what was asked.
    pub fn is_short(self) -> bool {
        matches!(self, Self::Warning | Self::Lasting)
    }
}

impl Plan {
    /// Adds all of another plan.
    pub fn add(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.expectations.extend(other.expectations);
        self.checks.extend(other.checks);
        self.notes.extend(other.notes);
        self.problems.extend(other.problems);
        self.deferred.extend(other.deferred);
    }

    /// Adds a note for information.
    pub fn info(&mut self, text: impl Into<String>) {
        self.notes.push(Note {
            level: Level::Info,
            text: text.into(),
        });
    }

    /// Adds a note about something that was left as it is, or taken away, on purpose: it is always shown.
    pub fn notice(&mut self, text: impl Into<String>) {
        self.notes.push(Note {
            level: Level::Notice,
            text: text.into(),
        });
    }

    /// Adds what has failed and is not tried again.
    pub fn lasting(&mut self, text: impl Into<String>) {
        self.notes.push(Note {
            level: Level::Lasting,
            text: text.into(),
        });
    }

    /// Adds a warning.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.notes.push(Note {
            level: Level::Warning,
            text: text.into(),
        });
    }
}

/// Why something that the document asks for can't be planned on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PlanError {
    /// The keys that lead to the request in the document, outermost first; empty when no single key is to blame.
    pub path: Vec<String>,
    /// What can't be done and why.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The account, group or unit that it needs, where that is why.
    pub lacks: Option<String>,
}

impl PlanError {
    /// An error about the value at `path` in the document.
    pub fn at(path: &[&str], message: impl Into<String>) -> Self {
        Self {
            path: path.iter().map(ToString::to_string).collect(),
            message: message.into(),
            hint: None,
            lacks: None,
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, because this account, group or unit is missing.
    #[must_use]
    pub fn lacks(mut self, name: &str) -> Self {
        self.lacks = Some(name.to_owned());
        self
    }
}

impl From<crate::system::ReadError> for PlanError {
    fn from(error: crate::system::ReadError) -> Self {
        Self {
            path: Vec::new(),
            message: error.to_string(),
            hint: None,
            lacks: None,
        }
    }
}

/// All modules, in the order in which they act, and plan where none needs what a later one gives ([`order`]): who the machine is, how it is reached, who may log in, what runs.
pub fn all() -> Vec<&'static dyn Module> {
    vec![
        &random_seed::RandomSeed,
        &hostname::Hostname,
        &timezone::Timezone,
        &locale::Locale,
        &keymap::Keymap,
        &kernel_modules::KernelModules,
        &sysctl::Sysctl,
        &network::Network,
        &networkd_files::NetworkdFiles,
        &users::Users,
        &host_keys::HostKeys,
        &sshd::Sshd,
        &password::Password,
        &authorized_keys::AuthorizedKeys,
        &rsyslog::Rsyslog,
        &write_files::WriteFiles,
        &networkd::Networkd,
        &resolv_conf::ResolvConf,
        &bootcmd::Bootcmd,
        &ca_certs::CaCerts,
        &random_seed_command::RandomSeedCommand,
        &tmpfiles::Tmpfiles,
        &units::Units,
        &services::Services,
        &ntp::Ntp,
        &docker::Docker,
        &apt::Apt,
        &yum_repos::YumRepos,
        &packages::Packages,
        &selinux_users::SelinuxUsers,
        &runcmd::Runcmd,
        &ssh_fingerprints::SshFingerprints,
        &phone_home::PhoneHome,
        &reporting::Reporting,
        &final_message::FinalMessage,
        &power_state::PowerState,
    ]
}

/// The names of all modules, in the same order. Every start of the program lists them for the command line, and needn't
/// load the code of all modules for that.
pub const NAMES: [&str; 36] = [
    "random_seed",
    "hostname",
    "timezone",
    "locale",
    "keymap",
    "kernel_modules",
    "sysctl",
    "network",
    "networkd_files",
    "users",
    "host_keys",
    "sshd",
    "password",
    "ssh_authorized_keys",
    "rsyslog",
    "write_files",
    "networkd",
    "resolv_conf",
    "bootcmd",
    "ca_certs",
    "random_seed_command",
    "tmpfiles",
    "units",
    "services",
    "ntp",
    "docker",
    "apt",
    "yum_repos",
    "packages",
    "selinux_users",
    "runcmd",
    "ssh_fingerprints",
    "phone_home",
    "reporting",
    "final_message",
    "power_state",
];

/// The document's keys that make the module of this name plan `change`; none if there is no such module.
pub fn asked_at(name: &str, change: &Change, want: &Config) -> Vec<String> {
    let module = all().into_iter().find(|module| module.name() == name);
    module.map_or_else(Vec::new, |module| module.asked_at(change, want))
}

/// The document's keys that the module of this name answers for; none if there is no such module.
pub fn keys_of(name: &str) -> Vec<&'static str> {
    let module = all().into_iter().find(|module| module.name() == name);
    module.map_or_else(Vec::new, Module::keys)
}

/// The modules with these names; all where none is named.
pub fn only(names: &[String]) -> Vec<&'static dyn Module> {
    let wanted = |module: &&'static dyn Module| names.is_empty() || names.iter().any(|name| name == module.name());
    all().into_iter().filter(wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_modules() {
        let names: Vec<_> = all().into_iter().map(Module::name).collect();
        assert_eq!(names, NAMES);
    }

    #[test]
    fn each_key_has_one_module_and_each_module_its_keys() {
        let areas: BTreeSet<_> = KEYS.iter().flat_map(|key| key.answers).map(|(_, area)| *area).collect();
        let without: Vec<_> = NAMES.into_iter().filter(|name| !areas.contains(name)).collect();
        assert_eq!(
            without,
            ["networkd", "selinux_users"],
            "they go on from what the others do"
        );
        let unknown: Vec<_> = areas.into_iter().filter(|area| !NAMES.contains(area)).collect();
        assert_eq!(unknown, Vec::<&str>::new());
        let nobodys: Vec<_> = KEYS
            .iter()
            .filter(|key| key.answers.is_empty())
            .map(|key| key.name)
            .collect();
        assert_eq!(nobodys, ["firstlight"], "it is about the document itself");
        let mut answered: Vec<_> = all().iter().flat_map(|module| module.keys()).collect();
        answered.sort_unstable();
        let each: BTreeSet<_> = answered.iter().copied().collect();
        assert_eq!(answered, each.into_iter().collect::<Vec<_>>(), "one key, one module");
        assert_eq!(answered.len(), KEYS.iter().map(|key| key.answers.len()).sum::<usize>());
    }
}
