//! The formats of user-data, beside the real cloud-init: Debian's takes each of these documents apart too.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64ct::{Base64, Encoding};
use firstlight::document::cloud_config::{OLD_SPELLINGS, OtherKey};
use firstlight::document::config::KEYS;
use firstlight::document::format::MachineFacts;
use firstlight::document::{Document, Text, Texts};
use serde_json::{Value, json};
use support::program::{firstlight, text};
use support::skip::skip;

/// What cloud-init has as meta-data in `formats/ask.py`.
const META_DATA: &str = "instance-id: i-1\nlocal-hostname: web1\nrole: db\n";

/// A part of a message: its headers but for the type, and its content.
fn part(media_type: &str, headers: &str, content: &str) -> String {
    format!("Content-Type: {media_type}\n{headers}\n{content}\n")
}

/// A message of these parts.
fn message(parts: &[String]) -> String {
    let mut text = "Content-Type: multipart/mixed; boundary=\"==b==\"\nMIME-Version: 1.0\n\n".to_owned();
    for part in parts {
        _ = write!(text, "--==b==\n{part}");
    }
    text + "--==b==--\n"
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// The documents, by their names.
fn documents() -> Vec<(&'static str, Vec<u8>)> {
    let config = |content: &str| part("text/cloud-config", "", content);
    let first = config("#cloud-config\nhostname: a\nkernel_modules: [nfs]\nsysctl: {vm.swappiness: 1}");
    let base64 = |content: &str| Base64::encode_string(content.as_bytes());
    let merged = |headers: &str, content: &str| message(&[first.clone(), part("text/cloud-config", headers, content)]);
    let inner = message(&[config("#cloud-config\ntimezone: UTC")]).replace("==b==", "==i==");
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let texts: Vec<(&str, String)> = vec![
        ("plain", "#cloud-config\nhostname: a\n".to_owned()),
        ("plain-crlf", "#cloud-config\r\nhostname: a\r\ntimezone: UTC\r\n".to_owned()),
        ("script", "#!/bin/sh\necho\n".to_owned()),
        ("boothook", "#cloud-boothook\n#!/bin/sh\n".to_owned()),
        ("one-part", message(std::slice::from_ref(&first))),
        ("two-parts", message(&[first.clone(), config("#cloud-config\nhostname: b")])),
        ("single-message", format!("MIME-Version: 1.0\n{}", config("#cloud-config\nhostname: a"))),
        ("with-script", message(&[first.clone(), part("text/x-shellscript", "", "#!/bin/sh\necho")])),
        (
            "scripts-by-frequency",
            message(&[
                part("text/x-shellscript-per-boot", "", "#!/bin/sh"),
                part("text/x-shellscript-per-instance", "", "#!/bin/sh"),
                part("text/x-shellscript-per-once", "", "#!/bin/sh"),
            ]),
        ),
        ("by-content", message(&[part("text/plain", "", "#cloud-config\nhostname: a"), part("text/plain", "", "#!/bin/sh")])),
        ("config-called-script", message(&[part("text/x-shellscript", "", "#cloud-config\nhostname: a")])),
        (
            "base64-part",
            message(&[part(
                "text/cloud-config",
                "Content-Transfer-Encoding: base64\n",
                &base64("#cloud-config\nhostname: a\n"),
            )]),
        ),
        (
            "quoted-printable",
            message(&[part(
                "text/cloud-config; charset=\"utf-8\"",
                "Content-Transfer-Encoding: quoted-printable\n",
                "#cloud-config\nhostname: =\na\nlocale: =64=65_DE",
            )]),
        ),
        (
            "uuencode",
            message(&[part(
                "text/cloud-config",
                "Content-Transfer-Encoding: x-uuencode\n",
                "begin 644 x\n=(V-L;W5D+6-O;F9I9PIH;W-T;F%M93H@=V5B,0H \n`\nend",
            )]),
        ),
        (
            "gzip-part",
            message(&[part(
                "application/gzip",
                "Content-Transfer-Encoding: base64\n",
                &Base64::encode_string(&gzip(b"#cloud-config\nhostname: a\n")),
            )]),
        ),
        ("nested", message(&[first.clone(), inner.clone()])),
        ("with-names", message(&[part("text/cloud-config", "Content-Disposition: attachment; filename=\"a b.yaml\"\n", "#cloud-config\nhostname: a")])),
        ("preamble", message(std::slice::from_ref(&first)).replacen("\n\n", "\n\nThis is a message in parts.\n", 1)),
        ("message-crlf", crlf(&message(&[first.clone(), config("#cloud-config\nhostname: b")]))),
        ("empty-part", message(&[first.clone(), config("#cloud-config\n")])),
        ("merge-append", merged("Merge-Type: list(append)+dict(recurse_list)+str()\n", "#cloud-config\nkernel_modules: [xfs]")),
        ("merge-prepend", merged("X-Merge-Type: list(prepend)+dict(recurse_list)\n", "#cloud-config\nkernel_modules: [xfs]")),
        ("merge-how", merged("", "#cloud-config\nmerge_how: dict(no_replace)\nhostname: b\nsysctl: {vm.dirty_ratio: 2}")),
        ("merge-type-list", merged("", "#cloud-config\nmerge_type: [{name: dict, settings: [recurse_str]}, {name: str, settings: [append]}]\nhostname: b")),
        ("merge-both", merged("Merge-Type: dict(recurse_list)\n", "#cloud-config\nmerge_how: list(append)\nkernel_modules: [xfs]")),
        ("merge-delete", merged("", "#cloud-config\nmerge_how: dict(replace,allow_delete)\nkernel_modules: null")),
        ("patch", message(&[first.clone(), part("text/cloud-config-jsonp", "", "#cloud-config-jsonp\n[{\"op\": \"add\", \"path\": \"/kernel_modules/-\", \"value\": \"xfs\"}]")])),
        ("archive", "#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    hostname: a\n- |\n  #cloud-config\n  timezone: UTC\n- |\n  #!/bin/sh\n".to_owned()),
        ("archive-part", message(&[first.clone(), part("text/cloud-config-archive", "", "#cloud-config-archive\n- |\n  #cloud-config\n  hostname: b")])),
        ("template", "## template: jinja\n#cloud-config\nhostname: {{ v1.local_hostname }}-{{ ds.meta_data.role }}\n".to_owned()),
        ("template-names", "## template: jinja\n#cloud-config\nhostname: {{ local_hostname }}\ntimezone: {{ 'UTC' if ds['meta_data']['local-hostname'] == 'web1' else 'CET' }}\n".to_owned()),
        ("template-loop", "## template: jinja\n#cloud-config\nkernel_modules:\n{% for name in ['nfs', 'xfs'] %}\n- {{ name | lower }}\n{% endfor %}\n{% if v1.cloud_name == 'nocloud' %}\nhostname: x\n{% endif %}\n".to_owned()),
        ("template-default", "## template: jinja\n#cloud-config\nhostname: {{ ds.meta_data.nothing | default('d') }}\n{# a comment #}\n".to_owned()),
        ("template-part", message(&[first.clone(), part("text/jinja2", "", "## template: jinja\n#cloud-config\nhostname: {{ v1.instance_id }}")])),
        ("template-script", message(&[first, part("text/jinja2", "", "## template: jinja\n#!/bin/sh\necho {{ v1.instance_id }}")])),
    ];
    let mut all: Vec<_> = texts
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    all.push(("gzip", gzip(b"#cloud-config\nhostname: a\n")));
    all.push(("gzip-message", gzip(inner.as_bytes())));
    all
}

/// What is not as in cloud-init, on purpose: the document, and why.
const DIFFERENCES: [(&str, &str); 0] = [];

/// What firstlight makes of a document, in the words of `formats/ask.py`.
fn ours(bytes: &[u8]) -> Value {
    let document = Document::read(&Texts {
        user_data: Some(Text::new("user-data", bytes)),
        meta_data: Some(Text::new("meta-data", META_DATA.as_bytes())),
        source: ("nocloud", ""),
        machine: Some(MachineFacts::default()),
        ..Texts::default()
    });
    let refused = document.diagnostics.iter().filter(|found| found.is_error());
    let handlers = refused.map(|found| {
        assert!(found.message.contains("a part handler"), "{}", found.render(false));
    });
    let scripts = handlers.count() + document.config.scripts.all().len();
    let config = match document.masked() {
        Value::Null => json!({}),
        config => config,
    };
    json!({ "config": config, "scripts": scripts })
}

/// Where Debian's cloud-init is unpacked, if it can be had.
fn cloud_init() -> Option<PathBuf> {
    let installed = Command::new("tests/formats/install").output().unwrap();
    if !installed.status.success() {
        let why = String::from_utf8_lossy(&installed.stderr);
        skip(format_args!("Debian's cloud-init can't be had: {why}"));
        return None;
    }
    Some(PathBuf::from(String::from_utf8(installed.stdout).unwrap().trim()))
}

#[test]
fn debians_cloud_init_takes_documents_apart_alike() {
    let Some(cloud_init) = cloud_init() else { return };
    let inputs = tempfile::tempdir().unwrap();
    for (name, bytes) in documents() {
        fs::write(inputs.path().join(name), bytes).unwrap();
    }
    let asked = Command::new("/usr/bin/python3")
        .arg("tests/formats/ask.py")
        .arg(inputs.path())
        .env("PYTHONPATH", cloud_init.join("packages"))
        .output()
        .unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let mut theirs: Value = serde_json::from_slice(&asked.stdout).unwrap();
    let mut wrong = Vec::new();
    for (name, bytes) in documents() {
        let scripts = theirs[name]["scripts"].as_array().unwrap().len();
        theirs[name]["scripts"] = scripts.into();
        let ours = ours(&bytes);
        let is_listed = DIFFERENCES.iter().any(|(listed, _)| *listed == name);
        if (ours == theirs[name]) == is_listed {
            wrong.push(format!("{name}: cloud-init makes {}, firstlight {ours}", theirs[name]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What else is refused in cloud-init's examples: the file, what is said of it, and why that is right.
const REFUSED_EXAMPLES: [(&str, &str, &str); 15] = [
    (
        "cloud-config-add-apt-repos",
        "the key `apt` is given twice",
        "it shows several documents in one",
    ),
    (
        "cloud-config-ansible",
        "unknown key `packages_up",
        "misspelt: it has no `s`",
    ),
    (
        "cloud-config-apt",
        "firstlight asks no key server",
        "the key itself would be right",
    ),
    (
        "cloud-config-apt",
        "firstlight doesn't ask Launchpad",
        "the line and its key would be right",
    ),
    (
        "cloud-config-archive",
        "this part has the type `foo/wark`",
        "no such type: cloud-init doesn't read it either",
    ),
    (
        "cloud-config-archive",
        "expected a mapping of `key: value`, found a string",
        "text that nobody reads",
    ),
    (
        "cloud-config-archive",
        "this part has the type `text/upstart-job`",
        "cloud-init doesn't read it any more",
    ),
    (
        "cloud-config-ca-certs",
        "what is in the certificate is not base64",
        "it says that a certificate goes there",
    ),
    (
        "cloud-config-disk-setup",
        "is given twice",
        "it shows several documents in one",
    ),
    ("cloud-config-write-files", "is not base64", "some of it is left out"),
    (
        "cloud-config-write-files",
        "`!!binary` is base64, and this is not",
        "some of it is left out",
    ),
    (
        "network-config-v1",
        "network version 1 is not supported yet",
        "refused by name",
    ),
    ("network-config-v1", "the key `bridge_maxwait` is given twice", "it is"),
    (
        "part-handler",
        "this is a part handler: Python code is not run",
        "refused by name",
    ),
    (
        "plain-ignored",
        "expected a mapping of `key: value`, found a string",
        "text that nobody reads",
    ),
];

/// Those that are about something else than a document.
const NO_DOCUMENTS: [&str; 3] = ["README", "kernel-cmdline", "kernel-command-line"];

#[test]
fn cloud_inits_examples_are_valid_or_told_why_not() {
    let Some(cloud_init) = cloud_init() else { return };
    let (mut asked, mut unexplained) = (0, Vec::new());
    for path in files(&cloud_init.join("examples")) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if NO_DOCUMENTS.iter().any(|other| name.starts_with(other)) {
            continue;
        }
        asked += 1;
        let kind = match name.as_str() {
            "meta-data" => "meta-data",
            name if name.starts_with("network-config") => "network-config",
            _ => "user-data",
        };
        let said = firstlight(&["validate", "--format", "json", "--kind", kind, text(&path)]);
        let said: Value = serde_json::from_str(&said.stdout).unwrap();
        for error in said["documents"][0]["diagnostics"].as_array().unwrap() {
            if error["severity"] == "error" && !is_explained(&name, error) {
                unexplained.push(format!("{name}: {error}"));
            }
        }
    }
    assert!(asked > 30, "{asked} examples");
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
}

#[test]
fn every_key_of_the_installed_cloud_init_is_known() {
    let Some(cloud_init) = cloud_init() else { return };
    let schema = cloud_init.join("packages/cloudinit/config/schemas/schema-cloud-config-v1.json");
    let schema: Value = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
    let modules = schema["allOf"].as_array().unwrap().iter().map(|part| {
        let definition = part["$ref"].as_str().unwrap().trim_start_matches('#');
        &schema.pointer(definition).unwrap()["properties"]
    });
    let keys = modules.chain([&schema["properties"]]).filter_map(Value::as_object);
    let keys: Vec<&String> = keys.flat_map(|properties| properties.keys()).collect();
    assert!(keys.len() > 80, "{keys:?}");
    let is_known = |key: &str| {
        let is_old = OLD_SPELLINGS.iter().any(|(old, _)| *old == key);
        is_old || OtherKey::find(key).is_some() || KEYS.iter().any(|known| known.name == key.replace('-', "_"))
    };
    let unknown: Vec<_> = keys.iter().filter(|key| !is_known(key)).collect();
    assert!(unknown.is_empty(), "in no table: {unknown:?}");
}

/// Whether an error names a key that isn't applied and what to use instead, or is one of those above.
fn is_explained(name: &str, error: &Value) -> bool {
    let (message, hint) = (error["message"].as_str().unwrap(), error["hint"].as_str());
    let path: Vec<_> = error["path"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|key| key.as_str().map(str::to_owned))
        .collect();
    let is_told = OtherKey::not_applied_at(&path).is_some_and(|key| hint == Some(&key.advice()));
    let is_listed = |(file, words, _): &(&str, &str, &str)| name.starts_with(file) && message.contains(words);
    is_told || REFUSED_EXAMPLES.iter().any(is_listed)
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        match entry.unwrap().path() {
            below if below.is_dir() => found.extend(files(&below)),
            file => found.push(file),
        }
    }
    found
}
