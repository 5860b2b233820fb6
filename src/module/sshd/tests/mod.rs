//! The module on trees of files, and its result against an evaluator of its own and against the real sshd.

mod random;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::module::Level;
use crate::system::{Facts, Live, Root};

const PHOTON: &str = include_str!("photon.conf");
const DEBIAN: &str = include_str!("debian.conf");
const RED_HAT: &str = include_str!("redhat.conf");

const DROP_IN: &str = DROP_INS[0];

/// A machine made of files in a temporary directory.
struct Tree {
    dir: tempfile::TempDir,
    root: Root,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let tree = Self { dir, root };
        for (path, text) in files {
            tree.write(path, text.as_bytes());
        }
        tree
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.dir.path().join(path.trim_start_matches('/'))
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.path(path)).ok()
    }

    fn plan(&self, sshd: &Value) -> Result<Plan, PlanError> {
        self.plan_for(&config(sshd), None)
    }

    fn plan_for(&self, config: &Config, live: Option<Live>) -> Result<Plan, PlanError> {
        let facts = Facts {
            live,
            ..Facts::default()
        };
        Sshd.plan(config, &Machine::new(&self.root, &facts))
    }

    /// Does what the plan says, as far as it is files.
    fn apply(&self, plan: &Plan) {
        for change in &plan.changes {
            match change {
                Change::Directory(d) => std::fs::create_dir_all(self.path(&d.path)).unwrap(),
                Change::File(FileChange {
                    path,
                    content: Some(content),
                    ..
                }) => self.write(path, &content.bytes),
                Change::File(FileChange { path, .. }) => drop(std::fs::remove_file(self.path(path))),
                other => panic!("{other:?} is not a file"),
            }
        }
    }

    /// Plans and applies, checks that a second plan is the first one, and returns the plan.
    fn configure(&self, sshd: &Value) -> Plan {
        let plan = self.plan(sshd).unwrap();
        self.apply(&plan);
        let again = self.plan(sshd).unwrap();
        assert_eq!(contents(&again), contents(&plan), "planning again is the same");
        plan
    }
}

fn config(sshd: &Value) -> Config {
    crate::document::yaml::from_json(&json!({ "sshd": sshd })).unwrap()
}

/// Paths and contents of the file changes.
fn contents(plan: &Plan) -> Vec<(String, Option<String>)> {
    let files = plan.changes.iter().filter_map(|change| match change {
        Change::File(file) => Some(file),
        _ => None,
    });
    files
        .map(|f| {
            let text = f
                .content
                .as_ref()
                .map(|c| String::from_utf8_lossy(&c.bytes).into_owned());
            (f.path.clone(), text)
        })
        .collect()
}

fn notes(plan: &Plan, level: Level) -> String {
    let notes = plan.notes.iter().filter(|n| n.level == level);
    notes.map(|n| n.text.clone() + "\n").collect()
}

/// The main file after `PermitRootLogin yes` was asked for, in a tree without drop-ins.
fn with_root_login(main: &str) -> String {
    let tree = Tree::new(&[(MAIN, main)]);
    tree.configure(&json!({"permit_root_login": "yes"}));
    assert_eq!(tree.read(DROP_IN), None);
    tree.read(MAIN).unwrap()
}

#[test]
fn photon_is_edited_in_place() {
    let tree = Tree::new(&[(MAIN, PHOTON)]);
    let plan = tree.configure(&json!({
        "permit_root_login": "prohibit-password",
        "password_authentication": false,
        "options": {"MaxAuthTries": 6, "Subsystem": "sftp internal-sftp"},
    }));
    let expected = PHOTON
        .replace("\nPermitRootLogin no\n", "\nPermitRootLogin prohibit-password\n")
        .replace("MaxAuthTries 4", "MaxAuthTries 6")
        .replace("sftp	/usr/libexec/sftp-server", "sftp internal-sftp")
        .replace(
            "#PasswordAuthentication yes\n",
            "#PasswordAuthentication yes\nPasswordAuthentication no\n",
        );
    assert_eq!(tree.read(MAIN).unwrap(), expected);
    let [Change::File(main), Change::File(one), Change::File(two)] = plan.changes.as_slice() else {
        panic!("{:?}", plan.changes);
    };
    assert_eq!((main.path.as_str(), main.content.as_ref().unwrap().mode), (MAIN, 0o600));
    assert_eq!(
        [one, two].map(|c| (c.path.as_str(), c.content.is_none())),
        DROP_INS.map(|path| (path, true))
    );
    let says = |keyword: &str, value: &str| Expectation::SshdSays {
        keyword: keyword.to_owned(),
        value: value.to_owned(),
    };
    assert_eq!(
        plan.expectations,
        [
            Expectation::SshdAccepts,
            says("permitrootlogin", "prohibit-password"),
            says("passwordauthentication", "no"),
            says("maxauthtries", "6"),
            says("subsystem", "sftp internal-sftp"),
        ]
    );
    assert!(
        notes(&plan, Level::Info).contains("KbdInteractiveAuthentication"),
        "{:?}",
        plan.notes
    );
    assert_eq!(notes(&plan, Level::Warning), "");
}

