use super::*;
use crate::document::{Document, Texts};
use crate::system::{Facts, Live, UnitFacts};

/// A machine with these files, on which these units run; `None`: it isn't booted.
struct Stage {
    tree: tempfile::TempDir,
    runs: Option<Vec<&'static str>>,
}

const GENERATOR: &str = "usr/lib/systemd/system-generators/podman-system-generator";

fn active() -> UnitFacts {
    UnitFacts {
        load_state: "loaded".to_owned(),
        active_state: "active".to_owned(),
        ..UnitFacts::default()
    }
}

impl Stage {
    fn new(files: &[(&str, &str)], runs: Option<Vec<&'static str>>) -> Self {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("etc/systemd/system")).unwrap();
        for (path, text) in files {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self { tree, runs }
    }

    fn plan(&self, units: &str) -> (Plan, Config) {
        let root = Root::open(self.tree.path()).unwrap();
        let document = Document::read(&Texts::of_user_data("x", units.as_bytes()));
        assert!(!document.has_errors(), "{:?}", document.diagnostics);
        let facts = Facts {
            live: self.runs.as_ref().map(|runs| Live {
                bus: true,
                units: runs.iter().map(|name| ((*name).to_owned(), active())).collect(),
                ..Live::default()
            }),
            ..Facts::default()
        };
        let plan = Units.plan(&document.config, &Machine::new(&root, &facts)).unwrap();
        (plan, document.config)
    }

    /// A plan in lines: the changes with their places, the problems, and what is said.
    fn lines(&self, units: &str) -> Vec<String> {
        let (plan, want) = self.plan(units);
        let changes = plan.changes.iter().map(|change| {
            let place = Units.asked_at(change, &want).join(".");
            match change {
                Change::File(file) => {
                    let mode = file.content.as_ref().unwrap().mode;
                    let secret = if file.secret { " secret" } else { "" };
                    format!("{} {mode:o}{secret} {:?} ({place})", file.path, file.dirties)
                }
                Change::Directory(directory) => format!("{}/ ({place})", directory.path),
                Change::Unit(unit) => format!("{:?} {} ({place})", unit.action, unit.unit),
                other => panic!("{other:?}"),
            }
        });
        let problems = plan.problems.iter().map(|p| format!("{}! {p}", p.path.join(".")));
        let notes = plan.notes.iter().map(|note| format!("{:?}: {}", note.level, note.text));
        changes.chain(problems).chain(notes).collect()
    }
}

const SERVICE: &str = "contents: \"[Service]\\nExecStart=/bin/a\\n[Install]\\nWantedBy=multi-user.target\\n\"";

#[test]
fn a_unit_is_written_enabled_and_started() {
    let stage = Stage::new(&[], Some(vec![]));
    let text = format!(
        "units: [{{name: a.service, {SERVICE}, enabled: true, secret: true, dropins: [{{name: b.conf, contents: ''}}]}}]"
    );
    let dirties = r#"[Manager, Restart("a.service")]"#;
    assert_eq!(
        stage.lines(&text),
        [
            format!("/etc/systemd/system/a.service 600 secret {dirties} (units.0.name)"),
            "/etc/systemd/system/a.service.d/ (units.0.dropins)".to_owned(),
            format!("/etc/systemd/system/a.service.d/b.conf 600 secret {dirties} (units.0.dropins.0.name)"),
            "Unmask a.service (units.0)".to_owned(),
            "Enable a.service (units.0)".to_owned(),
            "Start a.service (units.0)".to_owned(),
        ]
    );
    let (plan, _) = stage.plan(&text);
    let headed = plan.changes.iter().filter_map(|change| match change {
        Change::File(file) => Some(file.headed),
        _ => None,
    });
    assert_eq!(headed.collect::<Vec<_>>(), [true, false], "an empty drop-in is a mask");
    assert_eq!(plan.expectations.len(), 2);
}

/// As Ignition does it: what is enabled runs after the first boot, where a boot would have started it.
#[test]
fn what_a_boot_would_not_start_is_not_started() {
    let stage = Stage::new(
        &[
            (
                "usr/lib/systemd/system/a.service",
                "[Service]\nExecStart=/a\n[Install]\nWantedBy=sleep.target\n",
            ),
            (
                "usr/lib/systemd/system/b.timer",
                "[Timer]\n[Install]\nWantedBy=timers.target\n",
            ),
            (
                "usr/lib/systemd/system/c.service",
                "[Service]\n[Install]\nWantedBy=multi-user.target\n",
            ),
            (
                "usr/lib/systemd/system/d@.service",
                "[Service]\n[Install]\nDefaultInstance=x\nWantedBy=multi-user.target\n",
            ),
        ],
        Some(vec![]),
    );
    let lines = stage.lines(
        "units: [{name: a.service, enabled: true}, {name: b.timer, enabled: true}, {name: c.service, enabled: true, \
         state: stopped}, {name: d@.service, enabled: true}, {name: d@y.service, enabled: true}]",
    );
    let started: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("Start") || line.starts_with("Stop"))
        .collect();
    assert_eq!(
        started,
        [
            "Start b.timer (units.1)",
            "Stop c.service (units.2)",
            "Start d@y.service (units.4)"
        ]
    );
}

