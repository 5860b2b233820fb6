use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::media::images::folder;
use super::*;
use base64ct::Encoding;

use crate::document::Document;
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

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let fault = |why| match why {
            "too slow" => Fault::passing(why),
            other => Fault::lasting(other),
        };
        let value = self.values.get(key).copied().transpose().map_err(fault)?;
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
    let text = |(name, part): (&'static str, &'_ Part)| (name, part.bytes.to_vec());
    let parts = seed.parts().map(text).collect::<Vec<_>>();
    parts
        .into_iter()
        .map(|(name, bytes)| (name, &*String::from_utf8(bytes).unwrap().leak()))
        .collect()
}

fn why(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Absent(why) => why.clone(),
        Verdict::Broken(fault) | Verdict::Unknown(fault) => fault.to_string(),
        Verdict::Present(seed) => panic!("{seed:?}"),
    }
}

/// What is wrong with the document of a seed: `PLACE: MESSAGE`.
fn told(verdict: &Verdict) -> Vec<String> {
    let told = document(verdict).diagnostics.into_iter();
    told.map(|found| format!("{}: {}", found.place(), found.message))
        .collect()
}

fn document(verdict: &Verdict) -> Document {
    let Verdict::Present(seed) = verdict else {
        panic!("{verdict:?}")
    };
    Document::read(&seed.texts())
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
        why(&verdict).starts_with("guestinfo.metadata: does not match its signature"),
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
        "{\"ethernets\":{\"interface0\":{\"dhcp4\":true,\"match\":{\"name\":\"eth0\"}}},\"version\":2}",
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
    let told = told(&with(&[("dns.servers", Ok("x"))]));
    assert_eq!(told, ["guestinfo.dns.servers: `dns.servers` are not all IP addresses"]);
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
fn a_tool_that_was_too_late_is_not_one_that_has_nothing() {
    let late: fn() -> Box<dyn Transport> = || table(&[("metadata", Err("too slow"))], true);
    let verdict = ask(&mut [late()], false);
    assert!(
        matches!(&verdict, Verdict::Unknown(fault) if fault.is_passing()),
        "{verdict:?}"
    );
    assert!(
        why(&verdict).contains("can't be read: too slow: install open-vm-tools"),
        "{verdict:?}"
    );
    assert!(matches!(
        ask(&mut [late(), table(&[], true)], false),
        Verdict::Absent(_)
    ));
    let argv = ["/bin/sh", "-c", "echo Permission denied >&2; exit 1"];
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let refused = Box::new(tool::Tool::new(&argv, tool::LIMIT, until));
    assert!(matches!(ask(&mut [refused], false), Verdict::Absent(_)));
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
            "guestinfo.userdata: has the encoding base64",
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
        (part.origin.as_str(), &*part.bytes),
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
    assert!(matches!(search(&places), Verdict::Absent(why) if why.contains("only a running machine")));
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

#[test]
fn a_value_that_is_wrong_costs_what_it_is_about() {
    let read = |values: &[(&'static str, &'static str)]| {
        let values: Vec<_> = values.iter().map(|(key, value)| (*key, Ok(*value))).collect();
        unsigned(&mut [table(&values, true)])
    };
    let hostname = |verdict: &Verdict| document(verdict).config.hostname.map(|name| name.as_str().to_owned());
    let user = ("userdata", "docker: true");
    for (values, name, expected) in [
        (
            &[
                (
                    "metadata",
                    "local-hostname: web1\nnetwork: hunter2!\nnetwork.encoding: b64",
                ),
                user,
            ][..],
            Some("web1"),
            "guestinfo.metadata: network: the network has the encoding base64, but is some other text",
        ),
        (
            &[("metadata", "\"\\x68ostname\": web1\ninstance-id: i-1\n"), user],
            None,
            "guestinfo.metadata: the key hostname can't be used: rename it to local-hostname",
        ),
        (
            &[("metadata", "instance-id: i-1\n"), ("hostname", "Winnie_Core"), user],
            None,
            "guestinfo.hostname: `Winnie_Core` is not a host name",
        ),
        (
            &[("hostname", "Winnie_Core"), user],
            None,
            "guestinfo.hostname: `Winnie_Core` is not a host name",
        ),
        (
            &[
                ("hostname", "web1"),
                ("interface.0.name", "ens192"),
                ("interface.0.dhcp", "no"),
                user,
            ],
            Some("web1"),
            "guestinfo.interface.0.dhcp: `dhcp` is no, and `address` is not set",
        ),
        (
            &[
                ("hostname", "web1"),
                ("interface.0.name", "ens192/x"),
                ("interface.0.dhcp", "yes"),
                user,
            ],
            Some("web1"),
            "guestinfo.interface.0.name: ",
        ),
        (
            &[
                (
                    "metadata",
                    "instance-id: i-1\nnetwork: {ethernets: {eth0: {dhcp4: treu}}}\n",
                ),
                ("hostname", "web1"),
                user,
            ],
            Some("web1"),
            "guestinfo.metadata:2:37: expected true or false, found \"treu\"",
        ),
    ] {
        let verdict = read(values);
        let told = told(&verdict);
        assert!(
            told.len() == 1 && told[0].contains(expected) && !told[0].contains("hunter2"),
            "{expected}: {told:?}"
        );
        assert_eq!(hostname(&verdict).as_deref(), name, "{expected}");
        let config = document(&verdict).config;
        assert!(config.docker.is_some(), "{expected}");
        assert_eq!(
            config.network.map_or(0, |network| network.ethernets.len()),
            0,
            "{expected}"
        );
    }
}

#[test]
fn metadata_says_what_it_means() {
    for (metadata, name, wrong) in [
        ("instance-id: 17\nlocal-hostname: web1\n", Some("web1"), 0),
        (
            "instance-id: null\nlocal-hostname: ''\npublic-keys: null\nwait-on-network: null\nnetwork: null\n",
            None,
            0,
        ),
        (
            "{\"local-hostname\": \"\", \"hostname\": \"web1\", \"network\": \"\"}",
            None,
            0,
        ),
        (
            "instance-id: ''\nlocal-hostname: web1\nwait-on-network: {ipv4: 'true', ipv6: ''}\nnetwork: {}\n",
            Some("web1"),
            0,
        ),
        ("", None, 0),
        ("# nothing\n", None, 0),
        ("local_hostname: web1\ninstanceid: i-1\n", None, 2),
    ] {
        let values = [("metadata", Ok(metadata)), ("userdata", Ok("docker: true"))];
        let verdict = unsigned(&mut [table(&values, true)]);
        assert_eq!(told(&verdict).len(), wrong, "{metadata}: {:?}", told(&verdict));
        let read = document(&verdict);
        assert!(!read.has_errors());
        assert_eq!(
            read.config.hostname.as_ref().map(|name| name.as_str()),
            name,
            "{metadata}"
        );
    }
}

#[test]
fn metadata_without_its_encoding() {
    let plain = "instance-id: i-1\nhostname: web1\nnetwork: {ethernets: {eth0: {dhcp4: true}}}\n";
    let encoded: &str = base64ct::Base64::encode_string(plain.as_bytes()).leak();
    let verdict = unsigned(&mut [table(
        &[("metadata", Ok(encoded)), ("vendordata", Ok("ZG9ja2VyOiB0cnVlCg=="))],
        true,
    )]);
    let read = document(&verdict);
    assert_eq!(read.diagnostics, []);
    assert_eq!(read.config.hostname.unwrap().as_str(), "web1");
    assert!(read.config.network.is_some() && read.config.docker.is_some());
}
