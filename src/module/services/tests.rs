use std::os::unix::fs::symlink;

use super::*;
use crate::system::{Facts, Live, Root, UnitFacts};

const LIB: &str = "usr/lib/systemd/system";

/// A root with these unit files; `-> target` makes a link.
fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
    let tree = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = tree.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match content.strip_prefix("-> ") {
            Some(target) => symlink(target, path).unwrap(),
            None => std::fs::write(path, content).unwrap(),
        }
    }
    let root = Root::open(tree.path()).unwrap();
    (tree, root)
}

/// The units of a Photon machine.
fn photon() -> Vec<(String, &'static str)> {
    let units = [
        ("docker.service", "[Install]\nWantedBy=multi-user.target\n"),
        ("docker.socket", "[Install]\nWantedBy=sockets.target\n"),
        ("containerd.service", "[Install]\nWantedBy=multi-user.target\n"),
        ("sshd.service", "[Install]\nWantedBy=multi-user.target\n"),
        ("chronyd.service", "[Install]\nWantedBy=multi-user.target\n"),
        (
            "getty@.service",
            "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n",
        ),
        ("serial@.service", "[Install]\nWantedBy=multi-user.target\n"),
        ("static.service", "[Service]\nExecStart=/bin/true\n"),
        ("host.service", "[Install]\nWantedBy=on-%H.target\n"),
    ];
    units
        .into_iter()
        .map(|(name, text)| (format!("{LIB}/{name}"), text))
        .collect()
}

fn photon_tree(more: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
    let units = photon();
    let units = units.iter().map(|(path, text)| (path.as_str(), *text));
    tree(&units.chain(more.iter().copied()).collect::<Vec<_>>())
}

/// A running machine on which these units have these states.
fn running(units: &[(&str, &str, &str)]) -> Facts {
    let unit = |load: &str, active: &str| UnitFacts {
        load_state: load.to_owned(),
        active_state: active.strip_prefix("queued ").unwrap_or(active).to_owned(),
        is_queued: active.starts_with("queued "),
        ..UnitFacts::default()
    };
    let units = units
        .iter()
        .map(|(name, load, active)| ((*name).to_owned(), unit(load, active)));
    Facts {
        today: 20_000,
        live: Some(Live {
            bus: true,
            units: units.collect(),
            ..Live::default()
        }),
        ..Facts::default()
    }
}

fn want(services: &str) -> Config {
    Config {
        services: Some(serde_json::from_str(services).unwrap()),
        ..Config::default()
    }
}

/// A plan as lines: changes, expectations, notes; the first problem where there is one.
fn plan(root: &Root, facts: &Facts, services: &str) -> Result<Vec<String>, PlanError> {
    let plan = Services.plan(&want(services), &Machine::new(root, facts))?;
    if let Some(problem) = plan.problems.into_iter().next() {
        return Err(problem);
    }
    let mut lines = Vec::new();
    for change in plan.changes {
        let Change::Unit(UnitChange { unit, action }) = change else {
            panic!("{change:?}")
        };
        lines.push(format!("{action:?} {unit}"));
    }
    for expectation in plan.expectations {
        lines.push(match expectation {
            Expectation::UnitIs { unit, active } => format!("{unit} is active: {active}"),
            Expectation::UnitFileIs { unit, state } => format!("{unit} is {state}"),
            other => panic!("{other:?}"),
        });
    }
    lines.extend(
        plan.notes
            .into_iter()
            .map(|note| format!("{:?}: {}", note.level, note.text)),
    );
    Ok(lines)
}

