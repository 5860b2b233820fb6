//! Which units of systemd run the SSH server.

use crate::system::{Kind, Machine, ReadError};

/// Where systemd looks for units, the first wins: systemd.unit(5).
const UNIT_DIRECTORIES: [&str; 4] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The sockets that start sshd on demand: on Photon and Red Hat, and on Debian.
pub const SOCKETS: [&str; 2] = ["sshd.socket", "ssh.socket"];

/// The service that holds the listening sshd: `sshd.service`, or Debian's `ssh.service`, of which the other name is only
/// an alias there. `None` where there is neither, as where `sshd.socket` starts a fresh sshd for each connection.
///
/// # Errors
/// A unit's directory can't be searched.
pub fn service(machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
    for name in ["sshd.service", "ssh.service"] {
        if let Some(found) = resolve(machine, name)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The unit behind this name; `None` if there is none or it is masked.
fn resolve(machine: &Machine<'_>, name: &str) -> Result<Option<String>, ReadError> {
    for directory in UNIT_DIRECTORIES {
        let path = format!("{directory}/{name}");
        let target = match machine.root().metadata(&path)?.map(|m| m.kind) {
            Some(Kind::Symlink) => machine.root().read_link(&path)?.unwrap_or_default(),
            Some(Kind::File) => return Ok(Some(name.to_owned())),
            _ => continue,
        };
        let target = target.rsplit('/').next().unwrap_or_default();
        return Ok(match target {
            "null" => None,
            _ if target.ends_with(".service") => Some(target.to_owned()),
            _ => Some(name.to_owned()),
        });
    }
    Ok(None)
}

/// The socket that listens in sshd's place, if one is enabled or active.
///
/// # Errors
/// A unit's directory can't be searched.
pub fn listening_socket(machine: &Machine<'_>) -> Result<Option<&'static str>, ReadError> {
    for socket in SOCKETS {
        let enabled = format!("/etc/systemd/system/sockets.target.wants/{socket}");
        if machine.root().metadata(&enabled)?.is_some() || machine.unit(socket).is_some_and(|u| u.runs()) {
            return Ok(Some(socket));
        }
    }
    Ok(None)
}
