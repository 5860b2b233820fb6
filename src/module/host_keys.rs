//! `ssh_keys`, `ssh_deletekeys` and `ssh_genkeytypes`: the keys by which an SSH server is known.

use super::sshd::unit;
use super::{Change, Dirty, FileChange, HostKeys as HostKeysChange, Module, Plan, PlanError, Stage};
use crate::document::Config;
use crate::system::Machine;
use crate::vocabulary::HostKeyType;

/// Where the host keys are.
const DIRECTORY: &str = "/etc/ssh";

/// The kinds that are made where the document doesn't say which.
const USUAL: [HostKeyType; 2] = [HostKeyType::Ecdsa, HostKeyType::Ed25519];

/// The SSH server's host keys.
#[derive(Debug, Clone, Copy)]
pub struct HostKeys;

impl Module for HostKeys {
    fn name(&self) -> &'static str {
        "host_keys"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        let delete = want.ssh_deletekeys == Some(true);
        if want.ssh_keys.is_none() && want.ssh_genkeytypes.is_none() && !delete {
            return Ok(plan);
        }
        if machine.metadata(DIRECTORY)?.is_none() {
            let error = PlanError::at(
                &[asking_key(want)],
                format!("there is no {DIRECTORY}: is an SSH server installed?"),
            );
            return Err(error.hint("install the package openssh-server (openssh on Photon, SUSE and Arch)"));
        }
        let dirties: Vec<Dirty> = unit::service(machine)?.map(Dirty::Reload).into_iter().collect();
        let (mut given, mut unknown) = (Vec::new(), Vec::new());
        for key in want.ssh_keys.iter().flat_map(|keys| keys.given()) {
            let path = key.kind.path();
            let mut write = |path: String, text: String, mode: u32| {
                let mut change = FileChange::write(path, text, mode).lasting();
                change.dirties.clone_from(&dirties);
                if mode == 0o600 {
                    change = change.secret();
                }
                plan.changes.push(Change::File(change));
            };
            write(path.clone(), key.private.text().expose().to_owned(), 0o600);
            match key.public {
                Some(line) => write(format!("{path}.pub"), format!("{line}\n"), 0o644),
                None => unknown.push(format!(
                    "{path}.pub is not written: `ssh-keygen -y` makes it of the private key"
                )),
            }
            if let Some(line) = key.certificate {
                let path = key.kind.certificate_path();
                plan.changes.push(Change::File(
                    FileChange::write(path, format!("{line}\n"), 0o644).lasting(),
                ));
            }
            given.push(key.kind);
        }
        unknown.into_iter().for_each(|text| plan.info(text));
        let make = to_make(want, !given.is_empty(), delete);
        if make.is_empty() && given.is_empty() {
            // Only RSA was asked for.
            return Ok(plan);
        }
        if delete || !make.is_empty() {
            plan.changes.push(Change::HostKeys(HostKeysChange {
                make,
                given,
                delete,
                dirties,
            }));
        }
        Ok(plan)
    }
}

/// The kinds of keys that are made where they are missing. Beside given ones there are none, as in cloud-init.
fn to_make(want: &Config, are_given: bool, delete: bool) -> Vec<HostKeyType> {
    if are_given {
        return Vec::new();
    }
    let mut make = match &want.ssh_genkeytypes {
        Some(types) => types.0.clone(),
        None if delete => USUAL.to_vec(),
        None => Vec::new(),
    };
    make.retain(|kind| USUAL.contains(kind));
    if make.is_empty() && delete {
        // Machines of one image must not have one key, though the kind that was asked for can't be made.
        make.push(HostKeyType::Ed25519);
    }
    make.sort_unstable();
    make.dedup();
    make
}

fn asking_key(want: &Config) -> &'static str {
    if want.ssh_keys.is_some() {
        "ssh_keys"
    } else if want.ssh_genkeytypes.is_some() {
        "ssh_genkeytypes"
    } else {
        "ssh_deletekeys"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Facts, Root};
    use serde_json::{Value, json};

    fn plan(document: Value) -> Plan {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("etc/ssh")).unwrap();
        let root = Root::open(tree.path()).unwrap();
        let config: Config = crate::document::yaml::from_json(&document).unwrap();
        let facts = Facts::default();
        HostKeys.plan(&config, &Machine::new(&root, &facts)).unwrap()
    }

    fn made(plan: &Plan) -> Option<(Vec<HostKeyType>, bool)> {
        plan.changes.iter().find_map(|change| match change {
            Change::HostKeys(keys) => Some((keys.make.clone(), keys.delete)),
            _ => None,
        })
    }

    #[test]
    fn what_is_made_and_what_goes() {
        use HostKeyType::{Ecdsa, Ed25519};
        for (document, expected) in [
            (json!({}), None),
            (json!({"ssh_deletekeys": false}), None),
            (json!({"ssh_deletekeys": true}), Some((vec![Ecdsa, Ed25519], true))),
            (json!({"ssh_genkeytypes": ["ed25519"]}), Some((vec![Ed25519], false))),
            (
                json!({"ssh_genkeytypes": ["rsa", "ed25519", "ecdsa"], "ssh_deletekeys": true}),
                Some((vec![Ecdsa, Ed25519], true)),
            ),
            (json!({"ssh_genkeytypes": ["rsa"]}), None),
            // Otherwise nothing would be left.
            (
                json!({"ssh_genkeytypes": ["rsa"], "ssh_deletekeys": true}),
                Some((vec![Ed25519], true)),
            ),
            (json!({"ssh_keys": {}, "ssh_deletekeys": false}), None),
        ] {
            assert_eq!(made(&plan(document.clone())), expected, "{document}");
        }
    }

    #[test]
    fn a_machine_without_a_server_is_told_so() {
        let tree = tempfile::tempdir().unwrap();
        let root = Root::open(tree.path()).unwrap();
        let config: Config = crate::document::yaml::from_json(&json!({"ssh_genkeytypes": ["ed25519"]})).unwrap();
        let facts = Facts::default();
        let error = HostKeys.plan(&config, &Machine::new(&root, &facts)).unwrap_err();
        assert_eq!(error.path, ["ssh_genkeytypes"]);
    }
}