#[test]
fn debian_and_red_hat_get_a_drop_in() {
    for main in [DEBIAN, RED_HAT] {
        let tree = Tree::new(&[(MAIN, main)]);
        let plan = tree.configure(&json!({
            "permit_root_login": "no",
            "password_authentication": true,
            "options": {"KbdInteractiveAuthentication": true, "Port": [22, 2222]},
        }));
        let expected =
            "PermitRootLogin no\nPasswordAuthentication yes\nKbdInteractiveAuthentication yes\nPort 22\nPort 2222\n";
        assert_eq!(tree.read(DROP_IN).unwrap(), expected);
        assert_eq!(tree.read(MAIN).unwrap(), main);
        assert_eq!(plan.notes, []);
        let Some(Change::Directory(directory)) = plan.changes.first() else {
            panic!("the directory comes first");
        };
        assert_eq!((directory.mode, directory.owner), (0o755, (0, 0)));
        let Some(Change::File(file)) = plan.changes.get(1) else {
            panic!("then the file");
        };
        assert_eq!(file.content.as_ref().unwrap().mode, 0o600);
    }
}

#[test]
fn a_line_before_the_include_is_edited_in_place() {
    let main = DEBIAN.replace("Include", "PermitRootLogin no\nInclude");
    let tree = Tree::new(&[(MAIN, &main)]);
    tree.configure(&json!({"permit_root_login": "yes", "password_authentication": true}));
    assert_eq!(
        tree.read(MAIN).unwrap(),
        main.replace("PermitRootLogin no", "PermitRootLogin yes")
    );
    assert_eq!(tree.read(DROP_IN).unwrap(), "PasswordAuthentication yes\n");
}

#[test]
fn an_include_that_does_not_cover_our_file_is_no_use() {
    for include in [
        "#Include /etc/ssh/sshd_config.d/*.conf",
        "Include /etc/ssh/sshd_config.d/50-*.conf",
        "Include /etc/ssh/other.d/*.conf",
        "Match User bob\nInclude /etc/ssh/sshd_config.d/*.conf",
        "PermitRootLogin no\nInclude /etc/ssh/sshd_config.d/*.conf",
    ] {
        let tree = Tree::new(&[(MAIN, include)]);
        tree.configure(&json!({"permit_root_login": "yes"}));
        assert_eq!(tree.read(DROP_IN), None, "{include}");
        assert!(tree.read(MAIN).unwrap().starts_with("PermitRootLogin yes") || include.starts_with(['#', 'I']));
    }
    for include in [
        "include=\"/etc/ssh/sshd_config.d/*\"",
        "Include nothing sshd_config.d/*.conf # ours",
        "Include /etc/ssh/*.d/0?-[f]irstlight.conf",
        "Match User bob\nMatch all\nInclude sshd_config.d/*.conf",
    ] {
        let tree = Tree::new(&[(MAIN, include), ("/etc/ssh/sshd_config.d/.keep", "")]);
        tree.configure(&json!({"permit_root_login": "yes"}));
        assert!(tree.read(DROP_IN).is_some(), "{include}");
        assert_eq!(tree.read(MAIN).unwrap(), include);
    }
}

