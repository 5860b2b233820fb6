//! Platform data with a detail off, as people's bug reports have it: what it costs, what it doesn't, and what is said.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;

use support::program::{Said, firstlight, text};
use support::tree::{build, place};

const META: &str = r#"{"uuid":"11111111-1111-1111-1111-111111111111","hostname":"web1.novalocal","name":"web1","launch_index":0,
 "public_keys":{"k":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBf5Y1nQvY2m0g3Wv3kM3J5o1pQ8x6Zk0q9kq0m1J4uR admin\n"}}"#;

/// A Photon tree, and a directory with these files.
struct Machine {
    tree: tempfile::TempDir,
    seed: tempfile::TempDir,
}

impl Machine {
    fn with(files: &[(&str, &str)]) -> Self {
        let (tree, seed) = (place(), place());
        build("photon5", None, tree.path());
        for (name, contents) in files {
            let path = seed.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
        Self { tree, seed }
    }

    /// A machine with a config drive that has this `network_data.json`.
    fn with_drive(network: &str) -> Self {
        let latest = |name: &str| format!("openstack/latest/{name}");
        Self::with(&[
            (&latest("user_data"), "sshd: {permit_root_login: prohibit-password}\n"),
            (&latest("meta_data.json"), META),
            (&latest("network_data.json"), network),
        ])
    }

    fn run(&self, command: &str, source: &str, place: &str) -> Said {
        let place = match place {
            "" => self.seed.path().to_owned(),
            place => self.seed.path().join(place),
        };
        let source = format!("{source}:{}", place.display());
        firstlight(&[command, "--root", text(self.tree.path()), "--source", &source])
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.tree.path().join(path)).unwrap_or_default()
    }

    /// The files of networkd that firstlight made.
    fn networks(&self) -> Vec<String> {
        let made = fs::read_dir(self.tree.path().join("etc/systemd/network")).unwrap();
        let names = made.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.contains("firstlight")).collect();
        names.sort();
        names
    }
}

fn file(id: &str) -> String {
    format!("10-firstlight-{id}.network")
}

