use super::*;
use crate::document::{Document, Texts};
use crate::system::{Facts, Live, Root, UnitFacts};

fn plan(user_data: &str, facts: &Facts) -> Plan {
    let document = Document::read(&Texts::of_user_data("x", user_data.as_bytes()));
    assert_eq!(document.diagnostics, []);
    let tree = tempfile::tempdir().unwrap();
    let root = Root::open(tree.path()).unwrap();
    Bootcmd.plan(&document.config, &Machine::new(&root, facts)).unwrap()
}

/// What a plan does, without the directories.
fn lines(plan: &Plan) -> Vec<String> {
    let lines = plan.changes.iter().filter_map(|change| match change {
        Change::File(file) => Some(file.path.clone()),
        Change::Unit(unit) => Some(format!("{:?} {}", unit.action, unit.unit)),
        _ => None,
    });
    lines.collect()
}

#[test]
fn a_unit_runs_them_at_each_boot() {
    let live = Facts {
        live: Some(Live {
            bus: true,
            ..Live::default()
        }),
        ..Facts::default()
    };
    let on = |facts: &Facts| lines(&plan("bootcmd: [a]\n", facts));
    let files = [
        "/etc/firstlight/commands/bootcmd",
        "/etc/systemd/system/firstlight-bootcmd.service",
    ];
    let enable = "Enable firstlight-bootcmd.service";
    assert_eq!(on(&Facts::default()), [files[0], files[1], enable]);
    assert_eq!(
        on(&live),
        [files[0], files[1], enable, "Start firstlight-bootcmd.service"]
    );
    assert_eq!(lines(&plan("bootcmd: []\n", &live)), [""; 0]);
}

/// systemd started it before firstlight looks, or firstlight itself did in the stage before this one.
#[test]
fn what_has_failed_in_this_boot_is_not_started_again_unless_it_is_another_script() {
    let unit = UnitFacts {
        load_state: "loaded".to_owned(),
        active_state: "failed".to_owned(),
        ..UnitFacts::default()
    };
    let facts = Facts {
        live: Some(Live {
            bus: true,
            units: [("firstlight-bootcmd.service".to_owned(), unit)].into(),
            ..Live::default()
        }),
        ..Facts::default()
    };
    let tree = tempfile::tempdir().unwrap();
    let root = Root::open(tree.path()).unwrap();
    let plan = |user_data: &str| {
        let document = Document::read(&Texts::of_user_data("x", user_data.as_bytes()));
        Bootcmd.plan(&document.config, &Machine::new(&root, &facts)).unwrap()
    };
    let starts = |plan: &Plan| lines(plan).iter().any(|line| line.starts_with("Start"));
    let first = plan("bootcmd: ['false']\n");
    assert!(starts(&first) && first.notes.is_empty());
    let script = first.changes.iter().find_map(|change| match change {
        Change::File(file) if file.path.ends_with("commands/bootcmd") => file.content.clone(),
        _ => None,
    });
    std::fs::create_dir_all(tree.path().join("etc/firstlight/commands")).unwrap();
    std::fs::write(
        tree.path().join("etc/firstlight/commands/bootcmd"),
        &*script.unwrap().bytes,
    )
    .unwrap();
    let again = plan("bootcmd: ['false']\n");
    assert!(!starts(&again), "{again:?}");
    assert_eq!(again.notes.len(), 1);
    // It is looked at again at the next boot, unlike what is given up for good.
    assert_eq!(again.notes[0].level, crate::module::Level::Warning);
    assert!(again.notes[0].text.contains("has failed in this boot"));
    assert!(starts(&plan("bootcmd: ['true']\n")));
}

#[test]
fn boot_hooks_run_before_commands_and_scripts_after_them() {
    let parts = "Content-Type: multipart/mixed; boundary=b\n\n\
        --b\nContent-Type: text/cloud-config\n\n#cloud-config\nbootcmd: [a]\n\
        --b\nContent-Type: text/x-shellscript-per-boot\nContent-Disposition: attachment; filename=a.sh\n\n#!/bin/sh\n\
        --b\nContent-Type: text/cloud-boothook\n\n#cloud-boothook\n#!/bin/sh\necho hook\n\
        --b--\n";
    let plan = plan(parts, &Facts::default());
    let units: Vec<String> = lines(&plan)
        .into_iter()
        .filter(|line| line.starts_with("Enable"))
        .collect();
    assert_eq!(
        units,
        [
            "Enable firstlight-boot-part-003.service",
            "Enable firstlight-bootcmd.service",
            "Enable firstlight-boot-a.sh.service"
        ]
    );
    let hook = plan.changes.iter().find_map(|change| match change {
        Change::File(file) if file.path.ends_with("commands/boot-part-003") => file.content.clone(),
        _ => None,
    });
    assert_eq!(&*hook.unwrap().bytes, b"#!/bin/sh\necho hook");
}

#[test]
fn scripts_that_run_always_and_runcmd_with_them_come_after_all_else() {
    let parts = "Content-Type: multipart/mixed; boundary=b\n\n\
        --b\nContent-Type: text/cloud-config\n\n#cloud-config\ncloud_final_modules: [[scripts-user, always]]\nruncmd: [a]\n\
        --b\nContent-Type: text/x-shellscript\nContent-Disposition: attachment; filename=runcmd\n\n#!/bin/sh\n\
        --b--\n";
    let document = Document::read(&Texts::of_user_data("x", parts.as_bytes()));
    assert_eq!(document.areas(), ["bootcmd", "runcmd"]);
    let plan = plan(parts, &Facts::default());
    let names: Vec<String> = lines(&plan)
        .iter()
        .filter_map(|line| line.strip_prefix("/etc/systemd/system/").map(str::to_owned))
        .collect();
    assert_eq!(
        names,
        ["firstlight-boot-runcmd.service", "firstlight-runcmd-at-boot.service"]
    );
    let Some(Change::File(unit)) = plan.changes.iter().rfind(|change| matches!(change, Change::File(_))) else {
        panic!("{plan:?}")
    };
    let text = String::from_utf8(unit.content.as_ref().unwrap().bytes.to_vec()).unwrap();
    for line in [
        "After=sysinit.target basic.target network-online.target firstlight.service firstlight-final.service\n",
        "TimeoutStartSec=3600\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
}
