//! `root`, `chpasswd` and `password`: the accounts' passwords, as entries of `/etc/shadow`.

use super::sshd::access::{Access, Way};
use super::sshd::{self, account};
use super::{
    AccountChange, Change, Expectation, Module, PasswordChange, Plan, PlanError, RandomPassword, Stage, Supply,
};
use crate::document::password::{Credential, DEFAULT_USER, Login, logins};
use crate::document::users::{self, Wanted};
use crate::document::{Config, PasswordHash, Secret};
use crate::system::account::passwd::{self, PasswdEntry};
use crate::system::account::shadow::{self, ShadowEntry};
use crate::system::{Machine, console, crypt};

/// The passwords of root and of other accounts that exist.
#[derive(Debug, Clone, Copy)]
pub struct Password;

impl Module for Password {
    fn name(&self) -> &'static str {
        "password"
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn changes_stand_alone(&self) -> bool {
        true
    }

    fn needs(&self) -> &'static [Supply] {
        &[Supply::Files, Supply::Accounts]
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let logins = logins(want);
        let expire_root = want.root.as_ref().and_then(|root| root.expire);
        let mut plan = Plan::default();
        if logins.is_empty() && expire_root.is_none() && users::wanted(want).is_empty() {
            return Ok(plan);
        }
        let accounts = Accounts::read(machine)?;
        for login in &logins {
            if let Err(problem) = plan_login(&mut plan, login, &accounts, machine) {
                plan.problems.push(problem);
            }
        }
        plan_locks(&mut plan, want, &logins, &accounts);
        note_ssh(&mut plan, &logins, want, machine)?;
        if let Some(expire) = expire_root
            && !logins.iter().any(|login| login.user == "root")
        {
            plan_expiry_of_root(&mut plan, expire, &accounts, machine)?;
        }
        Ok(plan)
    }
}

/// The machine's accounts, as bytes.
struct Accounts {
    passwd: Vec<u8>,
    shadow: Vec<u8>,
}

/// One of them.
struct Account {
    passwd: PasswdEntry,
    shadow: Option<ShadowEntry>,
}

impl Accounts {
    fn read(machine: &Machine<'_>) -> Result<Self, PlanError> {
        let read = |path: &str, hint: &str| {
            let missing = || PlanError::at(&[], format!("the machine has no {path}")).hint(hint);
            machine.root().read(path)?.ok_or_else(missing)
        };
        Ok(Self {
            passwd: read("/etc/passwd", "is this the root directory of a machine?")?,
            shadow: read("/etc/shadow", "create it with pwconv(8)")?,
        })
    }

    fn find(&self, user: &str, path: &[&str]) -> Result<Account, PlanError> {
        let passwd = passwd::entry(&self.passwd, user).ok_or_else(|| {
            PlanError::at(path, format!("there is no account `{user}` in /etc/passwd"))
                .hint("only local accounts can get a password")
                .lacks(user)
        })?;
        let shadow = shadow::entry(&self.shadow, user);
        Ok(Account { passwd, shadow })
    }
}

fn plan_login(plan: &mut Plan, login: &Login, accounts: &Accounts, machine: &Machine<'_>) -> Result<(), PlanError> {
    let path: Vec<&str> = login.path.iter().map(String::as_str).collect();
    let user = login.user.as_str();
    let account = accounts.find(user, &path)?;
    let current = account.shadow.as_ref();
    let hash = match &login.credential {
        Credential::Random => return plan_random(plan, login, &account, machine),
        Credential::Hash(hash) => {
            warn_of_unknown_method(plan, user, hash, machine)?;
            hash.secret().clone()
        }
        Credential::Plain(password) => {
            let unlocked = current.map(|entry| unlocked(&entry.hash));
            let same = unlocked.filter(|hash| crypt::verify(password.secret(), hash) == Some(true));
            match same {
                Some(hash) => hash,
                None => crypt::hash(password.secret(), crypt::scheme(machine.root())?)
                    .map_err(|error| PlanError::at(&path, error.to_string()))?,
            }
        }
    };
    let own = current.map(|entry| unlocked(&entry.hash)).filter(is_password);
    if login.only_first && own.as_ref().is_some_and(|own| *own != hash) {
        plan.info(format!(
            "{user} has a password already and keeps it: `passwd` is for new accounts, `hashed_passwd` for all"
        ));
        return Ok(());
    }
    note_circumstances(plan, login, &account);
    let hash = if login.locked { locked(&hash) } else { hash };
    plan.changes.push(change(
        user,
        Some(&hash),
        last_change(login.expire, Some(&hash), current, machine),
    ));
    plan.expectations.push(Expectation::PasswordIs {
        user: user.to_owned(),
        hash,
    });
    Ok(())
}

