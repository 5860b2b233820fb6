//! One account: its entries, its groups, its home directory.

use super::files::Files;
use super::home::is_somewhere;
use crate::document::GroupName;
use crate::document::users::{User, Wanted};
use crate::module::{AccountChange, Aging, Change, HomeChange, Plan, PlanError, UserAccount};
use crate::system::account::passwd::PasswdEntry;
use crate::system::{Kind, Machine};

/// Adds what an account needs. What is wrong with a group or the home directory is a problem of its own.
///
/// # Errors
/// The account itself can't be created.
pub fn plan(plan: &mut Plan, wanted: &Wanted, files: &mut Files, machine: &Machine<'_>) -> Result<(), PlanError> {
    let (user, path) = (&wanted.user, &wanted.path);
    let there = files.account(user.name.as_str());
    // As cloud-init does it, so that numbers are those that people know: the further groups are created first.
    let groups = create_groups(plan, wanted, files);
    let account = match &there {
        Some(there) => existing(plan, user, there, files),
        None => new(plan, wanted, files, machine)?,
    };
    let (home, owner) = (account.home.clone(), (account.uid, account.gid));
    let change = AccountChange::User(Box::new(account));
    files.add(&change).map_err(|why| at(path, &[], why))?;
    plan.changes.push(Change::Account(change));
    plan.changes.extend(groups.into_iter().map(|group| {
        let (group, user) = (group.to_string(), user.name.to_string());
        Change::Account(AccountChange::GroupMember { group, user })
    }));
    if user.has_home() && (there.is_none() || machine.root().exists(&home)? || is_missed(&home, owner, files)) {
        add_home(plan, wanted, home, owner, files, machine)?;
    }
    warn_of_shell(plan, user, machine)
}

fn at(path: &[String], keys: &[&str], why: impl Into<String>) -> PlanError {
    let keys: Vec<&str> = path.iter().map(String::as_str).chain(keys.iter().copied()).collect();
    PlanError::at(&keys, why)
}

/// An account that exists keeps its number, its primary group and its home directory.
fn existing(plan: &mut Plan, user: &User, there: &PasswdEntry, files: &mut Files) -> UserAccount {
    let name = &user.name;
    plan.changes.extend(there.gid.and_then(|gid| files.keep_group(gid)));
    let keeps = |plan: &mut Plan, what: String, key: &str| {
        plan.notice(format!(
            "{name} exists already and keeps its {what}: `{key}` is for new accounts"
        ));
    };
    if let (Some(asked), Some(uid)) = (user.uid, there.uid)
        && asked.get() != uid
    {
        keeps(plan, format!("number {uid}"), "uid");
    }
    if let Some(asked) = &user.homedir
        && asked.as_str() != there.home.trim_end_matches('/')
    {
        keeps(plan, format!("home directory {}", there.home), "homedir");
    }
    UserAccount {
        uid: there.uid.unwrap_or(u32::MAX),
        gid: there.gid.unwrap_or(u32::MAX),
        home: there.home.clone(),
        ..said(user)
    }
}

/// What the document itself says of an account.
fn said(user: &User) -> UserAccount {
    UserAccount {
        name: user.name.to_string(),
        uid: u32::MAX,
        gid: u32::MAX,
        home: String::new(),
        gecos: user.gecos.as_ref().map(|gecos| gecos.as_str().to_owned()),
        shell: user.shell.as_ref().map(|shell| shell.as_str().to_owned()),
        expires: user.expiredate.map(|day| day.day()),
        inactive: user.inactive.map(|days| days.days()),
        today: None,
        aging: Aging::default(),
        subordinate: None,
    }
}

/// An account that doesn't exist yet.
fn new(plan: &mut Plan, wanted: &Wanted, files: &mut Files, machine: &Machine<'_>) -> Result<UserAccount, PlanError> {
    let (user, path) = (&wanted.user, &wanted.path);
    let system = user.system == Some(true);
    let home = match &user.homedir {
        Some(home) => home.as_str().to_owned(),
        None => format!("{}/{}", files.defs.homes().trim_end_matches('/'), user.name),
    };
    files
        .take_home(&home, user.name.as_str(), user.has_home())
        .map_err(|why| {
            let why = format!("the home directory {home} {why}");
            at(path, &["homedir"], why).hint("give each account a directory of its own")
        })?;
    let left = files.left_behind(&home, system, machine)?;
    let asked = user.uid.map(|uid| free_of_others(uid.get(), wanted, files));
    let uid = match asked {
        Some(Ok(uid)) => uid,
        other => {
            // A number that another account has costs the number, not the login.
            plan.problems.extend(other.and_then(Result::err));
            let free = left.map(|(uid, _)| uid).or_else(|| files.free_uid(system));
            free.ok_or_else(|| at(path, &[], "no number is free for another account (login.defs(5))"))?
        }
    };
    let near = left.filter(|(own, _)| *own == uid).and_then(|(_, gid)| gid);
    let gid = primary_group(plan, wanted, near.unwrap_or(uid), files)?;
    let shell = said(user).shell.or_else(|| Some(default_shell(files, machine)));
    Ok(UserAccount {
        uid,
        gid,
        home,
        shell,
        today: Some(machine.today()).filter(|day| *day != 0),
        aging: if system { Aging::default() } else { files.defs.aging() },
        subordinate: files.free_subordinate(user.name.as_str()).filter(|_| !system),
        ..said(user)
    })
}

/// Two accounts with one number are one account for the kernel.
fn free_of_others(uid: u32, wanted: &Wanted, files: &Files) -> Result<u32, PlanError> {
    match files.owner_of(uid) {
        None => Ok(uid),
        Some(other) => Err(at(
            &wanted.path,
            &["uid"],
            format!(
                "the number {uid} is that of the account `{other}`: `{}` has the next free one",
                wanted.user.name
            ),
        )
        .hint("choose another number, or leave `uid` out")),
    }
}

