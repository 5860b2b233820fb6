use super::*;
use crate::system::{Facts, Root};
use serde_json::json;

const ONE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5";
const TWO: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q6";

fn add(file: &str, line: &str) -> String {
    let key = AuthorizedKey::try_from(line.to_owned()).unwrap();
    String::from_utf8(merged(file.as_bytes(), &[key])).unwrap()
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
        let [
            Expectation::SshdTakesKeys {
                file, forced: false, ..
            },
        ] = plan.expectations.as_slice()
        else {
            panic!("{sshd_config}: {:?}", plan.expectations);
        };
        assert_eq!(file, path, "{sshd_config}");
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
    let asked = told(&no.plan(json!({"sshd": {"permit_root_login": "no", "options": {"PubkeyAuthentication": true}}})));
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
        said.starts_with("Warning: SSH refuses root's keys: sshd's own default is `UsePAM no`; the account is locked"),
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
            on_the_way: false,
        };
        let path = format!("{home}/.ssh/authorized_keys");
        let file = FileChange::write(path, format!("{ONE}\n{TWO}\n"), 0o600).share(Share::Lines);
        assert_eq!(plan.changes, [Change::Directory(directory), Change::File(file)]);
    }
    let nothing = AuthorizedKeys.plan(&Config::default(), &Machine::new(&root, &facts));
    assert_eq!(nothing, Ok(Plan::default()));
}

/// Configurations that are odd, huge or damaged: where the key goes, and what is told.
#[test]
fn odd_configurations() {
    const USUAL: &str = "/root/.ssh/authorized_keys";
    let users = format!("UsePAM yes\nAllowUsers {}\n", "a ".repeat(500_000));
    let blocks: String = (0..5000)
        .map(|n| format!("Match Address 10.0.0.{n}\nPermitRootLogin no\n"))
        .collect();
    let patterns = format!("UsePAM yes\nAuthorizedKeysFile {}.last\n", "none ".repeat(100_000));
    let criteria = format!(
        "UsePAM yes\nMatch User {}root\n{}",
        "a,".repeat(100_000),
        "PermitRootLogin no\n".repeat(20_000)
    );
    let nested = format!("UsePAM yes\n{}", "Include sshd_config\n".repeat(3));
    for (sshd_config, path, words) in [
        (
            "\tUSEPAM\t=\tYES\r\n\t\"AuthorizedKeysFile\"\"/etc/ssh/my keys/%u\" # x\r\n",
            "/etc/ssh/my keys/root",
            "Info: sshd reads",
        ),
        (
            "usepam=yes\r\nMATCH all\r\nAUTHORIZEDKEYSFILE=.a\r\nmatch user root\r\nauthorizedkeysfile .b\r\n",
            "/root/.a",
            "line 3 says",
        ),
        (
            "UsePAM yes\nMatch User Root,*bob\nAuthorizedKeysFile none\nPubkeyAuthentication no\n",
            USUAL,
            "",
        ),
        (
            "UsePAM yes\nMatch User *,!bob Group * LocalPort *\nPubkeyAuthentication no\n",
            USUAL,
            "Warning: SSH refuses root's keys",
        ),
        (
            "UsePAM yes\nAuthorizedKeysFile \"/etc/x\n",
            USUAL,
            "Warning: SSH refuses root's keys",
        ),
        (
            "UsePAM yes\nAuthorizedKeysFile\n",
            USUAL,
            "Warning: SSH refuses root's keys",
        ),
        (
            "UsePAM yes\nAuthorizedKeysFile \"\" .a\n",
            "/root/.a",
            "Info: sshd reads",
        ),
        (
            "UsePAM yes\nAuthorizedKeysFile /etc/../root/x %h/../y\n",
            USUAL,
            "firstlight can't put keys there",
        ),
        (
            "UsePAM yes\nPubkeyAuthentication n\u{fffd}\0\n\0\u{1b}[31m\n",
            USUAL,
            "",
        ),
        (
            "UsePAM yes\nInclude /etc/ssh/sshd_config.d/*\n",
            "/root/.fromdropin",
            "/etc/ssh/sshd_config.d/50-x.conf line 1",
        ),
        ("UsePAM yes\nInclude /etc/ssh/sshd_config.d\n", USUAL, "can't tell"),
        (&nested, USUAL, "16 files deep"),
        (&users, USUAL, "AllowUsers a a a"),
        (
            &format!("UsePAM yes\n{blocks}"),
            USUAL,
            "Info: SSH refuses root's keys for some connections",
        ),
        (&patterns, "/root/.last", "Info: sshd reads"),
        (
            &criteria,
            USUAL,
            "line 3 says `PermitRootLogin no` below `Match User a,a,",
        ),
    ] {
        let tree = Tree::new(sshd_config);
        tree.write("etc/ssh/sshd_config.d/50-x.conf", "AuthorizedKeysFile .fromdropin\n");
        tree.write("etc/ssh/sshd_config.d/.hidden", "PubkeyAuthentication no\n");
        std::os::unix::fs::symlink("nowhere", tree.dir.path().join("etc/ssh/sshd_config.d/60-x.conf")).unwrap();
        let start: String = sshd_config.chars().take(200).collect();
        let plan = tree.plan(json!({}));
        assert_eq!(file(&plan).0, path, "{start}");
        let said = told(&plan);
        assert!(said.contains(words), "{start}: {said}");
        assert!(!words.is_empty() || said.is_empty(), "{start}: {said}");
        assert!(said.len() < 2000 && said.lines().count() < 5, "{start}: {said}");
        assert!(!said.replace('\n', "").contains(char::is_control), "{start}: {said:?}");
    }
}

