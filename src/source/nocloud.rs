//! NoCloud: a seed in a directory of the machine, or on a volume labelled `cidata`.
//!
//! With cloud-init's meaning: `user-data` and `meta-data` must both be there, empty files count; `vendor-data` and
//! `network-config` may be. Unlike there, what looks like a seed but is none is reported, never passed over.

use super::media::{Entry, MediaError, Volume};
use super::{PART_LIMIT, Part, Seed, Verdict};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The label of a seed volume, in either case.
pub const LABEL: &str = "cidata";

/// The seed directories, the first that has a seed wins. The second one is cloud-init's.
pub const DIRECTORIES: [&str; 2] = ["/var/lib/firstlight/seed", "/var/lib/cloud/seed/nocloud"];

/// The names of the parts. A volume without long names has them cut: ISO 9660 level 2 and 1, then FAT.
const USER_DATA: [&str; 4] = ["user-data", "user_data", "user_dat", "user-dat"];
const META_DATA: [&str; 4] = ["meta-data", "meta_data", "meta_dat", "meta-dat"];
const VENDOR_DATA: [&str; 4] = ["vendor-data", "vendor_data", "vendor_d", "vendor-d"];
const NETWORK_CONFIG: [&str; 4] = ["network-config", "network_config", "network_", "network-"];

/// The seed at `path`: a directory, an image file or a block device. For `--source nocloud:PATH`.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
pub fn from_path(path: &Path) -> Verdict {
    if path.is_dir() {
        from_directory(path)
    } else {
        from_volume(path)
    }
}

/// The seed in the directory `path`; [`Verdict::Broken`] if there is none, because somebody named it.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
pub fn from_directory(path: &Path) -> Verdict {
    let place = path.display();
    let names = match std::fs::read_dir(path) {
        Ok(entries) => entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect(),
        Err(error) => return Verdict::Broken(format!("{place}: can't be read: {error}")),
    };
    match in_directory(path, &read_file) {
        Ok(Some(seed)) => Verdict::Present(Box::new(seed)),
        Ok(None) => Verdict::Broken(no_parts(&place.to_string(), names)),
        Err(broken) => Verdict::Broken(broken),
    }
}

/// The seed in the image file or block device `path`, in a partition of it too, whatever its label.
///
/// Where several volumes are in it, those labelled [`LABEL`] count, else those that have a seed.
pub fn from_volume(path: &Path) -> Verdict {
    let volumes = match Volume::open_all(path) {
        Ok(volumes) => volumes,
        Err(error) => return Verdict::Broken(error.to_string()),
    };
    let any_labelled = volumes.iter().any(|volume| volume.is_labelled(LABEL));
    let counts = |volume: &&Volume| !any_labelled || volume.is_labelled(LABEL);
    let mut seeds: Vec<_> = volumes.iter().filter(counts).map(on_volume).collect();
    if !any_labelled && seeds.iter().any(Result::is_ok) {
        seeds.retain(Result::is_ok);
    }
    choose(seeds).unwrap_or_else(|| {
        let place = path.display();
        Verdict::Broken(format!(
            "{place}: there is no ISO 9660 or FAT file system in it: is it a seed image?"
        ))
    })
}

/// Searches the machine: [`DIRECTORIES`], then the volumes labelled with one of `labels` among `devices`.
///
/// `read` gives a file of the machine, below its root, `None` if it doesn't exist; it may stop one byte after
/// [`PART_LIMIT`]. A directory wins over volumes; two volumes with different seeds are refused, naming both.
pub fn search(read: &dyn Fn(&Path) -> io::Result<Option<Vec<u8>>>, devices: &[PathBuf], labels: &[&str]) -> Verdict {
    for directory in DIRECTORIES {
        match in_directory(Path::new(directory), read) {
            Ok(Some(seed)) => return Verdict::Present(Box::new(seed)),
            Ok(None) => {}
            Err(broken) => return Verdict::Broken(broken),
        }
    }
    let mut absent = vec![format!("no seed in {}", DIRECTORIES.join(" or "))];
    absent.push(format!("no volume labelled {}", labels.join(" or ")));
    let mut seeds = Vec::new();
    for device in devices {
        match Volume::open(device) {
            Ok(Some(volume)) if labels.iter().any(|label| volume.is_labelled(label)) => seeds.push(on_volume(&volume)),
            Ok(Some(volume)) => absent.extend(mislabelled(&volume, labels)),
            Ok(None) => {}
            Err(error) if error.is_no_medium() => {}
            Err(error) => absent.push(error.to_string()),
        }
    }
    choose(seeds).unwrap_or_else(|| Verdict::Absent(absent.join("; ")))
}

