use super::*;
use crate::document::{Document, Texts};
use crate::module::{Check, UserAccount};
use crate::system::account;
use crate::system::{Facts, Root};

const PASSWD: &str =
    "root:x:0:0:root:/root:/bin/bash\nbin:x:1:1::/dev/null:/bin/false\nold:x:1000:1000:O:/home/old:/bin/sh\n";
const SHADOW: &str = "root:*:19000:0:90:7:::\nbin:x:::::::\nold:$6$s$h:19000:0:99999:7:::\n";
const GROUP: &str = "root:x:0:\nbin:x:1:\nwheel:x:28:\nusers:x:100:\nold:x:1000:\n";

/// A machine as Photon ships it, and one account.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tree = Self(dir);
        for (path, text) in [
            ("etc/passwd", PASSWD),
            ("etc/shadow", SHADOW),
            ("etc/group", GROUP),
            ("etc/gshadow", "root:*::\n"),
            ("etc/subuid", ""),
            ("etc/subgid", "old:100000:65536\n"),
            (
                "etc/login.defs",
                "UID_MIN 1000\nUID_MAX 60000\nPASS_MAX_DAYS 90\nUMASK 027\n",
            ),
            ("etc/default/useradd", "SHELL=/bin/bash\n"),
            ("bin/bash", ""),
        ] {
            tree.write(path, text);
        }
        tree
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.0.path().join(path)).unwrap()
    }

    fn plan(&self, yaml: &str) -> Plan {
        let document = Document::read(&Texts::of_user_data("x", yaml.as_bytes()));
        let root = Root::open(self.0.path()).unwrap();
        let facts = Facts {
            today: 20_500,
            live: None,
            ..Facts::default()
        };
        Users.plan(&document.config, &Machine::new(&root, &facts)).unwrap()
    }

    /// Makes the changes of the account files.
    fn apply(&self, plan: &Plan) {
        for change in plan.changes.iter().filter_map(of_accounts) {
            for file in account::files(change) {
                let path = file.path().trim_start_matches('/');
                let before = std::fs::read(self.0.path().join(path)).unwrap();
                std::fs::write(
                    self.0.path().join(path),
                    account::apply(change, *file, &before).unwrap(),
                )
                .unwrap();
            }
        }
    }
}

fn of_accounts(change: &Change) -> Option<&AccountChange> {
    match change {
        Change::Account(change) => Some(change),
        _ => None,
    }
}

