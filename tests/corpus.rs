//! Documents in the shapes that people have (`tests/corpus/`): how many run whole, and which keys keep the others from it.
//!
//! `tests/corpus/verdicts` has a line for each document: `whole`, or every key that is refused, with the code of the error.
//! A second line says what differs on a Photon. `UPDATE=1` writes it anew, for a person to read.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::Value;
use support::program::{firstlight, text};
use support::tree::{build, place};

const FOLDER: &str = "tests/corpus";
const TABLE: &str = "tests/corpus/verdicts";

/// How many documents run whole on a Debian, at least. Raise it when more do; never lower it.
const WHOLE: usize = 62;

/// Refusals that are not a key that is known not to be applied, by machine and document, and why they are right as they are,
/// or what would be. Those on the first machine are so on the other one too.
const OTHERWISE: &[(&str, &str, &str)] = &[
    (
        "debian13",
        "openwrt-builder-misplaced-keys.yaml",
        "its author's mistake, of which cloud-init's schema warns too",
    ),
    (
        "debian13",
        "terraform-libvirt.yaml",
        "`home` is its author's mistake, of which cloud-init's schema warns too",
    ),
    (
        "debian13",
        "terraform-postgres.yaml",
        "a key server says which key has a number, not whose it is: the key itself would be right",
    ),
    (
        "photon5",
        "cloud-init-example-users.yaml",
        "Photon has no account `sys`; cloud-init warns and leaves it out of the group",
    ),
];

/// Machines, with the package manager of each and with what makes its list of trusted certificates.
const MACHINES: [(&str, [&str; 2]); 2] = [
    ("debian13", ["bin/apt-get", "sbin/update-ca-certificates"]),
    ("photon5", ["bin/tdnf", "bin/rehash_ca_certificates.sh"]),
];

/// A refusal: the key, without the numbers of items and without what a document names itself, and the code.
type Refusal = (String, String);

#[test]
fn the_corpus_runs_as_the_table_says() {
    let mut table = String::new();
    let mut whole = 0;
    let mut surprises = BTreeSet::new();
    let documents = documents();
    let machines = MACHINES.map(|(layout, programs)| (layout, machine(layout, programs)));
    for name in &documents {
        let mut first = None;
        for (layout, tree) in &machines {
            let refusals = refusals(tree.path(), name);
            let told: Vec<String> = refusals.iter().map(|(key, code)| format!("{key} ({code})")).collect();
            let verdict = match told.as_slice() {
                [] => "whole".to_owned(),
                told => told.join(", "),
            };
            if refusals.iter().any(|(_, code)| code != "not-applied") {
                surprises.insert((*layout, name.clone()));
            }
            match &first {
                None => {
                    whole += usize::from(refusals.is_empty());
                    table.push_str(&format!("{name}: {verdict}\n"));
                    first = Some(verdict);
                }
                Some(first) if *first != verdict => table.push_str(&format!("{name} on {layout}: {verdict}\n")),
                Some(_) => {}
            }
        }
    }
    table.push_str(&format!("{whole} of {} are whole\n", documents.len()));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(TABLE, &table).unwrap();
    }

    assert!(documents.len() >= 60, "only {} documents", documents.len());
    assert!(whole >= WHOLE, "only {whole} are whole\n{table}");
    let first = MACHINES[0].0;
    let mut known = BTreeSet::new();
    for (layout, name, _) in OTHERWISE {
        known.insert((*layout, (*name).to_owned()));
        if *layout == first {
            known.extend(MACHINES.map(|(layout, _)| (layout, (*name).to_owned())));
        }
    }
    assert_eq!(
        surprises, known,
        "refusals that are not keys known not to be applied\n{table}"
    );
    assert_eq!(
        fs::read_to_string(TABLE).unwrap(),
        table,
        "{TABLE} is not true any more"
    );
}

/// The names of the documents, in order.
fn documents() -> Vec<String> {
    let entries = fs::read_dir(FOLDER).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != "verdicts").collect();
    names.sort();
    names
}