#[test]
fn a_config_drive_with_a_detail_off_is_applied() {
    let dhcp = |link: &str| {
        format!(
            r#"{{"links":[{{"id":"t","ethernet_mac_address":"fa:16:3e:00:00:01"{link}}}],
                "networks":[{{"id":"n1","type":"ipv4_dhcp","link":"t","network_id":"x"}}],"services":[]}}"#
        )
    };
    let slaac = r#"{"links":[{"id":"t","type":"phy","ethernet_mac_address":"fa:16:3e:00:00:01"}],"networks":[
        {"id":"n2","type":"ipv6_slaac","link":"t"},
        {"id":"n3","type":"ipv4","link":"t","ip_address":"192.0.2.10","netmask":"255.255.255.0","gateway":null,"routes":null,
         "dns_nameservers":["192.0.2.53"]}],"services":null}"#;
    let services = r#"{"links":[{"id":"t","type":"phy","ethernet_mac_address":"FA:16:3E:00:00:01"}],"networks":[
        {"id":"n0","type":"ipv4","link":"t","ip_address":"192.0.2.10","netmask":"255.255.255.0","routes":[{"network":"0.0.0.0",
         "netmask":"0.0.0.0","gateway":"192.0.2.1","services":[{"type":"dns","address":"192.0.2.53"}]}],
         "services":[{"type":"dns","address":"192.0.2.54"}]}],"services":[{"type":"dns","address":"192.0.2.55"}]}"#;
    let outside = r#"{"links":[{"id":"t","type":"ovs","ethernet_mac_address":"fa:16:3e:00:00:01","mtu":1500}],"networks":[
        {"type":"ipv4","link":"t","ip_address":"198.51.100.20/32","gateway":"203.0.113.1","routes":[]},
        {"type":"ipv6","link":"t","ip_address":"2001:db8:cafe::5/64","gateway":"2001:db8:ffff::1"}],"services":[]}"#;
    for (name, network, lines) in [
        (
            "cd1b",
            dhcp(r#","type":null,"mtu":1450"#).as_str(),
            &["DHCP=ipv4", "MTUBytes=1450"][..],
        ),
        ("cd1d", &dhcp(r#","type":"phy","mtu":"""#), &["DHCP=ipv4"]),
        (
            "cd1e",
            &dhcp(r#","type":"phy","mtu":"1450""#),
            &["DHCP=ipv4", "MTUBytes=1450"],
        ),
        (
            "cd1f",
            services,
            &[
                "Address=192.0.2.10/24",
                "Gateway=192.0.2.1",
                "DNS=192.0.2.53",
                "DNS=192.0.2.54",
                "DNS=192.0.2.55",
            ],
        ),
        (
            "cd1g",
            slaac,
            &["Address=192.0.2.10/24", "IPv6AcceptRA=yes", "DNS=192.0.2.53"],
        ),
        ("cd1j", "", &[]),
        (
            "cd2",
            outside,
            &["Gateway=203.0.113.1", "Gateway=2001:db8:ffff::1", "GatewayOnLink=yes"],
        ),
    ] {
        let machine = Machine::with_drive(network);
        let said = machine.run("apply", "configdrive", "");
        assert_eq!(said.status, 0, "{name}: {said:?}");
        assert_eq!(machine.read("etc/hostname"), "web1.novalocal\n", "{name}");
        assert!(
            machine.read("root/.ssh/authorized_keys").contains("m1J4uR admin"),
            "{name}"
        );
        let made = machine.read(&format!("etc/systemd/network/{}", file("t")));
        for line in lines {
            assert!(
                made.lines().any(|made| made == *line),
                "{name}: {line} is not in\n{made}"
            );
        }
        assert_eq!(machine.networks().is_empty(), lines.is_empty(), "{name}");
    }
}

/// A customization of two adapters with fixed addresses; `more` is of the first.
fn customization(more: &str, rest: &str) -> String {
    format!(
        "[NETWORK]\nHOSTNAME = test1\nDOMAINNAME = lab.example\n[NIC-CONFIG]\nNICS = NIC1,NIC2\n\
         [NIC1]\nMACADDR = 00:50:56:00:00:01\nONBOOT = yes\nBOOTPROTO = static\nIPADDR = 192.0.2.10\n{more}\
         [NIC2]\nMACADDR = 00:50:56:00:00:02\nONBOOT = yes\nBOOTPROTO = static\nIPADDR = 198.51.100.10\nNETMASK = 255.255.255.0\n\
         GATEWAY = 198.51.100.1, 198.51.100.2\n{rest}"
    )
}

#[test]
fn a_mistake_is_said_where_it_is_and_refused_by_hand_alone() {
    let secret = "[PASSWORD]\n-PASS = aHVudGVyMg==\n";
    let ovf = r#"<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:oe="http://schemas.dmtf.org/ovf/environment/1">
        <PropertySection><Property oe:key="firstlight.hostname" oe:value="test1"/><Property oe:key="firstlight.ip" oe:value="192.0.2.10/24"/>
        <Property oe:key="firstlight.gateway" oe:value="192.0.2.10"/><Property oe:key="firstlight.root-password" oe:value="hunter2"/>
        </PropertySection></Environment>"#;
    let drive = r#"{"links":[{"id":"t","ethernet_mac_address":"fa:16:3e:00:00:01"}],"networks":[{"type":"ipv4","link":"t",
        "ip_address":"192.0.2.10","netmask":"255.255.255.0","routes":[{"network":"10.0.0.0/8","gateway":"192.0.2.1"},
        {"network":"0.0.0.0","netmask":"0.0.0.0","gateway":"192.0.2.10"}]}]}"#;
    let guestinfo = "guestinfo.interface.0";
    for (source, files, place, says) in [
        (
            "vmware",
            &[("cust.cfg", customization("GATEWAY = 192.0.2.1\n", secret).as_str())][..],
            "",
            "cust.cfg:10: [NIC1] IPADDR",
        ),
        (
            "vmware",
            &[(
                "cu4.cfg",
                &customization(
                    "NETMASK = 24\n",
                    &format!("{secret}[DATETIME]\nTIMEZONE = (UTC+01:00) Amsterdam\n"),
                ),
            )],
            "cu4.cfg",
            ": [DATETIME] TIMEZONE",
        ),
        (
            "ovf",
            &[("env.xml", ovf)],
            "env.xml",
            "env.xml: property firstlight.gateway",
        ),
        (
            "configdrive",
            &[
                ("openstack/latest/meta_data.json", META),
                ("openstack/latest/network_data.json", drive),
            ],
            "",
            "network_data.json: networks[0].routes[1]",
        ),
        (
            "vmware",
            &[
                ("guestinfo.hostname", "web1"),
                (&format!("{guestinfo}.dhcp"), "no"),
                (&format!("{guestinfo}.name"), "ens192"),
                ("guestinfo.userdata", "root: {password: hunter2}"),
            ],
            "",
            "guestinfo.interface.0.dhcp",
        ),
        (
            "credentials",
            &[
                ("passwd.plaintext-password.root", "$6$saltsalt$hunter2hunter2"),
                ("firstboot.hostname", "web1"),
            ],
            "",
            "passwd.plaintext-password.root",
        ),
    ] {
        let machine = Machine::with(files);
        for command in ["plan", "apply"] {
            let said = machine.run(command, source, place);
            let all = format!("{}{}", said.stdout, said.stderr);
            assert!(all.contains(says), "{says}: {all}");
            assert!(!all.contains("hunter2") && !all.contains("aHVudGVy"), "{all}");
            assert!(all.contains("1 error") && !all.contains("(as "), "{all}");
            // The hostname and all else is planned.
            assert!(command != "plan" || said.stdout.contains("hostname"), "{all}");
            assert!(command == "plan" || said.status == 65, "{said:?}");
        }
        assert_eq!(machine.networks(), Vec::<String>::new(), "{says}");
    }
}