/// A password that only the machine's console shows.
fn plan_random(plan: &mut Plan, login: &Login, account: &Account, machine: &Machine<'_>) -> Result<(), PlanError> {
    let path: Vec<&str> = login.path.iter().map(String::as_str).collect();
    if machine.live().is_some() && machine.metadata(console::PATH)?.is_none() {
        let message = format!(
            "{} gets no random password: there is no {} to show it on",
            login.user,
            console::PATH
        );
        return Err(PlanError::at(&path, message).hint("give the account a password"));
    }
    note_circumstances(plan, login, account);
    plan.changes.push(Change::RandomPassword(RandomPassword {
        user: login.user.clone(),
        expire: login.expire,
        today: Some(machine.today()).filter(|day| *day != 0),
    }));
    Ok(())
}

/// The accounts of `users` whose passwords are locked, and that are given none. A new account is locked anyway.
fn plan_locks(plan: &mut Plan, want: &Config, logins: &[Login], accounts: &Accounts) {
    for Wanted { user, path, .. } in users::wanted(want).into_iter().filter(|wanted| wanted.user.is_locked()) {
        let name = user.name.as_str();
        if logins.iter().any(|login| login.user == name && !login.only_first) {
            continue;
        }
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        // That there is no such account is said by the area that creates it.
        let Ok(account) = accounts.find(name, &path) else {
            continue;
        };
        let Some(current) = account.shadow.filter(|entry| is_password(&unlocked(&entry.hash))) else {
            continue;
        };
        let planned =
            |change: &Change| matches!(change, Change::Account(AccountChange::Password(change)) if change.user == name);
        if plan.changes.iter().any(planned) {
            continue;
        }
        if user.lock_passwd.is_none() && user.ssh_authorized_keys.is_empty() {
            plan.notice(format!(
                "{name} keeps its password: without it and without a key in the document, nobody might get in; \
                 `lock_passwd: true` locks it anyway, `lock_passwd: false` silences this"
            ));
            continue;
        }
        if user.lock_passwd.is_none() {
            plan.notice(format!(
                "the password of {name} is locked: `lock_passwd` is true by default; write `lock_passwd: false` to keep it"
            ));
        }
        let hash = locked(&current.hash);
        plan.changes.push(change(name, Some(&hash), current.last_change));
    }
}

/// A hash as `passwd -l` locks it: it is kept, and no password fits.
fn locked(hash: &Secret) -> Secret {
    Secret::new(format!("!{}", unlocked(hash).expose()))
}

/// A hash as `passwd -u` unlocks it.
fn unlocked(hash: &Secret) -> Secret {
    Secret::new(hash.expose().trim_start_matches('!'))
}

/// Whether there is a password, and not nothing or a `*` instead.
fn is_password(hash: &Secret) -> bool {
    !matches!(hash.expose(), "" | "*")
}

/// `root.expire` where the document gives root no password.
fn plan_expiry_of_root(
    plan: &mut Plan,
    expire: bool,
    accounts: &Accounts,
    machine: &Machine<'_>,
) -> Result<(), PlanError> {
    let account = accounts.find("root", &["root", "expire"])?;
    let Some(current) = &account.shadow else {
        return Err(PlanError::at(
            &["root", "expire"],
            "root has no entry in /etc/shadow, so it has no password",
        )
        .hint("set one with `root.password`"));
    };
    if expire {
        plan.info(EXPIRED_ROOT);
    }
    plan.changes.push(change(
        "root",
        None,
        last_change(expire, Some(&current.hash), Some(current), machine),
    ));
    Ok(())
}