/// The number of the primary group: the one that is asked for, one of the account's own, with the number `near` if that is
/// free, or the machine's for all.
fn primary_group(plan: &mut Plan, wanted: &Wanted, near: u32, files: &mut Files) -> Result<u32, PlanError> {
    let (user, path) = (&wanted.user, &wanted.path);
    let has_own = user.no_user_group != Some(true) && files.defs.own_groups();
    let (name, near, key) = match (&user.primary_group, shared_group(files)) {
        (Some(name), _) => (name.clone(), None, "primary_group"),
        (None, Some(shared)) if !has_own => return Ok(shared),
        (None, _) => (GroupName::from(&user.name), Some(near), "name"),
    };
    if files.group(name.as_str()).is_none() && key == "primary_group" && user.create_groups == Some(false) {
        let error = at(
            path,
            &[key],
            format!("there is no group `{name}`, and `create_groups` is false"),
        );
        return Err(error.hint("add it to `groups` at the top level, or remove `create_groups`"));
    }
    let system = user.system == Some(true) && key == "name";
    if key == "name" && files.is_of_the_machine(name.as_str()) {
        plan.notice(format!(
            "the group {name} exists already: it is the primary group of the account {name}"
        ));
    }
    let change = files.ensure_group_near(&name, system, near);
    plan.changes.extend(change.map_err(|why| at(path, &[key], why))?);
    files
        .group(name.as_str())
        .ok_or_else(|| at(path, &[key], format!("the group `{name}` has no number")))
}

/// The number of the group in useradd's defaults; `None` where the machine has no such group.
fn shared_group(files: &Files) -> Option<u32> {
    let said = files.defs.group();
    match said.parse() {
        Ok(number) => files.has_group(number).then_some(number),
        Err(_) => files.group(said),
    }
}

fn default_shell(files: &Files, machine: &Machine<'_>) -> String {
    let said = files.defs.shell().map(str::to_owned);
    said.unwrap_or_else(|| {
        let bash = "/bin/bash";
        let is_there = machine.root().exists(bash).unwrap_or(false);
        if is_there { bash } else { "/bin/sh" }.to_owned()
    })
}

/// Creates further groups, and returns those that the account will be in. One that can't be costs no other.
fn create_groups<'w>(plan: &mut Plan, wanted: &'w Wanted, files: &mut Files) -> Vec<&'w GroupName> {
    let user = &wanted.user;
    let mut groups = Vec::new();
    for name in user.groups() {
        let there = files.group(name.as_str()).is_some();
        if !there && user.create_groups == Some(false) {
            let why = format!(
                "there is no group `{name}`, and `create_groups` is false: {} isn't in it",
                user.name
            );
            plan.problems.push(
                at(&wanted.path, &["groups"], why)
                    .hint("add it to `groups` at the top level, or remove `create_groups`")
                    .lacks(name.as_str()),
            );
            continue;
        }
        match files.ensure_group(name) {
            Ok(change) => {
                plan.changes.extend(change);
                groups.push(name);
            }
            Err(why) => plan.problems.push(at(&wanted.path, &["groups"], why)),
        }
    }
    groups
}

/// Whether an account that exists misses a home directory that isn't there: a person's does, a service's need not.
fn is_missed(home: &str, (uid, gid): (u32, u32), files: &Files) -> bool {
    is_somewhere(home.trim_end_matches('/')) && files.defs.uids(false).contains(&uid) && gid != u32::MAX
}

/// The home directory of an account: a new one, or the one that is there if it is nobody else's.
fn add_home(
    plan: &mut Plan,
    wanted: &Wanted,
    home: String,
    owner: (u32, u32),
    files: &Files,
    machine: &Machine<'_>,
) -> Result<(), PlanError> {
    let name = &wanted.user.name;
    let key = if wanted.user.homedir.is_some() {
        "homedir"
    } else {
        "name"
    };
    let refuse = |plan: &mut Plan, what: &str| {
        let why = format!("the home directory {home} of {name} {what}");
        let problem = at(&wanted.path, &[key], why).hint("move it away, or choose another directory with `homedir`");
        plan.problems.push(problem);
    };
    match machine.root().metadata(&home)? {
        Some(there) if there.kind == Kind::Symlink => refuse(plan, "is a link"),
        Some(there) if there.kind != Kind::Directory => refuse(plan, "is not a directory"),
        Some(there) => {
            let is_of_another = there.uid != owner.0 && machine.live().is_some();
            if is_of_another && there.uid != 0 {
                refuse(plan, &format!("belongs to account number {}", there.uid));
            } else {
                if is_of_another {
                    plan.info(format!(
                        "the home directory {home} of {name} exists and stays as it is: it belongs to root"
                    ));
                }
                plan.changes.push(new_home(home, owner, files));
            }
        }
        None => plan.changes.push(new_home(home, owner, files)),
    }
    Ok(())
}

fn new_home(path: String, owner: (u32, u32), files: &Files) -> Change {
    Change::Home(HomeChange {
        path,
        mode: files.defs.home_mode(),
        owner,
        skeleton: files.defs.skeleton().to_owned(),
    })
}

/// A shell that isn't there lets nobody in.
fn warn_of_shell(plan: &mut Plan, user: &User, machine: &Machine<'_>) -> Result<(), PlanError> {
    if let Some(shell) = &user.shell
        && !machine.root().exists(shell.as_str())?
    {
        let name = &user.name;
        let shell = shell.as_str();
        plan.warn(format!(
            "{shell} doesn't exist on this machine: {name} can't log in until it is installed"
        ));
    }
    Ok(())
}
