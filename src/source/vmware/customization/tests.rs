use std::path::Path;

use super::*;
use crate::document::Document;
use crate::source::Verdict;
use crate::source::media::images::folder;
use crate::system::Root;

/// What vSphere writes for two adapters with fixed addresses.
const STATIC: &str = "\
[NETWORK]
NETWORKING = yes
BOOTPROTO = dhcp
HOSTNAME   = web1
DOMAINNAME = example.test

[NIC-CONFIG]
NICS = NIC1,NIC2

[NIC1]
MACADDR = 00:50:56:AA:00:01
ONBOOT = yes
IPv4_MODE = BACKWARDS_COMPATIBLE
BOOTPROTO = static
IPADDR = 192.0.2.10
NETMASK = 255.255.252.0
GATEWAY = 192.0.2.1, 192.0.2.2
IPv6ADDR|1 = 2001:db8::10
IPv6NETMASK|1 = 64
IPv6GATEWAY|1 = 2001:db8::1
IPv6ADDR|2 = 2001:db8::11
IPv6NETMASK|2 = 64
IPv6GATEWAY|2 = 2001:db8::1
[NIC2]
MACADDR = 00:50:56:aa:00:02
ONBOOT = yes
IPv4_MODE = BACKWARDS_COMPATIBLE
BOOTPROTO = static
IPADDR = 198.51.100.10
NETMASK = 255.255.255.0
GATEWAY = 198.51.100.1

[DNS]
DNSFROMDHCP=no
SUFFIX|1 = example.test
SUFFIX|2 = \"proxy.test\"
NAMESERVER|2 = 192.0.2.54
NAMESERVER|1 = 192.0.2.53

[DATETIME]
TIMEZONE = Africa/Abidjan
UTC = yes

[MISC]
MARKER-ID = marker-1
";

/// The same, with DHCP, a password and nothing that names the machine.
const DHCP: &str = "\
[NIC-CONFIG]
NICS = NIC1,NIC2
[NIC1]
MACADDR = 00-50-56-AA-00-01
BOOTPROTO = dhcp
[NIC2]
MACADDR = 00:50:56:aa:00:02
IPv4_MODE = DISABLED
BOOTPROTO = static
[PASSWORD]
# hunter2
-PASS = aHVudGVyMgo=
RESET = yes
[DNS]
DNSFROMDHCP=yes
SUFFIX|1 = example.test
[MISC]
INSTANCE-ID = i-1
MARKER-ID = marker-1
";

fn seed(text: &str) -> Result<Seed, String> {
    let directory = folder(&[("cust.cfg", text)]);
    at(directory.path(), FILE)
        .map(Option::unwrap)
        .map_err(|fault| fault.to_string())
}

fn json(part: Option<&Part>) -> Value {
    serde_json::from_slice(&part.unwrap().bytes).unwrap()
}

#[test]
fn fixed_addresses() {
    let seed = seed(STATIC).unwrap();
    let user = json!({"hostname": "web1", "fqdn": "web1.example.test", "timezone": "Africa/Abidjan"});
    assert_eq!(json(seed.user_data.as_ref()), user);
    assert_eq!(json(seed.meta_data.as_ref()), json!({"instance-id": "marker-1"}));
    let nameservers = json!({"addresses": ["192.0.2.53", "192.0.2.54"], "search": ["example.test", "proxy.test"]});
    let network = json!({"version": 2, "ethernets": {
        "nic1": {
            "match": {"macaddress": "00:50:56:aa:00:01"},
            "addresses": ["192.0.2.10/22", "2001:db8::10/64", "2001:db8::11/64"],
            "routes": [
                {"to": "default", "via": "192.0.2.1"},
                {"to": "default", "via": "192.0.2.2", "metric": 2048},
                {"to": "default", "via": "2001:db8::1"},
            ],
            "nameservers": nameservers,
        },
        "nic2": {
            "match": {"macaddress": "00:50:56:aa:00:02"},
            "addresses": ["198.51.100.10/24"],
            "routes": [{"to": "default", "via": "198.51.100.1", "metric": 2049}],
            "nameservers": nameservers,
        },
    }});
    assert_eq!(json(seed.network_config.as_ref()), network);
    let parts = crate::document::Texts {
        network_config: seed.network_config.as_ref().map(Part::text),
        meta_data: seed.meta_data.as_ref().map(Part::text),
        ..Default::default()
    };
    let document = Document::read(&parts);
    assert_eq!(document.diagnostics, []);
    assert_eq!(document.meta_data.instance_id.as_deref(), Some("marker-1"));
}

