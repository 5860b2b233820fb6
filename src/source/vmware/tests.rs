use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::media::images::folder;
use super::*;
use base64ct::Encoding;

use crate::source::Rules;
use crate::source::signature::checked;
use crate::source::signature::tests::{USER_DATA, USER_DATA_SIGNATURE, key};
use crate::system::Root;

/// A hypervisor that is a table.
struct Table {
    values: BTreeMap<&'static str, Result<&'static str, &'static str>>,
    sure: bool,
}

impl Transport for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let value = self.values.get(key).copied().transpose().map_err(str::to_owned)?;
        Ok(value.map(|value| value.as_bytes().to_vec()))
    }

    fn is_sure(&self) -> bool {
        self.sure
    }
}

fn table(values: &[(&'static str, Result<&'static str, &'static str>)], sure: bool) -> Box<dyn Transport> {
    Box::new(Table {
        values: values.iter().copied().collect(),
        sure,
    })
}

fn texts(verdict: &Verdict) -> Vec<(&str, &str)> {
    let Verdict::Present(seed) = verdict else {
        panic!("{verdict:?}")
    };
    let text = |(name, part): (&'static str, &'_ Part)| (name, part.bytes.clone());
    let parts = seed.parts().map(text).collect::<Vec<_>>();
    parts
        .into_iter()
        .map(|(name, bytes)| (name, &*String::from_utf8(bytes).unwrap().leak()))
        .collect()
}

fn why(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Absent(why) | Verdict::Broken(why) => why,
        Verdict::Present(seed) => panic!("{seed:?}"),
    }
}

fn unsigned(transports: &mut [Box<dyn Transport>]) -> Verdict {
    ask(transports, false)
}

#[test]
fn signatures_are_checked_before_metadata_is_taken_apart() {
    const METADATA: &str = include_str!("../../../tests/signed/metadata");
    const METADATA_SIGNATURE: &str = include_str!("../../../tests/signed/metadata.minisig");
    let look = |values: &[(&'static str, Result<&'static str, &'static str>)]| {
        checked(ask(&mut [table(values, true)], true), &[key()])
    };
    let encoded: &str = base64ct::Base64::encode_string(USER_DATA_SIGNATURE.as_bytes()).leak();
    let mut values = vec![
        ("metadata", Ok(METADATA)),
        ("metadata.minisig", Ok(METADATA_SIGNATURE)),
        ("userdata", Ok(USER_DATA)),
        ("userdata.minisig", Ok(encoded)),
        ("userdata.minisig.encoding", Ok("base64")),
    ];
    let verdict = look(&values);
    let names: Vec<_> = texts(&verdict).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["user-data", "meta-data", "network-config"]);
    values[1].1 = Ok(USER_DATA_SIGNATURE);
    let verdict = look(&values);
    assert!(
        why(&verdict).starts_with("guestinfo.metadata: is not what was signed"),
        "{verdict:?}"
    );
    assert!(why(&verdict).contains("as guestinfo.metadata.minisig"), "{verdict:?}");
    let verdict = look(&values[2..3]);
    assert!(why(&verdict).contains("is not signed"), "{verdict:?}");
    assert!(why(&verdict).contains("as guestinfo.userdata.minisig"), "{verdict:?}");
}

#[test]
fn keys_become_parts() {
    let verdict = unsigned(&mut [table(
        &[
            ("metadata", Ok("instance-id: i-1\nnetwork: {version: 2}\n")),
            ("userdata", Ok("aG9zdG5hbWU6IGEK")),
            ("userdata.encoding", Ok("base64")),
            ("vendordata", Ok("---")),
            ("vendordata.encoding", Ok(" ")),
        ],
        true,
    )]);
    assert_eq!(
        texts(&verdict),
        [
            ("user-data", "hostname: a\n"),
            ("meta-data", "instance-id: i-1\nnetwork: {version: 2}\n"),
            (
                "network-config",
                &*format!("{}\n         {{version: 2}}", " ".repeat(16))
            ),
        ]
    );
    let Verdict::Present(seed) = verdict else { panic!() };
    assert_eq!(seed.place, "guestinfo (table)");
    assert_eq!(seed.user_data.unwrap().origin, "guestinfo.userdata");
}

#[test]
fn the_next_transport_is_asked_when_one_is_silent_or_not_sure() {
    let set = || table(&[("userdata", Ok("a: 1"))], true);
    for first in [table(&[("metadata", Err("refused"))], true), table(&[], false)] {
        assert_eq!(texts(&unsigned(&mut [first, set()])), [("user-data", "a: 1")]);
    }
    let verdict = unsigned(&mut [
        table(&[("userdata", Ok(" \n")), ("metadata", Ok("---\n"))], true),
        set(),
    ]);
    assert_eq!(
        why(&verdict),
        "a VMware machine, but none of guestinfo.metadata, .userdata and .vendordata is set (asked: table)"
    );
    let verdict = unsigned(&mut [table(&[("metadata", Err("refused"))], true)]);
    assert!(matches!(verdict, Verdict::Absent(_)));
    assert!(
        why(&verdict).contains("can't be read: refused: install open-vm-tools"),
        "{verdict:?}"
    );
}

#[test]
fn photons_own_keys_stand_in_for_what_the_metadata_leaves_open() {
    let own = [
        ("hostname", Ok("web1")),
        ("interface.0.name", Ok("eth0")),
        ("interface.0.dhcp", Ok("ipv4")),
    ];
    let with = |more: &[(&'static str, Result<&'static str, &'static str>)]| {
        let values: Vec<_> = own.iter().chain(more).copied().collect();
        ask(&mut [table(&values, true)], false)
    };
    let name = ("meta-data", "{\"local-hostname\":\"web1\"}");
    let network = (
        "network-config",
        "{\"ethernets\":{\"interface0\":{\"dhcp4\":true,\"match\":{\"name\":\"eth0\"},\
         \"nameservers\":{\"addresses\":[],\"search\":[]},\"routes\":[]}},\"version\":2}",
    );
    assert_eq!(texts(&with(&[])), [name, network]);
    assert_eq!(
        texts(&with(&[("userdata", Ok("a: 1"))])),
        [("user-data", "a: 1"), name, network]
    );
    let verdict = with(&[("metadata", Ok("instance-id: i-1"))]);
    let named = ("meta-data", "instance-id: i-1\nlocal-hostname: \"web1\"\n");
    assert_eq!(texts(&verdict), [named, network]);
    let Verdict::Present(seed) = verdict else { panic!() };
    assert_eq!(seed.network_config.unwrap().origin, "guestinfo.interface.*");
    let metadata = "local-hostname: a\nnetwork: {}";
    assert_eq!(texts(&with(&[("metadata", Ok(metadata))]))[0], ("meta-data", metadata));
    assert!(matches!(with(&[("dns.servers", Ok("x"))]), Verdict::Broken(why) if why.contains("guestinfo.dns.servers")));
    // Silence after the first answer leaves half a seed; before it, it leaves none.
    assert!(matches!(
        with(&[("interface.0.mac", Err("too slow"))]),
        Verdict::Broken(_)
    ));
    let mut silent = [table(&[("hostname", Err("too slow"))], true), table(&own, true)];
    assert_eq!(texts(&ask(&mut silent, false)), [name, network]);
    let nics = [
        ("interface.0.mac", Ok("00:50:56:aa:bb:cc")),
        ("interface.0.dhcp", Err("too slow")),
    ];
    assert!(matches!(ask(&mut [table(&nics, true)], false), Verdict::Broken(_)));
}

#[test]
fn half_a_seed_and_what_cannot_be_decoded_are_reported() {
    for (values, what) in [
        (
            &[("metadata", Ok("a: 1")), ("userdata", Err("too slow"))][..],
            "too slow",
        ),
        (
            &[("userdata", Ok("aGk=")), ("userdata.encoding", Err("too slow"))],
            "too slow",
        ),
        (
            &[("userdata", Ok("hunter2!")), ("userdata.encoding", Ok("b64"))],
            "guestinfo.userdata: is not base64",
        ),
        (
            &[("metadata", Ok("network: hunter2!\nnetwork.encoding: b64"))],
            "guestinfo.metadata: its key network: is not base64",
        ),
    ] {
        let verdict = unsigned(&mut [table(values, true), table(&[("userdata", Ok("a: 1"))], true)]);
        assert!(matches!(verdict, Verdict::Broken(_)), "{verdict:?}");
        assert!(
            why(&verdict).contains(what) && !why(&verdict).contains("hunter2"),
            "{verdict:?}"
        );
    }
}

#[test]
fn the_environment() {
    assert!(Environment::new(|_| None).is_none());
    assert!(Environment::new(|name| (name == "VMX_GUESTINFO").then(Vec::new)).is_none());
    let mut environment = Environment::new(|name| match name {
        "VMX_GUESTINFO" => Some(b"1".to_vec()),
        "VMX_GUESTINFO_USERDATA" => Some(b"YTogMQ==".to_vec()),
        "VMX_GUESTINFO_USERDATA_ENCODING" => Some(b"b64".to_vec()),
        _ => None,
    })
    .unwrap();
    let Ok(Some(seed)) = gather(&mut environment, false) else {
        panic!()
    };
    let part = seed.user_data.unwrap();
    assert_eq!(
        (part.origin.as_str(), part.bytes.as_slice()),
        ("VMX_GUESTINFO_USERDATA", &b"a: 1"[..])
    );
}

#[test]
fn a_directory() {
    let files = [
        ("guestinfo.userdata", "YTogMQ=="),
        ("userdata.encoding", "base64\n"),
        ("vendordata", "b: 1"),
    ];
    let seed = folder(&files);
    let verdict = from_path(seed.path());
    assert_eq!(texts(&verdict), [("user-data", "a: 1"), ("vendor-data", "b: 1")]);
    let Verdict::Present(found) = verdict else { panic!() };
    assert_eq!(found.place, seed.path().display().to_string());
    assert!(found.user_data.unwrap().origin.ends_with("/guestinfo.userdata"));
    assert!(found.vendor_data.unwrap().origin.ends_with("/vendordata"));
    for (files, what) in [
        (
            &[("user-data", "")][..],
            "has no guestinfo: put files named guestinfo.userdata",
        ),
        (&[("guestinfo.userdata/x", "")], "not a plain file"),
    ] {
        let verdict = from_path(folder(files).path());
        assert!(why(&verdict).contains(what), "{verdict:?}");
    }
    assert!(why(&from_path(Path::new("/nonexistent"))).contains("is not there"));
}

#[test]
fn only_a_vmware_machine_is_asked() {
    let places = |files: &[(&str, &str)]| {
        let tree = folder(files);
        let places = Places {
            root: Root::open(tree.path()).unwrap(),
            live: true,
            devices: Vec::<PathBuf>::new(),
            rules: Rules::default(),
        };
        (tree, places)
    };
    for (files, expected) in [
        (&[][..], Err("sys_vendor says nothing")),
        (
            &[("sys/class/dmi/id/sys_vendor", "QEMU\n")],
            Err("sys_vendor is \"QEMU\""),
        ),
        (&[("sys/class/dmi/id/sys_vendor", "VMware, Inc.\n")], Ok(())),
        (&[("sys/class/dmi/id/product_name", "VMware7,1\n")], Ok(())),
        (
            &[
                ("sys/class/dmi/id/sys_vendor", "VMware, Inc.\n"),
                ("run/systemd/container", "systemd-nspawn"),
            ],
            Err("this is a container"),
        ),
    ] {
        let (_tree, places) = places(files);
        match (transport::is_vmware(&places), expected) {
            (Ok(()), Ok(())) => {}
            (Err(why), Err(what)) => assert!(why.contains(what), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    let (_tree, mut places) = places(&[("usr/bin/vmtoolsd", "")]);
    let names: Vec<_> = transport::all(&places)
        .iter()
        .map(|one| one.name().to_owned())
        .collect();
    assert_eq!(names, ["backdoor", "vmtoolsd"]);
    places.live = false;
    assert!(matches!(search(&places), Verdict::Absent(why) if why.contains("running machine only")));
}

#[test]
fn the_ovf_environment_is_of_the_first_that_has_it() {
    let mut transports = [
        table(&[("ovfEnv", Err("refused"))], true),
        table(&[("ovfEnv", Ok("---"))], true),
        table(&[("ovfEnv", Ok("<Environment/>"))], true),
    ];
    assert_eq!(
        first_ovf_environment(&mut transports).as_deref(),
        Some(&b"<Environment/>"[..])
    );
    assert_eq!(first_ovf_environment(&mut []), None);
}
