use super::*;
use crate::module::{Change, Dirty, UnitChange};
use crate::system::{Facts, Live, Root};

const UNIT: &str = "[Service]\nExecStart=/x\n[Install]\nWantedBy=multi-user.target\n";
const LIB: &str = "usr/lib/systemd/system";
const DEBIANS: (&str, &str) = (
    "etc/chrony/chrony.conf",
    "confdir /etc/chrony/conf.d\npool 2.debian.pool.ntp.org iburst\nsourcedir /etc/chrony/sources.d\n",
);

/// A plan as lines, for a running machine with these units and files.
fn plan(document: &str, units: &[&str], files: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let tree = tempfile::tempdir().unwrap();
    let units: Vec<_> = units.iter().map(|name| (format!("{LIB}/{name}"), UNIT)).collect();
    let units = units.iter().map(|(path, text)| (path.as_str(), *text));
    for (name, text) in units.chain(files.iter().copied()) {
        let path = tree.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match text.strip_prefix("-> ") {
            Some(target) => std::os::unix::fs::symlink(target, path).unwrap(),
            None => std::fs::write(path, text).unwrap(),
        }
    }
    let root = Root::open(tree.path()).unwrap();
    let facts = Facts {
        today: 20_000,
        live: Some(Live {
            bus: true,
            ..Live::default()
        }),
        ..Facts::default()
    };
    let text = crate::document::Text::new("user-data", document.as_bytes());
    let document = crate::document::Document::read(&crate::document::Texts {
        user_data: Some(text),
        ..Default::default()
    });
    assert!(!document.has_errors(), "{:?}", document.diagnostics);
    let plan = Ntp.plan(&document.config, &Machine::new(&root, &facts));
    let plan = plan.map_err(|error| format!("{error}; {}", error.hint.clone().unwrap_or_default()))?;
    let mut lines: Vec<_> = plan.changes.into_iter().map(shown).collect();
    lines.extend(plan.notes.into_iter().map(|note| note.text));
    Ok(lines)
}

fn shown(change: Change) -> String {
    match change {
        Change::Unit(UnitChange { unit, action }) => format!("{action:?} {unit}"),
        Change::File(file) => {
            let [Dirty::Restart(unit)] = file.dirties.as_slice() else {
                panic!("{file:?}")
            };
            let text = String::from_utf8(file.content.unwrap().bytes.to_vec()).unwrap();
            format!("{} ({unit}): {}", file.path, text.trim().replace('\n', "; "))
        }
        other => panic!("{other:?}"),
    }
}

const DROP_IN: &str =
    "/etc/systemd/timesyncd.conf.d/10-firstlight.conf (systemd-timesyncd.service): [Time]; NTP=; NTP=a b";

fn runs(unit: &str) -> [String; 3] {
    ["Unmask", "Enable", "Start"].map(|action| format!("{action} {unit}"))
}

#[test]
fn timesyncd_unless_chrony_is_what_is_enabled() {
    let document = "ntp: {servers: [a], pools: [b]}\n";
    let timesyncd = "systemd-timesyncd.service";
    let with_timesyncd = [vec![DROP_IN.to_owned()], runs(timesyncd).to_vec()].concat();
    assert_eq!(plan(document, &[timesyncd], &[]).unwrap(), with_timesyncd);
    assert_eq!(
        plan(document, &[timesyncd, "chrony.service"], &[DEBIANS]).unwrap(),
        with_timesyncd
    );

    let file = "/etc/chrony/sources.d/firstlight.sources (chrony.service): server a iburst; pool b iburst".to_owned();
    let note = "chrony also uses the servers in /etc/chrony/chrony.conf".to_owned();
    let with_chrony = [vec![file], runs("chrony.service").to_vec(), vec![note]].concat();
    assert_eq!(plan(document, &["chrony.service"], &[DEBIANS]).unwrap(), with_chrony);
    let enabled = (
        "etc/systemd/system/multi-user.target.wants/chrony.service",
        "-> /usr/lib/systemd/system/chrony.service",
    );
    let both = [timesyncd, "chrony.service"];
    assert_eq!(plan(document, &both, &[DEBIANS, enabled]).unwrap(), with_chrony);
    let disabled = format!("{document}services: {{chronyd: false}}\n");
    assert_eq!(plan(&disabled, &both, &[DEBIANS, enabled]).unwrap(), with_timesyncd);
}

#[test]
fn what_services_says_counts() {
    let document = "ntp: {servers: [a, b]}\nservices: {systemd-timesyncd: {enabled: true, state: stopped}}\n";
    assert_eq!(plan(document, &["systemd-timesyncd.service"], &[]).unwrap(), [DROP_IN]);
    let document = "ntp: {servers: [a]}\nservices: {chrony: true}\n";
    let both = ["systemd-timesyncd.service", "chrony.service"];
    let lines = plan(document, &both, &[DEBIANS]).unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("/etc/chrony/sources.d/"), "{lines:?}");
}

#[test]
fn nothing_is_written_without_servers_and_nothing_done_when_disabled() {
    let timesyncd = "systemd-timesyncd.service";
    assert_eq!(
        plan("ntp: {enabled: true}\n", &[timesyncd], &[]).unwrap(),
        runs(timesyncd)
    );
    assert_eq!(plan("ntp: {}\n", &[timesyncd], &[]).unwrap(), runs(timesyncd));
    assert_eq!(
        plan("ntp: {enabled: false, servers: [a]}\n", &[], &[]).unwrap(),
        [""; 0]
    );
}

#[test]
fn what_is_missing_is_named_with_advice() {
    let document = "ntp: {servers: [a]}\n";
    for (units, files, words) in [
        (&[][..], &[][..], "install the package `systemd-timesyncd`"),
        (
            &["chronyd.service"],
            &[("etc/chrony.conf", "pool x\n")],
            "add the line `sourcedir",
        ),
        (&["chronyd.service"], &[], "no configuration"),
    ] {
        let why = plan(document, units, files).unwrap_err();
        assert!(why.contains(words), "{why}");
    }
}