#[test]
fn in_place_edits() {
    for (before, after) in [
        ("PermitRootLogin no\n", "PermitRootLogin yes\n"),
        (
            "PermitRootLogin no\nPermitRootLogin no\n",
            "PermitRootLogin yes\nPermitRootLogin no\n",
        ),
        ("PermitRootLogin YES # x\n", "PermitRootLogin YES # x\n"),
        ("\tpermitROOTlogin = \"no\" # x", "\tpermitROOTlogin = \"yes\" # x"),
        (
            "#PermitRootLogin no\r\nPort 22\r\n",
            "#PermitRootLogin no\r\nPermitRootLogin yes\r\nPort 22\r\n",
        ),
        (
            "Match User a\nPermitRootLogin no\n",
            "PermitRootLogin yes\nMatch User a\nPermitRootLogin no\n",
        ),
        (
            "Match User a\nX11Forwarding no\nMatch all\nPermitRootLogin no\n",
            "Match User a\nX11Forwarding no\nMatch all\nPermitRootLogin yes\n",
        ),
        (
            "PermitRootLogin no\nMatch all\nPermitRootLogin prohibit-password\n",
            "PermitRootLogin yes\nMatch all\nPermitRootLogin yes\n",
        ),
        ("", "PermitRootLogin yes\n"),
        ("\n", "\nPermitRootLogin yes\n"),
        ("Port 22", "Port 22\nPermitRootLogin yes"),
    ] {
        assert_eq!(with_root_login(before), after, "{before:?}");
    }
}

#[test]
fn a_huge_file_is_edited_too() {
    let filler = "# nothing here\n".repeat(200_000);
    let before = format!("{filler}PermitRootLogin no\n{filler}Match User a\n");
    assert_eq!(
        with_root_login(&before),
        before.replace("PermitRootLogin no", "PermitRootLogin yes")
    );
}

#[test]
fn an_older_name_of_the_keyword_is_the_line_that_counts() {
    let tree = Tree::new(&[(MAIN, "ChallengeResponseAuthentication yes\n")]);
    tree.configure(&json!({"options": {"KbdInteractiveAuthentication": false}}));
    assert_eq!(tree.read(MAIN).unwrap(), "ChallengeResponseAuthentication no\n");
}

#[test]
fn a_drop_in_that_comes_first_is_outdone() {
    let include = "Include /etc/ssh/sshd_config.d/*.conf\n";
    let rival = |name: &str| format!("/etc/ssh/sshd_config.d/{name}.conf");
    let no = "PermitRootLogin no\n";
    let yes = json!({"permit_root_login": "yes"});

    let later = Tree::new(&[(MAIN, include), (&rival("50-x"), no)]);
    assert_eq!(later.configure(&yes).notes, []);
    assert!(later.read(DROP_IN).is_some());

    let earlier = Tree::new(&[(MAIN, include), (&rival("00-x"), no), (DROP_IN, "old")]);
    let plan = earlier.configure(&yes);
    assert!(
        notes(&plan, Level::Info).contains("00-x.conf line 1"),
        "{:?}",
        plan.notes
    );
    assert_eq!(earlier.read(DROP_INS[1]).unwrap(), "PermitRootLogin yes\n");
    assert_eq!(earlier.read(DROP_IN), None, "there is only one");

    let first = Tree::new(&[(MAIN, include), (&rival("00-a"), no)]);
    let plan = first.plan(&yes).unwrap();
    assert!(
        notes(&plan, Level::Info).contains("00-a.conf line 1"),
        "{:?}",
        plan.notes
    );
    first.configure(&yes);
    assert_eq!(first.read(MAIN).unwrap(), format!("PermitRootLogin yes\n{include}"));
    assert_eq!(first.read(DROP_INS[1]), None);

    let agrees = Tree::new(&[(MAIN, include), (&rival("00-a"), "PermitRootLogin yes\n")]);
    assert_eq!(agrees.configure(&yes).notes, []);
    assert!(agrees.read(DROP_IN).is_some());
    assert_eq!(agrees.read(MAIN).unwrap(), include);
}

#[test]
fn a_file_included_below_match_all_is_outdone_there() {
    let main = "Match User a\nX11Forwarding no\nMatch all\nInclude other.conf\n";
    let tree = Tree::new(&[(MAIN, main), ("/etc/ssh/other.conf", "PermitRootLogin no\n")]);
    let plan = tree.configure(&json!({"permit_root_login": "yes"}));
    assert_eq!(notes(&plan, Level::Warning), "");
    let expected = main.replace("Include", "PermitRootLogin yes\nInclude");
    assert_eq!(tree.read(MAIN).unwrap(), expected);
}