fn users(plan: &Plan) -> Vec<&UserAccount> {
    let changes = plan.changes.iter().filter_map(of_accounts);
    changes
        .filter_map(|change| match change {
            AccountChange::User(user) => Some(&**user),
            _ => None,
        })
        .collect()
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

#[test]
fn a_new_account_is_as_useradd_makes_it() {
    let tree = Tree::new();
    let plan = tree.plan("users: [{name: bob, gecos: Bob, groups: 'wheel, docker'}]\n");
    assert_eq!((plan.problems.as_slice(), plan.notes.as_slice()), (&[][..], &[][..]));
    tree.apply(&plan);
    assert_eq!(
        last_line(&tree.read("etc/passwd")),
        "bob:x:1001:1002:Bob:/home/bob:/bin/bash"
    );
    assert_eq!(last_line(&tree.read("etc/shadow")), "bob:!:20500::90::::");
    assert!(
        tree.read("etc/group")
            .ends_with("wheel:x:28:bob\nusers:x:100:\nold:x:1000:\ndocker:x:1001:bob\nbob:x:1002:\n")
    );
    assert_eq!(tree.read("etc/gshadow"), "root:*::\ndocker:!::bob\nbob:!::\n");
    assert_eq!(tree.read("etc/subuid"), "bob:100000:65536\n");
    assert_eq!(last_line(&tree.read("etc/subgid")), "bob:165536:65536");
    let home = plan.changes.iter().find_map(|change| match change {
        Change::Home(home) => Some((home.path.as_str(), home.mode, home.owner, home.skeleton.as_str())),
        _ => None,
    });
    assert_eq!(home, Some(("/home/bob", 0o750, (1001, 1002), "/etc/skel")));
    // The same again changes nothing.
    let again = tree.plan("users: [{name: bob, gecos: Bob, groups: 'wheel, docker'}]\n");
    let before = tree.read("etc/passwd") + &tree.read("etc/shadow") + &tree.read("etc/group");
    tree.apply(&again);
    assert_eq!(
        tree.read("etc/passwd") + &tree.read("etc/shadow") + &tree.read("etc/group"),
        before
    );
    assert_eq!(users(&again)[0].uid, 1001);
}

#[test]
fn every_key_of_an_account_counts() {
    for (keys, expected) in [
        ("uid: 1777", "bob:x:1777:1777::/home/bob:/bin/bash"),
        ("primary_group: wheel", "bob:x:1001:28::/home/bob:/bin/bash"),
        ("primary_group: ops", "bob:x:1001:1001::/home/bob:/bin/bash"),
        ("no_user_group: true", "bob:x:1001:100::/home/bob:/bin/bash"),
        ("homedir: /srv/bob, shell: /bin/sh", "bob:x:1001:1001::/srv/bob:/bin/sh"),
        ("system: true", "bob:x:999:999::/home/bob:/bin/bash"),
        (
            "primary_group: users, create_groups: false",
            "bob:x:1001:100::/home/bob:/bin/bash",
        ),
    ] {
        let tree = Tree::new();
        let plan = tree.plan(&format!("users: [{{name: bob, {keys}}}]\n"));
        assert_eq!(plan.problems, [], "{keys}");
        tree.apply(&plan);
        assert_eq!(last_line(&tree.read("etc/passwd")), expected, "{keys}");
        let has_home = plan.changes.iter().any(|change| matches!(change, Change::Home(_)));
        assert_eq!(has_home, !keys.contains("system"), "{keys}");
        let has_subids = !tree.read("etc/subuid").is_empty();
        assert_eq!(has_subids, !keys.contains("system"), "{keys}");
    }
    let tree = Tree::new();
    tree.apply(&tree.plan("users: [{name: bob, expiredate: 2032-09-01, inactive: 5}]\n"));
    assert_eq!(last_line(&tree.read("etc/shadow")), "bob:!:20500::90::5:22889:");
}

#[test]
fn an_account_that_exists_keeps_what_its_files_hang_on() {
    let tree = Tree::new();
    let plan = tree.plan("users: [{name: old, uid: 7, homedir: /srv/o, shell: /bin/bash, groups: [wheel]}]\n");
    let notices: Vec<_> = plan.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[0].contains("keeps its number 1000") && notices[1].contains("home directory /home/old"));
    tree.apply(&plan);
    assert_eq!(
        last_line(&tree.read("etc/passwd")),
        "old:x:1000:1000:O:/home/old:/bin/bash"
    );
    assert_eq!(tree.read("etc/shadow"), SHADOW);
    assert!(tree.read("etc/group").contains("wheel:x:28:old\n"));
}

#[test]
fn groups_and_their_members() {
    let tree = Tree::new();
    let plan =
        tree.plan("groups: [ops, {docker: [root, bob, ghost]}]\nusers: [bob, {name: amy, primary_group: ops}]\n");
    tree.apply(&plan);
    assert!(
        tree.read("etc/group")
            .ends_with("ops:x:1001:\ndocker:x:1002:root,bob\nbob:x:1003:\n"),
        "{}",
        tree.read("etc/group")
    );
    assert_eq!(
        last_line(&tree.read("etc/passwd")),
        "amy:x:1002:1001::/home/amy:/bin/bash"
    );
    let [problem] = plan.problems.as_slice() else {
        panic!("{:?}", plan.problems)
    };
    assert_eq!(problem.path, ["groups", "1", "docker", "2"]);
    assert!(problem.message.contains("no account `ghost`"));
}

#[test]
fn what_is_wrong_costs_one_account_alone() {
    for (keys, path, words, made) in [
        ("uid: 0", "users.0.uid", "is that of the account `root`", true),
        (
            "groups: [ops], create_groups: false",
            "users.0.groups",
            "no group `ops`",
            true,
        ),
        (
            "primary_group: ops, create_groups: false",
            "users.0.primary_group",
            "no group `ops`",
            false,
        ),
        ("homedir: /etc/passwd", "users.0.homedir", "is not a directory", true),
        ("homedir: /srv/link", "users.0.homedir", "is a link", true),
    ] {
        let tree = Tree::new();
        std::fs::create_dir(tree.0.path().join("srv")).unwrap();
        std::os::unix::fs::symlink("/home/old", tree.0.path().join("srv/link")).unwrap();
        let plan = tree.plan(&format!("users: [{{name: bob, {keys}}}, amy]\n"));
        let [problem] = plan.problems.as_slice() else {
            panic!("{keys}: {:?}", plan.problems)
        };
        assert_eq!(problem.path.join("."), path, "{keys}");
        assert!(problem.message.contains(words), "{keys}: {}", problem.message);
        let names: Vec<_> = users(&plan).iter().map(|user| user.name.as_str()).collect();
        assert_eq!(names.contains(&"bob"), made, "{keys}");
        assert!(names.contains(&"amy"));
    }
}

