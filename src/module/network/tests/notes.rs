//! Shadowing files, overlapping interfaces, links that aren't there, renaming.

use super::*;
use crate::module::{CommandChange, Dirty};

const MAC: &str = "00:50:56:aa:bb:cc";
const BY_NAME: &str = "ethernets: {eth0: {}}";
const BY_MAC: &str = "ethernets: {nic: {match: {macaddress: '00:50:56:aa:bb:cc'}}}";
const BY_GLOB: &str = "ethernets: {nic: {match: {name: 'eth*'}}}";
const BY_DRIVER: &str = "ethernets: {nic: {match: {driver: vmxnet3}}}";

fn warnings(plan: &Plan) -> Vec<&str> {
    let warnings = plan.notes.iter().filter(|note| note.level == Level::Warning);
    warnings.map(|note| note.text.as_str()).collect()
}

fn infos(plan: &Plan) -> Vec<&str> {
    let infos = plan.notes.iter().filter(|note| note.level == Level::Info);
    infos.map(|note| note.text.as_str()).collect()
}

/// What is said of a `[Match]` section in a file that sorts earlier: `matches`, `may match`, or nothing.
fn said_of(rig: Rig, yaml: &str, section: &str) -> &'static str {
    let path = "/etc/systemd/network/05-other.network";
    let plan = rig.file(path, &format!("{section}\n[Network]\nDHCP=yes\n")).plan(yaml);
    let about: Vec<&str> = plan
        .notes
        .iter()
        .map(|note| note.text.as_str())
        .filter(|text| text.contains(path))
        .collect();
    match about.as_slice() {
        [] => "",
        [one] if one.contains(" matches ") && one.contains(path) => "matches",
        [one] if one.contains(" may match ") && one.contains(path) => "may match",
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_that_sorts_earlier_and_matches_is_named() {
    for (section, by_name, by_mac, by_glob, by_driver) in [
        ("", "matches", "matches", "matches", "matches"),
        ("[Match]", "matches", "matches", "matches", "matches"),
        ("[Match]\nName=", "matches", "matches", "matches", "matches"),
        ("[Match]\nName=*", "matches", "may match", "may match", "may match"),
        ("[Match]\nName=e*", "matches", "may match", "may match", "may match"),
        (
            "[Match]\nName=en* eth0",
            "matches",
            "may match",
            "may match",
            "may match",
        ),
        (
            "[Match]\nName=en*\nName=eth0",
            "matches",
            "may match",
            "may match",
            "may match",
        ),
        ("[Match]\nName=eth0\nName=\nName=en*", "", "may match", "", "may match"),
        ("[Match]\nName=en*", "", "may match", "", "may match"),
        ("[Match]\nName=!e*", "", "may match", "may match", "may match"),
        ("[Match]\nName=!lo", "matches", "may match", "matches", "may match"),
        (
            "[Match]\nMACAddress=00:50:56:AA:BB:CC",
            "may match",
            "matches",
            "may match",
            "may match",
        ),
        (
            "[Match]\nPermanentMACAddress=0050.56aa.bbcc",
            "may match",
            "matches",
            "may match",
            "may match",
        ),
        (
            "[Match]\nMACAddress=00:50:56:00:00:01",
            "may match",
            "",
            "may match",
            "may match",
        ),
        ("[Match]\nDriver=vmx*", "may match", "may match", "may match", "matches"),
        ("[Match]\nDriver=e1000", "may match", "may match", "may match", ""),
        (
            "[Match]\nName=eth0\nVirtualization=container",
            "may match",
            "may match",
            "may match",
            "may match",
        ),
        (
            "[Match]\nName=lo\nVirtualization=container",
            "",
            "may match",
            "",
            "may match",
        ),
        (
            "[Match]\nType=ether",
            "may match",
            "may match",
            "may match",
            "may match",
        ),
    ] {
        for (yaml, expected) in [
            (BY_NAME, by_name),
            (BY_MAC, by_mac),
            (BY_GLOB, by_glob),
            (BY_DRIVER, by_driver),
        ] {
            assert_eq!(said_of(Rig::offline(), yaml, section), expected, "{section:?} {yaml}");
        }
    }
}

#[test]
fn on_a_running_machine_its_links_decide() {
    let rig = || Rig::live(&[("lo", "00:00:00:00:00:00", ""), ("ens192", MAC, "vmxnet3")]);
    for (section, expected) in [
        ("[Match]\nName=ens*", "matches"),
        ("[Match]\nName=eth*", ""),
        ("[Match]\nName=lo", ""),
        ("[Match]\nDriver=vmxnet3", "matches"),
        ("[Match]\nDriver=!vmxnet3", ""),
        ("[Match]\nName=ens*\nKind=!*", "may match"),
    ] {
        assert_eq!(said_of(rig(), BY_MAC, section), expected, "{section:?}");
    }
    // A link without a known driver may have one that networkd knows.
    assert_eq!(
        said_of(Rig::live(&[("eth0", MAC, "")]), BY_NAME, "[Match]\nDriver=veth"),
        "may match"
    );
    // The name that counts is the one that it gets.
    let renamed = "ethernets: {nic: {match: {macaddress: '00:50:56:aa:bb:cc'}, set-name: mgmt0}}";
    assert_eq!(said_of(rig(), renamed, "[Match]\nName=mgmt0"), "matches");
    assert_eq!(said_of(rig(), renamed, "[Match]\nName=ens192"), "");
}

#[test]
fn what_verification_will_see_is_no_reason_to_worry() {
    let live = || Rig::live(&[("eth0", MAC, "")]);
    let optional = "ethernets: {eth0: {optional: true}}";
    for (rig, yaml, section, warned) in [
        (live(), BY_NAME, "[Match]\nName=eth0\nKind=!*", 0),
        (live(), BY_NAME, "[Match]\nName=eth0", 1),
        (live(), optional, "[Match]\nName=eth0\nKind=!*", 1),
        (Rig::offline(), BY_NAME, "[Match]\nName=eth0\nKind=!*", 1),
    ] {
        let plan = rig.file("/etc/systemd/network/05-other.network", section).plan(yaml);
        assert_eq!(warnings(&plan).len(), warned, "{yaml} {section:?}");
    }
}

#[test]
fn what_networkd_would_not_use_is_not_reported() {
    let matching = "[Match]\nName=e*\n";
    let photon = "/etc/systemd/network/99-dhcp-en.network";
    let (usr, etc) = (
        "/usr/lib/systemd/network/05-a.network",
        "/etc/systemd/network/05-a.network",
    );
    for (what, rig) in [
        ("sorts later", Rig::offline().file(photon, matching)),
        (
            "another suffix",
            Rig::offline().file("/etc/systemd/network/05-a.netdev", matching),
        ),
        (
            "a drop-in",
            Rig::offline().file("/etc/systemd/network/05-a.network.d/x.conf", matching),
        ),
        (
            "one of our own",
            Rig::offline().file("/etc/systemd/network/10-firstlight-a.network", matching),
        ),
        (
            "the one it replaces",
            Rig::offline().file("/run/systemd/network/10-firstlight-eth0.network", matching),
        ),
        (
            "masked by a link",
            Rig::offline().file(usr, matching).symlink(etc, "/dev/null"),
        ),
        (
            "masked by an empty file",
            Rig::offline().file(usr, matching).file(etc, ""),
        ),
        (
            "replaced",
            Rig::offline().file(usr, matching).file(etc, "[Match]\nName=lo\n"),
        ),
        ("a dangling link", Rig::offline().symlink(etc, "nowhere")),
        (
            "a directory",
            Rig::offline().file("/etc/systemd/network/05-a.network/x", matching),
        ),
    ] {
        assert_eq!(warnings(&rig.plan(BY_NAME)), Vec::<&str>::new(), "{what}");
    }
}

#[test]
fn every_directory_is_looked_at_and_merged_usr_only_once() {
    for directory in ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"] {
        let path = format!("{directory}/systemd/network/05-a.network");
        let plan = Rig::offline().file(&path, "[Match]\nName=eth0\n").plan(BY_NAME);
        assert!(
            matches!(warnings(&plan).as_slice(), [one] if one.starts_with(&path)),
            "{path}: {:?}",
            plan.notes
        );
    }
    let merged = Rig::offline()
        .file("/usr/lib/systemd/network/05-a.network", "[Match]\n")
        .symlink("/lib", "usr/lib");
    assert_eq!(warnings(&merged.plan(BY_NAME)).len(), 1);
}