#[test]
fn values_that_add_up_are_all_there_are() {
    let ports = json!({"options": {"Port": [22, 2222]}});
    for (before, after) in [
        ("#Port 22\nUsePAM yes\n", "#Port 22\nPort 22\nPort 2222\nUsePAM yes\n"),
        ("Port 2222 # a\n# x\nPort 22\n", "Port 2222 # a\n# x\nPort 22\n"),
        ("Port 80 # a\nUsePAM yes\n", "Port 22 # a\nPort 2222\nUsePAM yes\n"),
        ("Port 1\nPort 2\n\tPort 3\n", "Port 22\nPort 2222\n#\tPort 3\n"),
    ] {
        let tree = Tree::new(&[(MAIN, before)]);
        tree.configure(&ports);
        assert_eq!(tree.read(MAIN).unwrap(), after, "{before:?}");
    }
    let tree = Tree::new(&[(MAIN, DEBIAN)]);
    tree.configure(&json!({"options": {"AcceptEnv": ["LANG", "EDITOR"]}}));
    assert_eq!(tree.read(MAIN).unwrap(), DEBIAN.replace("LANG LC_*", "LANG EDITOR"));
    let same = Tree::new(&[(MAIN, DEBIAN)]);
    same.configure(&json!({"options": {"AcceptEnv": ["LC_*", "LANG"]}}));
    assert_eq!(same.read(MAIN).unwrap(), DEBIAN);
}

#[test]
fn values_that_another_file_adds() {
    let other = "/etc/ssh/sshd_config.d/50-x.conf";
    let tree = Tree::new(&[(MAIN, DEBIAN), (other, "UsePAM yes\nPort 2222\n")]);
    let plan = tree
        .plan(&json!({"permit_root_login": "no", "options": {"port": 22}}))
        .unwrap();
    let root_login = contents(&plan)
        .into_iter()
        .any(|(_, text)| text.is_some_and(|text| text.contains("PermitRootLogin no")));
    assert!(root_login, "it costs no other: {:?}", plan.changes);
    let [error] = plan.problems.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!(error.path, ["sshd", "options", "port"]);
    assert!(error.message.contains("50-x.conf line 2 adds `2222`"), "{error}");
    tree.configure(&json!({"options": {"Port": [22, 2222]}}));
    assert!(
        tree.read(MAIN).unwrap().contains("#Port 22\nPort 22\n#Permit"),
        "{:?}",
        tree.read(MAIN)
    );
    assert_eq!(tree.read(other).unwrap(), "UsePAM yes\nPort 2222\n");
}

#[test]
fn another_document_replaces_the_drop_in() {
    let tree = Tree::new(&[(MAIN, DEBIAN)]);
    tree.configure(&json!({"permit_root_login": "yes", "password_authentication": false}));
    tree.configure(&json!({"permit_root_login": "no"}));
    assert_eq!(tree.read(DROP_IN).unwrap(), "PermitRootLogin no\n");
    // The same keyword, now in the main file's hands.
    tree.write(MAIN, b"PermitRootLogin yes\nInclude /etc/ssh/sshd_config.d/*.conf\n");
    tree.configure(&json!({"permit_root_login": "no"}));
    assert_eq!(tree.read(DROP_IN), None);
    assert!(tree.read(MAIN).unwrap().starts_with("PermitRootLogin no\n"));
}

#[test]
fn a_match_block_that_says_otherwise_is_named() {
    for (block, warned) in [
        ("Match Address 10.0.0.0/8\n  PermitRootLogin no", true),
        ("Match User root\n  PermitRootLogin no", true),
        ("Match User bob\n  PermitRootLogin no", false),
        ("Match Group wheel\n  PermitRootLogin yes", false),
    ] {
        let tree = Tree::new(&[(MAIN, &format!("{PHOTON}\n{block}\n"))]);
        let said = notes(&tree.configure(&json!({"permit_root_login": "yes"})), Level::Warning);
        assert_eq!(said.contains("line 48"), warned, "{block}: {said}");
        assert_eq!(said.contains(block.lines().next().unwrap()), warned, "{block}: {said}");
    }
}

