//! The command line as a person and a program meet it: what is said last, what is JSON, what is taken for what.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use support::program::{firstlight, firstlight_in, firstlight_reading, text};
use support::tree::{build, place};

fn tree() -> tempfile::TempDir {
    let tree = place();
    build("photon5", None, tree.path());
    tree
}

/// With `-vv`, every key that is taken and does nothing says why.
#[test]
fn what_has_no_effect_is_said() {
    let document = "def_log_file: /x\nmerge_how: list(append)\nvendor_data: {enabled: true}\nmounts: []\n\
                    growpart: {mode: off}\noutput: {all: '> /dev/null'}\nhostname: web1\n";
    let said = firstlight_reading(&["validate", "-vv", "-"], document.as_bytes());
    assert_eq!(said.status, 0, "{said:?}");
    for key in [
        "def_log_file",
        "merge_how",
        "vendor_data",
        "mounts",
        "growpart",
        "output",
    ] {
        assert!(
            said.stderr.contains(&format!("`{key}` has no effect: ")),
            "{key}: {said:?}"
        );
    }
    assert!(!said.stderr.contains("`hostname`"), "{said:?}");
}

/// A plan that `apply` would refuse ends in the reasons, an error a line; one that asks for nothing says that.
#[test]
fn a_plan_ends_in_what_matters() {
    let tree = tree();
    let table: [(&str, &[&str]); 5] = [
        ("hostname: web1\n", &["1 change, 1 unchanged."]),
        (
            "runcmd: [date]\n",
            &["Nothing to do now: all of it is left for the first boot."],
        ),
        ("hostname: photon-machine\n", &["Nothing to do: 2 unchanged."]),
        (
            "merge_how: dict(replace)\n",
            &["Nothing to do: the document configures nothing."],
        ),
        (
            "hostname: web1\nhostnme: a\nsshd: {permit_root_login: maybe}\n",
            &[
                "1 change, 1 unchanged, 2 errors; `firstlight apply` would refuse this:",
                "  standard input:2:1: unknown key `hostnme`",
                "  standard input:3:27: ",
            ],
        ),
    ];
    for (document, expected) in table {
        let said = firstlight_reading(&["plan", "--root", text(tree.path()), "-"], document.as_bytes());
        let lines: Vec<&str> = said.stdout.lines().collect();
        let last = &lines[lines.len().saturating_sub(expected.len())..];
        let same =
            last.len() == expected.len() && last.iter().zip(expected).all(|(line, start)| line.starts_with(start));
        assert!(same, "{document}\n{}", said.stdout);
    }
}

/// What the machine can't do is refused as what the document gets wrong is.
#[test]
fn a_plan_counts_what_the_machine_lacks() {
    let tree = tree();
    let said = firstlight_reading(
        &["plan", "--root", text(tree.path()), "-"],
        b"services: {nowhere1: true}\n",
    );
    assert!(
        said.stdout
            .contains("0 changes, 0 unchanged, 1 error; `firstlight apply` would refuse this:\n  standard input:1:"),
        "{}",
        said.stdout
    );
}

/// `-v` shows what a plan leaves out: what is unchanged, and what is good to know.
#[test]
fn a_verbose_plan_says_more() {
    let tree = tree();
    let document = b"hostname: photon-machine\n";
    let plan = |arguments: &[&str]| {
        let all: Vec<&str> = ["plan", "--root", text(tree.path()), "-"]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        firstlight_reading(&all, document).stdout
    };
    assert!(!plan(&[]).contains("hostname\n"));
    assert!(
        plan(&["-v"]).starts_with("hostname\n  2 unchanged\n"),
        "{}",
        plan(&["-v"])
    );
    let document = b"write_files: [{path: /etc/one, content: one}]\nhostname: web1\n";
    let said = firstlight_reading(&["plan", "-v", "--root", text(tree.path()), "-"], document).stdout;
    assert!(said.contains("  planned after write_files, for its files\n"), "{said}");
}

