use super::super::media::images::folder;
use super::*;
use crate::source::Rules;
use crate::source::signature::checked;
use crate::source::signature::tests::{USER_DATA, USER_DATA_SIGNATURE, key};
use crate::system::Root;

const OWN: &str = "/run/credentials/firstlight-local.service";

fn look(files: &[(&str, &str)]) -> Verdict {
    look_by(files, Rules::default())
}

fn look_by(files: &[(&str, &str)], rules: Rules) -> Verdict {
    let tree = folder(files);
    let places = Places {
        root: Root::open(tree.path()).unwrap(),
        live: true,
        devices: Vec::new(),
        rules,
    };
    search_in(&places, &[OWN.to_owned(), SYSTEM.to_owned()])
}

fn parts(verdict: Verdict) -> Vec<(&'static str, String, String)> {
    let Verdict::Present(seed) = verdict else {
        panic!("{verdict:?}")
    };
    let text = |part: &Part| String::from_utf8(part.bytes.to_vec()).unwrap();
    seed.parts()
        .map(|(name, part)| (name, part.origin.clone(), text(part)))
        .collect()
}

fn why(verdict: Verdict) -> String {
    match verdict {
        Verdict::Absent(why) => why,
        Verdict::Broken(fault) | Verdict::Unknown(fault) => fault.to_string(),
        Verdict::Present(seed) => panic!("{seed:?}"),
    }
}

/// The table of `smbios.rs`'s tests, as text.
fn table(strings: &[&str]) -> String {
    String::from_utf8(smbios::tests::table(strings)).unwrap()
}

#[test]
fn the_unit_then_the_system_then_the_firmware() {
    let table = table(&[
        "io.systemd.credential:firstlight.user-data=smbios",
        "io.systemd.credential:firstlight.meta-data=smbios",
        "io.systemd.credential:firstlight.network-config=smbios",
        "io.systemd.credential.binary:firstlight.vendor-data=c21iaW9z",
    ]);
    let qemu = "sys/firmware/qemu_fw_cfg/by_name/opt/io.systemd.credentials";
    let paths = [
        "run/credentials/firstlight-local.service/firstlight.user-data".to_owned(),
        "run/credentials/@system/firstlight.user-data".to_owned(),
        "run/credentials/@system/firstlight.meta-data".to_owned(),
        format!("{qemu}/firstlight.meta-data/raw"),
        format!("{qemu}/firstlight.network-config/raw"),
    ];
    let mut files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), path.as_str())).collect();
    files.push(("sys/firmware/dmi/entries/11-0/raw", &table));
    let slash = |path: &str| format!("/{path}");
    let expected = [
        ("user-data", slash(&paths[0]), paths[0].clone()),
        ("meta-data", slash(&paths[2]), paths[2].clone()),
        (
            "vendor-data",
            "SMBIOS: firstlight.vendor-data".to_owned(),
            "smbios".to_owned(),
        ),
        ("network-config", slash(&paths[4]), paths[4].clone()),
    ];
    assert_eq!(parts(look(&files)), expected);
    for (path, contents) in [
        ("run/systemd/container", "systemd-nspawn"),
        ("proc/cmdline", "quiet systemd.import_credentials=no ro\n"),
    ] {
        let mut files = files.clone();
        files.push((path, contents));
        assert_eq!(parts(look(&files)), expected[..2]);
    }
}

#[test]
fn well_known_ones_are_the_vendors_proposal() {
    let system = |name: &str| format!("run/credentials/@system/{name}");
    let (hostname, user, vendor) = (
        system("firstboot.hostname"),
        system("firstlight.user-data"),
        system("firstlight.vendor-data"),
    );
    let proposed = parts(look(&[(&hostname, "web1"), (&user, "a: 1")]));
    assert_eq!(proposed[0].2, "a: 1");
    assert_eq!(proposed[1].2, "{\n  \"hostname\": \"web1\"\n}");
    // One by its name alone, wherever it is.
    let in_firmware = table(&["io.systemd.credential:network.link.a=x"]);
    let proposed = parts(look(&[
        ("run/credentials/@system/network.netdev.wg0", "y"),
        ("sys/firmware/dmi/entries/11-0/raw", &in_firmware),
        (
            "sys/firmware/qemu_fw_cfg/by_name/opt/io.systemd.credentials/network.network.b/raw",
            "z",
        ),
    ]));
    for name in ["a.link", "wg0.netdev", "b.network"] {
        assert!(proposed[0].2.contains(&format!("\"name\": \"{name}\"")), "{proposed:?}");
    }
    let proposed = parts(look(&[(&hostname, "web1"), (&vendor, "b: 1")]));
    assert_eq!(proposed.len(), 1);
    assert_eq!(proposed[0].2, "b: 1");
}