/// One verdict from the seeds of several volumes; `None` if there are no volumes.
fn choose(seeds: Vec<Result<Seed, String>>) -> Option<Verdict> {
    let mut whole: Vec<Seed> = Vec::new();
    let mut broken = Vec::new();
    for seed in seeds {
        match seed {
            Ok(seed) if whole.iter().any(|other| other.says_the_same(&seed)) => {}
            Ok(seed) => whole.push(seed),
            Err(why) => broken.push(why),
        }
    }
    let choice = |seed: &Seed| format!("detach the other, or choose it with --source nocloud:{}", seed.place);
    match whole.as_slice() {
        [] if broken.is_empty() => return None,
        [] => {}
        [seed] if broken.is_empty() => return Some(Verdict::Present(Box::new(seed.clone()))),
        [seed] => broken.push(format!("{} has a complete seed: {}", seed.place, choice(seed))),
        [first, ..] => {
            let places: Vec<_> = whole.iter().map(|seed| seed.place.as_str()).collect();
            broken.push(format!(
                "different seeds on {}: keep one: {}",
                places.join(" and "),
                choice(first)
            ));
        }
    }
    Some(Verdict::Broken(broken.join("; ")))
}

fn in_directory(directory: &Path, read: &dyn Fn(&Path) -> io::Result<Option<Vec<u8>>>) -> Result<Option<Seed>, String> {
    let place = directory.display().to_string();
    assemble(&place, "/", |[name, ..]| {
        let path = directory.join(name);
        let broken = |error| format!("{}: can't be read: {error}", path.display());
        Ok(read(&path).map_err(broken)?.map(|bytes| (name, bytes)))
    })
}

fn on_volume(volume: &Volume) -> Result<Seed, String> {
    let broken = |error: MediaError| error.to_string();
    // The root directory, which there always is.
    let entries = volume.list("").map_err(broken)?.unwrap_or_default();
    let seed = assemble(volume.name(), ":", |names| {
        match names.into_iter().find(|name| has(&entries, name)) {
            Some(name) => Ok(volume
                .read(name, PART_LIMIT)
                .map_err(broken)?
                .map(|bytes| (name, bytes))),
            None => Ok(None),
        }
    })?;
    let names = entries.into_iter().map(|entry| entry.name).collect();
    seed.ok_or_else(|| no_parts(&format!("{} ({})", volume.name(), described(volume)), names))
}

