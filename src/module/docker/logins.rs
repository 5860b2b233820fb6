//! Logins at registries: an entry each in `.docker/config.json` of those who are logged in.

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding as _};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{existing_settings, merge, pretty};
use crate::document::docker::Login;
use crate::module::{Change, DirectoryChange, FileChange, Plan, PlanError, Share};
use crate::system::account::passwd;
use crate::system::{Machine, Metadata};

/// Adds the files of all who are logged in. What can't be done for one of them costs no other.
pub fn plan(logins: &[Login], machine: &Machine<'_>, plan: &mut Plan) {
    let mut of_user: BTreeMap<&str, Vec<(usize, &Login)>> = BTreeMap::new();
    for (number, login) in logins.iter().enumerate() {
        for user in login.users() {
            of_user.entry(user).or_default().push((number, login));
        }
    }
    for (user, logins) in of_user {
        match changes(user, &logins, machine, plan) {
            Ok(changes) => plan.changes.extend(changes),
            Err(problem) => plan.problems.push(problem),
        }
    }
}

/// The directory and the file of one account.
fn changes(
    user: &str,
    logins: &[(usize, &Login)],
    machine: &Machine<'_>,
    plan: &mut Plan,
) -> Result<Vec<Change>, PlanError> {
    let number = logins.first().map_or(0, |(number, _)| *number).to_string();
    let at = ["docker", "logins", &number];
    let accounts = machine.root().read("/etc/passwd")?.unwrap_or_default();
    let account = passwd::entry(&accounts, user).ok_or_else(|| {
        PlanError::at(&at, format!("there is no account {user} on this machine"))
            .hint("only existing accounts can be logged in")
            .lacks(user)
    })?;
    let owner = (account.uid.unwrap_or_default(), account.gid.unwrap_or_default());
    let (home, is_root) = (account.home.trim_end_matches('/'), user == "root");
    if !home.starts_with('/') || account.uid.is_none() || (owner.0 == 0) != is_root {
        let message = format!("the entry of {user} in /etc/passwd has no home directory or number of its own");
        return Err(PlanError::at(&at, message));
    }
    let directory = format!("{home}/.docker");
    let path = format!("{directory}/config.json");
    let there = machine.root().read_safely(&path);
    let there = there.map_err(|why| PlanError::at(&at, format!("can't add a login to {path}: {why}")))?;
    let existing = existing_settings(&path, &at, there.as_deref().unwrap_or_default())?;
    let mut merged = existing.clone();
    merge(&mut merged, &auths(logins));
    warn_of_helpers(&path, &existing, logins, plan);
    let bytes = match there {
        // Equal in meaning: the bytes stay as somebody wrote them.
        Some(bytes) if merged == existing => bytes,
        _ => pretty(&merged)?.into_bytes(),
    };
    let as_is = machine.root().metadata(&directory)?;
    let directory = DirectoryChange {
        path: directory,
        mode: as_is.map_or(0o700, |directory| directory.mode),
        owner: as_is.map_or(owner, |directory| (directory.uid, directory.gid)),
        on_the_way: false,
    };
    let file = match machine.root().metadata(&path)? {
        Some(as_is) => {
            let mode = as_is.mode & 0o600;
            FileChange::rewrite(path, bytes, &Metadata { mode, ..as_is })
        }
        None => {
            let mut file = FileChange::write(path, bytes, 0o600);
            if let Some(content) = &mut file.content {
                content.owner = owner;
            }
            file
        }
    };
    let file = file.share(Share::Keys).secret();
    Ok(vec![Change::Directory(directory), Change::File(file)])
}

/// What docker keeps of these logins.
fn auths(logins: &[(usize, &Login)]) -> Map<String, Value> {
    let entries = logins.iter().map(|(_, login)| {
        let both = Zeroizing::new(format!("{}:{}", login.username.as_str(), login.password.expose()));
        let entry = json!({"auth": Base64::encode_string(both.as_bytes())});
        (login.registry.key().to_owned(), entry)
    });
    let entries: Map<String, Value> = entries.collect();
    Map::from_iter([("auths".to_owned(), Value::Object(entries))])
}

/// docker asks a helper instead, where one is set.
fn warn_of_helpers(path: &str, existing: &Map<String, Value>, logins: &[(usize, &Login)], plan: &mut Plan) {
    let helpers = existing.get("credHelpers").and_then(Value::as_object);
    for (_, login) in logins {
        let key = login.registry.key();
        let has_helper = helpers.is_some_and(|helpers| helpers.contains_key(key));
        if has_helper || existing.contains_key("credsStore") {
            plan.warn(format!(
                "docker doesn't use the login at {key}: {path} names a helper, which docker asks instead"
            ));
        }
    }
}