#[test]
fn what_is_not_ours_is_not_there() {
    for name in [
        "firstboot.locale-messages",
        "network.dns",
        "sshd.key",
        "firstlight.userdata",
    ] {
        let verdict = look(&[(&format!("run/credentials/@system/{name}"), "x")]);
        assert!(matches!(verdict, Verdict::Absent(_)), "{verdict:?}");
        assert!(why(verdict).ends_with(&format!("in {OWN} or {SYSTEM}")));
    }
    assert!(matches!(look(&[]), Verdict::Absent(_)));
}

#[test]
fn what_cannot_be_used_is_reported_without_being_shown() {
    let torn = "\u{b}\u{5}\0\0\u{1}io.systemd.credential:firstlight.user-data=hunter2";
    for (path, contents, what) in [
        (
            "sys/firmware/dmi/entries/11-0/raw",
            torn,
            "SMBIOS: the credential \"firstlight.user-data\" is cut off",
        ),
        (
            "run/credentials/@system/firstlight.user-data/x",
            "hunter2",
            "it is not a regular file",
        ),
        (
            "run/credentials/@encrypted/firstlight.user-data",
            "hunter2",
            "can't be decrypted",
        ),
    ] {
        let verdict = look(&[(path, contents)]);
        assert!(matches!(verdict, Verdict::Broken(_)), "{verdict:?}");
        let why = why(verdict);
        assert!(why.contains(what) && !why.contains("hunter2"), "{why}");
    }
    let large = "x".repeat(8_388_609);
    let why = why(look(&[("run/credentials/@system/firstlight.user-data", &large)]));
    assert!(why.contains("more than 8388608 bytes"), "{why}");
    // One of systemd's costs itself.
    let verdict = look(&[
        ("run/credentials/@system/firstboot.hostname", &large),
        ("run/credentials/@system/firstboot.timezone", "UTC"),
    ]);
    let Verdict::Present(seed) = verdict else {
        panic!("{verdict:?}")
    };
    let document = crate::document::Document::read(&seed.texts());
    assert!(document.config.timezone.is_some());
    let told: Vec<_> = document.diagnostics.iter().map(|one| one.message.as_str()).collect();
    assert!(
        told.len() == 1 && told[0].contains("more than 8388608 bytes"),
        "{told:?}"
    );
}

#[test]
fn a_directory() {
    let seed = folder(&[
        ("firstlight.user-data", "a: 1"),
        ("ssh.authorized_keys.root", "ssh-a A\n"),
    ]);
    let names: Vec<_> = parts(from_directory(seed.path()))
        .into_iter()
        .map(|(name, ..)| name)
        .collect();
    assert_eq!(names, ["user-data", "vendor-data"]);
    let empty = folder(&[("user-data", "")]);
    assert!(why(from_directory(empty.path())).contains("put a file named firstlight.user-data there"));
    assert!(why(from_directory(Path::new("/nonexistent"))).contains("is not a directory"));
}

#[test]
fn signatures_lie_beside_the_credentials_and_what_systemd_defines_has_none() {
    let look = |files: &[(&str, &str)]| {
        let rules = Rules {
            trusted_keys: vec![key()],
            ..Rules::default()
        };
        checked(look_by(files, rules), &[key()])
    };
    let path = |name: &str| format!("{}/{name}", SYSTEM.trim_start_matches('/'));
    let (document, signature) = (path("firstlight.user-data"), path("firstlight.user-data.minisig"));
    let signed = [
        (document.as_str(), USER_DATA),
        (signature.as_str(), USER_DATA_SIGNATURE),
    ];
    assert_eq!(parts(look(&signed)).len(), 1);
    let why_not = why(look(&signed[..1]));
    assert!(
        why_not.contains("as the credential firstlight.user-data.minisig"),
        "{why_not}"
    );
    let why_not = why(look(&[(path("firstboot.hostname").as_str(), "web1")]));
    assert!(
        why_not.contains("its vendor-data can't carry a signature there"),
        "{why_not}"
    );
}
