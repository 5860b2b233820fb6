use super::*;

const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

fn tree(text: &str) -> (tempfile::TempDir, Root) {
    let tree = tempfile::tempdir().unwrap();
    let path = tree.path().join("etc/firstlight");
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("config.yaml"), text).unwrap();
    let root = Root::open(tree.path()).unwrap();
    (tree, root)
}

fn read(text: &str) -> Result<Settings, Invalid> {
    let (_tree, root) = tree(text);
    Settings::of(&root)
}

#[test]
fn a_machine_without_settings_has_the_defaults() {
    let tree = tempfile::tempdir().unwrap();
    let root = Root::open(tree.path()).unwrap();
    assert_eq!(Settings::of(&root), Ok(Settings::default()));
    for text in ["", "# nothing\n", "{}\n", "http:\n", "label: []\n"] {
        assert_eq!(read(text), Ok(Settings::default()), "{text}");
    }
}

#[test]
fn every_key() {
    let settings = read(&format!(
        "sources: [vmware, nocloud]\nlabel: [seed, cidata]\ndevice_timeout: 0s\nsource_timeout: 2m\n\
         allow: [directory, network]\ntrusted_keys: [{KEY}]\nhttp:\n  proxy: http://me:hunter2@proxy.example:3128\n  \
         no_proxy: [.internal, 192.0.2.7]\n  ca_certificates: /etc/firstlight/ca.pem\n  timeout: 5s\n  retry_for: 0s\n\
         key_sites: {{gh: 'https://github.example/%s'}}\n"
    ))
    .unwrap();
    assert_eq!(settings.sources, Some(vec![Name::VMware, Name::NoCloud]));
    assert_eq!(settings.device_timeout, Duration::ZERO);
    let Rules {
        labels,
        timeout,
        allow,
        trusted_keys,
        http,
        key_sites,
    } = &settings.rules;
    assert_eq!(key_sites.gh.as_ref().unwrap().written(), "https://github.example/%s");
    assert_eq!(key_sites.lp, None);
    assert_eq!(labels, &["seed", "cidata"]);
    assert_eq!(*timeout, Duration::from_secs(120));
    assert_eq!(trusted_keys.len(), 1);
    let nothing = Allow {
        removable: false,
        fixed: false,
        directory: true,
        hypervisor: false,
        network: true,
        program: false,
    };
    assert_eq!(*allow, nothing);
    assert_eq!(
        http.proxy.as_ref().unwrap().address.expose(),
        "http://me:hunter2@proxy.example:3128"
    );
    assert_eq!(http.proxy.as_ref().unwrap().except, [".internal", "192.0.2.7"]);
    assert_eq!(http.ca_certificates, ["/etc/firstlight/ca.pem"]);
    assert_eq!((http.timeout.as_secs(), http.retry_for.as_secs()), (5, 0));
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert_eq!(read("label: seed\n").unwrap().rules.labels, ["seed"]);
    assert!(!read("allow: []\n").unwrap().rules.allow.removable);
}

#[test]
fn what_is_wrong_has_its_place_and_a_hint() {
    for (text, place, words) in [
        ("\nsorces: [nocloud]\n", "2:1", "did you mean `sources`?"),
        (
            "sources: [tape]\n",
            "1:11",
            "there is no source \"tape\"; the sources are nocloud",
        ),
        ("sources: nocloud\n", "1:10", "expected a list"),
        ("sources: []\n", "1:1", "remove the key"),
        ("sources: [ovf, ovf]\n", "1:16", "twice"),
        ("label: ''\n", "1:8", "one character"),
        ("label: {a: b}\n", "1:1", "a text or a list of texts"),
        ("device_timeout: 11m\n", "1:17", "from 0s to 10m"),
        ("device_timeout: 30\n", "1:17", "90s, 2m or 1h"),
        ("source_timeout: 0s\n", "1:17", "from 1s to 2m"),
        ("allow: [usb]\n", "1:9", "expected one of removable, fixed, directory"),
        ("allow: removable\n", "1:8", "expected a list"),
        ("trusted_keys: []\n", "1:1", "remove the key"),
        ("allow:\n", "1:", "`allow` is empty (list the kinds"),
        ("allow: ~\n", "1:8", "write `allow: []` for none"),
        ("trusted_keys:\n", "1:", "`trusted_keys` is empty"),
        ("trusted_keys: null\n", "1:15", "remove `trusted_keys`"),
        ("sources:\n", "1:", "`sources` is empty"),
        ("trusted_keys: [RWx]\n", "1:16", "not a minisign public key"),
        ("http: {proxy: 'ftp://a'}\n", "1:15", "http://HOST:PORT"),
        ("http: {proxy: 'http://'}\n", "1:15", "http://HOST:PORT"),
        ("http: {timeout: 1h}\n", "1:17", "from 1s to 5m"),
        ("http: {retry_for: 2h}\n", "1:19", "from 0s to 1h"),
        ("http: {ca_certificates: [ca.pem]}\n", "1:26", "slash"),
        ("http: {no_proxy: ['http://a']}\n", "1:19", "a host name"),
        ("http: {no_proxy: [192.0.2.0/24]}\n", "1:19", "CIDR is not supported"),
        ("http: {prxy: a}\n", "1:8", "did you mean `proxy`?"),
        ("- a\n", "1:1", "expected"),
        ("allow: [fixed\n", "1:", "not YAML"),
        ("label: a\nlabel: b\n", "2:1", "given twice"),
    ] {
        let invalid = read(text).unwrap_err();
        let said = invalid.to_string();
        let expected = format!("{PATH}:{place}");
        assert!(said.starts_with(&expected) && said.contains(words), "{text}: {said}");
        assert_eq!(invalid.0.len(), 1, "{text}: {said}");
    }
    let all = read("a: 1\nlabel: ''\nallow: [usb]\nhttp: {b: 1, timeout: 0s}\n").unwrap_err();
    assert_eq!(all.0.len(), 5, "{all}");
    assert!(
        read(&"#".repeat(1 << 21))
            .unwrap_err()
            .to_string()
            .contains("too large")
    );
}

