//! What large documents cost: parsed, checked and rendered, by size; and as a whole process, beside `cloud-init schema -c`
//! where Debian's cloud-init can be had: `make bench`.

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use firstlight::document::{Diagnostic, Document, Texts};

/// The lines of a file to be written: what a document is cut from.
const ITEM: usize = 20;

/// The runs of which the fastest counts: the others waited for something else.
const RUNS: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    by_size();
    let desk = tempfile::tempdir()?;
    let good = write(desk.path(), "good.yaml", &document(10_000, 0))?;
    let bad = write(desk.path(), "bad.yaml", &document(10_000, 500))?;
    let parts = (0..5).map(|number| write(desk.path(), &format!("part-{number}.yaml"), &document(2000, 100)));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    println!(
        "\n{:<46} {:>9} {:>9} {:>9} {:>7}",
        "whole process", "ms", "peak KiB", "limit", "times"
    );
    let installed = Command::new("tests/formats/install").stderr(Stdio::null()).output()?;
    let cloud_init = installed
        .status
        .success()
        .then(|| String::from_utf8(installed.stdout))
        .transpose()?;
    let mut too_large: Vec<String> = Vec::new();
    for (name, files) in [
        ("10,000 lines, valid", std::slice::from_ref(&good)),
        (
            "10,000 lines, 500 mistakes, 100 of them shown",
            std::slice::from_ref(&bad),
        ),
        ("5 times 2,000 lines, 500 mistakes, all shown", parts.as_slice()),
    ] {
        let size: u64 = files
            .iter()
            .filter_map(|file| fs::metadata(file).ok())
            .map(|it| it.len())
            .sum();
        let ours = fastest(|| firstlight(files))?;
        let peak = peak(&mut firstlight(files), &desk.path().join("peak"))?;
        let limit = 3 * size / 1024 + 6 * 1024;
        // One that isn't released has its functions in any order: see `link/order`.
        let is_over = peak.parse().is_ok_and(|peak: u64| peak > limit);
        if is_over && std::env::var_os("FIRSTLIGHT_BIN").is_some() {
            too_large.push(format!("{name}: {peak} KiB, the limit is {limit}"));
        }
        let theirs = match &cloud_init {
            Some(folder) if files.len() == 1 => Some(once(&mut cloud_init_schema(folder.trim(), &files[0]))?),
            _ => None,
        };
        let times = theirs.map_or_else(String::new, |theirs| {
            format!("{:.0}", theirs.as_secs_f64() / ours.as_secs_f64())
        });
        println!("{name:<46} {:>9.1} {peak:>9} {limit:>9} {times:>7}", milliseconds(ours));
        if let Some(theirs) = theirs {
            println!("{:<46} {:>9.1}", "  cloud-init schema -c", milliseconds(theirs));
        }
    }
    match too_large.is_empty() {
        true => Ok(()),
        false => Err(format!("too much memory; try `make order`: {}", too_large.join("; ")).into()),
    }
}

/// In this process: reading, and rendering what was found.
fn by_size() {
    println!(
        "{:<28} {:>7} {:>9} {:>10} {:>9} {:>9}",
        "document", "KiB", "read, ms", "µs a line", "show, ms", "problems"
    );
    for lines in [1250, 2500, 5000, 10_000, 20_000, 40_000] {
        for mistakes in [0, lines / ITEM] {
            let text = document(lines, mistakes);
            let texts = Texts::of_user_data("user-data", text.as_bytes());
            let read = quickest(|| drop(black_box(Document::read(&texts))));
            let found = Document::read(&texts).diagnostics;
            let shown = quickest(|| drop(black_box(render(&found))));
            println!(
                "{:<28} {:>7} {:>9.2} {:>10.2} {:>9.2} {:>9}",
                format!("{lines} lines, {mistakes} mistakes"),
                text.len() / 1024,
                milliseconds(read),
                milliseconds(read) * 1000.0 / lines as f64,
                milliseconds(shown),
                found.len()
            );
        }
    }
}

fn render(found: &[Diagnostic]) -> String {
    found.iter().map(|diagnostic| diagnostic.render(false) + "\n").collect()
}

/// A document of so many lines, files of 20 lines each; in so many of them a key is misspelt.
fn document(lines: usize, mistakes: usize) -> String {
    let mut text = "#cloud-config\n".to_owned();
    for number in 0..lines / ITEM {
        let append = if number < mistakes { "apend" } else { "append" };
        let _ = write!(
            text,
            "{}- path: /srv/app/file-{number:05}.conf\n  {append}: true\n  permissions: '0640'\n  content: |\n",
            if number == 0 { "write_files:\n" } else { "" }
        );
        for line in 4..ITEM {
            let _ = writeln!(text, "    setting-{line} = value of line {line} in file {number}");
        }
    }
    text
}

fn write(desk: &Path, name: &str, text: &str) -> std::io::Result<PathBuf> {
    let path = desk.join(name);
    fs::write(&path, text)?;
    Ok(path)
}

/// The program that is released where `FIRSTLIGHT_BIN` names it, else the one that was built for this.
fn firstlight(files: &[PathBuf]) -> Command {
    let released = std::env::var_os("FIRSTLIGHT_BIN");
    let mut command = Command::new(released.unwrap_or_else(|| env!("CARGO_BIN_EXE_firstlight").into()));
    command.arg("validate").args(files);
    command
}

fn cloud_init_schema(folder: &str, file: &Path) -> Command {
    let mut command = Command::new("/usr/bin/python3");
    command
        .args(["-m", "cloudinit.cmd.main", "schema", "-c"])
        .arg(file)
        .env("PYTHONPATH", Path::new(folder).join("packages"));
    command
}

/// How long it takes, whatever it says.
fn once(command: &mut Command) -> std::io::Result<Duration> {
    let begun = Instant::now();
    command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    Ok(begun.elapsed())
}

/// The most memory that a process had, in KiB, as time(1) prints it.
fn peak(command: &mut Command, into: &Path) -> std::io::Result<String> {
    let mut timed = Command::new("time");
    timed
        .args(["-f", "%M", "-o"])
        .arg(into)
        .arg(command.get_program())
        .args(command.get_args());
    match once(&mut timed) {
        Ok(_) => Ok(fs::read_to_string(into)?.lines().last().unwrap_or_default().to_owned()),
        Err(_) => Ok("?".to_owned()),
    }
}

fn fastest(command: impl Fn() -> Command) -> std::io::Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        best = best.min(once(&mut command())?);
    }
    Ok(best)
}

fn quickest(work: impl Fn()) -> Duration {
    let took = (0..RUNS / 4).map(|_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    });
    took.min().unwrap_or_default()
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}
