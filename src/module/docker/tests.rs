use super::*;
use crate::module::{Expectation, UnitAction, UnitChange};
use crate::system::systemd::UnitFileState;
use crate::system::{Facts, Live, Root};
use serde_json::json;

const UNIT: (&str, &str) = (
    "usr/lib/systemd/system/docker.service",
    "[Install]\nWantedBy=multi-user.target\n",
);
const ACCOUNTS: [(&str, &str); 2] = [
    (
        "etc/passwd",
        "root:x:0:0::/root:/bin/bash\ncore:x:1000:1000::/home/core:/bin/bash\n",
    ),
    ("etc/group", "root:x:0:\ndocker:x:998:\n"),
];

fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
    let tree = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = tree.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let root = Root::open(tree.path()).unwrap();
    (tree, root)
}

fn plan_with(root: &Root, document: Value) -> Result<Plan, PlanError> {
    let facts = Facts {
        live: Some(Live::default()),
        ..Facts::default()
    };
    let want: Config = serde_json::from_value(document).unwrap();
    Docker.plan(&want, &Machine::new(root, &facts))
}

/// The only problem of a plan.
fn problem(plan: Result<Plan, PlanError>) -> PlanError {
    match plan {
        Ok(mut plan) if plan.problems.len() == 1 => plan.problems.remove(0),
        Ok(plan) => panic!("{plan:?}"),
        Err(error) => error,
    }
}

fn unit(action: UnitAction) -> Change {
    Change::Unit(UnitChange {
        unit: DOCKER_UNIT.to_owned(),
        action,
    })
}

/// The content that daemon.json shall have.
fn settings(files: &[(&str, &str)], daemon: Value) -> Result<String, PlanError> {
    let files: Vec<_> = files.iter().copied().chain([UNIT]).collect();
    let (_tree, root) = tree(&files);
    let plan = plan_with(&root, json!({"docker": {"daemon": daemon}}))?;
    let Some(Change::File(file)) = plan.changes.get(1) else {
        panic!("{plan:?}")
    };
    Ok(String::from_utf8(file.content.as_ref().unwrap().bytes.to_vec()).unwrap())
}

#[test]
fn true_is_enabled_and_started() {
    let (_tree, root) = tree(&[UNIT]);
    let plan = plan_with(&root, json!({"docker": true})).unwrap();
    let changes = [UnitAction::Unmask, UnitAction::Enable, UnitAction::Start].map(unit);
    assert_eq!(plan.changes, changes);
    let expectations = [
        Expectation::UnitFileIs {
            unit: DOCKER_UNIT.to_owned(),
            state: UnitFileState::Enabled,
        },
        Expectation::UnitIs {
            unit: DOCKER_UNIT.to_owned(),
            active: true,
        },
    ];
    assert_eq!(plan.expectations, expectations);
}

#[test]
fn settings_and_members_come_before_the_start() {
    let files: Vec<_> = ACCOUNTS.into_iter().chain([UNIT]).collect();
    let (_tree, root) = tree(&files);
    let document = json!({"docker": {"enabled": true, "daemon": {"log-driver": "journald"}, "users": ["core"]}});
    let plan = plan_with(&root, document).unwrap();
    let directory = DirectoryChange {
        path: "/etc/docker".to_owned(),
        mode: 0o755,
        owner: (0, 0),
        on_the_way: false,
    };
    let file = FileChange::write(DAEMON_JSON, "{\n  \"log-driver\": \"journald\"\n}\n", 0o644)
        .share(Share::Keys)
        .dirties(Dirty::Restart(DOCKER_UNIT.to_owned()));
    let member = AccountChange::GroupMember {
        group: "docker".to_owned(),
        user: "core".to_owned(),
    };
    let mut expected = vec![
        Change::Directory(directory),
        Change::File(file),
        Change::Account(member),
    ];
    expected.extend([UnitAction::Unmask, UnitAction::Enable, UnitAction::Start].map(unit));
    assert_eq!(plan.changes, expected);
}

#[test]
fn settings_are_merged() {
    let existing = "{\"b\": {\"x\": 1, \"y\": [1]}, \"a\": 1.5, \"c\": {\"z\": 1}}";
    let merged = settings(
        &[("etc/docker/daemon.json", existing)],
        json!({"b": {"y": [2], "w": null}, "c": "plain", "d": {"e": true}}),
    );
    let expected = json!({"a": 1.5, "b": {"x": 1, "y": [2], "w": null}, "c": "plain", "d": {"e": true}});
    let merged = merged.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&merged).unwrap(), expected);
    assert!(
        merged.starts_with("{\n  \"a\": 1.5,\n") && merged.ends_with("}\n"),
        "{merged}"
    );
}

