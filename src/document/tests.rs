//! Whole documents: what is taken of them, and what is said about the rest.

use super::password::{Credential, logins};
use super::{Config, Document, Text, Texts};

fn read(user_data: &[u8]) -> Document {
    Document::read(&Texts {
        user_data: Some(text("user-data", user_data)),
        ..Texts::default()
    })
}

fn text<'a>(origin: &'a str, bytes: &'a [u8]) -> Text<'a> {
    Text::new(origin, bytes)
}

fn shown(document: &Document) -> String {
    let rendered = document.diagnostics.iter().map(|d| d.render(false));
    rendered.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_key_that_forbids_is_not_undone_by_a_typo() {
    type Reading = fn(&Config) -> Option<bool>;
    let keys: [(&str, Reading, bool); 7] = [
        (
            "allow_public_ssh_keys: VALUE",
            |config| config.allow_public_ssh_keys,
            false,
        ),
        ("preserve_hostname: VALUE", |config| config.preserve_hostname, true),
        (
            "ntp: {servers: [a], enabled: VALUE}",
            |c| c.ntp.as_ref()?.enabled,
            false,
        ),
        ("root: {password: x, expire: VALUE}", |c| c.root.as_ref()?.expire, true),
        (
            "chpasswd: {users: [{name: root, type: text, password: x}], expire: VALUE}",
            |c| c.chpasswd.as_ref()?.expire,
            true,
        ),
        (
            "firstlight: {strict: VALUE}",
            |c| Some(c.firstlight.as_ref()?.strict),
            true,
        ),
        ("firstlight: {scrub: VALUE}", |c| c.firstlight.as_ref()?.scrub, true),
    ];
    for (document, reading, strict) in keys {
        for value in ["flase", "treu", "7", "''", "[true]", "{a: b}"] {
            let written = document.replace("VALUE", value);
            let found = read(written.as_bytes());
            assert_eq!(reading(&found.config), Some(strict), "{written}");
            assert_eq!(found.diagnostics.len(), 1, "{written}: {}", shown(&found));
            assert!(found.has_errors(), "{written}");
            let said = shown(&found);
            assert!(said.contains(&format!("firstlight uses {strict}")), "{written}: {said}");
        }
        for (value, right) in [("true", true), ("off", false)] {
            let found = read(document.replace("VALUE", value).as_bytes());
            assert_eq!((reading(&found.config), found.has_errors()), (Some(right), false));
        }
    }
}

#[test]
fn vendor_data_that_may_be_refused_is_not_taken() {
    for (user, taken, problems) in [
        ("vendor_data: {enabled: flase}\n", false, 1),
        ("vendor_data: {enabled: [x]}\n", false, 1),
        ("vendor_data: {enabled: no}\n", false, 0),
        ("vendor_data: {enabled: yes}\n", true, 0),
        ("vendor_data: {enabled: ~}\n", true, 0),
        ("vendor_data: {}\n", true, 0),
    ] {
        let document = Document::read(&Texts {
            user_data: Some(text("user-data", user.as_bytes())),
            vendor_data: Some(text("vendor-data", b"hostname: theirs\n")),
            ..Texts::default()
        });
        assert_eq!(document.config.hostname.is_some(), taken, "{user}");
        assert_eq!(document.diagnostics.len(), problems, "{user}: {}", shown(&document));
    }
}

#[test]
fn what_asks_for_nothing_is_no_error() {
    for nothing in [
        "users: []",
        "users:",
        "runcmd: []",
        "bootcmd: ~",
        "packages: []",
        "package_update: false",
        "package_upgrade: no",
        "disable_root: false",
        "growpart: {mode: off}",
        "growpart: {mode: 'off', devices: [/]}",
        "mounts: []",
        "ssh_authorized_keys: []",
        "ntp: {ntp_client: auto}",
        "ntp: ~",
        "root: {ssh_authorized_keys: ~, password: ~, expire: ~}",
        "write_files: ~",
        "write_files: [{path: /a, content: ~, encoding: ~, append: ~, defer: ~, owner: ~, permissions: ~, source: ~}]",
        "chpasswd: {users: ~, list: ~, expire: ~}",
        "firstlight: {strict: ~, on_failure: ~}",
        "final_message: x",
        "phone_home: ~",
        "phone_home: {url: 'https://h.example/', post: ~, tries: ~}",
        "reporting: ~",
        "reporting: {logging: ~, b: {type: webhook, endpoint: 'https://h.example/', timeout: ~, retries: ~, token_key: ~}}",
        "merge_how: 'dict()'",
        "vendor_data: {enabled: true}",
    ] {
        let document = read(format!("{nothing}\n").as_bytes());
        assert_eq!(document.diagnostics, [], "{nothing}");
    }
    for something in [
        "mounts: [[a]]",
        "growpart: {mode: auto}",
        "create_hostname_file: false",
        "allow_userdata: false",
    ] {
        let document = read(format!("{something}\n").as_bytes());
        assert!(document.has_errors(), "{something}");
    }
}

#[test]
fn a_list_of_all_keys_is_no_advice() {
    for key in [
        "xyzzy: 1",
        "runmcd: [ls]",
        "ssh_authorized_keys: [x]",
        "permit_root_login: no",
    ] {
        let said = shown(&read(format!("{key}\n").as_bytes()));
        assert!(said.matches(", ").count() < 6, "{said}");
    }
}

// What somebody might try next.

#[test]
fn a_key_of_a_megabyte_is_no_typo() {
    for key in ["x".repeat(100_000), format!("hostname{}", "\u{202e}".repeat(20_000))] {
        let document = read(format!("? '{key}'\n: 1\n").as_bytes());
        assert!(document.has_errors());
        let said = shown(&document);
        assert!(said.len() < 1_000_000, "{}", said.len());
    }
}

#[test]
fn thousands_of_files_are_compared_by_place() {
    let mut files: String = (0..20_000)
        .map(|n| format!("- {{path: /srv/{}/{n}}}\n", n % 100))
        .collect();
    // The first of these is a warning.
    files.push_str("- {path: /srv//7/7}\n- {path: /srv/8/8/x}\n- {path: /srv}\n");
    let document = read(format!("write_files:\n{files}").as_bytes());
    let places: Vec<_> = document.diagnostics.iter().map(|d| d.path.join(".")).collect();
    assert_eq!(
        places,
        [
            "write_files.20000.path",
            "write_files.20001.path",
            "write_files.20002.path"
        ]
    );
    assert_eq!(document.config.write_files.unwrap().len(), 20_001);
}

#[test]
fn a_hash_at_the_wrong_key_leaves_the_other_password() {
    let hash = format!("$6$salt${}", "a".repeat(86));
    let document = read(
        format!("root: {{password: '{hash}', expire: false}}\nchpasswd: {{list: ['root:hunter2', 'bob:x']}}\n")
            .as_bytes(),
    );
    let errors = document.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    assert_eq!(errors.count(), 1, "{}", shown(&document));
    assert!(!shown(&document).contains("$6$"), "{}", shown(&document));
    let users: Vec<_> = logins(&document.config)
        .into_iter()
        .map(|login| {
            (
                login.user,
                matches!(login.credential, Credential::Plain(_)),
                login.expire,
            )
        })
        .collect();
    assert_eq!(
        users,
        [("root".to_owned(), true, false), ("bob".to_owned(), true, true)]
    );
}

#[test]
fn a_name_that_cant_be_read_costs_no_other() {
    let long = "a".repeat(64);
    for (document, hostname, fqdn) in [
        (format!("hostname: web1\nfqdn: {long}.example\n"), Some("web1"), None),
        ("hostname: web1\nfqdn: web1..example\n".to_owned(), Some("web1"), None),
        (
            "hostname: web_1\nfqdn: web1.example.\n".to_owned(),
            None,
            Some("web1.example"),
        ),
        ("hostname: .\nfqdn: '..'\n".to_owned(), Some("platform"), None),
    ] {
        let found = Document::read(&Texts {
            user_data: Some(text("user-data", document.as_bytes())),
            meta_data: Some(text("meta-data", b"local-hostname: platform.\n")),
            ..Texts::default()
        });
        let name = |name: &Option<super::hostname::HostName>| name.as_ref().map(|n| n.as_str().to_owned());
        assert_eq!(name(&found.config.hostname).as_deref(), hostname, "{document}");
        assert_eq!(name(&found.config.fqdn).as_deref(), fqdn, "{document}");
        assert!(found.has_errors(), "{document}");
    }
}

#[test]
fn one_bad_file_costs_itself() {
    let document = read(
        b"hostname: web1\nwrite_files:\n- {path: /proc/sys/x}\n- {path: /etc/a, permissions: 256}\n\
          - {path: /etc/b, owner: '4294967295'}\n- {path: \"/etc/\\u202ec\"}\n- {path: /var/lib/firstlight/x}\n\
          - {path: /etc/d}\n- {path: /etc/d/e}\n- {path: /etc/.pwd.lock}\n- {path: /etc/f, permissions: null}\n",
    );
    assert_eq!(document.diagnostics.len(), 7, "{}", shown(&document));
    let files = document.config.write_files.unwrap();
    let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["/etc/d", "/etc/f"]);
    assert!(document.config.hostname.is_some());
}