#[test]
fn a_number_that_a_home_directory_still_has_is_not_given_away() {
    if !crate::skip::is_root("owners are set by root alone") {
        return;
    }
    let tree = Tree::new();
    let home = tree.0.path().join("home/gone");
    std::fs::create_dir_all(&home).unwrap();
    std::os::unix::fs::chown(&home, Some(1234), Some(1234)).unwrap();
    assert_eq!(users(&tree.plan("users: [bob]\n"))[0].uid, 1235);
}

#[test]
fn rules_of_sudo_have_a_file_for_each_account() {
    let tree = Tree::new();
    tree.write("etc/sudoers", "root ALL=(ALL) ALL");
    let plan = tree
        .plan("users: [{name: b.ob, sudo: ['ALL=(ALL) NOPASSWD:ALL', 'h=(x) y']}, {name: 'd@x', sudo: a=b}, amy]\n");
    let files: Vec<_> = plan
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::File(file) => {
                let content = file.content.as_ref().unwrap();
                Some((
                    file.path.as_str(),
                    content.mode,
                    String::from_utf8_lossy(&content.bytes).into_owned(),
                ))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        files,
        [
            (
                "/etc/sudoers.d/90-firstlight-b%2eob",
                0o440,
                "b.ob ALL=(ALL) NOPASSWD:ALL\nb.ob h=(x) y\n".to_owned()
            ),
            ("/etc/sudoers.d/90-firstlight-d@x", 0o440, "d\\@x a=b\n".to_owned()),
            (
                "/etc/sudoers",
                files[2].1,
                "root ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n".to_owned()
            ),
        ]
    );
    assert_eq!(plan.checks.len(), 2);
    for line in ["#includedir /etc/sudoers.d", "@includedir /etc/sudoers.d"] {
        tree.write("etc/sudoers", line);
        let plan = tree.plan("users: [{name: bob, sudo: a=b}]\n");
        assert!(!plan.changes.iter().any(|change| change.path() == Some("/etc/sudoers")));
    }
    assert!(tree.plan("users: [{name: bob, sudo: false}]\n").checks.is_empty());
}

#[test]
fn a_shell_that_is_not_there_is_told() {
    let plan = Tree::new().plan("users: [{name: bob, shell: /bin/zsh}]\n");
    assert!(
        plan.notes[0].text.contains("/bin/zsh doesn't exist"),
        "{:?}",
        plan.notes
    );
}

#[test]
fn nothing_is_read_where_nothing_is_asked() {
    let empty = tempfile::tempdir().unwrap();
    let root = Root::open(empty.path()).unwrap();
    let document = Document::read(&Texts::of_user_data("x", b"users: [default]\n"));
    let facts = Facts::default();
    let plan = Users.plan(&document.config, &Machine::new(&root, &facts)).unwrap();
    assert_eq!(plan.changes, []);
    assert!(plan.notes[0].text.contains("no default user"));
    let document = Document::read(&Texts::of_user_data("x", b"users: [bob]\n"));
    let error = Users.plan(&document.config, &Machine::new(&root, &facts)).unwrap_err();
    assert!(error.message.contains("has no /etc/passwd"));
}

#[test]
fn rules_of_doas_are_added_to_what_is_there() {
    let tree = Tree::new();
    let text = |plan: &Plan| {
        let mut files = plan.changes.iter().filter_map(|change| match change {
            Change::File(file) if file.path == "/etc/doas.conf" => file.content.clone(),
            _ => None,
        });
        let content = files.next()?;
        Some((String::from_utf8(content.bytes.to_vec()).unwrap(), content.mode))
    };
    let users = "users: [{name: old, doas: [permit old, permit nopass old as root]}]";
    let plan = tree.plan(users);
    assert_eq!(
        text(&plan),
        Some(("permit old\npermit nopass old as root\n".to_owned(), 0o440))
    );
    assert!(plan.notes.iter().any(|note| note.text.contains("doas isn't installed")));
    assert!(matches!(plan.checks.as_slice(), [Check::Doas(check)] if check.asked == ["users", "0", "doas"]));
    tree.write("etc/doas.conf", "permit old\ndeny bin");
    let (text, _) = text(&tree.plan(users)).unwrap();
    assert_eq!(text, "permit old\ndeny bin\npermit nopass old as root\n");
}

