//! The formats of user-data, beside the real cloud-init: Debian's takes each of these documents apart too.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use base64ct::{Base64, Encoding};
use firstlight::document::format::MachineFacts;
use firstlight::document::{Document, Text, Texts};
use serde_json::{Value, json};
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
        user_data: Some(Text {
            origin: "user-data",
            bytes,
        }),
        meta_data: Some(Text {
            origin: "meta-data",
            bytes: META_DATA.as_bytes(),
        }),
        source: ("nocloud", ""),
        machine: Some(MachineFacts::default()),
        ..Texts::default()
    });
    let refused = document.diagnostics.iter().filter(|found| found.is_error());
    let scripts = refused.map(|found| {
        let is_script = ["a script", "a boot hook", "a part handler"]
            .iter()
            .any(|kind| found.message.contains(kind));
        assert!(is_script, "{}", found.render(false));
    });
    let scripts = scripts.count();
    let config = match document.masked() {
        Value::Null => json!({}),
        config => config,
    };
    json!({ "config": config, "scripts": scripts })
}

#[test]
fn debians_cloud_init_takes_documents_apart_alike() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    let installed = Command::new(folder.join("install")).output().unwrap();
    if !installed.status.success() {
        let why = String::from_utf8_lossy(&installed.stderr);
        return skip(format_args!("Debian's cloud-init can't be had: {why}"));
    }
    let packages = String::from_utf8(installed.stdout).unwrap();
    let inputs = tempfile::tempdir().unwrap();
    for (name, bytes) in documents() {
        fs::write(inputs.path().join(name), bytes).unwrap();
    }
    let asked = Command::new("/usr/bin/python3")
        .arg(folder.join("ask.py"))
        .arg(inputs.path())
        .env("PYTHONPATH", packages.trim())
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