#[test]
fn cloud_inits_file_sorts_before_ours() {
    let rig = Rig::offline().file(
        "/etc/systemd/network/10-cloud-init-eth0.network",
        "[Match]\nName=eth0\n",
    );
    let plan = rig.plan(BY_NAME);
    let expected = "/etc/systemd/network/10-cloud-init-eth0.network sorts before 10-firstlight-eth0.network and matches \
                    the link of `eth0`, so it would be used instead; cloud-init wrote it: disable cloud-init and \
                    remove the file";
    assert_eq!(warnings(&plan), [expected]);
}

#[test]
fn what_cannot_be_read_leaves_the_network_configured() {
    let plan = Rig::offline()
        .file("/etc/systemd/network", "not a directory")
        .plan(BY_NAME);
    assert_eq!(files(&plan).len(), 1);
}

#[test]
fn link_files_shadow_too() {
    let yaml = "ethernets: {eth0: {wakeonlan: true}}";
    for (section, expected) in [
        ("[Match]\nOriginalName=eth*\n", 1),
        ("[Match]\nOriginalName=en*\n", 0),
        ("[Match]\nPath=pci-*\n", 1),
        ("", 0),
    ] {
        let rig = Rig::offline().file(
            "/etc/systemd/network/05-a.link",
            &format!("{section}[Link]\nMTUBytes=1400\n"),
        );
        assert_eq!(warnings(&rig.plan(yaml)).len(), expected, "{section}");
        assert_eq!(
            warnings(&rig.plan(BY_NAME)).len(),
            0,
            "no .link file of ours, nothing to shadow"
        );
    }
}