#[test]
fn addresses_by_dhcp_and_a_password() {
    let seed = seed(DHCP).unwrap();
    assert_eq!(
        json(seed.user_data.as_ref()),
        json!({"root": {"password": "hunter2", "expire": true}})
    );
    assert_eq!(json(seed.meta_data.as_ref()), json!({"instance-id": "i-1"}));
    let nameservers = json!({"search": ["example.test"]});
    let network = json!({"version": 2, "ethernets": {
        "nic1": {
            "match": {"macaddress": "00:50:56:aa:00:01"},
            "dhcp4": true,
            "nameservers": nameservers,
        },
        "nic2": {
            "match": {"macaddress": "00:50:56:aa:00:02"},
            "nameservers": nameservers,
        },
    }});
    assert_eq!(json(seed.network_config.as_ref()), network);
    assert_eq!(Document::read(&seed.texts()).diagnostics, []);
}

/// The adapter that these lines describe, and what is said once about all of them.
fn adapter(lines: &str) -> Result<Value, String> {
    let text = format!(
        "[NIC-CONFIG]\nNICS=NIC1\n[NIC1]\nMACADDR=00:50:56:aa:00:01\n{lines}\n[DNS]\nDNSFROMDHCP=no\nNAMESERVER|1=192.0.2.53\n"
    );
    let seed = seed(&text)?;
    Ok(json(seed.network_config.as_ref())["ethernets"]["nic1"].clone())
}

#[test]
fn how_an_adapter_gets_its_address() {
    let fixed = "IPADDR=192.0.2.10\nNETMASK=255.255.255.0\n";
    for (lines, dhcp, addresses) in [
        ("", true, &[][..]),
        ("BOOTPROTO=DHCP", true, &[]),
        ("IPv4_MODE=DHCP\nBOOTPROTO=static", true, &[]),
        (&*format!("IPv4_MODE=STATIC\n{fixed}"), false, &["192.0.2.10/24"][..]),
        (&*format!("BOOTPROTO=static\n{fixed}"), false, &["192.0.2.10/24"]),
        (&*format!("IPv4_MODE=DISABLED\nBOOTPROTO=static\n{fixed}"), false, &[]),
        (
            "BOOTPROTO=dhcp\nIPv6ADDR|3=2001:db8::3\nIPv6NETMASK|3=64",
            true,
            &["2001:db8::3/64"],
        ),
    ] {
        let nic = adapter(lines).unwrap();
        assert_eq!(
            (nic["dhcp4"] == true, nic.get("addresses").unwrap_or(&json!([]))),
            (dhcp, &json!(addresses)),
            "{lines}"
        );
        assert_eq!(nic["dhcp4-overrides"]["use-dns"] == false, dhcp, "{lines}");
    }
    // Without servers of its own, what DHCP gives is better than nothing.
    let seed = seed("[NIC-CONFIG]\nNICS=NIC1\n[NIC1]\nMACADDR=00:50:56:aa:00:01\n[DNS]\nDNSFROMDHCP=no\n").unwrap();
    assert_eq!(
        json(seed.network_config.as_ref())["ethernets"]["nic1"].get("dhcp4-overrides"),
        None
    );
}

