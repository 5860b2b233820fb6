//! Guestinfo and systemd credentials, from their files to the machine's: hostname, network, password.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;

use base64ct::{Base64, Encoding};
use support::program::{Said, firstlight, text};
use support::tree::{build, place};

const HASH: &str =
    "$6$saltsaltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/";
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBf5Y1nQvY2m0g3Wv3kM3J5o1pQ8x6Zk0q9kq0m1J4uR admin";
const NETWORK: &str = "version: 2\nethernets: {eth0: {addresses: [192.0.2.10/24], gateway4: 192.0.2.1}}\n";

fn packed(text: &str) -> String {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(text.as_bytes()).unwrap();
    Base64::encode_string(&packer.finish().unwrap())
}

fn encoded(text: &str, encoding: &str) -> String {
    match encoding {
        "" => text.to_owned(),
        "base64" | "b64" => Base64::encode_string(text.as_bytes()),
        _ => packed(text),
    }
}

/// A directory with these files.
fn files(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = place();
    for (name, contents) in files {
        fs::write(directory.path().join(name), contents).unwrap();
    }
    directory
}

/// Applies the source to a Photon tree twice; the second time there is nothing to do.
fn apply(source: &str, directory: &Path) -> (tempfile::TempDir, Said) {
    let tree = place();
    build("photon5", None, tree.path());
    // Photon's own image lets root's keys in nowhere, and that is said.
    let sshd = tree.path().join("etc/ssh/sshd_config");
    let config = fs::read_to_string(&sshd).unwrap();
    let config = config.replace("\nPermitRootLogin no\n", "\nPermitRootLogin prohibit-password\n");
    fs::write(&sshd, config).unwrap();
    let source = format!("{source}:{}", directory.display());
    let said = firstlight(&["apply", "--root", text(tree.path()), "--source", &source]);
    assert_eq!(said.status, 0, "{said:?}");
    let again = firstlight(&["plan", "--root", text(tree.path()), "--source", &source, "--exit-code"]);
    assert_eq!(again.status, 0, "{again:?}");
    assert!(again.stdout.contains("Nothing to do"), "{again:?}");
    assert!(
        !format!("{said:?}{again:?}").contains(HASH),
        "a hash is shown: {said:?}"
    );
    (tree, said)
}

fn read(tree: &Path, path: &str) -> String {
    fs::read_to_string(tree.join(path)).unwrap()
}

/// What all these seeds ask for.
fn assert_configured(tree: &Path, case: &str) {
    assert_eq!(read(tree, "etc/hostname"), "web1\n", "{case}");
    let network = read(tree, "etc/systemd/network/10-firstlight-eth0.network");
    assert!(
        network.contains("Address=192.0.2.10/24\nGateway=192.0.2.1\n"),
        "{case}: {network}"
    );
    assert!(read(tree, "etc/shadow").starts_with(&format!("root:{HASH}:")), "{case}");
}

#[test]
fn guestinfo_in_every_encoding() {
    let user = format!("#cloud-config\nroot: {{hashed_password: \"{HASH}\"}}\n");
    for encoding in ["", "base64", "b64", "gzip+base64", "gz+b64"] {
        let within = encoded(NETWORK, encoding);
        let metadata = [
            format!(
                "instance-id: i-1\nlocal-hostname: web1\nnetwork:\n  {}",
                NETWORK.replace('\n', "\n  ")
            ),
            format!("{{\"hostname\": \"web1\", \"network\": {within:?}, \"network.encoding\": {encoding:?}}}"),
        ];
        for metadata in metadata {
            let directory = files(&[
                ("guestinfo.metadata", &encoded(&metadata, encoding)),
                ("guestinfo.metadata.encoding", encoding),
                ("guestinfo.userdata", &encoded(&user, encoding)),
                ("guestinfo.userdata.encoding", encoding),
            ]);
            let (tree, _) = apply("vmware", directory.path());
            assert_configured(tree.path(), &metadata);
        }
    }
}