#[test]
fn what_cant_be_made_so_is_said() {
    let tree = Tree::new(&[
        (MAIN, "Include all.conf\n"),
        ("/etc/ssh/all.conf", "Match all\nPermitRootLogin no\n"),
    ]);
    let plan = tree.plan(&json!({"permit_root_login": "yes"})).unwrap();
    let said = notes(&plan, Level::Warning);
    assert!(
        said.contains("sshd uses the value from /etc/ssh/all.conf line 2"),
        "{said}"
    );
}

#[test]
fn without_a_request_nothing_is_planned() {
    let tree = Tree::new(&[]);
    assert_eq!(tree.plan_for(&Config::default(), None).unwrap(), Plan::default());
    let unchanged: Config = crate::document::yaml::from_json(&json!({"ssh_pwauth": "unchanged"})).unwrap();
    assert_eq!(tree.plan_for(&unchanged, None).unwrap(), Plan::default());
}

#[test]
fn a_machine_that_cant_be_configured_is_an_error() {
    let yes = json!({"permit_root_login": "yes"});
    let error = Tree::new(&[]).plan(&yes).unwrap_err();
    assert_eq!(error.path, ["sshd"]);
    assert!(
        error.hint.as_ref().is_some_and(|h| h.contains("openssh-server")),
        "{error:?}"
    );

    let pwauth: Config = crate::document::yaml::from_json(&json!({"ssh_pwauth": "true"})).unwrap();
    assert_eq!(Tree::new(&[]).plan_for(&pwauth, None).unwrap_err().path, ["ssh_pwauth"]);

    let suse = Tree::new(&[("/usr/etc/ssh/sshd_config", RED_HAT)]);
    assert!(suse.plan(&yes).unwrap_err().message.contains("/usr/etc/ssh"));

    let zero = Tree::new(&[(MAIN, "Port 22\0\n")]);
    assert!(zero.plan(&yes).unwrap_err().message.contains("NUL byte"));

    let linked = Tree::new(&[("/etc/ssh/real", PHOTON)]);
    symlink("real", linked.path(MAIN)).unwrap();
    assert!(linked.plan(&yes).unwrap_err().message.contains("is a symbolic link"));

    let directory = Tree::new(&[(&format!("{MAIN}/x"), "")]);
    assert!(directory.plan(&yes).unwrap_err().message.contains("not a regular file"));
}

#[test]
fn the_unit_that_reloads() {
    let dirties = |files: &[&str], links: &[(&str, &str)]| -> Vec<Dirty> {
        let files: Vec<(&str, &str)> = files.iter().map(|path| (*path, "")).chain([(MAIN, PHOTON)]).collect();
        let tree = Tree::new(&files);
        for (path, target) in links {
            std::fs::create_dir_all(tree.path(path).parent().unwrap()).unwrap();
            symlink(target, tree.path(path)).unwrap();
        }
        let plan = tree.plan(&json!({"permit_root_login": "yes"})).unwrap();
        match plan.changes.into_iter().next() {
            Some(Change::File(file)) => file.dirties,
            other => panic!("{other:?}"),
        }
    };
    let reload = |unit: &str| vec![Dirty::Reload(unit.to_owned())];
    assert_eq!(
        dirties(&["/usr/lib/systemd/system/sshd.service"], &[]),
        reload("sshd.service")
    );
    let debian = "/lib/systemd/system/ssh.service";
    assert_eq!(dirties(&[debian], &[]), reload("ssh.service"));
    let alias = ("/etc/systemd/system/sshd.service", "/lib/systemd/system/ssh.service");
    assert_eq!(dirties(&[debian], &[alias]), reload("ssh.service"));
    let photon_socket = [
        "/usr/lib/systemd/system/sshd.socket",
        "/usr/lib/systemd/system/sshd@.service",
    ];
    assert_eq!(dirties(&photon_socket, &[]), []);
    let masked = ("/etc/systemd/system/ssh.service", "/dev/null");
    assert_eq!(dirties(&[debian], &[masked]), []);
}

