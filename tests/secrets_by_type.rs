//! Every place of a document that is a secret by its type, as the schema tells them: none is shown, whatever its name.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use support::program::{firstlight_reading, text};
use support::tree::{build, place};

/// What stands at each of them.
const MARKER: &str = "Zq0marker";

/// A place, a document that has a secret there, and the file of the machine that is asked to hold it. What a file holds
/// that everybody may read is shown by a plan: these are files that not everybody may read.
const PLACES: [(&str, &str, Option<&str>); 45] = [
    ("apt.ftp_proxy", "apt: {ftp_proxy: 'http://u:SECRET@192.0.2.1/'}", None),
    (
        "apt.http_proxy",
        "apt: {http_proxy: 'http://u:SECRET@192.0.2.1/'}",
        None,
    ),
    (
        "apt.https_proxy",
        "apt: {https_proxy: 'http://u:SECRET@192.0.2.1/'}",
        None,
    ),
    ("apt.proxy", "apt: {proxy: 'http://u:SECRET@192.0.2.1/'}", None),
    ("chpasswd.list", "chpasswd: {list: \"root:SECRET\\n\"}", None),
    ("chpasswd.list[]", "chpasswd: {list: ['root:SECRET']}", None),
    (
        "chpasswd.users[].password",
        "chpasswd: {users: [{name: root, type: text, password: SECRET}]}",
        None,
    ),
    (
        "network.tunnels.NAME.key",
        "network: {tunnels: {wg0: {mode: wireguard, key: SECRETAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=}}}",
        WIREGUARD,
    ),
    (
        "network.tunnels.NAME.key.private",
        "network: {tunnels: {wg0: {mode: wireguard, key: {private: SECRETAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=}}}}",
        WIREGUARD,
    ),
    (
        "network.tunnels.NAME.keys",
        "network: {tunnels: {wg0: {mode: wireguard, keys: SECRETAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=}}}",
        WIREGUARD,
    ),
    (
        "network.tunnels.NAME.keys.private",
        "network: {tunnels: {wg0: {mode: wireguard, keys: {private: SECRETAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=}}}}",
        WIREGUARD,
    ),
    (
        "network.tunnels.NAME.peers[].keys.shared",
        "network: {tunnels: {wg0: {mode: wireguard, key: BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=, peers: [{keys: {public: ye8MG+9CWV6HZEmQibpFYlDivgju/IYH0vIFLgyOgQc=, shared: SECRETAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=}, allowed-ips: [10.0.0.0/8]}]}}}",
        WIREGUARD,
    ),
    (
        "networkd_files[].contents",
        "networkd_files: [{name: 50-a.network, secret: true, contents: \"[Match]\\nName=SECRET\\n\"}]",
        Some("etc/systemd/network/50-a.network"),
    ),
    (
        "docker.logins[].password",
        "docker: {logins: [{registry: ghcr.io, username: bob, password: SECRET}]}",
        None,
    ),
    ("password", "password: SECRET", None),
    (
        "phone_home.url",
        "phone_home: {url: 'http://u:SECRET@127.0.0.1:PORT/a?sig=SECRET'}",
        None,
    ),
    ("proxy", "proxy: 'http://u:SECRET@192.0.2.1/'", None),
    ("random_seed.data", "random_seed: {data: SECRET}", None),
    (
        "reporting.NAME.consumer_key",
        "reporting: {a: {type: webhook, endpoint: 'http://127.0.0.1:PORT/a', consumer_key: SECRET, token_key: b, token_secret: c, consumer_secret: d}}",
        None,
    ),
    (
        "reporting.NAME.consumer_secret",
        "reporting: {a: {type: webhook, endpoint: 'http://127.0.0.1:PORT/a', consumer_key: a, token_key: b, token_secret: c, consumer_secret: SECRET}}",
        None,
    ),
    (
        "reporting.NAME.endpoint",
        "reporting: {a: {type: webhook, endpoint: 'http://u:SECRET@127.0.0.1:PORT/a?sig=SECRET'}}",
        None,
    ),
    (
        "reporting.NAME.token_key",
        "reporting: {a: {type: webhook, endpoint: 'http://127.0.0.1:PORT/a', consumer_key: a, token_key: SECRET, token_secret: c, consumer_secret: d}}",
        None,
    ),
    (
        "reporting.NAME.token_secret",
        "reporting: {a: {type: webhook, endpoint: 'http://127.0.0.1:PORT/a', consumer_key: a, token_key: b, token_secret: SECRET, consumer_secret: d}}",
        None,
    ),
    (
        "root.hashed_password",
        "root: {hashed_password: $5$SECRET$Zq3qFmFHbQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA}",
        Some("etc/shadow"),
    ),
    ("root.password", "root: {password: SECRET}", None),
    (
        "ssh_keys.ecdsa_private",
        "ssh_keys: {ecdsa_private: \"-----BEGIN EC PRIVATE KEY-----\\nMAoASECRETAAA\\n-----END EC PRIVATE KEY-----\\n\"}",
        Some("etc/ssh/ssh_host_ecdsa_key"),
    ),
    (
        "ssh_keys.ed25519_private",
        "ssh_keys: {ed25519_private: \"-----BEGIN PRIVATE KEY-----\\nMAoASECRETAAA\\n-----END PRIVATE KEY-----\\n\"}",
        Some("etc/ssh/ssh_host_ed25519_key"),
    ),
    (
        "ssh_keys.rsa_private",
        "ssh_keys: {rsa_private: \"-----BEGIN RSA PRIVATE KEY-----\\nMAoASECRETAAA\\n-----END RSA PRIVATE KEY-----\\n\"}",
        Some("etc/ssh/ssh_host_rsa_key"),
    ),
    (
        "system_info.default_user.hashed_passwd",
        "users: [default]\nsystem_info: {default_user: {name: bob, lock_passwd: false, hashed_passwd: $5$SECRET$Zq3qFmFHbQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA}}",
        Some("etc/shadow"),
    ),
    (
        "system_info.default_user.passwd",
        "users: [default]\nsystem_info: {default_user: {name: bob, lock_passwd: false, passwd: $5$SECRET$Zq3qFmFHbQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA}}",
        Some("etc/shadow"),
    ),
    (
        "system_info.default_user.plain_text_passwd",
        "users: [default]\nsystem_info: {default_user: {name: bob, lock_passwd: false, plain_text_passwd: SECRET}}",
        None,
    ),
    (
        "tmpfiles[]",
        "tmpfiles: ['f /etc/a 0600 - - - SECRET']",
        Some("etc/tmpfiles.d/00-firstlight.conf"),
    ),
    (
        "units[].contents",
        "units: [{name: a.service, secret: true, contents: \"[Service]\\nExecStart=/a\\nEnvironment=A=SECRET\\n\"}]",
        Some("etc/systemd/system/a.service"),
    ),
    (
        "units[].dropins[].contents",
        "units: [{name: a.service, secret: true, dropins: [{name: a.conf, contents: \"[Service]\\nEnvironment=A=SECRET\\n\"}]}]",
        Some("etc/systemd/system/a.service.d/a.conf"),
    ),
    (
        "user.hashed_passwd",
        "user: {name: bob, lock_passwd: false, hashed_passwd: $5$SECRET$Zq3qFmFHbQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA}",
        Some("etc/shadow"),
    ),
    (
        "user.passwd",
        "user: {name: bob, lock_passwd: false, passwd: $5$SECRET$Zq3qFmFHbQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA}",
        Some("etc/shadow"),
    ),
    (
        "user.plain_text_passwd",
        "user: {name: bob, lock_passwd: false, plain_text_passwd: SECRET}",
        None,
    ),
    (
        "users[].hashed_passwd",
        "users: [{name: bob, lock_passwd: false, hashed_passwd: $5$SECRET$Zq3qFmFHbQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA}]",
        Some("etc/shadow"),
    ),
    (
        "users[].passwd",
        "users: [{name: bob, lock_passwd: false, passwd: $5$SECRET$Zq3qFmFHbQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA}]",
        Some("etc/shadow"),
    ),
    (
        "users[].plain_text_passwd",
        "users: [{name: bob, lock_passwd: false, plain_text_passwd: SECRET}]",
        None,
    ),
    (
        "write_files[].content",
        "write_files: [{path: /etc/app, permissions: '0600', content: SECRET}]",
        Some("etc/app"),
    ),
    (
        "write_files[].source.headers.NAME",
        "write_files: [{path: /etc/app, source: {uri: 'http://127.0.0.1:PORT/a', headers: {X-Plain: SECRET}}}]",
        None,
    ),
    (
        "write_files[].source.uri",
        "write_files: [{path: /etc/app, source: {uri: 'http://u:SECRET@127.0.0.1:PORT/a?sig=SECRET'}}]",
        None,
    ),
    (
        "yum_repos.NAME.password",
        "yum_repos: {a: {baseurl: 'http://192.0.2.1/', password: SECRET}}",
        Some("etc/yum.repos.d/a.repo"),
    ),
    (
        "yum_repos.NAME.proxy_password",
        "yum_repos: {a: {baseurl: 'http://192.0.2.1/', proxy_password: SECRET}}",
        Some("etc/yum.repos.d/a.repo"),
    ),
];