/// Nothing of a document or of the machine steers the terminal of who looks.
#[test]
fn nothing_steers_the_terminal() {
    let tree = tree();
    let hostile = "\x1b[2J\x1b]0;owned\x07\u{202e}";
    fs::write(tree.path().join("etc/hostname"), format!("{hostile}\n")).unwrap();
    let desk = place();
    let name = format!("a{hostile}.yaml");
    let documents = [
        "hostname: web1\nwrite_files: [{path: \"/etc/a\\e[2J\\nc\\u202e\", content: x}]\n".to_owned(),
        format!("hostname: \"web1{hostile}\"\n")
            .replace('\x1b', "\\e")
            .replace('\x07', "\\a"),
        "hostname: web1\n".to_owned(),
        "network: {version: 2, ethernets: {\"e\\e[2J\\u202e\": {dhcp4: true}}}\n".to_owned(),
    ];
    for document in documents {
        fs::write(desk.path().join(&name), &document).unwrap();
        for command in [vec!["plan"], vec!["validate"], vec!["apply"], vec!["plan", "-vv"]] {
            let root = ["--root", text(tree.path()), &name];
            let said = firstlight_in(desk.path(), &[command, root.to_vec()].concat());
            let all = format!("{}{}", said.stdout, said.stderr);
            assert!(!all.contains(['\x1b', '\x07', '\u{202e}']), "{document}: {all:?}");
        }
        for command in ["history", "status"] {
            let said = firstlight(&[command, "--root", text(tree.path())]);
            assert!(
                !format!("{}{}", said.stdout, said.stderr).contains(['\x1b', '\u{202e}']),
                "{said:?}"
            );
        }
    }
}

/// Programs get JSON, whatever goes wrong.
#[test]
fn failures_are_json_where_json_is_asked_for() {
    let tree = tree();
    let root = text(tree.path());
    let table: [(&[&str], i32, &str, usize); 4] = [
        (&["plan", "/nowhere.yaml"], 1, "can't read /nowhere.yaml", 0),
        (&["apply", "-"], 65, "the document has 1 error; nothing was changed", 1),
        (&["plan"], 5, "no source has a document", 0),
        (&["rollback", "7"], 1, "there is no generation to roll back", 0),
    ];
    for (arguments, status, words, diagnostics) in table {
        let all = [arguments, &["--root", root, "--format", "json"]].concat();
        let said = firstlight_reading(&all, b"hostnme: a\n");
        let json: serde_json::Value = serde_json::from_str(&said.stdout).unwrap_or_default();
        let error = json["error"].as_str().unwrap_or_default();
        let found = json["diagnostics"].as_array().map_or(0, Vec::len);
        assert!(
            said.status == status && error.contains(words) && found == diagnostics,
            "{arguments:?}: {said:?}"
        );
    }
}

/// A document with errors is refused before anybody is asked for what it names.
#[test]
fn nobody_is_asked_for_the_files_of_a_document_with_errors() {
    let tree = tree();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let document = format!(
        "hostnme: a\nwrite_files: [{{path: /etc/x, source: {{uri: 'http://{}/x'}}}}]\n",
        server.local_addr().unwrap()
    );
    for (command, status) in [("apply", 65), ("plan", 65)] {
        let said = firstlight_reading(&[command, "--root", text(tree.path()), "-"], document.as_bytes());
        assert!(said.status == status && said.stderr.contains("hostnme"), "{said:?}");
    }
    server.set_nonblocking(true).unwrap();
    assert!(server.accept().is_err(), "the server was asked");
}

/// An entry that the machine can't have costs itself alone: the rest of its area is planned.
#[test]
fn an_entry_that_the_machine_cant_have_costs_itself_alone() {
    let tree = tree();
    for (document, planned) in [
        ("docker: {enabled: true, users: [nosuch]}\n", "enable docker.service"),
        ("services: {nowhere1: true, docker: true}\n", "enable docker.service"),
        (
            "write_files: [{path: /etc/a, owner: nosuch}, {path: /etc/b}]\n",
            "/etc/b",
        ),
    ] {
        let said = firstlight_reading(&["plan", "--root", text(tree.path()), "-"], document.as_bytes());
        assert!(
            said.stdout.contains(planned) && said.stdout.contains("1 error"),
            "{document}: {said:?}"
        );
    }
}

