//! `root.ssh_authorized_keys`, and `public-keys` of the meta-data: who may log in as root over SSH with a key.

use super::sshd::access::{Access, Way};
use super::sshd::account::Account;
use super::sshd::key_file::{self, KeyFile};
use super::sshd::{self, strict_modes};
use super::{Change, DirectoryChange, Expectation, FileChange, Module, Plan, PlanError, Share, Stage};
use crate::document::authorized_key::KeyParts;
use crate::document::password::{Credential, logins};
use crate::document::{AuthorizedKey, Config};
use crate::system::Machine;
use crate::system::write::parent_of;

/// The keys in root's `authorized_keys`.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizedKeys;

impl Module for AuthorizedKeys {
    fn name(&self) -> &'static str {
        "ssh_authorized_keys"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["root.ssh_authorized_keys", "allow_public_ssh_keys"]
    }

    fn stage(&self) -> Stage {
        Stage::Local
    }

    fn plan(&self, want: &Config, machine: &Machine<'_>) -> Result<Plan, PlanError> {
        let keys = want
            .root
            .as_ref()
            .map(|root| root.ssh_authorized_keys.as_slice())
            .unwrap_or_default();
        let mut plan = Plan::default();
        if keys.is_empty() {
            return Ok(plan);
        }
        let Some(account) = Account::read(machine, "root")? else {
            return Ok(plan);
        };
        let account = Account {
            locked: is_locked(want, &account),
            ..account
        };
        let file = file_for(&account, keys, want, machine, &mut plan)?;
        plan_directory(&file.path, &account, machine, &mut plan)?;
        plan.changes.push(Change::File(with_keys(&file, keys, machine)?));
        Ok(plan)
    }
}

/// Whether root is locked once the document is carried out.
fn is_locked(want: &Config, account: &Account) -> bool {
    let logins = logins(want);
    let given = logins.iter().rfind(|login| login.user == account.who.user);
    match given.map(|login| &login.credential) {
        Some(Credential::Hash(hash)) => hash.secret().expose().starts_with('!'),
        Some(Credential::Plain(_)) => false,
        None => account.locked,
    }
}

/// The file that sshd reads root's keys from, with what keeps it from letting them in, or what shall show that it doesn't.
fn file_for(
    account: &Account,
    keys: &[AuthorizedKey],
    want: &Config,
    machine: &Machine<'_>,
    plan: &mut Plan,
) -> Result<KeyFile, PlanError> {
    let (effective, settings) = match sshd::planned(want, machine) {
        Ok(Some(planned)) => planned,
        Ok(None) => return Ok(key_file::usual(account)),
        Err(error) => {
            plan.info(format!("where sshd reads root's keys can't be told: {error}"));
            return Ok(key_file::usual(account));
        }
    };
    let access = Access {
        effective: &effective,
        settings: &settings,
        account,
    };
    let forced = keys.iter().all(is_forced);
    let mut obstacles = access.obstacles(Way::Key { forced });
    let file = match key_file::choose(&access, machine)? {
        Ok(file) => file,
        Err(obstacle) => {
            obstacles.push(obstacle);
            key_file::usual(account)
        }
    };
    let strict = access.strict_modes();
    obstacles.extend(strict_modes::obstacle(&file.path, account, machine)?.filter(|_| strict));
    for obstacle in &obstacles {
        obstacle.note("root's keys", plan);
    }
    if let Some(said) = file
        .said
        .as_ref()
        .filter(|_| file.path != key_file::usual(account).path)
    {
        let all = if file.shared { ", for every account" } else { "" };
        plan.info(format!("sshd reads root's keys from {}{all}: {said}", file.path));
    }
    if obstacles.iter().all(|obstacle| !obstacle.always) {
        plan.expectations.push(Expectation::SshdTakesKeys {
            user: account.who.user.clone(),
            home: account.home.clone(),
            file: file.path.clone(),
            forced,
        });
    }
    Ok(file)
}

/// Whether the key is bound to a command.
fn is_forced(key: &AuthorizedKey) -> bool {
    KeyParts::of(key.line()).is_some_and(|parts| parts.options.to_ascii_lowercase().contains("command=\""))
}