#[test]
fn odd_lines_among_the_keys_stay_as_they_are() {
    let two = AuthorizedKey::try_from(TWO.to_owned()).unwrap();
    let one = AuthorizedKey::try_from(ONE.to_owned()).unwrap();
    let odd = [
        b"\xff\xfe\0not text\n".to_vec(),
        b"@cert-authority *.example.com ssh-rsa AAAA\r\n".to_vec(),
        b"   \t\n\n#\n".to_vec(),
        format!("command=\"unclosed {TWO}\n").into_bytes(),
        format!("{} {ONE}\n", "x".repeat(100_000)).into_bytes(),
        b"ssh-ed25519\n".to_vec(),
    ];
    let file: Vec<u8> = odd[..4].concat();
    let after = merged(&file, &[two.clone(), one.clone(), two.clone()]);
    assert_eq!(
        after,
        [&file[..], TWO.as_bytes(), b"\n", ONE.as_bytes(), b"\n"].concat()
    );
    assert_eq!(merged(&after, &[one.clone(), two]), after, "their order is nobody's");
    // What stands before the key is taken for options, as sshd does, and they are not those that are asked for.
    assert_eq!(
        merged(&odd[4], std::slice::from_ref(&one)),
        format!("{ONE}\n").into_bytes()
    );
    assert_eq!(
        merged(&odd[5], std::slice::from_ref(&one)),
        [&odd[5][..], ONE.as_bytes(), b"\n"].concat()
    );
    let crlf = format!("# a\r\n{ONE} me\r\n");
    assert_eq!(merged(crlf.as_bytes(), &[one]), crlf.as_bytes());
}

#[test]
fn homes_of_every_kind() {
    for (passwd, path) in [
        ("root:x:0:0::/:/bin/sh\n", "/.ssh/authorized_keys"),
        (
            "root:x:0:0::/var/roothome///:/bin/sh\n",
            "/var/roothome/.ssh/authorized_keys",
        ),
        ("root:x:0:0:::/bin/sh\n", "/root/.ssh/authorized_keys"),
        ("root:x:0:0::relative:/bin/sh\n", "/root/.ssh/authorized_keys"),
        ("root:x\n", "/root/.ssh/authorized_keys"),
        ("", "/root/.ssh/authorized_keys"),
    ] {
        let tree = Tree::new("UsePAM yes\n");
        tree.write("etc/passwd", passwd);
        let plan = tree.plan(json!({}));
        assert_eq!(file(&plan).0, path, "{passwd}");
        assert_eq!(told(&plan), "", "{passwd}");
    }
}