#[test]
fn only_the_primary_adapter_has_a_default_route() {
    let text = STATIC.replace("[NIC2]\n", "[NIC2]\nPRIMARY = true\n");
    let network = json(seed(&text).unwrap().network_config.as_ref());
    assert_eq!(network["ethernets"]["nic1"].get("routes"), None);
    assert_eq!(
        network["ethernets"]["nic2"]["routes"],
        json!([{"to": "default", "via": "198.51.100.1"}])
    );
    let both = text.replace("[NIC1]\n", "[NIC1]\nPRIMARY = yes\n");
    assert!(told(&both).join("").contains("a second adapter with PRIMARY"));
}

#[test]
fn adapters_that_are_left_out() {
    for line in ["ONBOOT = no", "IPv4_MODE = AS_IS"] {
        let text = STATIC.replace("[NIC2]\n", &format!("[NIC2]\n{line}\n")).replacen(
            "\nONBOOT = yes\nIPv4_MODE = BACKWARDS_COMPATIBLE\nBOOTPROTO = static\nIPADDR = 198",
            "\nBOOTPROTO = static\nIPADDR = 198",
            1,
        );
        let network = json(seed(&text).unwrap().network_config.as_ref());
        let names: Vec<_> = network["ethernets"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["nic1"], "{line}");
    }
}

/// What is wrong with a customization: `PLACE: MESSAGE`, the place without its directory.
fn told(text: &str) -> Vec<String> {
    let seed = seed(text).unwrap();
    let document = Document::read(&seed.texts());
    let told = document.diagnostics.iter().map(|found| {
        let place = found.place();
        let place = place.rsplit_once('/').map_or(place.as_str(), |(_, place)| place);
        assert!(
            found.excerpt.is_none() && found.hint.as_deref() == Some(ADVICE),
            "{found:?}"
        );
        format!("{place}: {}", found.message)
    });
    told.collect()
}

/// The names of the adapters that are configured.
fn adapters(document: &Document) -> Vec<String> {
    let ethernets = document
        .config
        .network
        .iter()
        .flat_map(|network| network.ethernets.keys());
    ethernets.map(|id| id.as_str().to_owned()).collect()
}

