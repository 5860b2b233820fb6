use super::*;
use crate::module::{Change, Level, UnitAction};
use crate::system::{Facts, Live, Root};

const LIB: &str = "usr/lib/systemd/system";
const NETWORKD: &str = "[Install]\nWantedBy=multi-user.target\n";
const NETWORK: &str = r#"{"network": {"ethernets": {"eth0": {"dhcp4": true}}}"#;

/// A tree with these files; `-> target` makes a link. networkd is installed.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    let networkd = [("usr/lib/systemd/system/systemd-networkd.service", NETWORKD)];
    for (path, content) in networkd.iter().chain(files) {
        let path = tree.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match content.strip_prefix("-> ") {
            Some(target) => std::os::unix::fs::symlink(target, path).unwrap(),
            None => std::fs::write(path, content).unwrap(),
        }
    }
    tree
}

/// The unit of another manager, and the link that enables it.
fn enabled(unit: &str) -> [(String, String); 2] {
    let link = format!("-> /{LIB}/{unit}");
    let wants = format!("etc/systemd/system/multi-user.target.wants/{unit}");
    [(format!("{LIB}/{unit}"), NETWORKD.to_owned()), (wants, link)]
}

fn plan(tree: &tempfile::TempDir, document: &str, live: Option<Live>) -> Plan {
    let value: serde_json::Value = serde_json::from_str(document).unwrap();
    let want: Config = crate::document::yaml::from_json(&value).unwrap();
    let root = Root::open(tree.path()).unwrap();
    let facts = Facts {
        today: 20_000,
        live,
        ..Facts::default()
    };
    Networkd.plan(&want, &Machine::new(&root, &facts)).unwrap()
}

/// What is done to networkd, and the warnings.
fn outcome(plan: &Plan) -> (Vec<UnitAction>, Vec<&str>) {
    let actions = plan.changes.iter().map(|change| match change {
        Change::Unit(unit) if unit.unit == UNIT => unit.action,
        other => panic!("{other:?}"),
    });
    let warnings = plan.notes.iter().filter(|note| note.level == Level::Warning);
    (actions.collect(), warnings.map(|note| note.text.as_str()).collect())
}