#[test]
fn two_interfaces_for_one_link() {
    let a = "match: {macaddress: '00:50:56:aa:bb:cc'}";
    let cases = [
        // The one that is for one link comes first: as it should be.
        ("{eth0: {}, fallback: {match: {name: 'e*'}}}".to_owned(), 0, 1),
        ("{all: {match: {name: 'e*'}}, eth0: {}}".to_owned(), 1, 0),
        (format!("{{a: {{{a}}}, b: {{{a}}}}}"), 1, 0),
        (
            format!("{{a: {{{a}}}, b: {{match: {{macaddress: '00:50:56:aa:bb:cd'}}}}}}"),
            0,
            0,
        ),
        (format!("{{a: {{{a}}}, eth0: {{}}}}"), 0, 0),
        ("{a: {match: {driver: x}}, b: {match: {driver: '*'}}}".to_owned(), 1, 0),
        (
            "{a: {match: {driver: x, name: eth0}}, b: {match: {driver: x, name: eth1}}}".to_owned(),
            0,
            0,
        ),
        ("{eth0: {}, eth1: {}}".to_owned(), 0, 0),
    ];
    for (ethernets, warned, informed) in cases {
        let plan = Rig::offline().plan(&format!("ethernets: {ethernets}"));
        assert_eq!(
            (warnings(&plan).len(), infos(&plan).len()),
            (warned, informed),
            "{ethernets}: {:?}",
            plan.notes
        );
    }
    // Only the machine shows that this name and this address are one link.
    let plan = Rig::live(&[("eth0", MAC, "")]).plan(&format!("ethernets: {{a: {{{a}}}, eth0: {{}}}}"));
    assert_eq!(
        warnings(&plan),
        ["`a` and `eth0` both match eth0: the files are tried in order of their names, so `a` is used"]
    );
}

#[test]
fn a_link_that_is_not_there_is_noted_on_a_running_machine_only() {
    let missing = "no link matches `eth0` now; its files are written anyway";
    assert_eq!(infos(&Rig::live(&[("lo", "", "")]).plan(BY_NAME)), [missing]);
    assert_eq!(infos(&Rig::live(&[("eth0", "", "")]).plan(BY_NAME)), Vec::<&str>::new());
    assert_eq!(infos(&Rig::offline().plan(BY_NAME)), Vec::<&str>::new());
}

fn commands(plan: &Plan) -> Vec<&CommandChange> {
    let command = |change: &'_ Change| matches!(change, Change::Command(_));
    let commands = plan.changes.iter().filter(|change| command(change));
    commands
        .filter_map(|change| {
            if let Change::Command(command) = change {
                Some(command)
            } else {
                None
            }
        })
        .collect()
}

