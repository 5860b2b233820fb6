//! Promise: what a document costs is bounded. Each of these broke the program once: they took gigabytes. Here it may have
//! 64 MiB, and three times the document.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use base64ct::{Base64, Encoding};

/// Runs `firstlight` with so much memory for its data that it may not need more (`RLIMIT_DATA`).
fn bounded(arguments: &[&str], document: &str) -> Output {
    let kilobytes = (64 * 1024 * 1024 + 3 * document.len()) / 1024;
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -d \"$0\" && exec \"$@\"", &kilobytes.to_string()])
        .arg(env!("CARGO_BIN_EXE_firstlight"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let document = document.to_owned();
    let writer = std::thread::spawn(move || _ = stdin.write_all(document.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn packed(bytes: &[u8]) -> String {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    Base64::encode_string(&packer.finish().unwrap())
}

#[test]
fn a_document_costs_a_bounded_amount_of_memory() {
    let zipped = packed(&vec![b' '; 8 << 20]);
    let files = |n| format!("- {{path: /opt/f{n}, encoding: gz+b64, content: {zipped}}}\n");
    let open: String = (0..60).map(|n| format!("&a{n} [")).collect();
    let merged: String = (0..30_000).map(|n| format!("<<: {{k{n}: 1}}\n")).collect();
    let tests = [
        (
            "keys twice in flow",
            format!("{{{}}}\n", "a: 1,".repeat(20_000)),
            "only the first 100",
        ),
        ("keys twice in block", "a: 1\n".repeat(90_000), "only the first 100"),
        (
            "zipped files",
            format!("write_files:\n{}", (0..100).map(files).collect::<String>()),
            "more than 16 MiB",
        ),
        (
            "nested anchors",
            format!("a: {open}{}{}\n", vec!["x"; 120_000].join(","), "]".repeat(60)),
            "too large",
        ),
        (
            "bad files",
            format!("write_files:\n{}", "- {path: x}\n".repeat(30_000)),
            "only the first 100",
        ),
        (
            "files below a file",
            format!("write_files:\n- {{path: /x}}\n{}", "- {path: /x/y}\n".repeat(30_000)),
            "only the first 100",
        ),
        (
            "bad entries",
            (0..30_000).map(|n| format!("k{n}: 1\n")).collect(),
            "only the first 100",
        ),
        ("merged keys", merged, "only the first 100"),
        (
            "a long line",
            format!("hostname: [{}]\n", "a, ".repeat(60_000)),
            "a list",
        ),
        ("base64", "QUJDREVG".repeat(1_000_000), "expected a mapping"),
        (
            "addresses",
            format!("x: {}\n", "a://b:c@".repeat(900_000)),
            "unknown key",
        ),
    ];
    for (what, document, words) in tests {
        let document = format!("#cloud-config\n{document}");
        let said = bounded(&["validate", "-"], &document);
        let shown = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
        assert_eq!(
            said.status.code(),
            Some(65),
            "{what}: {:?} {:.2000}",
            said.status,
            shown
        );
        assert!(shown.contains(words), "{what}: {shown:.2000}");
        assert!(shown.len() < 100_000, "{what}: {} bytes are shown", shown.len());
    }
}

/// A plan has each content once, however many parts of it have it.
#[test]
fn a_plan_costs_a_bounded_amount_of_memory() {
    let tree = tempfile::tempdir().unwrap();
    let zipped = packed(&vec![b' '; 160 << 10]);
    let files = |count: usize, content: &str| -> String {
        (0..count)
            .map(|n| format!("- {{path: /opt/f{n}, {content}}}\n"))
            .collect()
    };
    let one = |bytes: &[u8]| files(1, &format!("encoding: gz+b64, content: {}", packed(bytes)));
    let tests = [
        (
            "zipped files",
            files(100, &format!("encoding: gz+b64, content: {zipped}")),
        ),
        ("many files", files(20_000, "content: x")),
        ("large files", files(100, &format!("content: {}", "x".repeat(70_000)))),
        ("short lines", one(&b"a\n".repeat(3_900_000))),
        ("a long line", one(&vec![b'a'; 8_000_000])),
        ("secrets", one(&b"proxy=http://a:b@c\n".repeat(400_000))),
        (
            "secrets in JSON",
            one(&[&b"["[..], &b"{\"token\":\"a\"},".repeat(550_000), b"1]"].concat()),
        ),
    ];
    for (what, document) in tests {
        let document = format!("#cloud-config\nwrite_files:\n{document}");
        let said = bounded(&["plan", "--root", tree.path().to_str().unwrap(), "-"], &document);
        let stderr = String::from_utf8_lossy(&said.stderr);
        assert_eq!(said.status.code(), Some(0), "{what}: {:?} {stderr:.2000}", said.status);
    }
}

/// The bound is one: what takes more is refused.
#[test]
fn the_bound_itself_holds() {
    let said = bounded(&["--version"], "");
    assert_eq!(said.status.code(), Some(0));
    let mut sh = Command::new("sh");
    sh.args([
        "-c",
        "ulimit -d 1000 && exec \"$@\"",
        "sh",
        env!("CARGO_BIN_EXE_firstlight"),
        "--version",
    ]);
    assert_ne!(sh.stderr(Stdio::null()).status().unwrap().code(), Some(0));
}