/// The file of a tunnel with a key.
const WIREGUARD: Option<&str> = Some("etc/systemd/network/10-firstlight-wg0.netdev");

/// A server that has `x` for everybody, until the test ends: its port.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = BufReader::new(stream.try_clone().unwrap())
                .lines()
                .map_while(Result::ok);
            let _end = asked.find(String::is_empty);
            let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx");
        }
    });
    port
}

/// The places that a schema marks as secret.
fn marked(schema: &Value, whole: &Value, path: &str, within: &[&str], found: &mut BTreeSet<String>) {
    let Some(schema) = schema.as_object() else { return };
    if schema.get("x-secret") == Some(&Value::Bool(true)) {
        found.insert(path.to_owned());
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
        && !within.contains(&reference)
    {
        let meant = whole.pointer(reference.trim_start_matches('#')).unwrap();
        marked(meant, whole, path, &[within, &[reference]].concat(), found);
    }
    let mut below = |value: &Value, path: &str| marked(value, whole, path, within, found);
    for keyword in ["anyOf", "oneOf", "allOf"] {
        let choices = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
        choices.for_each(|choice| below(choice, path));
    }
    if let Some(items) = schema.get("items") {
        below(items, &format!("{path}[]"));
    }
    let named = |keyword: &str| schema.get(keyword).and_then(Value::as_object).into_iter().flatten();
    for (key, value) in named("properties") {
        below(value, format!("{path}.{key}").trim_start_matches('.'));
    }
    let free = named("patternProperties").map(|(_, value)| value);
    for value in free.chain(schema.get("additionalProperties")) {
        below(value, &format!("{path}.NAME"));
    }
}

/// What others than its owner may read, and all that is said of generations, holds no marker but where it was asked for.
fn searched(tree: &Path, asked: Option<&str>, document: &str) {
    let mut left = vec![tree.to_owned()];
    while let Some(path) = left.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if metadata.is_file() && asked != path.strip_prefix(tree).unwrap().to_str() {
            let bytes = fs::read(&path).unwrap();
            let holds = bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes());
            let is_private = metadata.permissions().mode() & 0o077 == 0;
            let is_record = path.extension().is_some_and(|extension| extension == "json");
            assert!(!holds || (is_private && !is_record), "{document}: {}", path.display());
        }
    }
}

