//! Seed images for tests, made by the tools that people use.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

use crate::skip::skip;

/// The parts of a complete seed.
pub(in crate::source) const SEED: [(&str, &str); 4] = [
    ("user-data", "#cloud-config\nhostname: web1\n"),
    ("meta-data", "instance-id: one\n"),
    ("vendor-data", "#cloud-config\n{}\n"),
    ("network-config", "version: 2\n"),
];

/// An image file in its own directory.
#[derive(Debug)]
pub(in crate::source) struct Image {
    directory: TempDir,
    pub(in crate::source) path: PathBuf,
}

impl Image {
    /// An image of these bytes.
    pub(in crate::source) fn of(bytes: &[u8]) -> Self {
        let image = Self::empty(0);
        fs::write(&image.path, bytes).unwrap();
        image
    }

    /// An image of `size` zeros.
    pub(in crate::source) fn empty(size: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("seed.img");
        File::create(&path).unwrap().set_len(size).unwrap();
        Self { directory, path }
    }

    pub(in crate::source) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }

    pub(in crate::source) fn write(&self, offset: u64, bytes: &[u8]) {
        File::options()
            .write(true)
            .open(&self.path)
            .unwrap()
            .write_all_at(bytes, offset)
            .unwrap();
    }

    pub(in crate::source) fn cut(&self, length: u64) {
        File::options()
            .write(true)
            .open(&self.path)
            .unwrap()
            .set_len(length)
            .unwrap();
    }

    fn name(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

/// Whether these tools are there; else the test is skipped.
pub(in crate::source) fn have(tools: &[&str]) -> bool {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let missing = |tool: &&&str| !path.split(':').any(|folder| Path::new(folder).join(tool).exists());
    let Some(tool) = tools.iter().find(missing) else {
        return true;
    };
    skip(format_args!(
        "{tool} is missing: tests/machine/install-tools installs it"
    ));
    false
}

/// Runs a tool that must succeed.
pub(in crate::source) fn run(program: &str, arguments: &[&str], input: &str) {
    use std::io::Write;
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        .stdin(std::process::Stdio::piped());
    let mut child = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Lays out `files`; names may have directories in them.
pub(in crate::source) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, contents) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
    folder
}

/// An ISO 9660 image of `files` made by `tool` (`xorriso`, `genisoimage`), `None` if it is missing.
pub(in crate::source) fn iso(tool: &str, label: &str, options: &[&str], files: &[(&str, &str)]) -> Option<Image> {
    if !have(&[tool]) {
        return None;
    }
    let (image, folder) = (Image::empty(0), folder(files));
    let mut arguments = if tool == "xorriso" {
        vec!["-as", "mkisofs"]
    } else {
        vec![]
    };
    arguments.extend(["-quiet", "-V", label, "-o", image.name()]);
    arguments.extend(options);
    arguments.push(folder.path().to_str().unwrap());
    run(tool, &arguments, "");
    Some(image)
}

/// A FAT image of `kib` KiB with `files` in it, made by mkfs.vfat and mtools, `None` if they are missing.
pub(in crate::source) fn fat(bits: &str, label: &str, kib: u64, files: &[(&str, &str)]) -> Option<Image> {
    if !have(&["mkfs.vfat", "mcopy"]) {
        return None;
    }
    let (image, folder) = (Image::empty(kib * 1024), folder(files));
    // mtools takes a FAT32 of few clusters for FAT16, so they are small ones.
    let small = if bits == "32" { &["-s", "1"][..] } else { &[] };
    run(
        "mkfs.vfat",
        &[&["-F", bits, "-n", label, image.name()], small].concat(),
        "",
    );
    for entry in fs::read_dir(folder.path()).unwrap() {
        run(
            "mcopy",
            &["-s", "-i", image.name(), entry.unwrap().path().to_str().unwrap(), "::"],
            "",
        );
    }
    Some(image)
}

/// A disk of `mib` MiB, partitioned by sfdisk as `script` says, with `volumes` written at their byte offsets.
pub(in crate::source) fn disk(mib: u64, script: &str, volumes: &[(u64, &Image)]) -> Option<Image> {
    if !have(&["sfdisk"]) {
        return None;
    }
    let image = Image::empty(mib << 20);
    run("sfdisk", &["--quiet", image.name()], script);
    for (offset, volume) in volumes {
        image.write(*offset, &volume.bytes());
    }
    Some(image)
}

impl Image {
    /// Runs mtools' `tool` on the image: `::` in its arguments is the image's root.
    pub(in crate::source) fn mtools(&self, tool: &str, arguments: &[&str]) {
        let mut all = vec!["-i", self.name()];
        all.extend(arguments);
        run(tool, &all, "");
    }

    /// A file next to the image, to copy onto it.
    pub(in crate::source) fn beside(&self, name: &str, contents: &[u8]) -> String {
        let path = self.directory.path().join(name);
        fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// A minimal ISO 9660 image written here, for records that no tool makes.
#[derive(Debug, Clone)]
pub(in crate::source) struct TinyIso(pub(in crate::source) Vec<u8>);

impl TinyIso {
    /// Sector 16 describes, 17 ends the set, 18 is the root directory with `records`; 19 to 31 are for data.
    pub(in crate::source) fn new(records: &[Vec<u8>]) -> Self {
        let mut bytes = vec![0; 32 * 2048];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        let root = Self::record(18, 2048, 0x02, b"\0", b"");
        put(16 * 2048, b"\x01CD001\x01");
        put(16 * 2048 + 40, format!("{:32}", "cidata").as_bytes());
        put(16 * 2048 + 80, &32u32.to_le_bytes());
        put(16 * 2048 + 128, &2048u16.to_le_bytes());
        put(16 * 2048 + 156, &root);
        put(17 * 2048, b"\xFFCD001\x01");
        put(18 * 2048, &records.concat());
        Self(bytes)
    }

    /// A directory record (ECMA-119 §9.1) with a system use area.
    pub(in crate::source) fn record(block: u32, length: u32, flags: u8, name: &[u8], system_use: &[u8]) -> Vec<u8> {
        let padding = usize::from(name.len().is_multiple_of(2));
        let mut record = vec![0; 33 + name.len() + padding];
        record[2..6].copy_from_slice(&block.to_le_bytes());
        record[10..14].copy_from_slice(&length.to_le_bytes());
        record[25] = flags;
        record[32] = u8::try_from(name.len()).unwrap();
        record[33..33 + name.len()].copy_from_slice(name);
        record.extend(system_use);
        record.resize(record.len().next_multiple_of(2), 0);
        record[0] = u8::try_from(record.len()).unwrap();
        record
    }

    /// The root directory's own record, which announces Rock Ridge.
    pub(in crate::source) fn rock_ridge_root() -> Vec<u8> {
        Self::record(18, 2048, 0x02, b"\0", b"SP\x07\x01\xBE\xEF\x00")
    }

    /// Puts `bytes` into sector `sector`.
    pub(in crate::source) fn with(mut self, sector: usize, bytes: &[u8]) -> Self {
        self.0[sector * 2048..sector * 2048 + bytes.len()].copy_from_slice(bytes);
        self
    }

    pub(in crate::source) fn image(&self) -> Image {
        Image::of(&self.0)
    }
}