#[test]
fn what_is_wrong_has_a_place_and_costs_its_adapter() {
    let both = &["nic1", "nic2"][..];
    let second = &["nic2"][..];
    for (from, to, what, left) in [
        (
            "192.0.2.10",
            "hunter2",
            "cust.cfg:15: [NIC1] IPADDR: `IPADDR` is not an IP address",
            second,
        ),
        (
            "255.255.252.0",
            "hunter2",
            "cust.cfg:15: [NIC1] IPADDR: `IPADDR` has an invalid netmask",
            second,
        ),
        (
            "NETMASK = 255.255.252.0",
            "",
            "cust.cfg:15: [NIC1] IPADDR: `IPADDR` has no netmask",
            second,
        ),
        (
            "192.0.2.2\n",
            "hunter2\n",
            "cust.cfg:17: [NIC1] GATEWAY: `GATEWAY` is not an IP address",
            second,
        ),
        (
            "IPADDR = 192.0.2.10",
            "",
            "cust.cfg:11: [NIC1] MACADDR: the adapter NIC1 is static and has no IPADDR",
            second,
        ),
        (
            "MACADDR = 00:50:56:AA:00:01",
            "",
            "the adapter NIC1 has no MACADDR",
            second,
        ),
        ("00:50:56:AA:00:01", "hunter2", "cust.cfg:11: [NIC1] MACADDR: ", second),
        (
            "00:50:56:AA:00:01",
            "00:50:56:aa:00:02",
            "the adapter NIC2 is the same adapter as [NIC1]",
            &["nic1"],
        ),
        (
            "BACKWARDS_COMPATIBLE",
            "hunter2",
            "cust.cfg:13: [NIC1] IPv4_MODE: `IPv4_MODE` is not one of",
            second,
        ),
        (
            "= static",
            "= hunter2",
            "cust.cfg:14: [NIC1] BOOTPROTO: `BOOTPROTO` is neither",
            second,
        ),
        (
            "ONBOOT = yes",
            "ONBOOT = hunter2",
            "cust.cfg:12: [NIC1] ONBOOT: `ONBOOT` is neither yes nor no",
            second,
        ),
        (
            "IPv6NETMASK|1 = 64",
            "IPv6NETMASK|1 = 129",
            "[NIC1] IPv6ADDR|1: `IPv6ADDR|1` has an invalid netmask",
            second,
        ),
        (
            "IPv6GATEWAY|1 = ",
            "IPv6GATEWAY|x = ",
            "[NIC1] IPv6GATEWAY|x: `IPv6GATEWAY|x` needs a number",
            second,
        ),
        (
            "192.0.2.1, ",
            "192.0.2.10, ",
            "cust.cfg:17: [NIC1] GATEWAY: the gateway 192.0.2.10 is the link's own",
            second,
        ),
        (
            "BOOTPROTO = static",
            "hunter2",
            "cust.cfg:14: the line is neither a section nor KEY = VALUE",
            second,
        ),
        (
            "192.0.2.54",
            "hunter2",
            "[DNS] NAMESERVER|2: `NAMESERVER|2` is not an IP address",
            both,
        ),
        (
            "DNSFROMDHCP=no",
            "DNSFROMDHCP=hunter2",
            "[DNS] DNSFROMDHCP: `DNSFROMDHCP` is neither",
            both,
        ),
        (
            "HOSTNAME   = web1",
            "",
            "[NETWORK] DOMAINNAME: `DOMAINNAME` needs a HOSTNAME",
            both,
        ),
        (
            "NICS = NIC1,NIC2",
            "NICS = NIC3,NIC2",
            "cust.cfg:8: [NIC-CONFIG] NICS: the adapter NIC3 has no MACADDR",
            second,
        ),
        (
            "[DATETIME]",
            "[PASSWORD]\n-PASS = hunter2\n[DATETIME]",
            "[PASSWORD] -PASS: `-PASS` is not base64",
            both,
        ),
        (
            "[DATETIME]",
            "[PASSWORD]\n-PASS = //8=\n[DATETIME]",
            "[PASSWORD] -PASS: `-PASS` is not base64 of a text",
            both,
        ),
        (
            "[DATETIME]",
            "[PASSWORD]\n-PASS = aHVudGVyMg==\nRESET = hunter2\n[DATETIME]",
            "[PASSWORD] RESET: `RESET` is neither yes nor no: treated as yes",
            both,
        ),
        (
            "[DATETIME]",
            "[CLOUDINIT]\nUSERDATA = ../x\n[DATETIME]",
            "[CLOUDINIT] USERDATA: `USERDATA` is not the name",
            both,
        ),
        (
            "[DATETIME]",
            "[CLOUDINIT]\nMETADATA = ..\n[DATETIME]",
            "[CLOUDINIT] METADATA: `METADATA` is not the name",
            both,
        ),
        (
            "[DATETIME]",
            "[CLOUDINIT]\nMETADATA = md\n[DATETIME]",
            "[CLOUDINIT] METADATA: `METADATA` names a file that doesn't exist",
            both,
        ),
        ("Africa/Abidjan", "(UTC+01:00) Amsterdam", "[DATETIME] TIMEZONE: ", both),
        (
            "example.test\n\n",
            "exa_mple..test\n\n",
            "cust.cfg:5: [NETWORK] DOMAINNAME: ",
            both,
        ),
        ("[DATETIME]", "[DATETIME", "the line is not a section", both),
    ] {
        let text = STATIC.replacen(from, to, 1);
        assert_ne!(text, STATIC, "{from}");
        let told = told(&text);
        // What is left out of a section is said for the adapter too.
        let said = told
            .iter()
            .filter(|one| !one.contains("keeps its current configuration"));
        let said: Vec<_> = said.collect();
        assert!(said.len() == 1 && said[0].contains(what), "{what}: {told:#?}");
        let shows = told
            .join("")
            .replace("`hunter2` is not a hardware address", "")
            .contains("hunter2");
        assert!(!shows, "{told:?}");
        let document = Document::read(&seed(&text).unwrap().texts());
        assert_eq!(adapters(&document), left, "{what}");
        if !what.contains("[NETWORK]") {
            assert_eq!(
                document.config.fqdn.as_ref().unwrap().as_str(),
                "web1.example.test",
                "{what}"
            );
        }
        if what.contains("treated as yes") {
            assert_eq!(document.config.root.unwrap().expire, Some(true));
        }
    }
    let many = format!("[NIC-CONFIG]\nNICS = {}\n", "N,".repeat(1000));
    let told = told(&many);
    assert!(
        told[0].contains("cust.cfg:2: [NIC-CONFIG] NICS: the adapter N is over the limit of 16"),
        "{told:?}"
    );
    assert!(
        seed("[MISC]\nPOST-GC-STATUS = no\n")
            .unwrap_err()
            .contains("cust.cfg: sets nothing")
    );
}