#[test]
fn what_the_platform_adds() {
    let metadata = format!("instance-id: i-1\nhostname: web1\npublic-keys-data: |\n  # who\n  {KEY}\n");
    let user = format!("root: {{hashed_password: \"{HASH}\"}}\n");
    let directory = files(&[
        ("guestinfo.metadata", &metadata),
        ("guestinfo.userdata", &user),
        ("guestinfo.hostname", "not-this-one"),
        ("guestinfo.interface.0.name", "eth0"),
        ("guestinfo.interface.0.address", "192.0.2.10"),
        ("guestinfo.interface.0.netmask", "255.255.255.0"),
        ("guestinfo.interface.0.route.0", "192.0.2.1"),
        ("guestinfo.dns.servers", "192.0.2.53"),
    ]);
    let (tree, _) = apply("vmware", directory.path());
    assert_eq!(read(tree.path(), "etc/hostname"), "web1\n");
    assert!(read(tree.path(), "root/.ssh/authorized_keys").contains(KEY));
    let network = read(tree.path(), "etc/systemd/network/10-firstlight-interface0.network");
    for line in [
        "Name=eth0",
        "Address=192.0.2.10/24",
        "Gateway=192.0.2.1",
        "DNS=192.0.2.53",
    ] {
        assert!(network.lines().any(|one| one == line), "{line}: {network}");
    }
}

#[test]
fn a_customization_of_vsphere() {
    let password = Base64::encode_string(b"hunter2 and more\n");
    let text = format!(
        "[NETWORK]\nHOSTNAME = web1\nDOMAINNAME = example.test\n[NIC-CONFIG]\nNICS = NIC1\n[NIC1]\n\
         MACADDR = 00:50:56:aa:00:01\nONBOOT = yes\nBOOTPROTO = static\nIPADDR = 192.0.2.10\nNETMASK = 255.255.255.0\n\
         GATEWAY = 192.0.2.1\n[PASSWORD]\n-PASS = {password}\nRESET = no\n[CUSTOM-SCRIPT]\nSCRIPT-NAME = x.sh\n"
    );
    let directory = files(&[("cust.cfg", &text)]);
    let (tree, said) = apply("vmware", directory.path());
    assert_eq!(read(tree.path(), "etc/hostname"), "web1\n");
    let network = read(tree.path(), "etc/systemd/network/10-firstlight-nic1.network");
    assert!(
        network.contains("Address=192.0.2.10/24\nGateway=192.0.2.1\n"),
        "{network}"
    );
    assert!(read(tree.path(), "etc/shadow").starts_with("root:$"), "no password");
    let source = format!("vmware:{}", directory.path().display());
    let warned = firstlight(&["sources", "-v", "--source", &source]);
    let said = format!("{said:?}{warned:?}");
    assert!(
        said.contains("cust.cfg:17: [CUSTOM-SCRIPT] SCRIPT-NAME: scripts"),
        "{said}"
    );
    assert!(!said.contains("hunter2") && !said.contains(&password), "{said}");
}

#[test]
fn a_network_of_version_1_is_taken_too() {
    let network =
        "version: 1\nconfig:\n- type: physical\n  name: eth0\n  subnets: [{type: static, address: 192.0.2.10/24}]\n";
    let encoded = format!("network.encoding: base64\nnetwork: {}\n", encoded(network, "base64"));
    let indented = format!("network:\n  {}\n", network.trim_end().replace('\n', "\n  "));
    for metadata in [encoded, indented] {
        let directory = files(&[("metadata", &format!("instance-id: i-1\n{metadata}"))]);
        let (tree, said) = apply("vmware", directory.path());
        assert_eq!(said.status, 0, "{said:?}");
        let file = read(tree.path(), "etc/systemd/network/10-firstlight-eth0.network");
        assert!(file.contains("Address=192.0.2.10/24"), "{file}");
    }
}