#[test]
fn nothing_else_is_lost_in_a_plan() {
    let machine = Machine::with(&[("cust.cfg", &customization("GATEWAY = 192.0.2.1\n", ""))]);
    let said = machine.run("plan", "vmware", "");
    assert!(
        said.stdout.contains(&file("nic2")) && !said.stdout.contains(&file("nic1")),
        "{said:?}"
    );
    assert!(said.stdout.contains("+test1"), "{said:?}");
}

#[test]
fn an_encoding_that_is_forgotten_or_double_is_no_mistake() {
    let g1 = "I2Nsb3VkLWNvbmZpZwpob3N0bmFtZTogd2ViMQo=";
    let g3 = "STJOc2IzVmtMV052Ym1acFp3cG9iM04wYm1GdFpUb2dkMlZpTVFvPQ==";
    let g10 = "H4sIAAAAAAAAA1NOzskvTdFNzs9Ly0znysgvLslLzE21UihPTTLkAgCrgeQMHQAAAA==";
    for (name, files) in [
        ("g1", &[("guestinfo.userdata", g1)][..]),
        ("g10", &[("guestinfo.userdata", g10)]),
        (
            "g3",
            &[("guestinfo.userdata", g3), ("guestinfo.userdata.encoding", "base64")],
        ),
    ] {
        let machine = Machine::with(files);
        let said = machine.run("apply", "vmware", "");
        assert_eq!(
            (said.status, machine.read("etc/hostname").as_str()),
            (0, "web1\n"),
            "{name}: {said:?}"
        );
    }
    // NoCloud has no place for an encoding.
    let machine = Machine::with(&[("user-data", g10), ("meta-data", "")]);
    let said = machine.run("apply", "nocloud", "");
    assert_eq!(
        (said.status, machine.read("etc/hostname").as_str()),
        (0, "web1\n"),
        "{said:?}"
    );
}

#[test]
fn the_reported_files_that_are_at_hand() {
    // ph3: Photon's keys as govc writes them, a name with a final dot.
    let machine = Machine::with(&[
        ("guestinfo.hostname", "web1"),
        ("guestinfo.interface.0.address", "192.0.2.151/24"),
        ("guestinfo.interface.0.mac", "00-50-56-00-00-01"),
        ("guestinfo.interface.0.route.0", "192.0.2.1, 0.0.0.0/0"),
    ]);
    let said = machine.run("apply", "vmware", "");
    assert_eq!(said.status, 0, "{said:?}");
    let made = machine.read(&format!("etc/systemd/network/{}", file("interface0")));
    for line in [
        "MACAddress=00:50:56:00:00:01",
        "Address=192.0.2.151/24",
        "Gateway=192.0.2.1",
    ] {
        assert!(made.lines().any(|made| made == line), "{line}: {made}");
    }
}