#[test]
fn every_secret_of_the_schema_is_tried() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/user-data.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
    let mut found = BTreeSet::new();
    marked(&schema, &schema, "", &[], &mut found);
    let tried: BTreeSet<_> = PLACES.iter().map(|(place, ..)| (*place).to_owned()).collect();
    assert_eq!(found, tried);
}

#[test]
fn no_secret_is_shown_or_kept_whatever_its_name() {
    let port = server().to_string();
    for (place_of_it, document, asked) in PLACES {
        for format in ["human", "json"] {
            let tree = place();
            build("photon5", None, tree.path());
            let root = text(tree.path());
            let document = format!("{}\n", document.replace("SECRET", MARKER).replace("PORT", &port));
            let run = |arguments: &[&str]| {
                let mut all = arguments.to_vec();
                all.extend(["--format", format, "-vvv"]);
                let said = firstlight_reading(&all, document.as_bytes());
                let shown = format!("{}{}", said.stdout, said.stderr);
                assert!(!shown.contains(MARKER), "{place_of_it}: {all:?} shows it:\n{shown}");
                said
            };
            assert_eq!(run(&["validate", "-"]).status, 0, "{document}");
            assert_eq!(run(&["plan", "-", "--root", root]).status, 0, "{document}");
            assert_eq!(run(&["apply", "-", "--root", root]).status, 0, "{document}");
            searched(tree.path(), asked, &document);
            for command in ["status", "history", "rollback"] {
                run(&[command, "--root", root]);
            }
        }
    }
}

/// The same with a mistake beside it, and as a value of the wrong type.
#[test]
fn no_error_shows_a_secret_whatever_its_name() {
    for (place_of_it, document, _) in PLACES {
        let (key, value) = document.split_once(": ").unwrap();
        for broken in [
            format!("{key}: {value} : x"),
            format!("{key}: !{MARKER} {value}"),
            format!("{key}: &{MARKER} {value}"),
            format!("{key}: *{MARKER}"),
            format!("{key}: [{value}]"),
            format!("{key}: {{a: {value}}}"),
            format!("{key}: {}", value.replace("SECRET", "[SECRET]")),
            format!("{key}: {}", value.replace("SECRET", "{SECRET: SECRET}")),
            format!("{key}: {}", value.replace("SECRET", "!SECRET x")),
            format!("{key}: {}", value.replace("SECRET", "&SECRET [x]")),
            format!("{key}s: {value}"),
            format!("hostname: web_1 # {value}"),
            format!("{{{key}: {value}, hostname: web_1}}"),
            format!("{{{key}: {value}, unknown: 1}}"),
        ] {
            let broken = broken.replace("SECRET", MARKER);
            for format in ["human", "json"] {
                let said = firstlight_reading(&["validate", "-", "--format", format], format!("{broken}\n").as_bytes());
                let shown = format!("{}{}", said.stdout, said.stderr);
                assert!(!shown.contains(MARKER), "{place_of_it}: {broken}:\n{shown}");
            }
        }
    }
}