/// What is refused of a document on the machine in `tree`. The exit status agrees with it.
fn refusals(tree: &Path, name: &str) -> BTreeSet<Refusal> {
    let seed = place();
    fs::copy(Path::new(FOLDER).join(name), seed.path().join("user-data")).unwrap();
    let meta_data = "instance-id: iid-corpus\nlocal-hostname: node-1\nhostname: node-1\nregion: north\n";
    fs::write(seed.path().join("meta-data"), meta_data).unwrap();
    let source = format!("nocloud:{}", text(seed.path()));
    let said = firstlight(&["plan", "--root", text(tree), "--source", &source, "--format", "json"]);
    let plan: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{name}: {said:?}"));
    let mut told: Vec<&Value> = plan["diagnostics"].as_array().unwrap().iter().collect();
    for module in plan["modules"].as_array().unwrap() {
        told.extend(module["problems"].as_array().unwrap());
    }
    let errors = told.into_iter().filter(|told| told["severity"] == "error");
    let refusals: BTreeSet<Refusal> = errors
        .map(|error| (key(error), error["code"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(said.status == 0, refusals.is_empty(), "{name}: {said:?}");
    refusals
}

/// The key that an error is about. What isn't about a key has none, and is about the whole document.
fn key(error: &Value) -> String {
    let path = error["path"].as_array().into_iter().flatten();
    let names = path.filter_map(Value::as_str);
    let names: Vec<&str> = names.filter(|name| name.parse::<usize>().is_err()).collect();
    match names.as_slice() {
        [] => "the document".to_owned(),
        names => names.join("."),
    }
}

/// A machine as it is in a cloud: with a package manager, all time zones and the accounts that every such image has.
fn machine(layout: &str, programs: [&str; 2]) -> tempfile::TempDir {
    let tree = place();
    build(layout, None, tree.path());
    let etc = tree.path().join("etc");
    // The layouts have the text of the link where the link should be.
    fs::remove_file(etc.join("os-release")).unwrap();
    symlink("../usr/lib/os-release", etc.join("os-release")).unwrap();

    let settings = etc.join("firstlight");
    fs::create_dir_all(&settings).unwrap();
    let sites = key_site();
    fs::write(
        settings.join("config.yaml"),
        format!("key_sites: {{gh: '{sites}', lp: '{sites}'}}\n"),
    )
    .unwrap();

    if layout == "photon5" {
        add(
            &tree.path().join("usr/lib/os-release"),
            "PRETTY_NAME=\"VMware Photon OS/Linux\"\n",
        );
    }

    for program in programs {
        let program = tree.path().join("usr").join(program);
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        fs::write(&program, "").unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    }

    let zones = tree.path().join("usr/share/zoneinfo");
    for (region, cities) in ZONES {
        fs::create_dir_all(zones.join(region)).unwrap();
        for city in *cities {
            fs::copy(zones.join("Europe/Berlin"), zones.join(region).join(city)).unwrap();
        }
    }
    if layout == "debian13" {
        add(&etc.join("passwd"), "sys:x:3:3:sys:/dev:/usr/sbin/nologin\n");
        add(
            &etc.join("passwd"),
            "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n",
        );
        add(
            &etc.join("shadow"),
            "sys:*:20400:0:99999:7:::\nwww-data:*:20400:0:99999:7:::\n",
        );
    }
    tree
}

/// The address of a site that has the same public key of everybody.
fn key_site() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = BufReader::new(&stream).lines().map_while(Result::ok);
            head.take_while(|line| !line.is_empty()).for_each(drop);
            let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHyPZbgJxLjLCDVvHuPJ3TqHcjgxNVnLEn0cpiRQZ1q5";
            let length = key.len();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{key}");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}/%s")
}

/// The time zones of the documents.
const ZONES: &[(&str, &[&str])] = &[
    ("America", &["Chicago", "New_York"]),
    ("Asia", &["Tokyo"]),
    ("Europe", &["Amsterdam", "London", "Paris", "Rome", "Vienna"]),
];

fn add(path: &Path, lines: &str) {
    let ends_well = fs::read_to_string(path).unwrap().ends_with('\n');
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    let between = if ends_well { "" } else { "\n" };
    write!(file, "{between}{lines}").unwrap();
}