fn change(user: &str, hash: Option<&Secret>, last_change: Option<u32>) -> Change {
    Change::Account(AccountChange::Password(PasswordChange {
        user: user.to_owned(),
        hash: hash.cloned(),
        last_change,
        // An expiry date of root is nobody's intention; that of another account may be somebody's.
        clear_expiry: user == "root",
    }))
}

/// The day to write: 0 to ask for a new password at the next login; the day that is there where the password is too, so
/// that tomorrow's plan is today's; else today, or nothing where the clock is not to be believed.
fn last_change(
    expire: bool,
    hash: Option<&Secret>,
    current: Option<&ShadowEntry>,
    machine: &Machine<'_>,
) -> Option<u32> {
    if expire {
        return Some(0);
    }
    let same = current.filter(|entry| Some(&entry.hash) == hash && entry.last_change != Some(0));
    match same {
        Some(entry) => entry.last_change,
        None => Some(machine.today()).filter(|day| *day != 0),
    }
}

const EXPIRED_ROOT: &str = "root must choose a new password at the next login: SSH without a terminal fails until then";

fn note_circumstances(plan: &mut Plan, login: &Login, account: &Account) {
    let user = &login.user;
    if login.path == ["password"] && user == DEFAULT_USER {
        plan.info(format!(
            "`password` sets the password of {DEFAULT_USER}: there is no other default user"
        ));
    }
    if login.expire && user == "root" {
        let why = if login.expire_given {
            ""
        } else {
            " (cloud-config's default; `chpasswd: {expire: false}` keeps the password valid)"
        };
        plan.info(format!("{EXPIRED_ROOT}{why}"));
    }
    if !account.passwd.shadowed {
        plan.info(format!(
            "the password of {user} was not in /etc/shadow: its field in /etc/passwd becomes `x`"
        ));
    }
    // Photon's login.defs makes it 90.
    if let Some(days) = account
        .shadow
        .as_ref()
        .and_then(|entry| entry.max_age)
        .filter(|days| *days < 9999)
    {
        plan.info(format!(
            "the password of {user} must be changed every {days} days, as before (/etc/shadow)"
        ));
    }
}

/// Where SSH takes a key alone, as it does of root by default, a password is for the console.
fn note_ssh(plan: &mut Plan, logins: &[Login], want: &Config, machine: &Machine<'_>) -> Result<(), PlanError> {
    // What is wrong with sshd's configuration is not this module's to tell.
    let Ok(Some((effective, settings))) = sshd::planned(want, machine) else {
        return Ok(());
    };
    for login in logins.iter().filter(|login| !login.locked) {
        let Some(account) = account::Account::read(machine, &login.user)? else {
            continue;
        };
        let access = Access {
            effective: &effective,
            settings: &settings,
            account: &account::Account {
                locked: false,
                ..account
            },
        };
        let obstacles = access.obstacles(Way::Password);
        if let Some(obstacle) = obstacles.iter().find(|obstacle| obstacle.always) {
            obstacle.note_of_password(&login.user, plan);
        }
    }
    Ok(())
}