#[test]
fn early_in_the_boot_udev_looks_at_the_link_again() {
    let yaml = "ethernets: {nic: {match: {macaddress: '00:50:56:aa:bb:cc'}, set-name: mgmt0, dhcp4: true}}";
    let udev = |rig: Rig| rig.file("/run/udev/control", "").file("/usr/bin/udevadm", "");
    let unnamed = || Rig::live(&[("lo", "", ""), ("eth0", MAC, "")]);

    let plan = udev(unnamed()).plan(yaml);
    let argv = ["/usr/bin/udevadm", "trigger", "--action=add", "/sys/class/net/eth0"];
    assert!(
        matches!(commands(&plan).as_slice(), [one] if one.argv == argv),
        "{plan:?}"
    );
    assert!(
        matches!(plan.changes.last(), Some(Change::Command(_))),
        "after the file"
    );

    assert!(
        commands(&unnamed().plan(yaml)).is_empty(),
        "no udev runs, as in a container"
    );
    assert!(commands(&Rig::offline().plan(yaml)).is_empty());

    let running = udev(unnamed()).with_bus().plan(yaml);
    assert!(commands(&running).is_empty());
    assert_eq!(infos(&running), ["eth0 is renamed to mgmt0 at the next boot"]);

    // Done: nothing is left to do.
    let link = files(&plan)["10-firstlight-nic.link"].clone();
    let done = udev(Rig::live(&[("mgmt0", MAC, "")])).file("/etc/systemd/network/10-firstlight-nic.link", &link);
    let plan = done.plan(yaml);
    assert!(commands(&plan).is_empty() && plan.notes.is_empty(), "{plan:?}");
    assert!(commands(&done.with_bus().plan(yaml)).is_empty());
}

#[test]
fn udev_finds_a_link_by_the_kernels_name_only() {
    let by = |what: &str| format!("ethernets: {{nic: {{match: {{{what}}}, set-name: mgmt0}}}}");
    for (what, warned) in [
        ("name: ens192", 1),
        ("name: 'e*'", 0),
        ("name: eth0", 0),
        ("driver: vmxnet3", 0),
        ("name: ens192, macaddress: '00:50:56:aa:bb:cc'", 0),
    ] {
        assert_eq!(warnings(&Rig::offline().plan(&by(what))).len(), warned, "{what}");
    }
}

#[test]
fn files_of_the_document_count_before_they_are_written() {
    let rig = Rig::offline()
        .file("/etc/systemd/network/05-there.network", "[Match]\nName=eth0\n")
        .file("/usr/lib/systemd/network/06-masked.network", "[Match]\nName=eth0\n");
    let config: Config = serde_json::from_value(serde_json::json!({
        "network": {"version": 2, "ethernets": {"eth0": {}}},
        "networkd_files": [
            {"name": "05-there.network", "contents": "[Match]\nName=eth9\n"},
            {"name": "06-masked.network", "contents": ""},
            {"name": "07-new.network", "contents": "[Match]\nName=eth0\n"},
            {"name": "50-later.network", "contents": "[Match]\nName=eth0\n"},
        ],
    }))
    .unwrap();
    let root = Root::open(rig.tree.path()).unwrap();
    let plan = Network.plan(&config, &Machine::new(&root, &rig.facts)).unwrap();
    let warnings = warnings(&plan);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("/etc/systemd/network/07-new.network"),
        "{warnings:?}"
    );
}

#[test]
fn a_boot_that_waits_for_nothing_is_noticed() {
    let said = |yaml: &str| {
        let notes = Rig::offline().plan(yaml).notes;
        notes
            .iter()
            .filter(|note| note.text.contains("wait-online"))
            .map(|note| note.level)
            .collect::<Vec<_>>()
    };
    let all = "ethernets: {eth0: {dhcp4: true, optional: true}, eth1: {dhcp4: true, optional: true}}";
    assert_eq!(said(all), [Level::Notice]);
    assert_eq!(
        said("ethernets: {eth0: {dhcp4: true}, eth1: {dhcp4: true, optional: true}}"),
        []
    );
    assert_eq!(said("ethernets: {}"), []);
}

#[test]
fn an_entry_for_every_link_is_named() {
    let said = |matching: &str| {
        let plan = Rig::offline().plan(&format!("ethernets: {{all: {{match: {{{matching}}}, dhcp4: true}}}}"));
        warnings(&plan).iter().filter(|text| text.contains("`lo`")).count()
    };
    for (matching, expected) in [
        ("name: '*'", 1),
        ("name: ['e*', '??']", 1),
        ("name: 'l*'", 1),
        ("name: 'e*'", 0),
        ("name: lo", 0),
        ("name: '*', driver: vmxnet3", 0),
        ("name: '*', macaddress: '00:50:56:00:00:01'", 0),
    ] {
        assert_eq!(said(matching), expected, "{matching}");
    }
}