/// sshd's StrictModes refuses what others can write. What is missing is made so; of what is there, `.ssh` alone is ours.
fn plan_directory(file: &str, account: &Account, machine: &Machine<'_>, plan: &mut Plan) -> Result<(), PlanError> {
    let directory = parent_of(file);
    let is_inside_home = directory.starts_with(&format!("{}/", account.home));
    let is_usual = directory == format!("{}/.ssh", account.home);
    if is_usual || machine.metadata(directory)?.is_none() {
        plan.changes.push(Change::Directory(DirectoryChange {
            path: directory.to_owned(),
            mode: if is_inside_home { 0o700 } else { 0o755 },
            owner: (0, 0),
        }));
    }
    Ok(())
}

/// The file with these keys in it. One that other accounts share stays readable to them.
fn with_keys(file: &KeyFile, keys: &[AuthorizedKey], machine: &Machine<'_>) -> Result<FileChange, PlanError> {
    let before = machine.root().read(&file.path)?.unwrap_or_default();
    let after = keys.iter().fold(before, |file, key| with_key(&file, key));
    let there = machine.metadata(&file.path)?.filter(|_| file.shared);
    let mode = there.map_or(0o600, |there| there.mode & 0o644);
    Ok(FileChange::write(&file.path, after, mode).share(Share::Lines))
}