#[test]
fn services_says_the_rest() {
    let stage = Stage::new(&[], Some(vec![]));
    let text = format!("units: [{{name: a.service, {SERVICE}, enabled: true}}]\nservices: {{a: {{state: stopped}}}}\n");
    let lines = stage.lines(&text);
    assert_eq!(lines[1..], ["Unmask a.service (units.0)", "Enable a.service (units.0)"]);
    let text = format!("units: [{{name: a.service, {SERVICE}, enabled: true}}]\nservices: {{a: true}}\n");
    assert_eq!(stage.lines(&text).len(), 1, "services asks for all of it");
}

#[test]
fn who_runs_is_told_of_a_change_unless_others_would_go_down_with_it() {
    let dirty = |name: &str| {
        let unit = UnitName::parse(name).unwrap();
        told(&unit)
    };
    let restart = |name: &str| Some(Dirty::Restart(name.to_owned()));
    for name in ["a.service", "a@b.service", "a.timer", "a.path"] {
        assert_eq!(dirty(name), restart(name));
    }
    assert_eq!(dirty("srv.mount"), Some(Dirty::Reload("srv.mount".to_owned())));
    for name in [
        "a@.service",
        "a.socket",
        "a.target",
        "a.slice",
        "dbus.service",
        "getty@tty1.service",
        "user@0.service",
        "firstlight.service",
    ] {
        assert_eq!(dirty(name), None, "{name}");
    }
    let stage = Stage::new(
        &[("usr/lib/systemd/system/a.socket", "[Socket]\nListenStream=1\n")],
        Some(vec!["a.socket"]),
    );
    let lines =
        stage.lines("units: [{name: a.socket, dropins: [{name: a.conf, contents: \"[Socket]\\nBacklog=1\\n\"}]}]");
    assert_eq!(
        lines.last().unwrap(),
        "Info: a.socket runs: it uses a change of its files when it is started again"
    );
}

#[test]
fn a_unit_that_is_not_there_costs_itself() {
    let stage = Stage::new(&[], Some(vec![]));
    let text =
        format!("units: [{{name: gone.service, enabled: true}}, {{name: a.service, {SERVICE}, state: started}}]");
    let lines = stage.lines(&text);
    assert!(lines.contains(&"Start a.service (units.1)".to_owned()), "{lines:?}");
    let problem = "units.0! there is no unit gone.service on this machine";
    assert!(lines.contains(&problem.to_owned()), "{lines:?}");
}

const WEB: &str = "name: web.container, contents: \"[Container]\\nImage=a\\n[Install]\\nWantedBy=default.target\\n\"";

#[test]
fn podman_makes_a_service() {
    let stage = Stage::new(&[(GENERATOR, "")], Some(vec![]));
    let said = "Info: podman makes web.service of web.container; whether it starts at boot is up to its [Install]";
    let file = r#"/etc/containers/systemd/web.container 644 [Manager, Restart("web.service")] (units.0.name)"#;
    let directories = ["/etc/containers/", "/etc/containers/systemd/"].map(|path| format!("{path} (units)"));
    let lines = stage.lines(&format!("units: [{{{WEB}, enabled: true}}]"));
    assert_eq!(lines[..2], directories);
    assert_eq!(lines[2..], [file, "Start web.service (units.0)", said]);
    let lines = stage.lines(&format!("units: [{{{WEB}, state: stopped}}]"));
    assert_eq!(lines[3..], ["Stop web.service (units.0)", said]);
    // The boot that writes it is as later ones.
    let lines = stage.lines(&format!("units: [{{{WEB}}}]"));
    assert_eq!(lines[3..], ["Start web.service (units.0)", said]);
    for left in [
        WEB.replace("default.target", "rescue.target"),
        WEB.replace("[Install]", "[Service]"),
    ] {
        let lines = stage.lines(&format!("units: [{{{left}}}]"));
        assert_eq!(lines[3..], [said], "{left}");
    }
    let lines = stage.lines(&format!("units: [{{{WEB}, enabled: true}}]\nservices: {{web: true}}"));
    assert_eq!(lines[3..], [said]);
    let named = "units: [{name: a.pod, contents: \"[Pod]\\nServiceName=b c\\n\", state: started}]";
    assert!(stage.lines(named)[3].contains("ServiceName= of a.pod is not the name of a service"));
}

#[test]
fn without_podman_its_file_is_written_all_the_same() {
    let stage = Stage::new(&[], Some(vec![]));
    let lines = stage.lines(&format!("units: [{{{WEB}, enabled: true}}]"));
    assert!(
        lines[2].starts_with("/etc/containers/systemd/web.container 644"),
        "{lines:?}"
    );
    assert!(
        lines[3].starts_with("Warning: web.container: this machine has no podman with Quadlet"),
        "{lines:?}"
    );
    assert_eq!(lines.len(), 4);
}
