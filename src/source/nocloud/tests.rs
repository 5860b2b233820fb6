use std::fs::File;

use super::*;
use crate::skip::skip;
use crate::source::Allow;
use crate::source::media::images::{Image, SEED, disk, fat, folder, iso};
use crate::source::signature::checked;
use crate::source::signature::tests::{META_DATA, META_DATA_SIGNATURE, USER_DATA, USER_DATA_SIGNATURE, key};

fn present(verdict: Verdict) -> Seed {
    match verdict {
        Verdict::Present(seed) => *seed,
        other => panic!("{other:?}"),
    }
}

fn broken(verdict: Verdict) -> String {
    match verdict {
        Verdict::Broken(fault) => fault.to_string(),
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

fn nothing(_: &Path) -> Result<Option<Vec<u8>>, Fault> {
    Ok(None)
}

fn search_devices(images: &[&Image]) -> Verdict {
    let devices: Vec<_> = images.iter().map(|image| image.path.clone()).collect();
    search(&nothing, &devices, &Rules::default())
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
fn a_part_that_is_too_large_is_reported() {
    let seed = folder(&SEED);
    let large = File::options().write(true).open(seed.path().join("user-data")).unwrap();
    large.set_len(PART_LIMIT).unwrap();
    present(from_directory(seed.path()));
    large.set_len(PART_LIMIT + 1).unwrap();
    let why = broken(from_directory(seed.path()));
    assert!(
        why.contains("user-data: can't be read: it has more than 8388608 bytes"),
        "{why}"
    );
    let read = |_: &Path| Ok(Some(vec![0; 8388609]));
    let why = broken(search(&read, &[], &Rules::default()));
    assert!(
        why.contains("/var/lib/firstlight/seed/user-data: has more than 8388608 bytes"),
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
        why.contains("user-data has 8388609 bytes, more than 8388608, the limit"),
        "{why}"
    );
}

#[test]
fn every_kind_of_volume_is_a_seed() {
    let mut images = Vec::new();
    for options in [
        &["-r", "-J"][..],
        &["-J", "--norock"],
        // As macOS's hdiutil makehybrid lays it out: HFS+ and an Apple partition map beside Joliet.
        &["-J", "--norock", "-hfsplus", "-apm-block-size", "2048"],
        &["-J", "--norock", "-hfsplus", "-apm-block-size", "512"],
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
    let labelled = Rules {
        labels: vec!["config".to_owned(), "WHATEVER".to_owned()],
        ..Rules::default()
    };
    assert_whole(&present(search(&nothing, &devices, &labelled)), "other label");
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
    assert!(why.contains("no ISO 9660 or FAT file system"), "{why}");
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
    assert_eq!(
        present(search(&in_both, &devices, &Rules::default())).place,
        DIRECTORIES[0]
    );
    let warnings = |read: &Reader<'_>| {
        let seed = present(search(read, &devices, &Rules::default()));
        let document = crate::document::Document::read(&seed.texts());
        let warned = document.diagnostics.iter().filter(|one| !one.is_error());
        warned.map(|one| one.render(false)).collect::<String>()
    };
    let other = |path: &Path| {
        let name = path.file_name().and_then(std::ffi::OsStr::to_str);
        let text = format!("hostname: h{}\n", path.display().to_string().len());
        Ok(match name {
            Some("user-data") => Some(text.into_bytes()),
            Some("meta-data") => Some(Vec::new()),
            _ => None,
        })
    };
    let warned = warnings(&other);
    assert!(
        warned.contains(DIRECTORIES[1]) && warned.contains("another seed, which is not used"),
        "{warned}"
    );
    let same = |path: &Path| {
        let name = path.file_name().and_then(std::ffi::OsStr::to_str);
        Ok(matches!(name, Some("user-data" | "meta-data")).then(Vec::new))
    };
    assert!(!warnings(&same).contains("not used"));
    let in_second = |path: &Path| Ok(path.starts_with(DIRECTORIES[1]).then(Vec::new));
    let found = present(search(&in_second, &devices, &Rules::default()));
    assert_eq!(
        (found.place.as_str(), bytes(&found.vendor_data)),
        (DIRECTORIES[1], Some(""))
    );
    let incomplete = |path: &Path| Ok((path == Path::new("/var/lib/cloud/seed/nocloud/user-data")).then(Vec::new));
    let why = broken(search(&incomplete, &devices, &Rules::default()));
    assert!(
        why.starts_with("/var/lib/cloud/seed/nocloud: has user-data but no meta-data"),
        "{why}"
    );
    let fails = |path: &Path| {
        let error = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        Err(Fault::unreadable(path.display().to_string(), &error))
    };
    let why = broken(search(&fails, &devices, &Rules::default()));
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
        return skip("no loop device to be had");
    };
    let device = PathBuf::from(String::from_utf8(attached.stdout).unwrap().trim());
    let listed = block::devices(Path::new("/sys/class/block"), Path::new("/dev"));
    let found = search(&nothing, std::slice::from_ref(&device), &Rules::default());
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
    let why = absent(search(&nothing, &[empty.path.clone(), gone], &Rules::default()));
    let expected = "no seed in /var/lib/firstlight/seed or /var/lib/cloud/seed/nocloud; no volume labelled cidata";
    assert_eq!(why, expected);
    // A device that fails might have been the seed.
    let failing = PathBuf::from("/dev/null");
    let verdict = search(&nothing, std::slice::from_ref(&failing), &Rules::default());
    let Verdict::Unknown(fault) = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(
        fault.to_string(),
        "/dev/null: is neither an image file nor a block device"
    );
    // Nor does it keep the seed that is there from being taken.
    if let Some(image) = iso("xorriso", "cidata", &["-r", "-J"], &SEED) {
        let found = search(&nothing, &[failing, image.path.clone()], &Rules::default());
        assert_whole(&present(found), "beside a device that fails");
    }
}

#[test]
fn what_the_owner_forbids_is_not_looked_at() {
    let everywhere = |_: &Path| Ok(Some(Vec::new()));
    let look = |allow| {
        let rules = Rules {
            allow,
            ..Rules::default()
        };
        search(&everywhere, &[], &rules)
    };
    let all = Allow::default();
    assert_eq!(present(look(all)).place, DIRECTORIES[0]);
    let why = absent(look(Allow {
        directory: false,
        ..all
    }));
    let expected = format!("directories are {NOT_ALLOWED}; no volume labelled cidata");
    assert_eq!(why, expected);
    let volumes = Allow {
        directory: false,
        removable: false,
        ..all
    };
    assert_eq!(
        absent(look(volumes)),
        format!("{expected}; removable devices are {NOT_ALLOWED}")
    );
    assert_eq!(
        absent(look(Allow {
            fixed: false,
            ..volumes
        })),
        NOT_ALLOWED
    );
}

#[test]
fn signatures_lie_beside_the_parts_under_names_that_every_volume_has() {
    let rules = Rules {
        trusted_keys: vec![key()],
        ..Rules::default()
    };
    let files = [
        ("user-data", USER_DATA),
        ("user-data.minisig", USER_DATA_SIGNATURE),
        ("meta-data", META_DATA),
        ("meta-data.minisig", META_DATA_SIGNATURE),
        ("vendor-data", ""),
    ];
    let mut images = Vec::new();
    for options in [
        &["-r", "-J"][..],
        &["-J", "--norock"],
        &["--norock", "-iso-level", "1"],
        &["--norock", "-iso-level", "2"],
    ] {
        images.push((format!("{options:?}"), iso("xorriso", "cidata", options, &files)));
    }
    images.push((
        "genisoimage".into(),
        iso("genisoimage", "cidata", &["-iso-level", "1"], &files),
    ));
    images.push(("FAT12".into(), fat("12", "CIDATA", 1440, &files)));
    images.push((
        "FAT with cut names".into(),
        fat(
            "12",
            "CIDATA",
            1440,
            &[
                ("USER-DAT", USER_DATA),
                ("USER-DAT.MIN", USER_DATA_SIGNATURE),
                ("META-DAT", META_DATA),
                ("META-DAT.MIN", META_DATA_SIGNATURE),
            ],
        ),
    ));
    for (case, image) in &images {
        let Some(image) = image else { continue };
        let devices = [image.path.clone()];
        let seed = present(checked(search(&nothing, &devices, &rules), &rules.trusted_keys));
        assert_eq!(bytes(&seed.user_data), Some(USER_DATA), "{case}");
    }
    let unsigned = iso("xorriso", "cidata", &["-r"], &[files[0], files[2], files[3]]);
    let Some(unsigned) = unsigned else { return };
    let why = broken(checked(
        search(&nothing, std::slice::from_ref(&unsigned.path), &rules),
        &rules.trusted_keys,
    ));
    assert!(why.contains(":user-data: is not signed"), "{why}");
}

#[test]
fn seedfrom_in_meta_data_is_followed_once() {
    let other = folder(&[
        ("user-data", "hostname: other\n"),
        ("meta-data", "instance-id: theirs\nregion: eu\nseedfrom: /x\n"),
    ]);
    let named = |place: &str| format!("instance-id: own\nseedfrom: {place}\n");
    let own = |meta: &str| folder(&[("user-data", "hostname: own\n"), ("meta-data", meta)]);
    let directory = own(&named(other.path().to_str().unwrap()));
    let Verdict::Present(seed) = from_path(directory.path()) else {
        panic!()
    };
    assert_eq!(*seed.user_data.as_ref().unwrap().bytes, *b"hostname: other\n");
    let meta = seed.meta_data.as_ref().unwrap().mapping().unwrap();
    assert_eq!(
        (meta["instance-id"].as_str(), meta["region"].as_str()),
        (Some("own"), Some("eu"))
    );

    let directory = own(&named("https://me:hunter2@seeds.example.test/"));
    let Verdict::Present(seed) = from_path(directory.path()) else {
        panic!()
    };
    assert_eq!(
        (seed.rest().as_str(), seed.is_whole()),
        ("https://seeds.example.test/", false)
    );
    assert!(seed.user_data.is_none());

    for (place, words) in [
        ("ftp://hunter2/", "has an unsupported scheme"),
        ("hunter2", "names no place"),
    ] {
        let directory = own(&named(place));
        let why = broken(from_path(directory.path()));
        assert!(
            why.contains("meta-data: its seedfrom ") && why.contains(words) && !why.contains("hunter2"),
            "{why}"
        );
    }
}

#[test]
fn a_place_may_be_an_address() {
    let Verdict::Present(seed) = from_path(Path::new("https://seeds.example.test/web1")) else {
        panic!()
    };
    assert_eq!(
        (seed.place.as_str(), seed.rest().as_str()),
        ("https://seeds.example.test/web1", "https://seeds.example.test/web1")
    );
    let why = broken(from_path(Path::new("ftp://hunter2/")));
    assert!(why.contains("unsupported scheme") && !why.contains("hunter2"), "{why}");
}

/// What lies in the way of a seed is not a seed that isn't there.
#[test]
fn a_seed_directory_that_cannot_be_read_is_not_absent() {
    use std::os::unix::fs::symlink;
    type Obstacle = fn(&Path);
    let obstacles: [(&str, Obstacle); 5] = [
        ("a directory instead of a part", |seed| {
            std::fs::create_dir_all(seed.join("user-data")).unwrap();
        }),
        ("a part that leads to itself", |seed| {
            std::fs::create_dir_all(seed).unwrap();
            symlink("user-data", seed.join("user-data")).unwrap();
        }),
        ("a part that leads nowhere", |seed| {
            std::fs::create_dir_all(seed).unwrap();
            symlink("/nowhere", seed.join("user-data")).unwrap();
        }),
        ("a directory that leads to itself", |seed| {
            std::fs::create_dir_all(seed.parent().unwrap()).unwrap();
            symlink("seed", seed).unwrap();
        }),
        ("a file instead of the directory", |seed| {
            std::fs::create_dir_all(seed.parent().unwrap()).unwrap();
            std::fs::write(seed, "").unwrap();
        }),
    ];
    for (name, put) in obstacles {
        let tree = tempfile::tempdir().unwrap();
        put(&tree.path().join("var/lib/firstlight/seed"));
        let verdict = look(&Places {
            root: crate::system::Root::open(tree.path()).unwrap(),
            live: false,
            devices: Vec::new(),
            rules: Rules::default(),
        });
        assert!(
            matches!(&verdict, Verdict::Broken(fault) if fault.place.contains("/var/lib/firstlight/seed")),
            "{name}: {verdict:?}"
        );
    }
}