#[test]
fn an_interface_without_any_address_is_noticed() {
    let said = |keys: &str| {
        let plan = Rig::offline().plan(&format!("ethernets: {{eth0: {{{keys}}}}}"));
        plan.notes
            .iter()
            .filter(|note| note.text.contains("gets no address"))
            .map(|note| note.level)
            .collect::<Vec<_>>()
    };
    assert_eq!(said(""), [Level::Notice]);
    assert_eq!(said("nameservers: {addresses: [192.0.2.53]}"), [Level::Notice]);
    for keys in [
        "dhcp4: true",
        "addresses: [192.0.2.10/24]",
        "link-local: [ipv4]",
        "accept-ra: true",
    ] {
        assert_eq!(said(keys), [], "{keys}");
    }
}

#[test]
fn two_files_that_make_one_link_are_told() {
    for (name, text, said) in [
        (
            "05-other",
            "[NetDev]\nName=br0\nKind=bridge\n",
            "sorts before 10-firstlight-br0.netdev and also makes br0",
        ),
        (
            "50-other",
            "[NetDev]\nName=br0\nKind=bridge\n",
            "is no longer used: 10-firstlight-br0.netdev sorts before it",
        ),
        ("05-other", "[NetDev]\nName=br1\nKind=bridge\n", ""),
        ("05-other", "[Match]\nName=br0\n", ""),
    ] {
        let path = format!("/etc/systemd/network/{name}.netdev");
        let plan = Rig::offline().file(&path, text).plan("bridges: {br0: {dhcp4: true}}");
        let warned = warnings(&plan);
        match said {
            "" => assert_eq!(warned, [""; 0], "{text}"),
            words => assert!(warned.len() == 1 && warned[0].contains(words), "{warned:?}"),
        }
    }
}

/// A link that somebody else has made is not deleted before it is networkd's own; one of ours is made again when its file
/// changes.
#[test]
fn only_links_of_ours_are_made_again() {
    let plan = |rig: Rig| {
        let plan = rig.plan("bridges: {br0: {dhcp4: true}}");
        let is_noticed = plan.notes.iter().any(|note| note.text.contains("did not make"));
        let files = plan.changes.into_iter().filter_map(|change| match change {
            Change::File(file) if file.path.ends_with(".netdev") => Some(file.dirties),
            _ => None,
        });
        (files.flatten().collect::<Vec<_>>(), is_noticed)
    };
    let taken_over = |boot: &str| Dirty::TakenOver {
        link: "br0".to_owned(),
        boot: boot.to_owned(),
    };
    let rig = |link: &str, recorded: &[&str]| {
        let mut rig = Rig::live(&[(link, MAC, "")]);
        let live = rig.facts.live.as_mut().unwrap();
        live.boot = "now".to_owned();
        let recorded = recorded.iter().map(|boot| ("br0".to_owned(), (*boot).to_owned()));
        live.taken_over = recorded.collect();
        rig
    };
    let written = |rig: Rig| rig.file("/etc/systemd/network/10-firstlight-br0.netdev", "old");
    let ours = Dirty::Netdev("br0".to_owned());
    for (rig, made_again, is_noticed) in [
        (Rig::offline(), ours.clone(), false),
        (rig("eth0", &[]), ours.clone(), false),
        (rig("br0", &[]), taken_over("now"), true),
        (written(rig("br0", &[])), ours, false),
        // What was found out when the file was written is still so.
        (written(rig("br0", &["now"])), taken_over("now"), true),
        (written(rig("br0", &["earlier"])), taken_over("earlier"), false),
        // The file is gone, and so is what was known of the link.
        (rig("br0", &["earlier"]), taken_over("now"), true),
    ] {
        assert_eq!(plan(rig), (vec![Dirty::Network, made_again], is_noticed));
    }
}

/// Members of a bond have its address: only the one that they were made with tells them apart.
#[test]
fn a_member_of_a_bond_is_found_by_its_own_address() {
    let yaml =
        "ethernets: {a: {match: {macaddress: '00:50:56:aa:bb:cc'}}}\nbonds: {bond0: {interfaces: [a], dhcp4: true}}";
    let plan = Rig::live(&[("eth0", "00:50:56:00:00:01", "")]).plan(yaml);
    let files = files(&plan);
    let file = &files["10-firstlight-a.network"];
    assert!(file.contains("PermanentMACAddress=00:50:56:aa:bb:cc\n"), "{file}");
    assert!(
        !plan
            .expectations
            .iter()
            .any(|it| format!("{it:?}").contains("10-firstlight-a."))
    );
    assert_eq!(infos(&plan), [""; 0]);
}