/// A case of [`what_people_and_tools_write_besides`]: source, files, place, a file of the machine, and lines in it.
type Written<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a str, &'a [&'a str]);

#[test]
fn what_people_and_tools_write_besides() {
    const HASH: &str =
        "$6$saltsaltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/";
    let meta = ("openstack/latest/meta_data.json", META);
    let sshd = (
        "openstack/latest/user_data",
        "sshd: {permit_root_login: prohibit-password}\n",
    );
    let network = "openstack/latest/network_data.json";
    let of = |id: &str| format!("etc/systemd/network/{}", file(id));
    let (t, nic1, ovf, interface0) = (of("t"), of("nic1"), of("ovf"), of("interface0"));
    let properties = |properties: &str| {
        let uri = "http://schemas.dmtf.org/ovf/environment/1";
        format!(
            "<Environment xmlns=\"{uri}\" xmlns:oe=\"{uri}\"><PropertySection>{properties}</PropertySection></Environment>"
        )
    };
    let cases: [Written<'_>; 12] = [
        // A byte order mark, Windows' lines, dashes in a hardware address, and blanks around everything.
        (
            "configdrive",
            &[
                meta,
                sshd,
                (
                    network,
                    "\u{feff}{\"links\": [{\"id\": \" t \", \"ethernet_mac_address\": \"FA-16-3E-00-00-01 \"}],\r\n\
                \"networks\": [{\"link\": \"t\", \"type\": \"ipv4\", \"ip_address\": \" 192.0.2.10 \", \"netmask\": \" 24\"}]}\r\n",
                ),
            ],
            "",
            &t,
            &["MACAddress=fa:16:3e:00:00:01", "Address=192.0.2.10/24"],
        ),
        // The prefix length in the network of a route, and a netmask beside an address that has one.
        (
            "configdrive",
            &[
                meta,
                sshd,
                (
                    network,
                    r#"{"links": [{"id": "t", "ethernet_mac_address": "fa:16:3e:00:00:01"}], "networks": [{"link": "t",
                "type": "ipv4", "ip_address": "192.0.2.10/25", "netmask": "255.255.255.0", "routes": [
                {"network": "0.0.0.0/0", "gateway": "192.0.2.1"}, {"network": "10.0.0.0/8", "netmask": "", "gateway": "192.0.2.2"}]}]}"#,
                ),
            ],
            "",
            &t,
            &["Address=192.0.2.10/25", "Gateway=192.0.2.1", "Destination=10.0.0.0/8"],
        ),
        // Two networks of one link that say the same route, servers that are named three times.
        (
            "configdrive",
            &[
                meta,
                sshd,
                (
                    network,
                    r#"{"links": [{"id": "t", "ethernet_mac_address": "fa:16:3e:00:00:01"}], "networks": [
                {"link": "t", "type": "ipv4", "ip_address": "192.0.2.10/24", "gateway": "192.0.2.1", "dns_nameservers": ["192.0.2.53"],
                 "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "192.0.2.1"}],
                 "services": [{"type": "dns", "address": "192.0.2.53"}]}],
                "services": [{"type": "dns", "address": "192.0.2.53"}, {"type": "ntp", "address": null}]}"#,
                ),
            ],
            "",
            &t,
            &["Gateway=192.0.2.1", "DNS=192.0.2.53"],
        ),
        // Vendor data that is a text by itself.
        (
            "configdrive",
            &[
                meta,
                sshd,
                (
                    "openstack/latest/vendor_data.json",
                    "\"#cloud-config\\ntimezone: Europe/Berlin\\n\"",
                ),
            ],
            "",
            "etc/hostname",
            &["web1.novalocal"],
        ),
        // Windows' lines, quotes, a prefix length for a netmask, a comma too many.
        (
            "vmware",
            &[(
                "cust.cfg",
                "\u{feff}[NIC-CONFIG]\r\nNICS = NIC1, \r\n[NIC1]\r\nMACADDR = \"00:50:56:00:00:01\"\r\nONBOOT = 1\r\n\
                BOOTPROTO = Static\r\nIPADDR = \"192.0.2.10\"\r\nNETMASK = 24\r\nGATEWAY = \"192.0.2.1,\"\r\nIPv6ADDR|1 = \r\n",
            )],
            "",
            &nic1,
            &[
                "MACAddress=00:50:56:00:00:01",
                "Address=192.0.2.10/24",
                "Gateway=192.0.2.1",
            ],
        ),
        // The same key twice, with the same value.
        (
            "vmware",
            &[(
                "cust.cfg",
                "[NETWORK]\nHOSTNAME = test1\nHOSTNAME = \"test1\"\nDOMAINNAME =\n",
            )],
            "",
            "etc/hostname",
            &["test1"],
        ),
        // Semicolons, blanks and line breaks in a property; DHCP beside an address.
        (
            "ovf",
            &[(
                "env.xml",
                &properties(
                    "<Property oe:key='firstlight.ip' oe:value=' 192.0.2.10/24;\ndhcp6 '/>\
                <Property oe:key='firstlight.gateway' oe:value='192.0.2.1'/><Property oe:key='firstlight.gateway.1' oe:value='192.0.2.1'/>",
                ),
            )],
            "env.xml",
            &ovf,
            &["DHCP=ipv6", "Address=192.0.2.10/24", "Gateway=192.0.2.1"],
        ),
        // A hash that an editor put a line break behind.
        (
            "ovf",
            &[(
                "env.xml",
                &properties(&format!(
                    "<Property oe:key='firstlight.root-hashed-password' oe:value='{HASH}&#10;'/>"
                )),
            )],
            "env.xml",
            "etc/shadow",
            &[],
        ),
        // Words for yes, and keys that are set to nothing.
        (
            "vmware",
            &[
                ("guestinfo.interface.0.name", "eth0\n"),
                ("guestinfo.interface.0.dhcp", " True\n"),
                ("guestinfo.interface.0.address", "---"),
                ("guestinfo.dns.servers", "192.0.2.53,\t192.0.2.54\n"),
            ],
            "",
            &interface0,
            &["Name=eth0", "DHCP=yes", "DNS=192.0.2.54"],
        ),
        // Metadata as JSON, in base64, with everything null that may be.
        (
            "vmware",
            // {"instance-id": null, "local-hostname": "web1", "public-keys": null, "network": null}
            &[(
                "guestinfo.metadata",
                "eyJpbnN0YW5jZS1pZCI6IG51bGwsICJsb2NhbC1ob3N0bmFtZSI6ICJ3ZWIxIiwgInB1YmxpYy1rZXlzIjogbnVsbCwgIm5ldHdvcmsiOiBudWxsfQ==",
            )],
            "",
            "etc/hostname",
            &["web1"],
        ),
        // Credentials that were made with echo on Windows.
        (
            "credentials",
            &[
                ("firstboot.hostname", " web1 \r\n"),
                ("passwd.hashed-password.root", &format!("{HASH}\r\n")),
                ("firstboot.timezone", "\r\n"),
            ],
            "",
            "etc/hostname",
            &["web1"],
        ),
        // A network of its own in base64 within metadata that has aliases.
        (
            "vmware",
            &[(
                "guestinfo.metadata",
                "x: &n web1\nlocal-hostname: *n\nnetwork: |\n  ZXRoZXJuZXRzOiB7ZXRoMDoge2RoY3A0OiB0cnVlfX0K\n",
            )],
            "",
            "etc/systemd/network/10-firstlight-eth0.network",
            &["DHCP=ipv4"],
        ),
    ];
    for (source, files, place, path, lines) in cases {
        let machine = Machine::with(files);
        let said = machine.run("apply", source, place);
        assert_eq!(said.status, 0, "{files:?}: {said:?}");
        let made = machine.read(path);
        for line in lines {
            let count = made.lines().filter(|made| made == line).count();
            assert_eq!(count, 1, "{line}: {made}");
        }
        let shadow = machine.read("etc/shadow");
        let has_hash = files.iter().any(|(_, contents)| contents.contains(HASH));
        assert_eq!(shadow.contains(HASH), has_hash, "{shadow}");
    }
}