/// Puts a seed together; `read` gives a part under the first of its names that exists. `None` if there is no part.
fn assemble(
    place: &str,
    separator: &str,
    mut read: impl FnMut([&'static str; 4]) -> Result<Option<(&'static str, Vec<u8>)>, String>,
) -> Result<Option<Seed>, String> {
    let mut part = |names| match read(names)? {
        Some((name, bytes)) if bytes.len() as u64 > PART_LIMIT => Err(format!(
            "{place}{separator}{name}: has more than the {PART_LIMIT} bytes that are read"
        )),
        found => Ok(found.map(|(name, bytes)| Part {
            origin: format!("{place}{separator}{name}"),
            bytes,
        })),
    };
    let seed = Seed {
        source: "nocloud".to_owned(),
        place: place.to_owned(),
        user_data: part(USER_DATA)?,
        meta_data: part(META_DATA)?,
        vendor_data: part(VENDOR_DATA)?,
        network_config: part(NETWORK_CONFIG)?,
    };
    let lacks = |has: &str, lacks: &str| {
        Err(format!(
            "{place}: has {has} but no {lacks}: create an empty file named {lacks} beside it"
        ))
    };
    match (
        &seed.user_data,
        &seed.meta_data,
        seed.vendor_data.is_some(),
        seed.network_config.is_some(),
    ) {
        (Some(_), Some(_), ..) => Ok(Some(seed)),
        (Some(_), None, ..) => lacks("user-data", "meta-data"),
        (None, Some(_), ..) => lacks("meta-data", "user-data"),
        (None, None, false, false) => Ok(None),
        (None, None, vendor, _) => {
            let has = if vendor { "vendor-data" } else { "network-config" };
            Err(format!(
                "{place}: has {has} but neither user-data nor meta-data: create both, empty ones will do"
            ))
        }
    }
}

/// A volume that would be a seed if its label were right.
fn mislabelled(volume: &Volume, labels: &[&str]) -> Option<String> {
    let entries = volume.list("").ok()??;
    let complete = has(&entries, USER_DATA[0]) && has(&entries, META_DATA[0]);
    let label = labels.first().filter(|_| complete)?;
    let name = volume.name();
    Some(format!(
        "{name} has user-data and meta-data but is {}: label it {label}",
        described(volume)
    ))
}

fn has(entries: &[Entry], name: &str) -> bool {
    entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name))
}

/// `ISO 9660, labelled "cidata"`.
fn described(volume: &Volume) -> String {
    match volume.labels() {
        [] => format!("{}, without a label", volume.kind()),
        [label, ..] => format!("{}, labelled {label:?}", volume.kind()),
    }
}

/// The complaint about a place that has no part; names the first few things that it has.
fn no_parts(place: &str, mut names: Vec<String>) -> String {
    const SHOWN: usize = 8;
    names.sort();
    // Quoted: on a volume these are anybody's bytes, and they end up on a terminal.
    let mut shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    match names.len() {
        0 => shown.push("nothing".to_owned()),
        count if count > SHOWN => shown.push(format!("{} more", count - SHOWN)),
        _ => {}
    }
    format!(
        "{place}: has neither user-data nor meta-data, but {}: put both there, by these names",
        shown.join(", ")
    )
}