const CORE: &str =
    "root:x:0:0::/root:/bin/sh\ncore:x:1000:1000::/home/core:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n";
const SAYS_CORE: &str = r#"no-port-forwarding,no-agent-forwarding,no-X11-forwarding,command="echo 'Please login as the user \"core\" rather than the user \"root\".';echo;sleep 10;exit 142""#;

/// The lines of each account's keys, and what is told, for a document and the platform's keys.
fn plan_of_all(tree: &Tree, document: serde_json::Value, platform: &[&str]) -> (Vec<(String, String)>, String) {
    let mut config: Config = crate::document::yaml::from_json(&document).unwrap();
    let key = |line: &&str| AuthorizedKey::try_from((*line).to_owned()).unwrap();
    config.platform_keys = platform.iter().map(key).collect();
    let facts = Facts::default();
    let plan = AuthorizedKeys.plan(&config, &Machine::new(&tree.root, &facts)).unwrap();
    let files = plan.changes.iter().filter_map(|change| match change {
        Change::File(file) => {
            let bytes = &file.content.as_ref().unwrap().bytes;
            Some((file.path.clone(), String::from_utf8(bytes.to_vec()).unwrap()))
        }
        _ => None,
    });
    let problems: String = plan.problems.iter().map(|problem| format!("{problem}\n")).collect();
    (files.collect(), told(&plan) + &problems)
}

fn of(files: &[(String, String)], home: &str) -> String {
    let path = format!("{home}/.ssh/authorized_keys");
    let found = files.iter().find(|(own, _)| *own == path);
    found.map(|(_, text)| text.clone()).unwrap_or_default()
}

#[test]
fn a_disabled_root_says_who_to_log_in_as() {
    let tree = Tree::new("UsePAM yes\n");
    tree.write("etc/passwd", CORE);
    let document =
        json!({"disable_root": true, "user": {"name": "core"}, "ssh_authorized_keys": [format!("restrict {ONE} x")]});
    let (files, told) = plan_of_all(&tree, document, &[TWO]);
    assert_eq!(of(&files, "/root"), format!("{SAYS_CORE} {ONE} x\n{SAYS_CORE} {TWO}\n"));
    assert_eq!(of(&files, "/home/core"), format!("restrict {ONE} x\n{TWO}\n"));
    assert_eq!(told, "");
    // That sshd refuses root anyway is no news.
    tree.write("etc/ssh/sshd_config", "UsePAM yes\nPermitRootLogin no\n");
    let document = json!({"disable_root": true, "user": {"name": "core"}, "ssh_authorized_keys": [ONE]});
    assert_eq!(plan_of_all(&tree, document, &[]).1, "");
    // With options of its own, and a key that is root's alone.
    let document = json!({"disable_root": true, "disable_root_opts": "command=\"echo $DISABLE_USER: $USER\"", "user": {"name": "core"},
        "ssh_authorized_keys": [ONE], "users": [{"name": "root", "ssh_authorized_keys": [TWO]}]});
    let (files, _) = plan_of_all(&tree, document, &[TWO]);
    assert_eq!(
        of(&files, "/root"),
        format!("{TWO}\ncommand=\"echo root: core\" {ONE}\n")
    );
}

#[test]
fn a_line_of_an_earlier_boot_is_replaced_in_both_directions() {
    let tree = Tree::new("UsePAM yes\n");
    tree.write("etc/passwd", CORE);
    let document = |disabled| json!({"disable_root": disabled, "user": {"name": "core"}, "ssh_authorized_keys": [ONE]});
    tree.write("root/.ssh/authorized_keys", &format!("{TWO}\n{ONE}\n"));
    let disabled = format!("{TWO}\n{SAYS_CORE} {ONE}\n");
    for _ in 0..2 {
        assert_eq!(of(&plan_of_all(&tree, document(true), &[]).0, "/root"), disabled);
        tree.write("root/.ssh/authorized_keys", &disabled);
    }
    let enabled = of(&plan_of_all(&tree, document(false), &[]).0, "/root");
    assert_eq!(enabled, format!("{TWO}\n{ONE}\n"));
}