/// A hash that crypt(3) doesn't know locks the account without a word.
fn warn_of_unknown_method(
    plan: &mut Plan,
    user: &str,
    hash: &PasswordHash,
    machine: &Machine<'_>,
) -> Result<(), PlanError> {
    if crypt::libcrypt_knows(machine.root(), hash.prefix())? == Some(false) {
        let prefix = hash.prefix();
        plan.warn(format!(
            "this machine's libcrypt does not know `{prefix}` hashes: {user} will not be able to log in; use a `$6$` one"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Level;
    use crate::system::account::{AccountFile, apply, holds};
    use crate::system::{Facts, Root};
    use serde_json::{Value, json};

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nbob:x:1000:1000::/home/bob:/bin/sh\n";
    /// As Photon's OVA ships it: a password that is known to all, expired.
    const SHADOW: &str = "root:$6$s$changeme:0:0:90:7:::\nbob:!:19000:0:99999:7:::\n";
    const TODAY: u32 = 20_500;

    struct Tree {
        dir: tempfile::TempDir,
        root: Root,
    }

    impl Tree {
        fn new(passwd: &str, shadow: &str) -> Self {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("etc")).unwrap();
            std::fs::write(dir.path().join("etc/passwd"), passwd).unwrap();
            std::fs::write(dir.path().join("etc/shadow"), shadow).unwrap();
            let root = Root::open(dir.path()).unwrap();
            Self { dir, root }
        }

        fn photon() -> Self {
            Self::new(PASSWD, SHADOW)
        }

        fn plan(&self, today: u32, document: Value) -> Result<Plan, PlanError> {
            let facts = Facts {
                today,
                ..Facts::default()
            };
            let config: Config = serde_json::from_value(document).unwrap();
            Password.plan(&config, &Machine::new(&self.root, &facts))
        }

        /// Makes the changes and gives the shadow back.
        fn apply(&self, plan: &Plan) -> String {
            let path = self.dir.path().join("etc/shadow");
            for change in accounts(plan) {
                let after = apply(change, AccountFile::Shadow, &std::fs::read(&path).unwrap()).unwrap();
                std::fs::write(&path, after).unwrap();
            }
            std::fs::read_to_string(path).unwrap()
        }

        fn holds(&self, plan: &Plan) -> bool {
            let bytes = std::fs::read(self.dir.path().join("etc/shadow")).unwrap();
            accounts(plan).all(|change| holds(change, AccountFile::Shadow, &bytes))
        }
    }

    fn accounts(plan: &Plan) -> impl Iterator<Item = &AccountChange> {
        plan.changes.iter().map(|change| match change {
            Change::Account(change) => change,
            other => panic!("{other:?}"),
        })
    }

    fn only(plan: &Plan) -> &PasswordChange {
        match plan.changes.as_slice() {
            [Change::Account(AccountChange::Password(change))] => change,
            other => panic!("{other:?}"),
        }
    }

    fn notes(plan: &Plan) -> String {
        plan.notes
            .iter()
            .map(|note| format!("{:?}: {}\n", note.level, note.text))
            .collect()
    }

    fn hash() -> String {
        format!("$6$salt${}", "a".repeat(86))
    }

    #[test]
    fn a_password_of_root_clears_photons_forced_change() {
        let photon = Tree::photon();
        let plan = photon.plan(TODAY, json!({"root": {"password": "hunter2"}})).unwrap();
        let change = only(&plan);
        assert_eq!(
            (change.user.as_str(), change.last_change, change.clear_expiry),
            ("root", Some(TODAY), true)
        );
        let hash = change.hash.clone().unwrap();
        assert_eq!(crypt::verify(&Secret::new("hunter2"), &hash), Some(true));
        assert_eq!(
            plan.expectations,
            [Expectation::PasswordIs {
                user: "root".to_owned(),
                hash: hash.clone()
            }]
        );
        assert!(!format!("{plan:?}").contains("hunter2") && !format!("{plan:?}").contains(hash.expose()));
        let shadow = photon.apply(&plan);
        assert_eq!(
            shadow,
            format!("root:{}:20500:0:90:7:::\nbob:!:19000:0:99999:7:::\n", hash.expose())
        );
    }

    #[test]
    fn the_second_plan_holds_even_tomorrow() {
        for document in [
            json!({"root": {"password": "x"}}),
            json!({"root": {"password": "x", "expire": true}}),
            json!({"root": {"hashed_password": hash()}}),
            json!({"root": {"expire": false}}),
            json!({"root": {"expire": true}}),
            json!({"password": "x", "chpasswd": {"users": [{"name": "bob", "type": "text", "password": "y"}]}}),
        ] {
            let photon = Tree::photon();
            let first = photon.plan(TODAY, document.clone()).unwrap();
            assert!(
                !photon.holds(&first) || document == json!({"root": {"expire": true}}),
                "{document}"
            );
            photon.apply(&first);
            for today in [TODAY, TODAY + 1, 0] {
                let again = photon.plan(today, document.clone()).unwrap();
                assert_eq!(again.changes, first.changes, "{document}");
                assert!(photon.holds(&again), "{document}");
            }
        }
    }

    #[test]
    fn a_password_that_is_no_longer_to_expire_does_not() {
        let photon = Tree::photon();
        photon.apply(
            &photon
                .plan(TODAY, json!({"root": {"password": "x", "expire": true}}))
                .unwrap(),
        );
        let before = photon.apply(&Plan::default());
        let after = photon.apply(&photon.plan(TODAY, json!({"root": {"password": "x"}})).unwrap());
        assert_eq!(after, before.replacen(":0:0:90", ":20500:0:90", 1));
        assert_ne!(after, before);
    }

    #[test]
    fn the_day_is_left_out_where_the_clock_is_not_to_be_believed() {
        let photon = Tree::photon();
        let document = json!({"root": {"password": "x"}});
        let plan = photon.plan(0, document.clone()).unwrap();
        assert_eq!(only(&plan).last_change, None);
        assert!(photon.apply(&plan).contains("::0:90:7:::\n"));
        assert!(photon.holds(&photon.plan(TODAY, document).unwrap()));
    }

    #[test]
    fn expire_alone_keeps_the_password() {
        let photon = Tree::photon();
        let plan = photon.plan(TODAY, json!({"root": {"expire": false}})).unwrap();
        assert_eq!((only(&plan).hash.clone(), only(&plan).last_change), (None, Some(TODAY)));
        assert_eq!(plan.expectations, []);
        let plan = photon.plan(TODAY, json!({"root": {"expire": true}})).unwrap();
        assert_eq!(only(&plan).last_change, Some(0));
        assert!(notes(&plan).contains("choose a new password"));
        let plan = Tree::new(PASSWD, "bob:!:::::::\n").plan(TODAY, json!({"root": {"expire": true}}));
        assert_eq!(plan.unwrap_err().path, ["root", "expire"]);
    }

    #[test]
    fn cloud_config_expires_and_says_so() {
        let plan = Tree::photon().plan(TODAY, json!({"password": "x"})).unwrap();
        assert_eq!(only(&plan).last_change, Some(0));
        assert!(notes(&plan).contains("chpasswd: {expire: false}"), "{}", notes(&plan));
        assert!(notes(&plan).contains("`password` sets the password of root"));
        let plan = Tree::photon()
            .plan(TODAY, json!({"password": "x", "chpasswd": {"expire": false}}))
            .unwrap();
        assert_eq!(only(&plan).last_change, Some(TODAY));
        assert!(!notes(&plan).contains("choose a new password"));
    }

    #[test]
    fn other_accounts_keep_their_expiry_date() {
        let users = json!([{"name": "bob", "password": hash()}]);
        let plan = Tree::photon()
            .plan(TODAY, json!({"chpasswd": {"users": users}}))
            .unwrap();
        let change = only(&plan);
        assert_eq!(
            (change.user.as_str(), change.last_change, change.clear_expiry),
            ("bob", Some(TODAY), false)
        );
        assert_eq!(change.hash, Some(Secret::new(hash())));
    }

    #[test]
    fn an_account_that_is_missing_is_an_error_with_its_place() {
        let users = json!([{"name": "amy", "password": hash()}]);
        let document = json!({"root": {"password": "x"}, "chpasswd": {"users": users}});
        let plan = Tree::photon().plan(TODAY, document).unwrap();
        assert_eq!(only(&plan).user, "root", "it costs no other");
        let [error] = plan.problems.as_slice() else {
            panic!("{plan:?}")
        };
        assert_eq!(error.path, ["chpasswd", "users", "0", "password"]);
        assert!(error.message.contains("`amy`"));
        let empty = tempfile::tempdir().unwrap();
        let root = Root::open(empty.path()).unwrap();
        let config: Config = serde_json::from_value(json!({"password": "x"})).unwrap();
        let error = Password
            .plan(&config, &Machine::new(&root, &Facts::default()))
            .unwrap_err();
        assert!(error.message.contains("no /etc/passwd"));
    }

    #[test]
    fn a_password_outside_the_shadow_moves_there() {
        let machine = Tree::new("root::0:0:root:/root:/bin/bash\n", "bin:*:::::::\n");
        let plan = machine
            .plan(TODAY, json!({"root": {"hashed_password": hash()}}))
            .unwrap();
        assert!(notes(&plan).contains("becomes `x`"));
        assert_eq!(
            machine.apply(&plan),
            format!("bin:*:::::::\nroot:{}:20500::::::\n", hash())
        );
        let Change::Account(change) = &plan.changes[0] else {
            panic!()
        };
        let passwd = apply(change, AccountFile::Passwd, b"root::0:0:root:/root:/bin/bash\n").unwrap();
        assert_eq!(passwd, b"root:x:0:0:root:/root:/bin/bash\n");
    }

    #[test]
    fn a_hash_that_the_machine_does_not_know_is_a_warning() {
        let photon = Tree::photon();
        std::fs::create_dir_all(photon.dir.path().join("usr/lib")).unwrap();
        std::fs::write(photon.dir.path().join("usr/lib/libcrypt.so.1"), "$5$\0$6$\0").unwrap();
        let yescrypt = format!("$y$j9T$salt${}", "a".repeat(43));
        let plan = photon
            .plan(TODAY, json!({"root": {"hashed_password": yescrypt}}))
            .unwrap();
        assert!(
            plan.notes
                .iter()
                .any(|n| n.level == Level::Warning && n.text.contains("`$y$`")),
            "{}",
            notes(&plan)
        );
        let plan = photon
            .plan(TODAY, json!({"root": {"hashed_password": hash()}}))
            .unwrap();
        assert!(plan.notes.iter().all(|n| n.level == Level::Info), "{}", notes(&plan));
    }

    #[test]
    fn ssh_that_refuses_the_password_is_noted() {
        let users = json!([{"name": "bob", "password": hash()}]);
        let bob = json!({"chpasswd": {"users": users}});
        let root = json!({"root": {"password": "x"}});
        let asked = json!({"root": {"password": "x"}, "sshd": {"permit_root_login": "no"}});
        let mended = json!({"root": {"password": "x"}, "sshd": {"permit_root_login": "yes"}});
        for (sshd_config, document, note) in [
            (
                "",
                &root,
                "SSH refuses the password of root: sshd's own default is `PermitRootLogin prohibit-password`",
            ),
            (
                "Port 22\nPermitRootLogin without-password\n",
                &root,
                "of root: /etc/ssh/sshd_config line 2 says `PermitRootLogin without-password`",
            ),
            (
                "PermitRootLogin yes\nPasswordAuthentication no\n",
                &root,
                "line 2 says `PasswordAuthentication no`",
            ),
            (
                "PermitRootLogin yes\nPasswordAuthentication no\nUsePAM yes\n",
                &root,
                "",
            ),
            (
                "PasswordAuthentication no\nUsePAM yes\nKbdInteractiveAuthentication no\n",
                &bob,
                "of bob: /etc/ssh/sshd_config line 1",
            ),
            (
                "PermitRootLogin yes\nAuthenticationMethods publickey,password\n",
                &root,
                "AuthenticationMethods",
            ),
            (
                "PermitRootLogin yes\nAuthenticationMethods publickey password\n",
                &root,
                "",
            ),
            (
                "PermitRootLogin yes\n",
                &asked,
                "of root, as `sshd.permit_root_login` asks:",
            ),
            ("PermitRootLogin no\n", &mended, ""),
            ("", &bob, ""),
            (
                "AllowUsers amy\n",
                &bob,
                "of bob: /etc/ssh/sshd_config line 1 says `AllowUsers amy`",
            ),
            (
                "PermitRootLogin no\nMatch Address 10.0.0.0/8\nPermitRootLogin yes\n",
                &root,
                "",
            ),
        ] {
            let photon = Tree::photon();
            std::fs::create_dir_all(photon.dir.path().join("etc/ssh")).unwrap();
            std::fs::write(photon.dir.path().join("etc/ssh/sshd_config"), sshd_config).unwrap();
            let said = notes(&photon.plan(TODAY, document.clone()).unwrap());
            assert!(!said.contains("Warning"), "{sshd_config}: {said}");
            match note {
                "" => assert!(!said.contains("SSH refuses"), "{sshd_config}: {said}"),
                note => assert!(said.contains(note), "{sshd_config}: {said}"),
            }
        }
    }

    #[test]
    fn nothing_asked_reads_nothing() {
        let empty = tempfile::tempdir().unwrap();
        let root = Root::open(empty.path()).unwrap();
        for document in [json!({}), json!({"root": {}}), json!({"chpasswd": {"expire": false}})] {
            let config: Config = serde_json::from_value(document).unwrap();
            let plan = Password.plan(&config, &Machine::new(&root, &Facts::default()));
            assert_eq!(plan, Ok(Plan::default()));
        }
    }
}