#[test]
fn each_unit_that_is_missing_is_named_and_costs_no_other() {
    let (_tree, root) = photon_tree(&[]);
    let facts = running(&[]);
    let document =
        want(r#"{"chronyd": true, "nginx": true, "docker": {"state": "started"}, "podman": {"enabled": true}}"#);
    let plan = Services.plan(&document, &Machine::new(&root, &facts)).unwrap();
    let problems: Vec<String> = plan.problems.iter().map(|problem| problem.path.join(".")).collect();
    assert_eq!(problems, ["services.nginx", "services.podman"]);
    let mut units: Vec<&str> = plan
        .changes
        .iter()
        .map(|change| match change {
            Change::Unit(change) => change.unit.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    units.dedup();
    assert_eq!(units, ["chronyd.service", "docker.service"]);
    assert!(!plan.expectations.is_empty());
}

#[test]
fn on_a_running_machine() {
    let (_tree, root) = photon_tree(&[]);
    let facts = running(&[]);
    let cases: [(&str, &[&str]); 8] = [
        (
            r#"{"docker": true}"#,
            &[
                "Unmask docker.service",
                "Enable docker.service",
                "Start docker.service",
                "docker.service is enabled",
                "docker.service is active: true",
            ],
        ),
        (
            r#"{"chronyd": false}"#,
            &[
                "Stop chronyd.service",
                "Disable chronyd.service",
                "chronyd.service is active: false",
                "chronyd.service is disabled",
            ],
        ),
        (
            r#"{"sshd": {"masked": true, "enabled": false, "state": "stopped"}}"#,
            &[
                "Stop sshd.service",
                "Disable sshd.service",
                "Mask sshd.service",
                "sshd.service is active: false",
                "sshd.service is masked",
            ],
        ),
        (
            r#"{"getty@tty2": {"enabled": true}}"#,
            &[
                "Unmask getty@tty2.service",
                "Enable getty@tty2.service",
                "getty@tty2.service is enabled",
            ],
        ),
        (
            r#"{"getty@": {"enabled": true}}"#,
            &[
                "Unmask getty@.service",
                "Enable getty@.service",
                "getty@.service is enabled",
            ],
        ),
        (
            r#"{"docker": {"state": "started"}, "docker.socket": {"masked": false}}"#,
            &[
                "Unmask docker.service",
                "Start docker.service",
                "Unmask docker.socket",
                "docker.service is active: true",
            ],
        ),
        // systemd expands what only it knows.
        (
            r#"{"host": {"enabled": true}}"#,
            &["Unmask host.service", "Enable host.service", "host.service is enabled"],
        ),
        (r#"{}"#, &[]),
    ];
    for (services, expected) in cases {
        assert_eq!(plan(&root, &facts, services).unwrap(), expected, "{services}");
    }
}

#[test]
fn under_a_root_nothing_is_started() {
    let (_tree, root) = photon_tree(&[]);
    let cases: [(&str, &[&str]); 4] = [
        (
            r#"{"docker": true}"#,
            &[
                "Unmask docker.service",
                "Enable docker.service",
                "docker.service is enabled",
            ],
        ),
        (
            r#"{"docker": false}"#,
            &["Disable docker.service", "docker.service is disabled"],
        ),
        (
            r#"{"docker": {"state": "started"}}"#,
            &[
                "Unmask docker.service",
                "Info: can't start docker.service now: this machine isn't booted",
            ],
        ),
        (
            r#"{"docker": {"enabled": true, "state": "stopped"}}"#,
            &[
                "Unmask docker.service",
                "Enable docker.service",
                "docker.service is enabled",
                "Info: can't stop docker.service now: this machine isn't booted",
            ],
        ),
    ];
    for (services, expected) in cases {
        assert_eq!(
            plan(&root, &Facts::default(), services).unwrap(),
            expected,
            "{services}"
        );
    }
    let error = plan(&root, &Facts::default(), r#"{"host": {"enabled": true}}"#).unwrap_err();
    assert!(error.message.contains("only the booted machine"), "{error}");
}

#[test]
fn masks_aliases_and_static_units() {
    let (_tree, root) = photon_tree(&[
        ("etc/systemd/system/docker.service", "-> /dev/null"),
        ("usr/lib/systemd/system/ssh.service", "-> sshd.service"),
        ("run/systemd/system/chronyd.service", "-> /dev/null"),
    ]);
    let facts = Facts::default();
    let cases: [(&str, &[&str]); 5] = [
        (
            r#"{"docker": {"enabled": true}}"#,
            &[
                "Unmask docker.service",
                "Enable docker.service",
                "docker.service is enabled",
                "Info: docker.service is masked; firstlight unmasks it",
            ],
        ),
        (r#"{"docker": {"masked": false}}"#, &["Unmask docker.service"]),
        (
            r#"{"ssh": {"enabled": true}}"#,
            &[
                "Unmask sshd.service",
                "Enable sshd.service",
                "sshd.service is enabled",
                "Info: ssh.service is another name of sshd.service",
            ],
        ),
        (
            r#"{"static": {"enabled": true}}"#,
            &[
                "Unmask static.service",
                "Warning: static.service can't be enabled: it has no [Install] section \
                 (/usr/lib/systemd/system/static.service); it starts when another unit needs it",
            ],
        ),
        (
            r#"{"static": {"enabled": false}}"#,
            &[
                "Warning: static.service can't be disabled: it has no [Install] section \
               (/usr/lib/systemd/system/static.service); `masked: true` keeps it from starting",
            ],
        ),
    ];
    for (services, expected) in cases {
        assert_eq!(plan(&root, &facts, services).unwrap(), expected, "{services}");
    }
    let error = plan(&root, &facts, r#"{"chronyd": true}"#).unwrap_err();
    assert_eq!(
        error.message,
        "chronyd.service is masked by /run/systemd/system/chronyd.service"
    );
    assert_eq!(error.path, ["services", "chronyd"]);
}

#[test]
fn a_unit_that_is_not_there_says_where_it_comes_from() {
    let (_tree, root) = tree(&[(
        "usr/lib/systemd/system/chronyd.service",
        "[Install]\nWantedBy=multi-user.target\n",
    )]);
    let facts = running(&[("docker.service", "not-found", "inactive")]);
    for (name, hint) in [
        ("docker", "`docker` on Photon, `docker.io` on Debian"),
        ("sshd", "`openssh-server` on Debian"),
        ("kubelet", "`kubernetes` on Photon"),
        ("vmtoolsd", "`open-vm-tools`"),
        ("chronydd", "did you mean chronyd.service?"),
        ("zzz", "install the package that provides it"),
    ] {
        let error = plan(&root, &facts, &format!(r#"{{"{name}": true}}"#)).unwrap_err();
        assert_eq!(error.path, ["services", name]);
        assert_eq!(
            error.message,
            format!("there is no unit {name}.service on this machine")
        );
        assert!(
            error.hint.as_deref().is_some_and(|found| found.contains(hint)),
            "{error:?}"
        );
    }
    // What isn't there is off.
    let note = "Info: there is no unit docker.service on this machine, so nothing has to be stopped";
    assert_eq!(plan(&root, &facts, r#"{"docker": false}"#).unwrap(), [note]);
    assert_eq!(
        plan(&root, &facts, r#"{"docker": {"masked": true}}"#).unwrap(),
        ["Mask docker.service", note]
    );
}

#[test]
fn what_can_t_be_is_an_error_at_its_place() {
    let (_tree, root) = photon_tree(&[(
        "etc/systemd/system/own.service",
        "[Install]\nWantedBy=multi-user.target\n",
    )]);
    for (services, key, words) in [
        (r#"{"serial@": {"enabled": true}}"#, "serial@", "serial@NAME.service"),
        (r#"{"own": {"masked": true}}"#, "own", "in the way"),
    ] {
        let error = plan(&root, &Facts::default(), services).unwrap_err();
        assert_eq!(error.path, ["services", key]);
        assert!(error.message.contains(words), "{error}");
    }
}

#[test]
fn a_unit_without_a_file_can_be_started() {
    let (_tree, root) = photon_tree(&[]);
    let facts = running(&[("made.service", "loaded", "inactive")]);
    let found = plan(&root, &facts, r#"{"made": {"state": "started"}}"#).unwrap();
    assert_eq!(found, ["Start made.service", "made.service is active: true"]);
    let error = plan(&root, &facts, r#"{"made": true}"#).unwrap_err();
    assert!(error.message.contains("has no unit file"), "{error}");
}

#[test]
fn the_units_that_are_looked_at_are_those_of_the_document() {
    let observed = Services.observes(&want(r#"{"docker": true, "a.socket": false}"#));
    assert_eq!(observed, ["a.socket", "docker.service"]);
}

#[test]
fn what_holds_is_what_the_machine_shows() {
    let (_tree, root) = photon_tree(&[
        (
            "etc/systemd/system/multi-user.target.wants/docker.service",
            "-> /usr/lib/systemd/system/docker.service",
        ),
        ("etc/systemd/system/sshd.service", "-> /dev/null"),
    ]);
    let facts = running(&[
        ("docker.service", "loaded", "active"),
        ("chronyd.service", "loaded", "failed"),
        ("late.service", "loaded", "queued inactive"),
    ]);
    let machine = Machine::new(&root, &facts);
    use UnitAction::*;
    let cases = [
        ("docker.service", [true, false, false, true, true, false]),
        ("chronyd.service", [false, true, false, true, false, true]),
        // Stopping it takes away the start that it waits for.
        ("late.service", [false, true, false, true, false, false]),
        // Masked; nobody asked whether it runs.
        ("sshd.service", [false, true, true, false, false, false]),
        ("host.service", [false, true, false, true, false, false]),
    ];
    for (unit, expected) in cases {
        let found = [Enable, Disable, Mask, Unmask, Start, Stop].map(|action| {
            let unit = unit.to_owned();
            holds(&UnitChange { unit, action }, &machine).unwrap()
        });
        assert_eq!(found, expected, "{unit}");
        for action in [Restart, Reload] {
            let unit = unit.to_owned();
            assert!(!holds(&UnitChange { unit, action }, &machine).unwrap());
        }
    }
}

/// podman makes it of a file, perhaps of one that the same document writes.
#[test]
fn a_unit_that_podman_makes() {
    let generator = ("usr/lib/systemd/system-generators/podman-system-generator", "");
    let file = ("etc/containers/systemd/web.container", "[Container]\nImage=a\n");
    let (_tree, root) = photon_tree(&[generator, file]);
    let facts = running(&[]);
    let said = "Info: podman makes web.service of /etc/containers/systemd/web.container: it is enabled if that has an \
                [Install]";
    assert_eq!(
        plan(&root, &facts, r#"{"web": true}"#).unwrap(),
        [
            "Unmask web.service",
            "Start web.service",
            "web.service is active: true",
            said
        ]
    );
    assert_eq!(
        plan(&root, &facts, r#"{"web": {"masked": true, "state": "stopped"}}"#).unwrap(),
        ["Stop web.service", "Mask web.service", "web.service is active: false"]
    );
    let error = plan(&root, &facts, r#"{"web": false}"#).unwrap_err();
    assert!(
        error.message.contains("can't be disabled: podman makes it of"),
        "{error}"
    );
    let (_tree, root) = photon_tree(&[file]);
    let error = plan(&root, &facts, r#"{"web": true}"#).unwrap_err();
    assert!(error.message.contains("there is no unit web.service"), "{error}");
}