/// A plain file's bytes, `None` if it doesn't exist.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
fn read_file(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let metadata = match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };
    if !metadata.is_file() {
        return Err(io::Error::other("not a plain file"));
    }
    if metadata.len() > PART_LIMIT {
        let size = metadata.len();
        return Err(io::Error::other(format!(
            "{size} bytes are more than the {PART_LIMIT} that are read"
        )));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(PART_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::super::media::images::{Image, SEED, disk, fat, folder, iso};
    use super::*;

    fn present(verdict: Verdict) -> Seed {
        match verdict {
            Verdict::Present(seed) => *seed,
            other => panic!("{other:?}"),
        }
    }

    fn broken(verdict: Verdict) -> String {
        match verdict {
            Verdict::Broken(why) => why,
            other => panic!("{other:?}"),
        }
    }

    fn absent(verdict: Verdict) -> String {
        match verdict {
            Verdict::Absent(why) => why,
            other => panic!("{other:?}"),
        }
    }

    fn bytes(part: &Option<Part>) -> Option<&str> {
        part.as_ref().map(|part| std::str::from_utf8(&part.bytes).unwrap())
    }

    fn assert_whole(seed: &Seed, case: &str) {
        let parts = [
            &seed.user_data,
            &seed.meta_data,
            &seed.vendor_data,
            &seed.network_config,
        ];
        assert_eq!(parts.map(bytes), SEED.map(|(_, contents)| Some(contents)), "{case}");
    }

    fn nothing(_: &Path) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn search_devices(images: &[&Image]) -> Verdict {
        let devices: Vec<_> = images.iter().map(|image| image.path.clone()).collect();
        search(&nothing, &devices, &[LABEL])
    }

    #[test]
    fn a_seed_directory() {
        let seed = folder(&SEED);
        let found = present(from_path(seed.path()));
        assert_whole(&found, "directory");
        assert_eq!(
            found.user_data.unwrap().origin,
            format!("{}/user-data", seed.path().display())
        );
        // Empty files are enough.
        let found = present(from_directory(folder(&[("user-data", ""), ("meta-data", "")]).path()));
        assert_eq!(
            (bytes(&found.user_data), bytes(&found.network_config)),
            (Some(""), None)
        );
    }

    #[test]
    fn an_incomplete_directory_is_reported() {
        for (files, what) in [
            (
                &[("user-data", "")][..],
                "has user-data but no meta-data: create an empty file named meta-data beside it",
            ),
            (&[("meta-data", "")], "has meta-data but no user-data"),
            (
                &[("network-config", "")],
                "has network-config but neither user-data nor meta-data",
            ),
            (
                &[("user-data.yaml", ""), ("x", "")],
                r#"but "user-data.yaml", "x": put both there"#,
            ),
            (&[], "has neither user-data nor meta-data, but nothing"),
            (
                &[("user-data/x", ""), ("meta-data", "")],
                "user-data: can't be read: not a plain file",
            ),
        ] {
            let why = broken(from_directory(folder(files).path()));
            assert!(why.contains(what), "{why}");
        }
        let why = broken(from_path(Path::new("/nonexistent")));
        assert!(why.contains("/nonexistent: can't be opened: No such file"), "{why}");
    }

    #[test]
    fn a_part_that_is_too_large_is_reported_with_its_size() {
        let seed = folder(&SEED);
        let large = File::options().write(true).open(seed.path().join("user-data")).unwrap();
        large.set_len(PART_LIMIT).unwrap();
        present(from_directory(seed.path()));
        large.set_len(PART_LIMIT + 1).unwrap();
        let why = broken(from_directory(seed.path()));
        assert!(
            why.contains("8388609 bytes are more than the 8388608 that are read"),
            "{why}"
        );
        let read = |_: &Path| Ok(Some(vec![0; 8388609]));
        let why = broken(search(&read, &[], &[LABEL]));
        assert!(
            why.contains("/var/lib/firstlight/seed/user-data: has more than the 8388608 bytes"),
            "{why}"
        );
        let contents = "x".repeat(8388609);
        let Some(image) = iso(
            "xorriso",
            "cidata",
            &["-r"],
            &[("user-data", &contents), ("meta-data", "")],
        ) else {
            return;
        };
        let why = broken(from_volume(&image.path));
        assert!(
            why.contains("user-data has 8388609 bytes, more than the 8388608 that are read"),
            "{why}"
        );
    }

    #[test]
    fn every_kind_of_volume_is_a_seed() {
        let mut images = Vec::new();
        for options in [
            &["-r", "-J"][..],
            &["-J", "--norock"],
            &["-r"],
            &["--norock", "-iso-level", "1"],
            &["--norock", "-iso-level", "2"],
        ] {
            images.push((format!("{options:?}"), iso("xorriso", "cidata", options, &SEED)));
        }
        images.push((
            "upper-case label".into(),
            iso("genisoimage", "CIDATA", &["-r", "-J"], &SEED),
        ));
        images.push(("FAT12".into(), fat("12", "CIDATA", 1440, &SEED)));
        images.push(("FAT16".into(), fat("16", "cidata", 16384, &SEED)));
        images.push(("FAT32".into(), fat("32", "CIDATA", 34000, &SEED)));
        for (case, image) in &images {
            let Some(image) = image else { continue };
            let found = present(search_devices(&[image]));
            assert_whole(&found, case);
            assert!(
                found
                    .user_data
                    .unwrap()
                    .origin
                    .starts_with(&format!("{}:user", image.path.display())),
                "{case}"
            );
            assert_whole(&present(from_path(&image.path)), case);
        }
    }

    #[test]
    fn a_named_image_needs_no_label() {
        let Some(image) = iso("xorriso", "whatever", &["-r"], &SEED) else {
            return;
        };
        assert_whole(&present(from_volume(&image.path)), "no label");
        let why = absent(search_devices(&[&image]));
        assert!(
            why.contains(r#"is ISO 9660, labelled "whatever": label it cidata"#),
            "{why}"
        );
        let devices = [image.path.clone()];
        assert_whole(
            &present(search(&nothing, &devices, &["config", "WHATEVER"])),
            "other label",
        );
    }

    #[test]
    fn a_partition_of_a_named_image() {
        let Some(seed) = fat("12", "CIDATA", 1440, &SEED) else {
            return;
        };
        let Some(other) = iso("xorriso", "data", &["-r"], &[("x", "")]) else {
            return;
        };
        let script = "label: gpt\nstart=2048, size=2048\nstart=4096, size=8192\n";
        let Some(disk) = disk(8, script, &[(2048 * 512, &other), (4096 * 512, &seed)]) else {
            return;
        };
        let found = present(from_volume(&disk.path));
        assert_whole(&found, "partition");
        assert_eq!(found.place, format!("{} (partition 2)", disk.path.display()));
        // Without a label, the one that has a seed.
        disk.write(4096 * 512 + 43, b"NO NAME    ");
        let at = disk
            .bytes()
            .windows(11)
            .rposition(|name| name == b"CIDATA     ")
            .unwrap();
        disk.write(at as u64, &[0xE5]);
        assert_whole(&present(from_volume(&disk.path)), "partition without a label");
    }

    #[test]
    fn a_labelled_volume_that_is_no_seed_is_reported() {
        for (files, what) in [
            (
                &[("user-data", "")][..],
                "has user-data but no meta-data: create an empty file",
            ),
            (&[("meta-data", "")], "has meta-data but no user-data"),
            (
                &[("user-data.txt", ""), ("\u{1b}[31m", "")],
                r#"labelled "cidata"): has neither user-data nor meta-data, but "\u{1b}[31m", "user-data.txt""#,
            ),
            (&[], "but nothing"),
            (
                &[("user-data/x", ""), ("meta-data", "")],
                "user-data is a directory, not a plain file",
            ),
        ] {
            let Some(image) = iso("xorriso", "cidata", &["-r"], files) else {
                return;
            };
            for verdict in [search_devices(&[&image]), from_volume(&image.path)] {
                let why = broken(verdict);
                assert!(
                    why.contains(what) && why.starts_with(image.path.to_str().unwrap()),
                    "{why}"
                );
            }
        }
    }

    #[test]
    fn an_image_cut_in_half_is_reported() {
        let Some(image) = iso("xorriso", "cidata", &["-r", "-J"], &SEED) else {
            return;
        };
        image.cut(image.bytes().len() as u64 / 2);
        for verdict in [search_devices(&[&image]), from_volume(&image.path)] {
            let why = broken(verdict);
            assert!(
                why.contains("the image is shorter than its own description says"),
                "{why}"
            );
        }
        image.cut(10_000);
        let why = broken(from_volume(&image.path));
        assert!(why.contains("no ISO 9660 or FAT file system in it"), "{why}");
    }

    #[test]
    fn two_seeds_are_refused_unless_they_say_the_same() {
        let Some(first) = iso("xorriso", "cidata", &["-r"], &SEED) else {
            return;
        };
        let Some(again) = fat("12", "CIDATA", 1440, &SEED) else {
            return;
        };
        let Some(other) = iso("xorriso", "cidata", &["-r"], &[("user-data", "x"), ("meta-data", "")]) else {
            return;
        };
        let Some(half) = iso("xorriso", "cidata", &["-r"], &[("user-data", "x")]) else {
            return;
        };
        let place = |image: &Image| image.path.display().to_string();
        let found = present(search_devices(&[&first, &again]));
        assert_eq!(found.place, place(&first));
        let why = broken(search_devices(&[&first, &again, &other]));
        assert!(
            why.contains(&format!("different seeds on {} and {}", place(&first), place(&other))),
            "{why}"
        );
        assert!(why.contains(&format!("--source nocloud:{}", place(&first))), "{why}");
        let why = broken(search_devices(&[&half, &first]));
        assert!(why.contains(&place(&half)) && why.contains("no meta-data"), "{why}");
        assert!(why.contains(&format!("{} has a complete seed", place(&first))), "{why}");
    }

    #[test]
    fn directories_win_over_volumes_and_the_first_over_the_second() {
        let Some(image) = iso("xorriso", "cidata", &["-r"], &SEED) else {
            return;
        };
        let devices = [image.path.clone()];
        let in_both = |path: &Path| Ok(Some(path.display().to_string().into_bytes()));
        assert_eq!(present(search(&in_both, &devices, &[LABEL])).place, DIRECTORIES[0]);
        let in_second = |path: &Path| Ok(path.starts_with(DIRECTORIES[1]).then(Vec::new));
        let found = present(search(&in_second, &devices, &[LABEL]));
        assert_eq!(
            (found.place.as_str(), bytes(&found.vendor_data)),
            (DIRECTORIES[1], Some(""))
        );
        let incomplete = |path: &Path| Ok((path == Path::new("/var/lib/cloud/seed/nocloud/user-data")).then(Vec::new));
        let why = broken(search(&incomplete, &devices, &[LABEL]));
        assert!(
            why.starts_with("/var/lib/cloud/seed/nocloud: has user-data but no meta-data"),
            "{why}"
        );
        let fails = |_: &Path| Err(io::Error::from(io::ErrorKind::PermissionDenied));
        let why = broken(search(&fails, &devices, &[LABEL]));
        assert!(
            why.contains("/var/lib/firstlight/seed/user-data: can't be read: permission denied"),
            "{why}"
        );
    }

    #[test]
    fn a_real_block_device() {
        use crate::source::media::block;
        let Some(image) = iso("xorriso", "cidata", &["-r", "-J"], &SEED) else {
            return;
        };
        let attached = std::process::Command::new("losetup")
            .args(["-r", "-f", "--show"])
            .arg(&image.path)
            .output();
        let Some(attached) = attached.ok().filter(|output| output.status.success()) else {
            println!("SKIP: no loop device to be had");
            return;
        };
        let device = PathBuf::from(String::from_utf8(attached.stdout).unwrap().trim());
        let listed = block::devices(Path::new("/sys/class/block"), Path::new("/dev"));
        let found = search(&nothing, std::slice::from_ref(&device), &[LABEL]);
        assert!(
            std::process::Command::new("losetup")
                .arg("-d")
                .arg(&device)
                .status()
                .unwrap()
                .success()
        );
        let size = image.bytes().len() as u64;
        let listed = listed
            .unwrap()
            .into_iter()
            .find(|listed| listed.path == device)
            .map(|listed| listed.size);
        assert_eq!(listed, Some(size));
        assert_eq!(present(found).place, device.display().to_string());
    }

    #[test]
    fn where_nothing_is_the_reason_says_so() {
        let empty = Image::empty(1 << 20);
        let gone = PathBuf::from("/nonexistent/sr0");
        let why = absent(search(&nothing, &[empty.path.clone(), gone], &[LABEL]));
        let expected = "no seed in /var/lib/firstlight/seed or /var/lib/cloud/seed/nocloud; no volume labelled cidata";
        assert_eq!(why, expected);
        // A device that fails might have been the seed.
        let why = absent(search(&nothing, &[PathBuf::from("/dev/null")], &[LABEL]));
        assert!(
            why.ends_with("/dev/null: is neither an image file nor a block device"),
            "{why}"
        );
    }
}
