//! Platform data: OpenStack's JSON, vSphere's `cust.cfg`, OVF environments, guestinfo, credentials.

use std::path::Path;

use firstlight::document::Document;
use firstlight::source::{Part, Seed, Verdict, configdrive, credentials, ovf, vmware};
use proptest::prelude::*;

use super::{config, mutants};

/// In every secret of these inputs, and in nothing that firstlight says.
const SECRET: &str = "hunter2";

/// The most bytes a message has, whatever it is about.
const MESSAGE_LIMIT: usize = 2000;

const META_DATA: &str = r#"{"uuid": "0f3c-1", "hostname": "web1", "admin_pass": "hunter2", "launch_index": 0,
 "public_keys": {"a": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5 me\n"}}"#;

const NETWORK_DATA: &str = r#"{"links": [
  {"id": "tap1a", "vif_id": "1", "type": "ovs", "mtu": 1450, "ethernet_mac_address": "FA:16:3E:00:00:01"},
  {"id": "tap2b", "type": "phy", "mtu": null, "ethernet_mac_address": "fa:16:3e:00:00:02"}],
 "networks": [
  {"id": "n0", "type": "ipv4", "link": "tap1a", "ip_address": "192.0.2.10", "netmask": "255.255.255.0",
   "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "192.0.2.1"},
              {"network": "198.51.100.0", "netmask": "255.255.255.0", "gateway": "192.0.2.2", "services": []}],
   "services": [{"type": "dns", "address": "192.0.2.54"}]},
  {"id": "n1", "type": "ipv6", "link": "tap1a", "ip_address": "2001:db8::10/64", "gateway": "2001:db8::1"},
  {"id": "n2", "type": "ipv4_dhcp", "link": "tap2b"}],
 "services": [{"type": "dns", "address": "192.0.2.53"}]}"#;

const VENDOR_DATA: &str = r##"{"cloud-init": "#cloud-config\npassword: hunter2\n"}"##;

const CUSTOMIZATION: &str = "[NETWORK]\nNETWORKING = yes\nHOSTNAME = web1\nDOMAINNAME = example.test\n\
[NIC-CONFIG]\nNICS = NIC1,NIC2\n[NIC1]\nMACADDR = 00:50:56:AA:00:01\nONBOOT = yes\nIPv4_MODE = BACKWARDS_COMPATIBLE\n\
BOOTPROTO = static\nIPADDR = 192.0.2.10\nNETMASK = 255.255.252.0\nGATEWAY = 192.0.2.1, 192.0.2.2\n\
IPv6ADDR|1 = 2001:db8::10\nIPv6NETMASK|1 = 64\nIPv6GATEWAY|1 = 2001:db8::1\n[NIC2]\nMACADDR = 00:50:56:aa:00:02\n\
PRIMARY = yes\nBOOTPROTO = dhcp\n[DNS]\nDNSFROMDHCP=no\nSUFFIX|1 = example.test\nNAMESERVER|1 = 192.0.2.53\n\
[PASSWORD]\n-PASS = aHVudGVyMgo=\nRESET = no\n[DATETIME]\nTIMEZONE = Europe/Berlin\nUTC = yes\n[MISC]\nMARKER-ID = m-1\n";

const ENVIRONMENT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:oe="http://schemas.dmtf.org/ovf/environment/1"
     xmlns:ve="http://www.vmware.com/schema/ovfenv" oe:id="">
 <PropertySection>
  <Property oe:key="firstlight.hostname" oe:value="web1"/>
  <Property oe:key="firstlight.ip" oe:value="192.0.2.10/24"/>
  <Property oe:key="firstlight.gateway" oe:value="192.0.2.1"/>
  <Property oe:key="firstlight.dns" oe:value="192.0.2.2, 192.0.2.3"/>
  <Property oe:key="firstlight.root-password.0" oe:value="hunter2 &amp; more"/>
  <Property oe:key="firstlight.permit-root-login" oe:value="True"/>
  <Property oe:key="com.example.firstlight.docker" oe:value="False"/>
  <Property oe:key="user-data" oe:value="aG9zdG5hbWU6IHdlYjIKcGFzc3dvcmQ6IGh1bnRlcjIK"/>
 </PropertySection>
 <ve:EthernetAdapterSection><ve:Adapter ve:mac="00:50:56:99:c0:4c" ve:network="VM Network"/></ve:EthernetAdapterSection>
</Environment>"#;

const METADATA: &str = "instance-id: i-1\nlocal-hostname: web1\npublic-keys-data: |\n  ssh-rsa AAAA x\n\
wait-on-network: {ipv4: true, ipv6: \"false\"}\nnetwork:\n  version: 2\n  ethernets:\n    nics:\n      match: {name: \"eth*\"}\n\
\x20     dhcp4: true\n      routes: [{to: default, via: 192.0.2.1}]\n";