#[test]
fn an_adapter_that_is_left_out_takes_no_default_route_from_another() {
    // As a template without a netmask for its first adapter.
    let text = STATIC.replacen("NETMASK = 255.255.252.0\n", "", 1);
    let network = json(seed(&text).unwrap().network_config.as_ref());
    assert_eq!(
        network["ethernets"]["nic2"]["routes"],
        json!([{"to": "default", "via": "198.51.100.1"}])
    );
}

#[test]
fn a_gateway_outside_of_the_subnet_is_on_link() {
    let text = "[NETWORK]\nHOSTNAME = test1\n[NIC-CONFIG]\nNICS = NIC1\n[NIC1]\nMACADDR = 00:50:56:00:00:01\nONBOOT = 1\n\
                BOOTPROTO = static\nIPADDR = 192.0.2.10\nNETMASK = 255.255.255.255\nGATEWAY = 203.0.113.1\n";
    let seed = seed(text).unwrap();
    let document = Document::read(&seed.texts());
    assert_eq!(document.diagnostics, []);
    let network = document.config.network.unwrap();
    let route = &network.ethernets.values().next().unwrap().common.routes[0];
    assert_eq!(
        (route.to_string(), route.on_link),
        ("default via 203.0.113.1".to_owned(), Some(true))
    );
}

#[test]
fn names_and_passwords_as_people_write_them() {
    const HASH: &str =
        "$6$saltsaltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/";
    for (names, hostname, fqdn) in [
        ("HOSTNAME = web1\nDOMAINNAME = \"\"", "web1", None),
        ("HOSTNAME = web1\nDOMAINNAME = lab.test", "web1", Some("web1.lab.test")),
        (
            "HOSTNAME = web1.lab.test\nDOMAINNAME = lab.test",
            "web1.lab.test",
            Some("web1.lab.test"),
        ),
        ("HOSTNAME = web1\nDOMAINNAME = .lab.test", "web1", Some("web1.lab.test")),
    ] {
        let document = Document::read(&seed(&format!("[NETWORK]\n{names}\n")).unwrap().texts());
        assert_eq!(document.diagnostics, [], "{names}");
        let is = |name: Option<crate::document::hostname::HostName>| name.map(|name| name.as_str().to_owned());
        assert_eq!(is(document.config.hostname).as_deref(), Some(hostname), "{names}");
        assert_eq!(is(document.config.fqdn).as_deref(), fqdn, "{names}");
    }
    let hash = Base64::encode_string(HASH.as_bytes());
    let seed = seed(&format!("[PASSWORD]\n-PASS = {hash}\n")).unwrap();
    let root = Document::read(&seed.texts()).config.root.unwrap();
    assert_eq!(
        (root.password, root.hashed_password.unwrap().secret().expose()),
        (None, HASH)
    );
}

