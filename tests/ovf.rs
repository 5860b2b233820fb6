//! OVF properties, from an environment as vSphere writes it to the machine's files: all five areas without any YAML.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::path::Path;

use support::program::{firstlight, text};
use support::tree::{build, place};

const PASSWORD: &str = "correct <horse> & \"staple\"";
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBf5Y1nQvY2m0g3Wv3kM3J5o1pQ8x6Zk0q9kq0m1J4uR admin";

/// An environment with these properties, on a machine with one adapter.
fn environment(properties: &[(&str, &str)]) -> String {
    let escaped = |value: &str| value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let line = |(key, value): &(&str, &str)| format!("<Property oe:key=\"{key}\" oe:value=\"{}\"/>\n", escaped(value));
    let properties: String = properties.iter().map(line).collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:oe="http://schemas.dmtf.org/ovf/environment/1"
    xmlns:ve="http://www.vmware.com/schema/ovfenv" oe:id="" ve:vCenterId="vm-320">
<PlatformSection><Kind>VMware ESXi</Kind><Version>8.0.3</Version></PlatformSection>
<PropertySection>
{properties}</PropertySection>
<ve:EthernetAdapterSection><ve:Adapter ve:mac="00:50:56:99:C0:4C" ve:network="VM" ve:unitNumber="7"/></ve:EthernetAdapterSection>
</Environment>
"#
    )
}

fn read(tree: &Path, path: &str) -> String {
    fs::read_to_string(tree.join(path)).unwrap()
}

#[test]
fn the_areas_from_flat_properties() {
    let properties = environment(&[
        ("firstlight.hostname", "docker01"),
        ("firstlight.ip", "192.0.2.10/24"),
        ("firstlight.gateway", "192.0.2.1"),
        ("firstlight.dns", "192.0.2.2,192.0.2.3"),
        ("firstlight.domain", "example.test"),
        ("firstlight.root-password", PASSWORD),
        ("firstlight.permit-root-login", "True"),
        ("firstlight.ssh-key", KEY),
        ("firstlight.docker", "True"),
        ("firstlight.ntp", "192.0.2.4, ntp.example.test"),
        ("firstlight.timezone", "Europe/Berlin"),
    ]);
    let (tree, seed) = (place(), place());
    build("photon5", None, tree.path());
    let file = seed.path().join("ovf-env.xml");
    fs::write(&file, properties).unwrap();
    let source = format!("ovf:{}", file.display());
    let root = text(tree.path());
    let said = firstlight(&["apply", "--root", root, "--source", &source, "-vv"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(
        !format!("{said:?}").contains("staple"),
        "the password is shown: {said:?}"
    );
    assert_eq!(read(tree.path(), "etc/hostname"), "docker01\n");
    let network = read(tree.path(), "etc/systemd/network/10-firstlight-ovf.network");
    for line in [
        "MACAddress=00:50:56:99:c0:4c",
        "Address=192.0.2.10/24",
        "Gateway=192.0.2.1",
        "DNS=192.0.2.3",
        "Domains=example.test",
    ] {
        assert!(network.contains(line), "{line} is not in\n{network}");
    }
    let time = read(tree.path(), "etc/systemd/timesyncd.conf.d/10-firstlight.conf");
    assert!(time.ends_with("\nNTP=192.0.2.4 ntp.example.test\n"), "{time}");
    let zone = fs::read_link(tree.path().join("etc/localtime")).unwrap();
    assert_eq!(zone, Path::new("../usr/share/zoneinfo/Europe/Berlin"));
    assert!(read(tree.path(), "etc/ssh/sshd_config").contains("\nPermitRootLogin yes\n"));
    assert!(read(tree.path(), "etc/shadow").starts_with("root:$6$"));
    assert!(read(tree.path(), "root/.ssh/authorized_keys").contains(KEY));
    assert!(
        tree.path()
            .join("etc/systemd/system/multi-user.target.wants/docker.service")
            .is_symlink()
    );
    let again = firstlight(&["plan", "--root", root, "--source", &source, "--exit-code"]);
    assert_eq!(again.status, 0, "{again:?}");
}

#[test]
fn what_is_wrong_is_said_and_changes_nothing() {
    for (key, value, words) in [
        ("firstlight.hostnmae", "web1", "did you mean firstlight.hostname?"),
        ("firstlight.hostname", "no_name", "hostname"),
        ("firstlight.ip", "192.0.2.300/24", "192.0.2.300/24"),
        ("firstlight.docker", "maybe", "neither True nor False"),
        (
            "firstlight.permit-root-login",
            "maybe",
            "property firstlight.permit-root-login",
        ),
    ] {
        let (tree, seed) = (place(), place());
        build("photon5", None, tree.path());
        let before = support::tree::snapshot(tree.path());
        let file = seed.path().join("ovf-env.xml");
        fs::write(&file, environment(&[(key, value)])).unwrap();
        let source = format!("ovf:{}", file.display());
        let said = firstlight(&["apply", "--root", text(tree.path()), "--source", &source]);
        assert!(matches!(said.status, 1 | 65), "{key}={value}: {said:?}");
        assert!(said.stderr.contains(words), "{key}={value}: {}", said.stderr);
        assert_eq!(before, support::tree::snapshot(tree.path()), "{key}={value}");
    }
}