#[test]
fn what_is_equal_in_meaning_stays_as_it_is_written() {
    for existing in ["{\"mtu\":1400,   \"a\": 1}", "\u{feff}{\"mtu\": 1400}\n", "{}"] {
        let files = [("etc/docker/daemon.json", existing)];
        let daemon = if existing == "{}" {
            json!({})
        } else {
            json!({"mtu": 1400})
        };
        assert_eq!(settings(&files, daemon).unwrap(), existing);
    }
    let from_empty = settings(&[("etc/docker/daemon.json", "\n")], json!({"mtu": 1}));
    assert_eq!(from_empty.unwrap(), "{\n  \"mtu\": 1\n}\n");
}

#[test]
fn a_file_that_can_t_be_merged_into_is_an_error_with_its_line() {
    for (existing, words) in [
        ("{\n  \"mtu\": 1400,\n}", "line 3 column 1"),
        ("[]", "is not a JSON object"),
        ("{\"a\": 1} x", "line 1 column 10"),
    ] {
        let (_tree, root) = tree(&[UNIT, ACCOUNTS[0], ACCOUNTS[1], ("etc/docker/daemon.json", existing)]);
        let document = json!({"docker": {"daemon": {"a": 1}, "users": ["core"], "enabled": true}});
        let planned = plan_with(&root, document).unwrap();
        assert_eq!(planned.changes.len(), 4, "the rest is planned: {planned:?}");
        let error = problem(Ok(planned));
        assert_eq!(error.path, ["docker", "daemon"]);
        assert!(
            error.message.contains(words) && error.message.contains(DAEMON_JSON),
            "{error}"
        );
    }
}