#[test]
fn it_is_enabled_and_started_where_nobody_else_manages_the_network() {
    let tree = tree(&[]);
    let with = |more: &str| format!("{NETWORK}{more}}}");
    let (enable, start) = (UnitAction::Enable, UnitAction::Start);
    for (document, expected) in [
        (with(""), vec![UnitAction::Unmask, enable]),
        (with(r#", "services": {"docker": false}"#), vec![UnitAction::Unmask, enable]),
        (
            r#"{"network": {"dummy-devices": {"dm0": {}}}}"#.to_owned(),
            vec![UnitAction::Unmask, enable],
        ),
        // What `services` says already is left to it.
        (with(r#", "services": {"systemd-networkd": true}"#), vec![]),
        (
            r#"{"networkd_files": [{"name": "a.network", "contents": "[Match]\nName=x\n"}]}"#.to_owned(),
            vec![UnitAction::Unmask, enable],
        ),
        // udev reads these, and an empty file hides one.
        (
            r#"{"networkd_files": [{"name": "a.link", "contents": "[Match]\nName=x\n"}, {"name": "b.network", "contents": ""}]}"#.to_owned(),
            vec![],
        ),
        ("{}".to_owned(), vec![]),
        (r#"{"network": {}}"#.to_owned(), vec![]),
        (r#"{"network": {"config": "disabled", "ethernets": {"eth0": {}}}}"#.to_owned(), vec![]),
    ] {
        let planned = plan(&tree, &document, None);
        assert_eq!(outcome(&planned), (expected, vec![]), "{document}");
    }
    let live = Live {
        bus: true,
        ..Live::default()
    };
    let running = plan(&tree, &with(""), Some(live));
    assert_eq!(outcome(&running).0, [UnitAction::Unmask, enable, start]);
}

#[test]
fn a_mask_or_its_absence_is_said_and_not_overruled() {
    let mask = ("etc/systemd/system/systemd-networkd.service", "-> /dev/null");
    let masked = tree(&[mask]);
    let document = format!("{NETWORK}}}");
    let (actions, warnings) = (
        outcome(&plan(&masked, &document, None)).0,
        plan(&masked, &document, None),
    );
    assert_eq!(actions, []);
    let said = outcome(&warnings).1.join("\n");
    assert!(
        said.contains("masked by /etc/systemd/system/systemd-networkd.service"),
        "{said}"
    );
    assert!(said.contains("services: {systemd-networkd: true}"), "{said}");
    // The document's own word takes the mask away.
    let asked = format!(r#"{NETWORK}, "services": {{"systemd-networkd": true}}}}"#);
    assert_eq!(outcome(&plan(&masked, &asked, None)), (vec![], vec![]));

    let absent = tempfile::tempdir().unwrap();
    let planned = plan(&absent, &document, None);
    let (actions, warnings) = outcome(&planned);
    assert!(
        actions.is_empty() && warnings[0].contains("is not installed"),
        "{warnings:?}"
    );

    for services in [
        r#"{"systemd-networkd": false}"#,
        r#"{"systemd-networkd": {"masked": true}}"#,
    ] {
        let document = format!(r#"{NETWORK}, "services": {services}}}"#);
        let planned = plan(&tree(&[]), &document, None);
        let (actions, warnings) = outcome(&planned);
        assert!(
            actions.is_empty() && warnings[0].contains("from running"),
            "{warnings:?}"
        );
    }
}

#[test]
fn another_manager_is_named_and_keeps_the_network() {
    let document = format!("{NETWORK}}}");
    for manager in [
        "NetworkManager.service",
        "connman.service",
        "networking.service",
        "wicked.service",
    ] {
        let mut files = enabled(manager).to_vec();
        files.push((
            "etc/network/interfaces.d/eth0".to_owned(),
            "auto eth0\niface eth0 inet dhcp\n".to_owned(),
        ));
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        let tree = tree(&files);
        let planned = plan(&tree, &document, None);
        let (actions, warnings) = outcome(&planned);
        assert_eq!(actions, [], "{manager}");
        assert!(warnings.len() == 1 && warnings[0].starts_with(manager), "{warnings:?}");
        // Switched off by the same document, it is in nobody's way.
        let name = manager.trim_end_matches(".service");
        let asked = format!(r#"{NETWORK}, "services": {{"{name}": false}}}}"#);
        assert_eq!(outcome(&plan(&tree, &asked, None)).1, Vec::<&str>::new(), "{manager}");
    }
    // One that only runs counts as well.
    let runs = UnitFacts {
        load_state: "loaded".to_owned(),
        active_state: "active".to_owned(),
        ..UnitFacts::default()
    };
    let live = Live {
        bus: true,
        units: [("NetworkManager.service".to_owned(), runs)].into(),
        ..Live::default()
    };
    let planned = plan(&tree(&[]), &document, Some(live));
    assert!(outcome(&planned).1[0].starts_with("NetworkManager.service"));
}

#[test]
fn ifupdown_with_nothing_but_the_loopback_link_manages_nobody() {
    let mut files = enabled(IFUPDOWN).to_vec();
    files.push((
        "etc/network/interfaces".to_owned(),
        "auto lo\niface lo inet loopback\n".to_owned(),
    ));
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let planned = plan(&tree(&files), &format!("{NETWORK}}}"), None);
    assert_eq!(
        outcome(&planned),
        (vec![UnitAction::Unmask, UnitAction::Enable], vec![])
    );
}

#[test]
fn networkd_and_another_that_are_both_enabled_are_named() {
    let files = [enabled("NetworkManager.service"), enabled(UNIT)].concat();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let planned = plan(&tree(&files), &format!("{NETWORK}}}"), None);
    let warnings = outcome(&planned).1;
    assert!(warnings[0].contains("as well as systemd-networkd"), "{warnings:?}");
    // One that `services` enables counts as well.
    let files = enabled("NetworkManager.service");
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let asked = format!(r#"{NETWORK}, "services": {{"systemd-networkd": true}}}}"#);
    let planned = plan(&tree(&files), &asked, None);
    let warnings = outcome(&planned).1;
    assert!(warnings[0].contains("as well as systemd-networkd"), "{warnings:?}");
}