#[test]
fn a_rule_of_doas_is_about_its_own_account() {
    let tree = Tree::new();
    for rule in ["permit root", "permit :wheel", "permit nopass bin as root"] {
        let text = format!("users: [{{name: old, gecos: Old, doas: ['{rule}']}}]");
        let document = Document::read(&Texts::of_user_data("x", text.as_bytes()));
        let told: Vec<_> = document.diagnostics.iter().filter(|one| one.is_error()).collect();
        assert_eq!(
            (told.len(), told[0].path.join(".")),
            (1, "users.0.doas".to_owned()),
            "{rule}"
        );
        let planned = tree.plan(&text).changes;
        assert!(
            planned.iter().all(|change| change.path() != Some("/etc/doas.conf")),
            "{rule}"
        );
    }
}

#[test]
fn nobody_moves_into_the_home_of_another_or_into_the_system() {
    let tree = Tree::new();
    tree.write(
        "etc/passwd",
        &format!("{PASSWD}www:x:33:33::/var/lib/www:/bin/false\nnobody:x:65534:65534::/nonexistent:/bin/false\n"),
    );
    for home in [
        "/root",
        "/root/x",
        "/home/old",
        "/home/old/x",
        "/home",
        "/etc",
        "/usr",
        "/bin",
        "/var",
        "/tmp",
        "/var/lib/www",
    ] {
        let plan = tree.plan(&format!("users: [{{name: bob, homedir: {home}}}, amy]\n"));
        let [problem] = plan.problems.as_slice() else {
            panic!("{home}: {:?}", plan.problems)
        };
        assert_eq!(problem.path.join("."), "users.0.homedir");
        assert!(
            problem.message.starts_with(&format!("the home directory {home} ")),
            "{}",
            problem.message
        );
        let names: Vec<_> = users(&plan).iter().map(|user| user.name.as_str()).collect();
        assert_eq!(names, ["amy"], "{home}");
    }
    for keys in [
        "homedir: /var/lib/www/bob",
        "homedir: /home/older",
        "homedir: /srv",
        "homedir: /nonexistent, no_create_home: true",
        "homedir: /tmp, system: true",
    ] {
        let plan = tree.plan(&format!("users: [{{name: bob, {keys}}}]\n"));
        assert_eq!((plan.problems.as_slice(), users(&plan).len()), (&[][..], 1), "{keys}");
    }
}

#[test]
fn who_comes_back_has_the_number_that_the_home_directory_belongs_to() {
    if !crate::skip::is_root("owners are set by root alone") {
        return;
    }
    for (uid, gid, document, expected) in [
        (1005, 1005, "[bob, amy]", (1005, 1005)),
        (1001, 1002, "[bob, amy]", (1001, 1002)),
        (1005, 100, "[amy, bob]", (1005, 1005)),
        (1005, 1005, "[{name: bob, uid: 1007}, amy]", (1007, 1007)),
        (1005, 1005, "[bob, {name: amy, uid: 1005}]", (1006, 1006)),
        (1000, 1000, "[bob, amy]", (1001, 1001)),
        (0, 0, "[bob, amy]", (1001, 1001)),
        (33, 33, "[bob, amy]", (1001, 1001)),
    ] {
        let tree = Tree::new();
        let home = tree.0.path().join("home/bob");
        std::fs::create_dir_all(&home).unwrap();
        std::os::unix::fs::chown(&home, Some(uid), Some(gid)).unwrap();
        let plan = tree.plan(&format!("users: {document}\n"));
        let of = |name: &str| {
            let user = users(&plan).into_iter().find(|user| user.name == name).unwrap();
            (user.uid, user.gid)
        };
        assert_eq!(of("bob"), expected, "{uid}:{gid} {document}");
        assert!(
            of("amy").0 != of("bob").0 && of("amy").1 != of("bob").1,
            "{uid}:{gid} {document}"
        );
    }
}

#[test]
fn the_home_directory_that_an_account_misses_is_made_as_a_new_one() {
    let tree = Tree::new();
    tree.write(
        "etc/passwd",
        &format!("{PASSWD}kim:x:1003:1003::/nonexistent:/bin/sh\nweb:x:33:33::/srv/web:/bin/sh\n"),
    );
    let homes = |document: &str| {
        let changes = tree.plan(document).changes.into_iter();
        let homes = changes.filter_map(|change| match change {
            Change::Home(home) => Some((home.path, home.mode, home.owner, home.skeleton)),
            _ => None,
        });
        homes.collect::<Vec<_>>()
    };
    let old = ("/home/old".to_owned(), 0o750, (1000, 1000), "/etc/skel".to_owned());
    assert_eq!(homes("users: [old, kim, web, bin]\n"), [old]);
    assert_eq!(homes("users: [{name: old, no_create_home: true}]\n"), []);
}