#[test]
fn a_mistake_in_the_network_is_shown_where_it_is() {
    let metadata = "local-hostname: web1\nnetwork:\n  version: 2\n  ethernets:\n    eth0: {adresses: []}\n";
    let directory = files(&[("metadata", metadata)]);
    let source = format!("vmware:{}", directory.path().display());
    let tree = place();
    build("photon5", None, tree.path());
    let said = firstlight(&["plan", "--root", text(tree.path()), "--source", &source]);
    assert!(said.stderr.contains("/metadata:5:12"), "{said:?}");
}

#[test]
fn guestinfo_that_cannot_be_decoded_is_refused_without_being_shown() {
    for (encoding, value) in [
        ("base64", "hunter2!"),
        ("gz+b64", "aHVudGVyMg=="),
        ("hunter2", "hunter2"),
    ] {
        let directory = files(&[("userdata", value), ("userdata.encoding", encoding)]);
        let source = format!("vmware:{}", directory.path().display());
        let said = firstlight(&["sources", "--source", &source]);
        assert_eq!(said.status, 1, "{said:?}");
        assert!(
            said.stdout.contains("/userdata: ") && said.stdout.contains("broken"),
            "{said:?}"
        );
        assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
    }
}

#[test]
fn credentials_become_a_document() {
    let user = format!("#cloud-config\nhostname: web1\nroot: {{hashed_password: \"{HASH}\"}}\n");
    let directory = files(&[
        ("firstlight.user-data", &user),
        ("firstlight.meta-data", "instance-id: i-1\n"),
        ("firstlight.network-config", NETWORK),
        ("ssh.authorized_keys.root", &format!("# who\n{KEY}\n")),
        // The document wins over these, in whichever form.
        ("passwd.plaintext-password.root", "hunter2\n"),
        ("firstboot.hostname", "other"),
    ]);
    let (tree, said) = apply("credentials", directory.path());
    assert_configured(tree.path(), "credentials");
    assert!(read(tree.path(), "root/.ssh/authorized_keys").contains(KEY));
    assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
}

#[test]
fn well_known_credentials_are_enough() {
    let directory = files(&[
        ("passwd.hashed-password.root", HASH),
        ("passwd.plaintext-password.root", "hunter2\n"),
        ("firstboot.hostname", "web1\n"),
        ("firstboot.timezone", "Europe/Berlin\n"),
        ("firstboot.locale", "C.UTF-8\n"),
        (
            "network.netdev.wg0",
            "[NetDev]\nName=wg0\n[WireGuard]\nPrivateKey=hunter2\n",
        ),
        ("firstlight.network-config", NETWORK),
    ]);
    let (tree, said) = apply("credentials", directory.path());
    assert_configured(tree.path(), "well-known");
    let zone = fs::read_link(tree.path().join("etc/localtime")).unwrap();
    assert!(zone.ends_with("zoneinfo/Europe/Berlin"), "{zone:?}");
    assert_eq!(read(tree.path(), "etc/locale.conf"), "LANG=C.UTF-8\n");
    let netdev = read(tree.path(), "etc/systemd/network/wg0.netdev");
    assert!(netdev.contains("\nPrivateKey=hunter2\n"), "{netdev}");
    assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
}

#[test]
fn a_bad_credential_is_refused_without_being_shown() {
    for (name, value) in [
        ("passwd.hashed-password.root", "hunter2"),
        ("passwd.plaintext-password.root", "hunter2\nhunter2"),
        ("ssh.authorized_keys.root", "hunter2"),
    ] {
        let directory = files(&[(name, value)]);
        let source = format!("credentials:{}", directory.path().display());
        let tree = place();
        build("photon5", None, tree.path());
        let said = firstlight(&["plan", "--root", text(tree.path()), "--source", &source]);
        assert_eq!(said.status, 65, "{said:?}");
        assert!(said.stderr.contains(&format!("credential {name}")), "{said:?}");
        let shown = format!("{said:?}");
        // A key in the wrong form is no secret.
        assert!(name.starts_with("ssh") || !shown.contains("hunter2"), "{shown}");
    }
}