#[test]
fn no_diagnostic_shows_a_password() {
    for text in [
        "http: {proxy: 'hunter2'}",
        "http: {proxy: 'https://me:hunter2@host'}",
        "http: {proxy: [hunter2]}",
        "http: {proxy: {hunter2}}",
        "http: {prxy: 'http://me:hunter2@host'}",
        "http: {http://me:hunter2@host}",
        "http: http://me:hunter2@host",
        "proxy: http://me:hunter2@host # hunter2",
        "http:\n\tproxy: http://me:hunter2@host",
    ] {
        let invalid = read(text).unwrap_err();
        let shown: String = invalid.0.iter().map(|one| one.render(false)).collect();
        let json = serde_json::to_string(&invalid.0).unwrap();
        let all = format!("{invalid} {invalid:?} {shown} {json}");
        assert!(!all.contains("hunter2"), "{text}: {all}");
    }
}

#[test]
fn settings_that_cannot_be_read_are_not_taken_for_none() {
    let (tree, root) = tree("");
    let path = tree.path().join("etc/firstlight/config.yaml");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let said = Settings::of(&root).unwrap_err().to_string();
    assert!(said.contains(PATH) && said.contains("not a regular file"), "{said}");
}

/// A person's patience ends before a machine's does.
#[test]
fn who_waits_is_told_and_waits_for_less_long() {
    let http = Settings::default().attended().rules.http;
    assert_eq!(
        (http.attended, http.retry_for, http.timeout),
        (true, PATIENCE, PATIENCE)
    );
    let none = read("http: {retry_for: 0s}\n").unwrap().attended().rules.http;
    assert_eq!(none.retry_for, Duration::ZERO);
    assert!(!Settings::default().rules.http.attended);
}

#[test]
fn what_stands_in_the_place_of_settings_or_may_be_written_by_others_is_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    type Change = fn(&std::path::Path);
    let cases: [(Change, &str); 7] = [
        (
            |etc| {
                std::fs::remove_file(etc.join("config.yaml")).unwrap();
                symlink("/none", etc.join("config.yaml")).unwrap();
            },
            "config.yaml is a dangling link (remove it, or put the file itself there)",
        ),
        (
            |etc| {
                std::fs::remove_dir_all(etc).unwrap();
                symlink("none", etc).unwrap();
            },
            "/etc/firstlight is a dangling link",
        ),
        (
            |etc| {
                std::fs::remove_dir_all(etc).unwrap();
                std::fs::write(etc, "").unwrap();
            },
            "/etc/firstlight is not a directory",
        ),
        (
            |etc| {
                std::fs::remove_file(etc.join("config.yaml")).unwrap();
                nix::unistd::mkfifo(&etc.join("config.yaml"), nix::sys::stat::Mode::S_IRWXU).unwrap();
            },
            "not a regular file",
        ),
        (
            |etc| std::fs::set_permissions(etc.join("config.yaml"), PermissionsExt::from_mode(0o666)).unwrap(),
            "chmod go-w /etc/firstlight/config.yaml",
        ),
        (
            |etc| std::fs::set_permissions(etc, PermissionsExt::from_mode(0o757)).unwrap(),
            "chmod go-w /etc/firstlight;",
        ),
        (
            |etc| {
                symlink("config.yaml", etc.join("loop")).unwrap();
                std::fs::remove_file(etc.join("config.yaml")).unwrap();
                symlink("loop", etc.join("config.yaml")).unwrap();
            },
            "can't look at /etc/firstlight/config.yaml",
        ),
    ];
    for (change, words) in cases {
        let (tree, root) = tree("label: seed\n");
        change(&tree.path().join("etc/firstlight"));
        let said = Settings::of(&root).unwrap_err().to_string();
        assert!(said.contains(PATH) && said.contains(words), "{words}: {said}");
    }
}