#[test]
fn a_socket_that_listens_in_sshds_place_is_named() {
    let port = json!({"options": {"Port": 2222}});
    let tree = Tree::new(&[(MAIN, PHOTON)]);
    assert_eq!(notes(&tree.plan(&port).unwrap(), Level::Warning), "");
    assert_eq!(Sshd.observes(&config(&port)), ["sshd.socket", "ssh.socket"]);
    assert!(Sshd.observes(&config(&json!({"permit_root_login": "yes"}))).is_empty());

    let mut live = Live::default();
    let active = crate::system::UnitFacts {
        load_state: "loaded".to_owned(),
        active_state: "active".to_owned(),
        ..Default::default()
    };
    live.units.insert("sshd.socket".to_owned(), active);
    let plan = tree.plan_for(&config(&port), Some(live)).unwrap();
    assert!(notes(&plan, Level::Warning).contains("sshd.socket listens"));

    let wants = tree.path("/etc/systemd/system/sockets.target.wants");
    std::fs::create_dir_all(&wants).unwrap();
    symlink("/lib/systemd/system/ssh.socket", Path::new(&wants).join("ssh.socket")).unwrap();
    let plan = tree.plan(&port).unwrap();
    assert!(notes(&plan, Level::Warning).contains("ssh.socket listens"));
}

#[test]
fn an_include_inside_of_a_match_is_named() {
    let notes_of = |main: &str| {
        let plan = Tree::new(&[(MAIN, main)])
            .plan(&json!({"permit_root_login": "yes"}))
            .unwrap();
        notes(&plan, Level::Notice)
    };
    let said = notes_of("Port 22\nMatch User bob\n  Include /etc/ssh/sshd_config.d/*.conf\n");
    assert!(
        said.starts_with("/etc/ssh/sshd_config line 4 includes files inside `Match User bob`"),
        "{said}"
    );
    for fine in [
        "Include /etc/ssh/sshd_config.d/*.conf\nMatch User bob\n",
        "Match User bob\nMatch all\nInclude /etc/ssh/sshd_config.d/*.conf\n",
    ] {
        assert_eq!(notes_of(fine), "", "{fine}");
    }
}

#[test]
fn sshd_is_asked_about_all_files_as_planned() {
    let tree = Tree::new(&[
        (
            MAIN,
            "Port 22\nInclude sshd_config.d/*.conf other other\nInclude nothing\nMatch all\n",
        ),
        ("/etc/ssh/other", "Include /etc/ssh/deeper"),
        ("/etc/ssh/deeper", "UseDNS no"),
        ("/etc/ssh/sshd_config.d/50-x.conf", "MaxSessions 3\n"),
    ]);
    let plan = tree.plan(&json!({"options": {"maxauthtries": 3}})).unwrap();
    let [Check::Sshd(check)] = plan.checks.as_slice() else {
        panic!("{:?}", plan.checks);
    };
    let text = |line: &str| PlannedLine::Text(line.as_bytes().to_vec());
    let found: Vec<(&str, &[PlannedLine])> = check.files.iter().map(|f| (f.path.as_str(), &*f.lines)).collect();
    let expected: [(&str, &[PlannedLine]); 5] = [
        (
            MAIN,
            &[
                text("Port 22\n"),
                PlannedLine::Include(vec![1, 2, 3, 3]),
                PlannedLine::Include(vec![]),
                text("Match all\n"),
            ],
        ),
        (DROP_IN, &[text("MaxAuthTries 3\n")]),
        ("/etc/ssh/sshd_config.d/50-x.conf", &[text("MaxSessions 3\n")]),
        ("/etc/ssh/other", &[PlannedLine::Include(vec![4])]),
        ("/etc/ssh/deeper", &[text("UseDNS no")]),
    ];
    assert_eq!(found, expected);
    let refusal = |text: &str| crate::system::sshd::Refusal {
        message: String::new(),
        file: None,
        line: Some((1, text.to_owned())),
    };
    let path = ["sshd", "options", "maxauthtries"].map(str::to_owned);
    assert_eq!(check.blamed(&refusal("  MAXAUTHTRIES=foo # x")), Some(&path[..]));
    for other in ["Port foo", "", "# MaxAuthTries", "Match User"] {
        assert_eq!(check.blamed(&refusal(other)), None, "{other}");
    }
}