#[test]
fn mode_and_owner_of_what_is_there_are_kept() {
    use std::os::unix::fs::PermissionsExt;
    let (tree, root) = tree(&[UNIT, ("etc/docker/daemon.json", "{}")]);
    for (path, mode) in [("etc/docker", 0o750), ("etc/docker/daemon.json", 0o600)] {
        std::fs::set_permissions(tree.path().join(path), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let plan = plan_with(&root, json!({"docker": {"daemon": {"mtu": 1}}})).unwrap();
    let [Change::Directory(directory), Change::File(file)] = plan.changes.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!((directory.mode, file.content.as_ref().unwrap().mode), (0o750, 0o600));
}

#[test]
fn a_proxys_password_is_not_shown() {
    let (_tree, root) = tree(&[UNIT]);
    let daemon = json!({"proxies": {"http-proxy": "http://me:hunter2@proxy.test"}});
    let plan = plan_with(&root, json!({"docker": {"daemon": daemon}})).unwrap();
    assert!(!format!("{plan:?}").contains("hunter2"));
}

#[test]
fn what_is_missing_is_said() {
    let with = |files: &[(&str, &str)], docker: Value| {
        let (_tree, root) = tree(files);
        problem(plan_with(&root, json!({"docker": docker})))
    };
    for docker in [json!(true), json!({"daemon": {"a": 1}}), json!({"users": ["core"]})] {
        let error = with(&ACCOUNTS, docker);
        assert_eq!(error.path, ["docker"]);
        assert!(error.hint.is_some_and(|hint| hint.contains("docker.io")));
    }
    let error = with(&[UNIT, ACCOUNTS[0]], json!({"users": ["core"]}));
    assert_eq!(error.path, ["docker", "users"]);
    let error = with(&[UNIT, ACCOUNTS[0], ACCOUNTS[1]], json!({"users": ["core", "nobody2"]}));
    assert_eq!(
        (error.path.join("."), error.message.contains("nobody2")),
        ("docker.users.1".to_owned(), true)
    );
}

/// What is warned of with this unit, this drop-in, and these settings of the document.
fn warned(exec_start: &str, drop_in: &str, document: Value) -> String {
    let unit = format!("[Unit]\n[Service]\nExecStart={exec_start}\n");
    let (_tree, root) = tree(&[
        (UNIT.0, &unit),
        ("etc/systemd/system/docker.service.d/10-x.conf", drop_in),
    ]);
    let plan = plan_with(&root, document).unwrap();
    let notes = plan
        .notes
        .iter()
        .filter(|note| note.level == crate::module::Level::Warning);
    notes.map(|note| note.text.clone() + "\n").collect()
}

#[test]
fn a_setting_that_the_unit_gives_as_a_flag_is_named_with_its_line() {
    let with = |daemon: Value| json!({"docker": {"daemon": daemon}});
    let stock = "/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock";
    for (exec_start, drop_in, daemon, flags) in [
        (
            stock,
            "",
            json!({"hosts": ["tcp://127.0.0.1:2376", "fd://"], "debug": true}),
            vec!["`-H fd://`"],
        ),
        (stock, "", json!({"debug": true, "log-driver": "journald"}), vec![]),
        (
            stock,
            "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd --debug --log-driver journald\n",
            json!({"hosts": ["fd://"], "debug": true, "log-driver": "local"}),
            vec!["`--debug`", "`--log-driver`"],
        ),
        (
            stock,
            "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd\n",
            json!({"hosts": ["fd://"]}),
            vec![],
        ),
        (
            stock,
            "",
            json!({"containerd": "/run/x.sock"}),
            vec!["`--containerd=/run/containerd/containerd.sock`"],
        ),
        (
            "dockerd --registry-mirror=https://m",
            "",
            json!({"registry-mirrors": []}),
            vec!["`--registry-mirror=https://m`"],
        ),
        ("dockerd --add-runtime=a=/b", "", json!({"runtimes": {}}), vec![]),
        (
            "dockerd --http-proxy=http://p",
            "",
            json!({"proxies": {"http-proxy": "http://q"}}),
            vec!["`--http-proxy=http://p`"],
        ),
        ("/usr/bin/my-wrapper -H fd://", "", json!({"hosts": []}), vec![]),
    ] {
        let said = warned(exec_start, drop_in, with(daemon.clone()));
        assert_eq!(
            said.lines().count(),
            flags.len(),
            "{exec_start} {drop_in} {daemon}: {said}"
        );
        for flag in flags {
            assert!(
                said.contains(flag) && said.contains("dockerd won't start"),
                "{exec_start} {daemon}: {said}"
            );
        }
    }
    let said = warned(stock, "", with(json!({"hosts": []})));
    assert!(said.contains("/usr/lib/systemd/system/docker.service line 3"), "{said}");
    let own = json!({"docker": {"daemon": {"hosts": []}},
        "write_files": [{"path": "/etc/systemd/system/docker.service.d/x.conf", "content": "[Service]\nExecStart=\n"}]});
    assert_eq!(warned(stock, "", own), "");
}

#[test]
fn dockerd_is_asked_about_the_merged_settings() {
    let (_tree, root) = tree(&[UNIT, ("etc/docker/daemon.json", "{\"debug\": true}")]);
    let daemon = json!({"proxies": {"http-proxy": "http://me:hunter2@proxy.test"}, "live-restoree": true});
    let plan = plan_with(&root, json!({"docker": {"daemon": daemon, "enabled": true}})).unwrap();
    let [Check::Dockerd(check)] = plan.checks.as_slice() else {
        panic!("{:?}", plan.checks)
    };
    let content: Value = serde_json::from_slice(&check.content).unwrap();
    assert_eq!(
        (content["debug"].clone(), content["live-restoree"].clone()),
        (json!(true), json!(true))
    );
    assert!(!format!("{check:?}").contains("hunter2"));
    let said = "the following directives don't match any configuration option: live-restoree";
    assert_eq!(check.blamed(said), ["docker", "daemon", "live-restoree"]);
    let about: Vec<bool> = plan
        .changes
        .iter()
        .map(|change| plan.checks[0].is_about(change))
        .collect();
    assert_eq!(
        about,
        [true, true, false, false, false],
        "the unit is no part of it: {:?}",
        plan.changes
    );
    assert_eq!(check.blamed("no reason"), ["docker", "daemon"]);
    let (_tree, root) = tree(&[UNIT]);
    assert_eq!(plan_with(&root, json!({"docker": true})).unwrap().checks, []);
}

#[test]
fn what_services_asks_for_is_not_asked_twice() {
    let (_tree, root) = tree(&[UNIT]);
    let both = json!({"docker": true, "services": {"docker": {"enabled": true}}});
    let plan = plan_with(&root, both).unwrap();
    assert_eq!(plan.changes, [UnitAction::Unmask, UnitAction::Start].map(unit));
    let both = json!({"docker": true, "services": {"docker.service": true}});
    assert_eq!(plan_with(&root, both).unwrap(), Plan::default());
}

#[test]
fn nothing_asked_is_nothing_planned() {
    let (_tree, root) = tree(&[]);
    assert_eq!(plan_with(&root, json!({})).unwrap(), Plan::default());
    assert_eq!(Docker.observes(&Config::default()), Vec::<String>::new());
}

const LOGIN: &str = "{\n  \"auths\": {\n    \"ghcr.io\": {\n      \"auth\": \"bWU6aHVudGVyMg==\"\n    }\n  }\n}\n";

/// A login of `me` with the password `hunter2`.
fn login(registry: &str, users: Option<&[&str]>) -> Value {
    let mut login = json!({"registry": registry, "username": "me", "password": "hunter2"});
    if let Some(users) = users {
        login["users"] = json!(users);
    }
    login
}

#[test]
fn who_is_logged_in_has_a_file_of_their_own() {
    let [passwd, group] = ACCOUNTS;
    let (_tree, root) = tree(&[UNIT, passwd, group]);
    let logins = json!([
        login("ghcr.io", Some(&["root", "core"])),
        login("docker.io", Some(&["core"]))
    ]);
    let plan = plan_with(&root, json!({"docker": {"logins": logins}})).unwrap();
    let shown: Vec<String> = plan
        .changes
        .iter()
        .map(|change| match change {
            Change::Directory(made) => format!("{} {:o} {:?}", made.path, made.mode, made.owner),
            Change::File(file) => {
                let content = file.content.as_ref().unwrap();
                assert!(file.secret && file.share == Share::Keys && file.dirties.is_empty());
                format!("{} {:o} {:?}", file.path, content.mode, content.owner)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "/home/core/.docker 700 (1000, 1000)",
            "/home/core/.docker/config.json 600 (1000, 1000)",
            "/root/.docker 700 (0, 0)",
            "/root/.docker/config.json 600 (0, 0)",
        ]
    );
    let Change::File(file) = &plan.changes[3] else { panic!() };
    assert_eq!(String::from_utf8_lossy(&file.content.as_ref().unwrap().bytes), LOGIN);
    let Change::File(file) = &plan.changes[1] else { panic!() };
    let core: Value = serde_json::from_slice(&file.content.as_ref().unwrap().bytes).unwrap();
    assert_eq!(core["auths"]["https://index.docker.io/v1/"]["auth"], "bWU6aHVudGVyMg==");
    assert!(!format!("{plan:?}").contains("hunter2") && !format!("{plan:?}").contains("bWU6"));
}

#[test]
fn a_login_is_merged_into_what_is_there() {
    let [passwd, group] = ACCOUNTS;
    let there = |text| ("root/.docker/config.json", text);
    let config = |text| {
        let (_tree, root) = tree(&[UNIT, passwd, group, there(text)]);
        plan_with(&root, json!({"docker": {"logins": [login("ghcr.io", None)]}}))
    };
    let plan = config("{\"auths\": {\"a\": {\"auth\": \"x\"}}, \"detachKeys\": \"ctrl-z\"}").unwrap();
    let Change::File(file) = &plan.changes[1] else { panic!() };
    let content = file.content.as_ref().unwrap();
    let merged: Value = serde_json::from_slice(&content.bytes).unwrap();
    let auths = json!({"a": {"auth": "x"}, "ghcr.io": {"auth": "bWU6aHVudGVyMg=="}});
    assert_eq!(merged, json!({"auths": auths, "detachKeys": "ctrl-z"}));
    assert_eq!(content.mode, 0o600);
    assert_eq!(plan.notes, []);
    let plan = config("{\"credsStore\": \"pass\"}").unwrap();
    assert!(
        plan.notes[0].text.contains("docker doesn't use the login at ghcr.io"),
        "{:?}",
        plan.notes
    );
    let error = problem(config("[]"));
    assert_eq!(error.path, ["docker", "logins", "0"]);
    assert_eq!(error.message, "/root/.docker/config.json is not a JSON object");
}

#[test]
fn who_is_not_there_costs_no_other() {
    let [passwd, group] = ACCOUNTS;
    let (_tree, root) = tree(&[UNIT, passwd, group]);
    let logins = json!([login("a", None), login("a", Some(&["nobody_here"]))]);
    let plan = plan_with(&root, json!({"docker": {"logins": logins}})).unwrap();
    assert_eq!(plan.changes.len(), 2);
    assert_eq!(plan.problems[0].path, ["docker", "logins", "1"]);
    assert_eq!(plan.problems[0].lacks.as_deref(), Some("nobody_here"));
}

#[test]
fn a_registry_that_dockerd_refuses_is_blamed_at_its_key() {
    let (_tree, root) = tree(&[UNIT]);
    let docker = json!({"registry_mirrors": ["https://m.test"], "insecure_registries": ["r:5000"]});
    let plan = plan_with(&root, json!({"docker": docker})).unwrap();
    let [Check::Dockerd(check)] = plan.checks.as_slice() else {
        panic!("{:?}", plan.checks)
    };
    let content: Value = serde_json::from_slice(&check.content).unwrap();
    assert_eq!(content["registry-mirrors"], json!(["https://m.test"]));
    assert_eq!(
        check.blamed("bad insecure-registries"),
        ["docker", "insecure_registries"]
    );
    assert_eq!(check.blamed("no reason"), ["docker", "registry_mirrors"]);
}