#[test]
fn what_is_not_applied_is_said() {
    let said = |text: &str| not_applied(&Ini::parse(text.as_bytes(), "cust.cfg").unwrap());
    assert_eq!(said(STATIC), Vec::<String>::new());
    assert_eq!(said(DHCP), Vec::<String>::new());
    let text = "[NETWORK]\nHOSTNAM = hunter2\n[NIC-CONFIG]\nNICS = NIC1\n[NIC1]\nIPv6ADDR|1 = x\nMTU = 1400\n[NIC2]\nIPADDR = x\n\
                [CUSTOM-SCRIPT]\nSCRIPT-NAME = hunter2\n[DATETIME]\nUTC = no\n[MISC]\nPOST-GC-STATUS = yes\n\
                DEFAULT-RUN-POST-CUST-SCRIPT = yes\n";
    let expected = [
        "cust.cfg:2: [NETWORK] HOSTNAM: is unknown and not applied",
        "cust.cfg:7: [NIC1] MTU: is unknown and not applied",
        "cust.cfg:9: [NIC2] IPADDR: is unknown and not applied",
        "cust.cfg:11: [CUSTOM-SCRIPT] SCRIPT-NAME: scripts of a customization are not run: write what it does into a document",
        "cust.cfg:13: [DATETIME] UTC: the hardware clock stays as it is",
        "cust.cfg:15: [MISC] POST-GC-STATUS: nothing is reported to the hypervisor",
    ];
    assert_eq!(said(text), expected);
}

#[test]
fn documents_of_its_own() {
    let directory = folder(&[
        (
            "cust.cfg",
            "[CLOUDINIT]\nMETADATA = md.yaml\nUSERDATA = \"ud.yaml\"\n[NETWORK]\nHOSTNAME = other\n",
        ),
        ("md.yaml", "instance-id: i-1\nhostname: web1\nnetwork: {version: 2}\n"),
        ("ud.yaml", "#cloud-config\ndocker: true\n"),
    ]);
    let seed = at(directory.path(), FILE).unwrap().unwrap();
    let document = Document::read(&seed.texts());
    assert_eq!(document.diagnostics, []);
    assert_eq!(document.config.hostname.unwrap().as_str(), "web1");
    assert_eq!(document.meta_data.instance_id.as_deref(), Some("i-1"));
    assert!(document.config.docker.is_some() && document.config.network.is_some());
    assert!(seed.user_data.as_ref().unwrap().origin.ends_with("/ud.yaml"));
}

#[test]
fn where_it_is_looked_for() {
    let present = |verdict: Verdict| match verdict {
        Verdict::Present(seed) => seed.place.clone(),
        other => panic!("{other:?}"),
    };
    let directory = folder(&[("cust.cfg", DHCP), ("other.cfg", DHCP)]);
    let place = |name: &str| directory.path().join(name).display().to_string();
    assert_eq!(present(super::super::from_path(directory.path())), place("cust.cfg"));
    assert_eq!(
        present(super::super::from_path(Path::new(&place("other.cfg")))),
        place("other.cfg")
    );
    let both = folder(&[("cust.cfg", DHCP), ("userdata", "docker: true")]);
    assert_eq!(
        present(super::super::from_path(both.path())),
        both.path().display().to_string()
    );

    let machine = folder(&[("run/vmware-imc/cust.cfg", DHCP), ("run/vmware-imc/nics.txt", "1")]);
    let places = Places {
        root: Root::open(machine.path()).unwrap(),
        live: true,
        devices: Vec::new(),
        rules: crate::source::Rules::default(),
    };
    let found = || of_machine(&places);
    assert_eq!(found().unwrap().unwrap().place, "/run/vmware-imc/cust.cfg");
    let absent = || Verdict::Absent("nothing".to_owned());
    assert_eq!(
        present(super::super::or_customization(absent(), found())),
        "/run/vmware-imc/cust.cfg"
    );
    assert_eq!(super::super::or_customization(absent(), Ok(None)), absent());
    let torn = super::super::or_customization(absent(), Err(Fault::lasting("torn")));
    assert_eq!(torn, Verdict::Broken(Fault::lasting("torn")));
    let guestinfo = Verdict::Present(Box::new(Seed::empty(NAME, "guestinfo".to_owned())));
    assert_eq!(present(super::super::or_customization(guestinfo, found())), "guestinfo");
}