#[test]
fn root_stays_where_nobody_else_gets_in() {
    for (sshd_config, document) in [
        ("UsePAM yes\n", json!({})),
        ("UsePAM yes\n", json!({"user": {"name": "root"}})),
        // An account that couldn't be created.
        ("UsePAM yes\n", json!({"user": {"name": "ghost"}})),
        ("UsePAM yes\n", json!({"users": ["bob"]})),
        ("UsePAM yes\nAllowUsers root\n", json!({"user": {"name": "core"}})),
        ("UsePAM yes\nDenyUsers core\n", json!({"user": {"name": "core"}})),
    ] {
        let tree = Tree::new(sshd_config);
        tree.write("etc/passwd", CORE);
        let mut all = document.clone();
        all["disable_root"] = json!(true);
        all["ssh_authorized_keys"] = json!([ONE]);
        let (files, told) = plan_of_all(&tree, all, &[TWO]);
        assert_eq!(of(&files, "/root"), format!("{ONE}\n{TWO}\n"), "{document}");
        assert!(
            told.contains("Warning: `disable_root` has no effect"),
            "{document}: {told}"
        );
    }
}

#[test]
fn another_account_with_keys_is_named_where_there_is_no_default_user() {
    let tree = Tree::new("UsePAM yes\n");
    tree.write("etc/passwd", CORE);
    let document = json!({"disable_root": true, "ssh_authorized_keys": [ONE], "users": [
        {"name": "bob"}, {"name": "core", "ssh_authorized_keys": [TWO]}]});
    let (files, told) = plan_of_all(&tree, document, &[]);
    assert_eq!(of(&files, "/root"), format!("{SAYS_CORE} {ONE}\n"));
    assert_eq!(told, "");
}

#[test]
fn an_account_that_is_redirected_gets_the_platforms_keys_to_say_so() {
    let tree = Tree::new("UsePAM yes\n");
    tree.write("etc/passwd", CORE);
    let document =
        json!({"user": {"name": "core"}, "users": ["default", {"name": "bob", "ssh_redirect_user": "default"}]});
    let (files, told) = plan_of_all(&tree, document.clone(), &[TWO]);
    let said = SAYS_CORE.replace("\"root\\\"", "\"bob\\\"");
    assert_eq!(of(&files, "/home/bob"), format!("{said} {TWO}\n"));
    assert_eq!(of(&files, "/home/core"), format!("{TWO}\n"));
    assert_eq!(of(&files, "/root"), format!("{TWO}\n"));
    assert_eq!(told, "");
    let (files, told) = plan_of_all(&tree, document, &[]);
    assert_eq!(files, []);
    assert!(told.contains("Info: `ssh_redirect_user` gives bob nothing"), "{told}");
    for document in [
        json!({"users": [{"name": "bob", "ssh_redirect_user": true}]}),
        json!({"user": {"name": "bob", "ssh_redirect_user": true}}),
        json!({"user": {"name": "ghost"}, "users": ["default", {"name": "bob", "ssh_redirect_user": true}]}),
    ] {
        let (files, told) = plan_of_all(&tree, document.clone(), &[TWO]);
        assert!(!of(&files, "/home/bob").contains("command="), "{document}");
        assert!(
            told.contains("bob gets none of the platform's keys"),
            "{document}: {told}"
        );
    }
}