/// The same file with `key` in it. A line that has it with the same options stays; one that has it with other options is
/// replaced: it would win, and perhaps let nobody in (cloud-init leaves such lines for root).
fn with_key(file: &[u8], key: &AuthorizedKey) -> Vec<u8> {
    let Some(wanted) = KeyParts::of(key.line()) else {
        return file.to_vec();
    };
    let mut after = Vec::with_capacity(file.len() + key.line().len() + 1);
    let mut there = false;
    for line in file.split_inclusive(|b| *b == b'\n') {
        let text = String::from_utf8_lossy(line);
        let same = KeyParts::of(&text).filter(|parts| parts.blob == wanted.blob && !there);
        there |= same.is_some();
        match same {
            Some(parts) if parts.options != wanted.options => {
                after.extend_from_slice(key.line().as_bytes());
                after.push(b'\n');
            }
            _ => after.extend_from_slice(line),
        }
    }
    if !there {
        if !after.is_empty() && !after.ends_with(b"\n") {
            after.push(b'\n');
        }
        after.extend_from_slice(key.line().as_bytes());
        after.push(b'\n');
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{Facts, Root};
    use serde_json::json;

    const ONE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5";
    const TWO: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q6";

    fn add(file: &str, line: &str) -> String {
        let key = AuthorizedKey::try_from(line.to_owned()).unwrap();
        String::from_utf8(with_key(file.as_bytes(), &key)).unwrap()
    }

    #[test]
    fn keys_that_are_there_stay_and_none_is_doubled() {
        assert_eq!(add("", ONE), format!("{ONE}\n"));
        let file = format!("# mine\n\n{ONE} laptop\nrubbish");
        assert_eq!(add(&file, &format!("{ONE} other comment")), file);
        assert_eq!(add(&file, TWO), format!("{file}\n{TWO}\n"));
        assert_eq!(add(&add(&file, TWO), TWO), add(&file, TWO));
        assert_eq!(add(&format!("#{ONE}\n"), ONE), format!("#{ONE}\n{ONE}\n"));
    }

    #[test]
    fn the_line_that_would_shut_root_out_is_replaced() {
        let shut = format!("no-pty,command=\"echo 'Please log in as core'\" {ONE} x\n{TWO}\n");
        assert_eq!(add(&shut, ONE), format!("{ONE}\n{TWO}\n"));
    }

    /// A machine with this sshd_config and these accounts.
    struct Tree {
        dir: tempfile::TempDir,
        root: Root,
    }

    impl Tree {
        fn new(sshd_config: &str) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let root = Root::open(dir.path()).unwrap();
            let tree = Self { dir, root };
            tree.write("etc/ssh/sshd_config", sshd_config);
            tree.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
            tree.write("etc/group", "root:x:0:\nwheel:x:10:root,bob\n");
            tree.write("etc/shadow", "root:!:19000:0:99999:7:::\n");
            tree.write("root/.bashrc", "");
            tree
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn plan(&self, mut document: serde_json::Value) -> Plan {
            if document.pointer("/root/ssh_authorized_keys").is_none() {
                document["root"]["ssh_authorized_keys"] = json!([ONE]);
            }
            let config: Config = crate::document::yaml::from_json(&document).unwrap();
            let facts = Facts::default();
            AuthorizedKeys.plan(&config, &Machine::new(&self.root, &facts)).unwrap()
        }
    }

    /// The file, its mode, and its directory with its mode, if that is planned.
    fn file(plan: &Plan) -> (String, u32, Option<(String, u32)>) {
        let mut directory = None;
        for change in &plan.changes {
            match change {
                Change::Directory(change) => directory = Some((change.path.clone(), change.mode)),
                Change::File(file) => return (file.path.clone(), file.content.as_ref().unwrap().mode, directory),
                other => panic!("{other:?}"),
            }
        }
        panic!("no file: {plan:?}")
    }

    fn told(plan: &Plan) -> String {
        let notes = plan
            .notes
            .iter()
            .map(|note| format!("{:?}: {}\n", note.level, note.text));
        notes.collect()
    }

    #[test]
    fn keys_go_to_the_file_that_sshd_reads() {
        const USUAL: &str = "/root/.ssh/authorized_keys";
        let usual = Some(("/root/.ssh".to_owned(), 0o700));
        for (sshd_config, path, directory) in [
            ("UsePAM yes\n", USUAL, usual.clone()),
            ("AuthorizedKeysFile .ssh/authorized_keys\n", USUAL, usual.clone()),
            (
                "AuthorizedKeysFile %h/.ssh/authorized_keys /etc/ssh/keys/%u\n",
                USUAL,
                usual.clone(),
            ),
            (
                "authorizedkeysfile=\"/etc/ssh/keys/%u\"\r\n",
                "/etc/ssh/keys/root",
                Some(("/etc/ssh/keys".to_owned(), 0o755)),
            ),
            ("AuthorizedKeysFile none /etc/ssh/%u.keys\n", "/etc/ssh/root.keys", None),
            ("AuthorizedKeysFile /dev/null .keys\n", "/root/.keys", None),
            (
                "AuthorizedKeysFile /etc/%x/keys /etc/k*/%u keys/mine\n",
                "/root/keys/mine",
                Some(("/root/keys".to_owned(), 0o700)),
            ),
            ("AuthorizedKeysFile .a\nAuthorizedKeysFile .b\n", "/root/.a", None),
            (
                "AuthorizedKeysFile .a\nMatch User root\n\tAuthorizedKeysFile .b\n",
                "/root/.b",
                None,
            ),
            (
                "AuthorizedKeysFile .a\nMatch User bob\nAuthorizedKeysFile .b\n",
                "/root/.a",
                None,
            ),
            (
                "AuthorizedKeysFile .a\nMatch Group wheel\nAuthorizedKeysFile .b\n",
                "/root/.b",
                None,
            ),
            (
                "AuthorizedKeysFile .a\nMatch all\nAuthorizedKeysFile .b\n",
                "/root/.b",
                None,
            ),
            (
                "AuthorizedKeysFile .a\nMatch Address 10.0.0.0/8\nAuthorizedKeysFile .b\n",
                "/root/.a",
                None,
            ),
            (
                "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile .a\n",
                "/root/.dropped",
                None,
            ),
            (
                "Match User bob\nInclude /etc/ssh/sshd_config.d/*.conf\n",
                USUAL,
                usual.clone(),
            ),
            ("AuthorizedKeysFile bin/x .c\n", "/root/.c", None),
        ] {
            let tree = Tree::new(&format!("UsePAM yes\n{sshd_config}"));
            tree.write("etc/ssh/sshd_config.d/50-x.conf", "AuthorizedKeysFile .dropped\n");
            tree.write("root/bin/x/here", "a directory is in the way");
            let plan = tree.plan(json!({}));
            assert_eq!(file(&plan), (path.to_owned(), 0o600, directory), "{sshd_config}");
            let said = told(&plan);
            assert!(!said.contains("Warning"), "{sshd_config}: {said}");
            assert_eq!(
                said.contains("sshd reads root's keys from"),
                path != USUAL,
                "{sshd_config}: {said}"
            );
            let expected = Expectation::SshdTakesKeys {
                user: "root".into(),
                home: "/root".into(),
                file: path.into(),
                forced: false,
            };
            assert_eq!(plan.expectations, [expected], "{sshd_config}");
        }
    }

    #[test]
    fn keys_that_sshd_would_not_take_are_a_warning_with_its_line() {
        for (sshd_config, words) in [
            ("AuthorizedKeysFile none\n", "line 2 says `AuthorizedKeysFile none`"),
            (
                "AuthorizedKeysFile /dev/null\n",
                "line 2 says `AuthorizedKeysFile /dev/null`",
            ),
            (
                "PubkeyAuthentication no\n",
                "line 2 says `PubkeyAuthentication no`; set PubkeyAuthentication to yes",
            ),
            (
                "PermitRootLogin no\n",
                "set `sshd.permit_root_login: prohibit-password`",
            ),
            (
                "PermitRootLogin forced-commands-only\n",
                "`PermitRootLogin forced-commands-only`",
            ),
            ("DenyUsers bob r??t\n", "line 2 says `DenyUsers bob r??t`"),
            ("DenyUsers root@*\n", "`DenyUsers root@*`"),
            ("AllowUsers bob\nAllowUsers amy\n", "line 3 says `AllowUsers amy`"),
            ("DenyGroups wh*\n", "`DenyGroups wh*`"),
            ("AllowGroups docker\n", "`AllowGroups docker`"),
            (
                "AuthenticationMethods publickey,password\n",
                "`AuthenticationMethods publickey,password`",
            ),
            (
                "AuthenticationMethods publickey,publickey\n",
                "that alone is not enough",
            ),
            (
                "Match User root\nPubkeyAuthentication no\n",
                "line 3 says `PubkeyAuthentication no` below `Match User root`",
            ),
            ("Match all\nPermitRootLogin no\n", "line 3 says `PermitRootLogin no`"),
            ("Include more\n", "/etc/ssh/more line 1 says `PermitRootLogin no`"),
        ] {
            let tree = Tree::new(&format!("UsePAM yes\n{sshd_config}"));
            tree.write("etc/ssh/more", "PermitRootLogin no\n");
            let plan = tree.plan(json!({}));
            let said = told(&plan);
            assert!(
                said.starts_with("Warning: SSH refuses root's keys: /etc/ssh/"),
                "{sshd_config}: {said}"
            );
            assert!(said.contains(words), "{sshd_config}: {said}");
            assert_eq!(said.lines().count(), 1, "{sshd_config}: {said}");
            assert_eq!(plan.expectations, [], "{sshd_config}");
            assert_eq!(file(&plan).0, "/root/.ssh/authorized_keys", "{sshd_config}");
        }
    }

    #[test]
    fn keys_that_sshd_takes_are_not() {
        for sshd_config in [
            "PermitRootLogin prohibit-password\n",
            "DenyUsers bob\nAllowUsers root bob\n",
            "AllowUsers a\nMatch User root\nAllowUsers root\n",
            "AllowGroups wheel\n",
            "AuthenticationMethods password publickey\n",
            "AuthenticationMethods any\n",
            "Match User bob\nPubkeyAuthentication no\nPermitRootLogin no\n",
            "PermitRootLogin no\nMatch User root\nPermitRootLogin yes\n",
            "#PermitRootLogin no\n",
        ] {
            let plan = Tree::new(&format!("UsePAM yes\n{sshd_config}")).plan(json!({}));
            assert_eq!(
                (told(&plan).as_str(), plan.expectations.len()),
                ("", 1),
                "{sshd_config}"
            );
        }
        for (sshd_config, words) in [
            (
                "PermitRootLogin no\nMatch Address 10.0.0.0/8\nPermitRootLogin yes\n",
                "line 2 says `PermitRootLogin no`",
            ),
            (
                "Match Address 10.0.0.0/8\nPubkeyAuthentication no\n",
                "below `Match Address 10.0.0.0/8`",
            ),
            ("AllowUsers root@10.*\n", "`AllowUsers root@10.*`"),
        ] {
            let said = told(&Tree::new(&format!("UsePAM yes\n{sshd_config}")).plan(json!({})));
            assert!(
                said.starts_with("Info: SSH refuses root's keys for some connections: "),
                "{sshd_config}: {said}"
            );
            assert!(said.contains(words), "{sshd_config}: {said}");
        }
    }

    #[test]
    fn what_the_document_asks_of_sshd_counts() {
        let no = Tree::new("UsePAM yes\nPermitRootLogin no\nPubkeyAuthentication no\n");
        let mended =
            json!({"sshd": {"permit_root_login": "prohibit-password", "options": {"PubkeyAuthentication": "yes"}}});
        assert_eq!(told(&no.plan(mended)), "");
        let asked =
            told(&no.plan(json!({"sshd": {"permit_root_login": "no", "options": {"PubkeyAuthentication": true}}})));
        assert!(
            asked.starts_with("Notice: SSH refuses root's keys, as `sshd.permit_root_login` asks: "),
            "{asked}"
        );
        let elsewhere = no.plan(json!({"sshd": {"permit_root_login": "yes", "options": {
            "PubkeyAuthentication": true, "AuthorizedKeysFile": ["/etc/ssh/keys/%u", ".ssh/authorized_keys"]}}}));
        assert_eq!(file(&elsewhere).0, "/etc/ssh/keys/root");
        let command = format!("restrict,command=\"/bin/true\" {ONE}");
        let forced = json!({"root": {"ssh_authorized_keys": [command]},
            "sshd": {"permit_root_login": "forced-commands-only", "options": {"PubkeyAuthentication": true}}});
        assert_eq!(told(&no.plan(forced)), "");
    }

    #[test]
    fn a_locked_account_needs_pam() {
        let locked = Tree::new("Port 22\n");
        let said = told(&locked.plan(json!({})));
        assert!(
            said.starts_with(
                "Warning: SSH refuses root's keys: sshd's own default is `UsePAM no`; the account is locked"
            ),
            "{said}"
        );
        let said = told(&Tree::new("UsePAM no\n").plan(json!({})));
        assert!(said.contains("line 1 says `UsePAM no`"), "{said}");
        let password = json!({"root": {"password": "x"}});
        assert_eq!(told(&locked.plan(password)), "");
        locked.write("etc/shadow", "root:*:19000:0:99999:7:::\n");
        assert_eq!(told(&locked.plan(json!({}))), "");
    }

    #[test]
    fn what_others_can_write_is_refused_by_sshd() {
        use std::os::unix::fs::PermissionsExt;
        for (path, mode, sshd_config, warned) in [
            ("root", 0o770, "", true),
            ("root", 0o750, "", false),
            ("root", 0o770, "StrictModes no\n", false),
            ("etc", 0o777, "", false),
            ("etc", 0o777, "AuthorizedKeysFile /etc/ssh/keys/%u\n", true),
            ("etc/ssh", 0o775, "AuthorizedKeysFile /etc/ssh/%u\n", true),
        ] {
            let tree = Tree::new(&format!("UsePAM yes\n{sshd_config}"));
            let directory = tree.dir.path().join(path);
            std::fs::set_permissions(directory, std::fs::Permissions::from_mode(mode)).unwrap();
            let said = told(&tree.plan(json!({})));
            assert_eq!(
                said.contains(&format!("chmod go-w /{path}`")),
                warned,
                "{path} {mode:o} {sshd_config}: {said}"
            );
            assert_eq!(said.contains("Warning"), warned, "{said}");
        }
    }

    #[test]
    fn a_file_that_accounts_share_stays_readable_to_them() {
        use std::os::unix::fs::PermissionsExt;
        let tree = Tree::new("UsePAM yes\nAuthorizedKeysFile /etc/ssh/keys\n");
        assert_eq!(file(&tree.plan(json!({}))).1, 0o600);
        tree.write("etc/ssh/keys", TWO);
        let path = tree.dir.path().join("etc/ssh/keys");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o664)).unwrap();
        let plan = tree.plan(json!({}));
        assert_eq!(file(&plan), ("/etc/ssh/keys".to_owned(), 0o644, None));
        assert!(told(&plan).contains("for every account"), "{}", told(&plan));
    }

    #[test]
    fn the_plan_is_a_private_directory_and_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("etc")).unwrap();
        let root = Root::open(dir.path()).unwrap();
        let facts = Facts::default();
        let config: Config = serde_json::from_value(json!({"root": {"ssh_authorized_keys": [ONE, TWO, ONE]}})).unwrap();
        for (passwd, home) in [("", "/root"), ("root:x:0:0::/var/roothome/:/bin/sh\n", "/var/roothome")] {
            std::fs::write(dir.path().join("etc/passwd"), passwd).unwrap();
            let plan = AuthorizedKeys.plan(&config, &Machine::new(&root, &facts)).unwrap();
            let directory = DirectoryChange {
                path: format!("{home}/.ssh"),
                mode: 0o700,
                owner: (0, 0),
            };
            let path = format!("{home}/.ssh/authorized_keys");
            let file = FileChange::write(path, format!("{ONE}\n{TWO}\n"), 0o600).share(Share::Lines);
            assert_eq!(plan.changes, [Change::Directory(directory), Change::File(file)]);
        }
        let nothing = AuthorizedKeys.plan(&Config::default(), &Machine::new(&root, &facts));
        assert_eq!(nothing, Ok(Plan::default()));
    }
}