/// Photon's own keys, a line each.
const PHOTON: &str = "hostname=web1\ninterface.0.mac=00-50-56-AA-BB-CC\ninterface.0.address=192.0.2.10\n\
interface.0.netmask=255.255.255.0\ninterface.0.route.0=192.0.2.1\ninterface.0.route.1=192.0.2.2, 198.51.100.0/24\n\
interface.1.name=eth1\ninterface.1.dhcp=ipv4\ndns.servers=192.0.2.53 192.0.2.54\ndns.domains=example.test\n";

/// Well-known credentials, a line each.
const CREDENTIALS: &str = "passwd.plaintext-password.root=hunter2\nfirstboot.hostname=web1\nfirstboot.timezone=Europe/Berlin\n\
network.network.50-lan=[Match]\nssh.authorized_keys.root=ssh-rsa AAAA x\nfirstlight.meta-data=instance-id: i-1\n";

/// A directory with these files; one whose name can't be is left out.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = std::fs::write(path, bytes);
    }
    directory
}

/// The document of a verdict; `None` where the source says why there is none.
fn document(verdict: Verdict, size: usize) -> Option<Document> {
    let why = match verdict {
        Verdict::Present(seed) => return Some(read(&seed, size)),
        Verdict::Absent(why) => why,
        Verdict::Broken(fault) | Verdict::Unknown(fault) => fault.to_string(),
    };
    assert_said(&why);
    assert!(!why.is_empty());
    None
}

fn read(seed: &Seed, size: usize) -> Document {
    let written: usize = seed.parts().map(|(_, part): (_, &Part)| part.bytes.len()).sum();
    assert!(written <= 32 * size + 64 * 1024, "{size} bytes became {written}");
    let document = Document::read(&seed.texts());
    assert!(document.diagnostics.len() <= 100 + 1, "{}", document.diagnostics.len());
    for diagnostic in &document.diagnostics {
        assert_said(&diagnostic.message);
        assert_said(&diagnostic.place());
        assert_said(diagnostic.hint.as_deref().unwrap_or_default());
        assert_said(&diagnostic.render(false));
    }
    document
}

fn assert_said(words: &str) {
    assert!(!words.contains(SECRET), "{words}");
    assert!(words.len() <= MESSAGE_LIMIT, "{} bytes are said", words.len());
}

fn drive(meta: &[u8], network: &[u8], vendor: &[u8]) -> Option<Document> {
    let directory = folder(&[
        ("openstack/latest/meta_data.json", meta),
        ("openstack/latest/network_data.json", network),
        ("openstack/latest/vendor_data.json", vendor),
    ]);
    document(
        configdrive::from_path(directory.path()),
        meta.len() + network.len() + vendor.len(),
    )
}

/// The files that `KEY=VALUE` lines stand for. A value in pieces is longer than its line.
fn by_line(bytes: &[u8]) -> tempfile::TempDir {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let named = |name: &str| !name.is_empty() && name.len() < 200 && !name.contains(['/', '\0']);
    let files: Vec<_> = lines
        .filter(|(name, _)| named(name) && *name != "." && *name != "..")
        .map(|(name, value)| (name, value.as_bytes()))
        .collect();
    folder(&files)
}

fn at(path: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = path.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn network_data(network in mutants(NETWORK_DATA)) {
        // Whatever is wrong with the network, the machine has its name and its keys.
        let config = drive(META_DATA.as_bytes(), &network, VENDOR_DATA.as_bytes()).unwrap().config;
        prop_assert_eq!(config.hostname.as_ref().unwrap().as_str(), "web1");
        prop_assert_eq!(config.platform_keys.len(), 1);
    }

    #[test]
    fn meta_data(meta in mutants(META_DATA)) {
        drive(&meta, NETWORK_DATA.as_bytes(), VENDOR_DATA.as_bytes());
    }

    #[test]
    fn vendor_data(vendor in mutants(VENDOR_DATA)) {
        let config = drive(META_DATA.as_bytes(), NETWORK_DATA.as_bytes(), &vendor).unwrap().config;
        prop_assert_eq!(config.network.unwrap().ethernets.len(), 2);
    }

    #[test]
    fn customizations(text in mutants(CUSTOMIZATION)) {
        let directory = folder(&[("cust.cfg", &text)]);
        document(vmware::from_path(directory.path()), text.len());
    }

    #[test]
    fn environments(xml in mutants(ENVIRONMENT)) {
        let directory = folder(&[]);
        document(ovf::from_path(&at(directory.path(), "ovf-env.xml", &xml)), xml.len());
    }

    #[test]
    fn metadata_of_guestinfo(text in mutants(METADATA)) {
        let directory = folder(&[("guestinfo.metadata", &text), ("guestinfo.hostname", b"web2")]);
        document(vmware::from_path(directory.path()), text.len());
    }

    #[test]
    fn keys_of_photon(text in mutants(PHOTON)) {
        document(vmware::from_path(by_line(&text).path()), text.len());
    }

    #[test]
    fn well_known_credentials(text in mutants(CREDENTIALS)) {
        document(credentials::from_directory(by_line(&text).path()), text.len());
    }
}
