//! How long it takes to read documents that were made to take long, and how much memory: `make bench`.

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use std::fs;
use std::io::Write;
use std::time::Instant;

use base64ct::{Base64, Encoding};
use firstlight::document::{Document, Text, Texts};

fn main() -> std::io::Result<()> {
    println!(
        "{:<28} {:>10} {:>10} {:>10} {:>9}",
        "document", "KiB", "ms", "peak KiB", "problems"
    );
    for (name, document) in documents()? {
        // The peak starts anew with what is there now.
        fs::write("/proc/self/clear_refs", "5")?;
        let before = memory("VmRSS:")?;
        let begun = Instant::now();
        let read = Document::read(&Texts {
            user_data: Some(Text::new("user-data", document.as_bytes())),
            ..Texts::default()
        });
        let took = begun.elapsed().as_millis();
        let peak = memory("VmHWM:")?.saturating_sub(before);
        println!(
            "{name:<28} {:>10} {took:>10} {peak:>10} {:>9}",
            document.len() / 1024,
            read.diagnostics.len()
        );
    }
    Ok(())
}

fn documents() -> std::io::Result<Vec<(&'static str, String)>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![b' '; 8 << 20])?;
    let zipped = Base64::encode_string(&packer.finish()?);
    let numbered = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let good = numbered(20_000, &|n| format!("- {{path: /f{n}, content: x}}\n"));
    let zipped = numbered(100, &|n| {
        format!("- {{path: /f{n}, encoding: gz+b64, content: {zipped}}}\n")
    });
    let open = numbered(60, &|n| format!("&a{n} ["));
    let values = vec!["x"; 120_000].join(",");
    Ok(vec![
        ("20,000 files", format!("write_files:\n{good}")),
        (
            "90 bad files behind them",
            format!("write_files:\n{good}{}", "- {path: x}\n".repeat(90)),
        ),
        (
            "30,000 bad files",
            format!("write_files:\n{}", "- {path: x}\n".repeat(30_000)),
        ),
        (
            "30,000 files of one path",
            format!("write_files:\n{}", "- {path: /x}\n".repeat(30_000)),
        ),
        ("30,000 unknown keys", numbered(30_000, &|n| format!("k{n}: 1\n"))),
        ("30,000 bad interfaces", {
            let bad = numbered(30_000, &|n| format!("    e{n}: {{dhcp4: maybe}}\n"));
            format!("network:\n  ethernets:\n{bad}")
        }),
        ("8,000 interfaces", {
            let good = numbered(8000, &|n| format!("    e{n}: {{dhcp4: true}}\n"));
            format!("network:\n  ethernets:\n{good}")
        }),
        ("20,000 keys twice, flow", format!("{{{}}}\n", "a: 1,".repeat(20_000))),
        ("90,000 keys twice, block", "a: 1\n".repeat(90_000)),
        ("100 zipped files of 8 MiB", format!("write_files:\n{zipped}")),
        ("60 nested anchors", format!("a: {open}{values}{}\n", "]".repeat(60))),
        ("8 MB of base64", "QUJDREVG".repeat(1_000_000)),
    ])
}

/// A figure of `/proc/self/status`, in KiB.
fn memory(name: &str) -> std::io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let figure = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
    Ok(figure.and_then(|figure| figure.parse().ok()).unwrap_or(0))
}
