//! chrony: a file in a directory that its own configuration includes, chrony.conf(5).

use crate::document::ntp::Ntp;
use crate::module::{Change, Dirty, FileChange, Plan, PlanError};
use crate::system::systemd::UnitName;
use crate::system::{Machine, ReadError};

/// Its unit, by everybody's name and Debian's.
pub const UNITS: [&str; 2] = ["chronyd.service", "chrony.service"];

/// Its configuration, by Debian's name and everybody else's.
const CONFIGURATIONS: [&str; 2] = ["/etc/chrony/chrony.conf", "/etc/chrony.conf"];

/// Adds a file with the document's servers.
///
/// # Errors
/// chrony's configuration can't be read, or includes no directory.
pub fn plan(ntp: &Ntp, unit: &UnitName, machine: &Machine<'_>, plan: &mut Plan) -> Result<(), PlanError> {
    let (path, text) = configuration(machine)?;
    let Some(file) = own_file(&text) else {
        let message = format!("{path} includes no directory for more time servers");
        let hint = format!("add the line `sourcedir /etc/chrony/sources.d` to {path}");
        return Err(PlanError::at(&["ntp"], message).hint(hint));
    };
    let mut servers = String::new();
    for (kind, names) in [("server", &ntp.servers), ("pool", &ntp.pools)] {
        for name in names {
            servers.push_str(&format!("{kind} {} iburst\n", name.as_str()));
        }
    }
    let change = FileChange::write(file, servers, 0o644)
        .headed()
        .dirties(Dirty::Restart(unit.to_string()));
    plan.changes.push(Change::File(change));
    if directives(&text).any(|(name, _)| ["server", "pool", "peer"].contains(&name.as_str())) {
        plan.info(format!("chrony also uses the servers in {path}"));
    }
    Ok(())
}

/// Where the configuration is, and what it says.
fn configuration(machine: &Machine<'_>) -> Result<(&'static str, String), PlanError> {
    for path in CONFIGURATIONS {
        if let Some(text) = machine
            .read_text(path)
            .map_err(|error: ReadError| PlanError::from(error))?
        {
            return Ok((path, text));
        }
    }
    let message = format!("chrony has no configuration: neither {}", CONFIGURATIONS.join(" nor "));
    Err(PlanError::at(&["ntp"], message).hint("reinstall the package `chrony`"))
}

/// The path of our file: in a directory of sources, else in one of configuration. Below `/etc` only: what is in `/run`
/// is gone after the boot.
fn own_file(text: &str) -> Option<String> {
    let directory_of = |directive: &str, suffix: &str| {
        let values = directives(text)
            .filter(|(name, _)| name == directive)
            .map(|(_, value)| value);
        let mut directories = values.filter_map(|value| {
            // Several directories may be given, the first is tried first.
            let first = value.split_whitespace().next()?;
            Some(first.strip_suffix(suffix)?.trim_end_matches('/').to_owned())
        });
        directories.find(|directory| directory.starts_with("/etc/") && !directory.contains(['*', '?', '[']))
    };
    if let Some(directory) = directory_of("sourcedir", "") {
        return Some(format!("{directory}/firstlight.sources"));
    }
    let directory = directory_of("confdir", "").or_else(|| directory_of("include", "/*.conf"));
    directory.map(|directory| format!("{directory}/firstlight.conf"))
}

/// The directives, in lower case, each with what follows it.
fn directives(text: &str) -> impl Iterator<Item = (String, &str)> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.starts_with(['#', '%', '!', ';']));
    lines.filter_map(|line| {
        let (name, value) = line.split_once(char::is_whitespace)?;
        Some((name.to_ascii_lowercase(), value.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_our_file_is() {
        for (text, expected) in [
            (
                "sourcedir /run/chrony-dhcp\nsourcedir /etc/chrony/sources.d\n",
                Some("/etc/chrony/sources.d/firstlight.sources"),
            ),
            (
                "confdir /etc/chrony/conf.d\nSourceDir /etc/x/\n",
                Some("/etc/x/firstlight.sources"),
            ),
            (
                "confdir /etc/chrony/conf.d /run/y\n",
                Some("/etc/chrony/conf.d/firstlight.conf"),
            ),
            ("include /etc/chrony.d/*.conf\n", Some("/etc/chrony.d/firstlight.conf")),
            ("include /etc/chrony.local.conf\n", None),
            (
                "# sourcedir /etc/a\n! confdir /etc/b\nsourcedir\npool pool.ntp.org\n",
                None,
            ),
        ] {
            assert_eq!(own_file(text).as_deref(), expected, "{text}");
        }
    }
}
