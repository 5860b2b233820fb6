use super::*;
use crate::document::Document;
use crate::source::Rules;
use crate::source::media::images::{folder, iso};
use crate::system::Root;

const META: &str = r#"{"uuid": "0f3c-1", "hostname": "web1.novalocal", "name": "web1", "admin_pass": "hunter2", "keys": [],
        "public_keys": {"laptop": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 me\n"}}"#;
const NETWORK: &str = r#"{
  "links": [
    {"id": "tap1a", "vif_id": "1", "type": "ovs", "mtu": 1450, "ethernet_mac_address": "FA:16:3E:00:00:01"},
    {"id": "tap2b", "type": "phy", "ethernet_mac_address": "fa:16:3e:00:00:02"}
  ],
  "networks": [
    {"id": "n0", "type": "ipv4", "link": "tap1a", "ip_address": "192.0.2.10", "netmask": "255.255.255.0",
     "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "192.0.2.1"},
                {"network": "198.51.100.0", "netmask": "255.255.255.0", "gateway": "192.0.2.2"}],
     "services": [{"type": "dns", "address": "192.0.2.54"}]},
    {"id": "n1", "type": "ipv6", "link": "tap1a", "ip_address": "2001:db8::10", "netmask": "ffff:ffff:ffff:ffff::",
     "gateway": "2001:db8::1"},
    {"id": "n2", "type": "ipv4_dhcp", "link": "tap2b"}
  ],
  "services": [{"type": "dns", "address": "192.0.2.53"}]
}"#;

fn files<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut files = vec![("openstack/latest/meta_data.json", META)];
    files.extend(more);
    files
}

fn present(verdict: Verdict) -> Seed {
    match verdict {
        Verdict::Present(seed) => *seed,
        other => panic!("{other:?}"),
    }
}

fn broken(verdict: Verdict) -> String {
    match verdict {
        Verdict::Broken(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_drive_as_nova_writes_it() {
    let vendor = r##"{"cloud-init": "#cloud-config\ndocker: true\n"}"##;
    let files = files(&[
        ("openstack/latest/user_data", "#cloud-config\nhostname: mine\n"),
        ("openstack/latest/vendor_data.json", vendor),
        ("openstack/latest/network_data.json", NETWORK),
    ]);
    let directory = folder(&files);
    let mut seeds = vec![present(from_path(directory.path()))];
    for options in [&["-J", "-r"][..], &["-r"]] {
        if let Some(image) = iso("xorriso", "config-2", options, &files) {
            seeds.push(present(from_path(&image.path)));
            let root = Root::open(directory.path()).unwrap();
            let devices = vec![image.path.clone()];
            seeds.push(present(search(&Places {
                root,
                live: true,
                devices,
                rules: Rules::default(),
            })));
        }
    }
    for seed in seeds {
        let document = Document::read(&seed.texts());
        let shown: Vec<_> = document.diagnostics.iter().map(|d| d.render(false)).collect();
        assert!(!document.has_errors(), "{}", shown.join("\n"));
        assert_eq!(document.meta_data.instance_id.as_deref(), Some("0f3c-1"));
        assert_eq!(document.config.hostname.unwrap().as_str(), "mine");
        let keys = document.config.root.unwrap().ssh_authorized_keys;
        assert!(
            matches!(keys.as_slice(), [key] if key.line().ends_with("5 me")),
            "{keys:?}"
        );
        assert_eq!(document.config.docker.unwrap().enabled, Some(true));
        let network: serde_json::Value = serde_json::from_slice(&seed.network_config.unwrap().bytes).unwrap();
        let expected = json!({"version": 2, "ethernets": {
            "tap1a": {
                "match": {"macaddress": "fa:16:3e:00:00:01"},
                "mtu": 1450,
                "addresses": ["192.0.2.10/24", "2001:db8::10/64"],
                "routes": [
                    {"to": "default", "via": "192.0.2.1"},
                    {"to": "198.51.100.0/24", "via": "192.0.2.2"},
                    {"to": "default", "via": "2001:db8::1"}
                ],
                "nameservers": {"addresses": ["192.0.2.53", "192.0.2.54"]}
            },
            "tap2b": {
                "match": {"macaddress": "fa:16:3e:00:00:02"},
                "dhcp4": true,
                "addresses": [],
                "routes": [],
                "nameservers": {"addresses": ["192.0.2.53"]}
            }
        }});
        assert_eq!(network, expected);
    }
}

#[test]
fn what_can_not_be_taken_over_is_refused_without_being_shown() {
    let network = |text| files(&[("openstack/latest/network_data.json", text)]);
    let bond = r#"{"links": [{"id": "b0", "type": "bond"}]}"#;
    let nameless = r#"{"links": [{"id": "x", "type": "phy"}]}"#;
    let lost = r#"{"networks": [{"link": "x", "type": "ipv4_dhcp"}]}"#;
    let one = |network: &str| {
        format!(
            r#"{{"links": [{{"id": "x", "type": "phy", "ethernet_mac_address": "fa:16:3e:00:00:02"}}],
                "networks": [{{"link": "x", {network}}}]}}"#
        )
    };
    let holes = one(r#""type": "ipv4", "ip_address": "192.0.2.1", "netmask": "255.0.255.0""#);
    let unknown = one(r#""type": "carrier-pigeon""#);
    for (files, words) in [
        (vec![("readme", "x")], "there is no openstack/latest/meta_data.json"),
        (
            vec![("openstack/latest/meta_data.json", "{\"uuid\": hunter2}")],
            "meta_data.json:1:10: is not the JSON",
        ),
        (network(bond), "\"b0\" is a bond"),
        (network(nameless), "has no ethernet_mac_address"),
        (network(lost), "on the link \"x\", which there is not"),
        (network(&holes), "\"192.0.2.1\" has a netmask beside it that is none"),
        (network(&unknown), "\"carrier-pigeon\" are not known"),
    ] {
        let why = broken(from_path(folder(&files).path()));
        assert!(why.contains(words) && !why.contains("hunter2"), "{why}");
    }
}