/// Each is validated as what it is: by its name, its keys, or what is in it.
#[test]
fn each_is_validated_as_what_it_is() {
    let desk = place();
    let write = |name: &str, text: &str| {
        let path = desk.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("meta-data", "instance-id: i-1\nlocal-hostname: web1\n");
    write("who.yaml", "instance-id: [i-1]\n");
    write("net.yaml", "version: 2\nethernets: {eth0: {dhcp4: maybe}}\n");
    write("etc/firstlight/config.yaml", "allow: [network]\n");
    write("mine.yaml", "device_timeout: soon\n");
    write("seed/user-data", "hostname: web1\n");
    write("seed/meta-data", "instance-id: i-1\n");
    write("seed/network-config", "version: 2\nethernets: {eth0: {dhcp4: treu}}\n");
    write("empty/readme", "");
    write(
        "all.yaml",
        "docker: true\nroot: {password: a b c}\nssh_pwauth: false\nhostname: docker01\n\
         network: {version: 2, ethernets: {eth0: {dhcp4: true}}}\n",
    );
    write("nothing.yaml", "hostname:\nservices: {}\n");
    write("none.yaml", "firstlight: {strict: true}\npackages: []\n");
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAbUbdMFVNFLTVnRgyWaf6NsABbLh8nsAgArVFIS8oXm";
    let meta_data = format!("{{\"uuid\": \"i-1\", \"hostname\": \"web1\", \"public_keys\": {{\"a\": \"{key}\"}}}}");
    write("drive/openstack/latest/meta_data.json", &meta_data);
    write("cust.cfg", "[NETWORK]\nHOSTNAME = web1\n");
    write(
        "env.xml",
        "<?xml version=\"1.0\"?>\n<Environment xmlns=\"http://schemas.dmtf.org/ovf/environment/1\" \
         xmlns:oe=\"http://schemas.dmtf.org/ovf/environment/1\"><PropertySection>\
         <Property oe:key=\"firstlight.hostname\" oe:value=\"web1\"/></PropertySection></Environment>\n",
    );
    let image = desk.path().join("seed.iso");
    let made = Command::new("xorriso")
        .args(["-as", "mkisofs", "-quiet", "-V", "cidata", "-J", "-r", "-o"])
        .args([&image, &desk.path().join("seed")])
        .status();
    assert!(
        made.is_ok_and(|status| status.success()),
        "tests/machine/install-tools brings xorriso"
    );
    let table = [
        ("meta-data", 0, "meta-data: valid meta-data; hostname"),
        ("who.yaml", 65, "who.yaml: invalid meta-data"),
        ("net.yaml", 65, "net.yaml: invalid network-config"),
        ("etc/firstlight/config.yaml", 0, "config.yaml: valid settings"),
        ("mine.yaml", 65, "mine.yaml: invalid settings"),
        ("seed", 65, "seed: invalid seed"),
        ("seed/user-data", 0, "seed/user-data: valid user-data; hostname"),
        ("seed.iso", 65, "seed.iso: invalid seed"),
        ("empty", 65, "empty: invalid seed"),
        (
            "all.yaml",
            0,
            "all.yaml: valid user-data; hostname, network, sshd, password, docker",
        ),
        ("none.yaml", 0, "none.yaml: valid user-data; it changes nothing"),
        ("nothing.yaml", 0, "nothing.yaml: valid user-data; it changes nothing"),
        ("drive", 0, "drive: valid seed; hostname, ssh_authorized_keys"),
        ("cust.cfg", 0, "cust.cfg: valid seed; hostname"),
        ("env.xml", 0, "env.xml: valid seed; hostname"),
    ];
    for (name, status, verdict) in table {
        let said = firstlight_in(desk.path(), &["validate", name]);
        let whole = said.stdout.ends_with(&format!("{verdict}\n"));
        assert!(said.status == status && whole, "{name}: {said:?}");
    }
    // The place is the one in the seed.
    let said = firstlight_in(desk.path(), &["validate", "seed"]);
    assert!(said.stdout.contains("seed/network-config:2:27"), "{said:?}");
    let said = firstlight_in(desk.path(), &["validate", "--kind", "user-data", "who.yaml"]);
    assert!(said.stdout.ends_with("invalid user-data\n"), "{said:?}");
}

/// `make uninstall` takes away what `make install` brought, and `make install` says what is missing.
#[test]
fn what_make_installs_it_uninstalls() {
    let image = place();
    let make = |goal: &str, binary: &str| {
        let (destination, binary) = (format!("DESTDIR={}", text(image.path())), format!("BINARY={binary}"));
        Command::new("make")
            .args(["--silent", goal, &destination, &binary])
            .output()
            .unwrap()
    };
    let missing = make("install", "/nowhere/firstlight");
    let said = String::from_utf8_lossy(&missing.stderr);
    assert!(
        !missing.status.success() && said.contains("run `make build` first"),
        "{said}"
    );

    let files = |root: &Path| {
        let found = Command::new("find")
            .arg(root)
            .args(["!", "-type", "d", "-printf", "%P\n"])
            .output()
            .unwrap();
        let mut files: Vec<String> = String::from_utf8(found.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        files.sort();
        files
    };
    assert!(make("install", env!("CARGO_BIN_EXE_firstlight")).status.success());
    let expected = [
        "etc/systemd/system/multi-user.target.wants/firstlight-local.service",
        "etc/systemd/system/multi-user.target.wants/firstlight.service",
        "etc/systemd/system/multi-user.target.wants/firstlight.target",
        "usr/bin/firstlight",
        "usr/lib/systemd/system/firstlight-emergency.service",
        "usr/lib/systemd/system/firstlight-final.service",
        "usr/lib/systemd/system/firstlight-local.service",
        "usr/lib/systemd/system/firstlight.service",
        "usr/lib/systemd/system/firstlight.target",
        "usr/share/bash-completion/completions/firstlight",
        "usr/share/fish/vendor_completions.d/firstlight.fish",
        "usr/share/man/man1/firstlight-apply.1",
        "usr/share/man/man1/firstlight-boot.1",
        "usr/share/man/man1/firstlight-completions.1",
        "usr/share/man/man1/firstlight-confirm.1",
        "usr/share/man/man1/firstlight-explain.1",
        "usr/share/man/man1/firstlight-history.1",
        "usr/share/man/man1/firstlight-plan.1",
        "usr/share/man/man1/firstlight-rollback.1",
        "usr/share/man/man1/firstlight-schema.1",
        "usr/share/man/man1/firstlight-sources.1",
        "usr/share/man/man1/firstlight-status.1",
        "usr/share/man/man1/firstlight-validate.1",
        "usr/share/man/man1/firstlight.1",
        "usr/share/man/man5/firstlight-user-data.5",
        "usr/share/zsh/vendor-completions/_firstlight",
    ];
    assert_eq!(files(image.path()), expected);
    assert!(make("uninstall", "").status.success());
    assert_eq!(files(image.path()), Vec::<String>::new());
}

/// `plan --network-graph` draws the network into a file of the person who asks, or prints it in place of the plan.
#[test]
fn the_network_is_drawn() {
    let (tree, desk) = (tree(), place());
    let root = text(tree.path());
    let file = desk.path().join("network.svg");
    let document =
        b"network: {ethernets: {eth0: {dhcp4: true}}, vlans: {v15: {id: 15, link: eth0, addresses: [192.0.2.1/24]}}}\n";
    let drawing = |file: &str| firstlight_reading(&["plan", "--root", root, "--network-graph", file, "-"], document);

    let said = drawing(text(&file));
    assert_eq!(said.status, 0, "{said:?}");
    assert!(
        said.stdout.contains("10-firstlight-v15.netdev"),
        "the plan is printed: {said:?}"
    );
    assert!(said.stderr.contains("the picture of the network is in"), "{said:?}");
    let drawn = fs::read_to_string(&file).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.contains("192.0.2.1/24"), "{drawn}");
    // What is there is replaced, and keeps its mode.
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(drawing(text(&file)).status, 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), drawn);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(drawing("-").stdout, drawn);

    let nowhere = desk.path().join("none/network.svg");
    std::os::unix::fs::symlink(&file, desk.path().join("link.svg")).unwrap();
    for (file, why) in [
        (text(&nowhere), "it doesn't exist"),
        (text(desk.path()), "it is a directory"),
        (text(&desk.path().join("link.svg")), "it is not a regular file"),
    ] {
        let said = drawing(file);
        assert_eq!(said.status, 1, "{said:?}");
        assert!(
            said.stderr.contains("can't write the picture to") && said.stderr.contains(why),
            "{said:?}"
        );
    }
    for document in ["hostname: web1\n", "network: {config: disabled}\n"] {
        let said = firstlight_reading(
            &["plan", "--root", root, "--network-graph", text(&file), "-"],
            document.as_bytes(),
        );
        assert_eq!(said.status, 1, "{said:?}");
        assert!(said.stderr.contains("there is no network to draw"), "{said:?}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), drawn);
}