/// The document's own keys, and those that sites have, beside each other.
#[test]
fn imported_keys_come_beside_the_documents_own_and_what_cant_be_had_is_told() {
    use crate::document::import_id::{Import, ImportId, Imported};
    let tree = Tree::new("");
    tree.write(
        "etc/passwd",
        "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\n",
    );
    tree.write("home/bob/.profile", "");
    let imported = |site: &str, keys: &[&str], failed: Option<&str>| {
        let keys = keys
            .iter()
            .map(|line| AuthorizedKey::try_from((*line).to_owned()).unwrap());
        let import = Import {
            keys: keys.collect(),
            failed: failed.map(str::to_owned),
        };
        (ImportId::try_from(site.to_owned()).unwrap(), import)
    };
    let plan = |document: serde_json::Value, by: Vec<(ImportId, Import)>| {
        let mut config: Config = crate::document::yaml::from_json(&document).unwrap();
        config.imported = Imported {
            asked: !by.is_empty(),
            by: by.into_iter().collect(),
        };
        let facts = Facts::default();
        let plan = AuthorizedKeys.plan(&config, &Machine::new(&tree.root, &facts)).unwrap();
        let files = plan.changes.iter().filter_map(|change| match change {
            Change::File(file) => Some((
                file.path.clone(),
                String::from_utf8(file.content.as_ref()?.bytes.to_vec()).ok()?,
            )),
            _ => None,
        });
        let problems = plan
            .problems
            .iter()
            .map(|problem| format!("{}: {problem}", problem.path.join(".")));
        (files.collect::<Vec<_>>(), problems.collect::<Vec<_>>())
    };
    let document = json!({"users": [{"name": "bob", "ssh_authorized_keys": [ONE], "ssh_import_id": ["gh:a", "b"]}]});
    let path = || "/home/bob/.ssh/authorized_keys".to_owned();
    let only_own = (vec![(path(), format!("{ONE}\n"))], vec![]);
    assert_eq!(plan(document.clone(), vec![]), only_own, "they are yet to be asked");
    let (files, problems) = plan(
        document,
        vec![
            imported("gh:a", &[TWO], Some("github.com: down")),
            imported("lp:b", &[ONE], None),
        ],
    );
    assert_eq!(
        files,
        [(path(), format!("{ONE}\n{TWO}\n"))],
        "what was had earlier stays"
    );
    assert_eq!(
        problems,
        ["users.0.ssh_import_id: the keys of gh:a were not imported: github.com: down"]
    );

    let top = json!({"user": {"name": "bob"}, "ssh_import_id": ["gh:a"]});
    let (files, problems) = plan(top, vec![imported("gh:a", &[TWO], None)]);
    assert_eq!(
        (files, problems),
        (vec![(path(), format!("{TWO}\n"))], vec![]),
        "root gets none"
    );
    let (files, problems) = plan(json!({"ssh_import_id": ["gh:a"]}), vec![imported("gh:a", &[TWO], None)]);
    assert_eq!(files, []);
    assert_eq!(
        problems,
        ["ssh_import_id: nobody gets these keys: there is no default user"]
    );
    let root = json!({"users": [{"name": "root", "ssh_import_id": "gh:a"}]});
    let (files, problems) = plan(root, vec![imported("gh:a", &[TWO], None)]);
    let expected = ("/root/.ssh/authorized_keys".to_owned(), format!("{TWO}\n"));
    assert_eq!((files, problems), (vec![expected], vec![]));
}

#[test]
fn a_home_that_is_missing_is_the_accounts_own() {
    let tree = Tree::new("");
    tree.write(
        "etc/passwd",
        "root:x:0:0::/root:/bin/sh\nbob:x:1000:1001::/home/bob:/bin/sh\n",
    );
    tree.write("etc/login.defs", "HOME_MODE 0750\n");
    let plan = tree.plan(json!({"users": [{"name": "bob", "ssh_authorized_keys": [ONE]}]}));
    let directories = plan.changes.iter().filter_map(|change| match change {
        Change::Directory(made) => Some((made.path.as_str(), made.mode, made.owner)),
        _ => None,
    });
    assert_eq!(
        directories.collect::<Vec<_>>(),
        [
            ("/root/.ssh", 0o700, (0, 0)),
            ("/home/bob", 0o750, (1000, 1001)),
            ("/home/bob/.ssh", 0o700, (1000, 1001))
        ]
    );
}
