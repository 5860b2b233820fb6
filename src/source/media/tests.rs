//! Real images, damaged images and hostile images.

use super::images::{Image, SEED, TinyIso, disk, fat, folder, iso, run};
use super::*;
use proptest::prelude::*;
use std::fs::File;
use std::os::unix::fs::FileExt;

const LIMIT: u64 = 1 << 20;

fn open(image: &Image) -> Volume {
    Volume::open(&image.path).unwrap().expect("a file system")
}

fn text(volume: &Volume, path: &str) -> Option<String> {
    volume
        .read(path, LIMIT)
        .unwrap()
        .map(|bytes| String::from_utf8(bytes).unwrap())
}

fn names(volume: &Volume, path: &str) -> Vec<String> {
    let mut names: Vec<_> = volume
        .list(path)
        .unwrap()
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    names.sort();
    names
}

/// Everything that can be asked of a medium; what counts is that each answer comes.
fn exercise(path: &Path) {
    let Ok(volumes) = Volume::open_all(path) else { return };
    for volume in volumes {
        let _ = (
            volume.read("user-data", LIMIT),
            volume.read("openstack/latest/user_data", LIMIT),
        );
        let Ok(Some(entries)) = volume.list("") else { continue };
        for entry in entries.iter().take(50) {
            let _ = match entry.kind {
                EntryKind::Directory => volume.list(&entry.name).map(drop),
                _ => volume.read(&entry.name, LIMIT).map(drop),
            };
        }
    }
}

#[test]
fn every_kind_of_iso() {
    let deep = [
        &SEED[..],
        &[
            ("openstack/latest/user_data", "deep\n"),
            ("A long Name, with (signs).text", "long\n"),
        ],
    ]
    .concat();
    for tool in ["xorriso", "genisoimage"] {
        let plain = if tool == "xorriso" { "--norock" } else { "-no-pad" };
        for (options, names) in [
            (&["-r", "-J"][..], ["user-data", "network-config"]),
            (
                &["-J", "-joliet-long", "-input-charset", "utf-8", plain],
                ["user-data", "network-config"],
            ),
            (&["-r"], ["user-data", "network-config"]),
            (&["-R", "-no-pad"], ["user-data", "network-config"]),
            (&[plain, "-iso-level", "1"], ["user_dat", "network_"]),
            (&[plain, "-iso-level", "2"], ["user_data", "network_config"]),
            (&[plain, "-iso-level", "3"], ["USER_DATA", "Network_Config"]),
            (
                &[plain, "-iso-level", "4"],
                if tool == "xorriso" {
                    ["user_data", "network_config"]
                } else {
                    ["user-data", "network-config"]
                },
            ),
        ] {
            let case = format!("{tool} {options:?}");
            let Some(image) = iso(tool, "cidata", options, &deep) else {
                return;
            };
            let volume = open(&image);
            assert_eq!(
                (volume.kind(), volume.is_labelled("CIDATA")),
                (Kind::Iso9660, true),
                "{case}"
            );
            assert_eq!(text(&volume, names[0]).as_deref(), Some(SEED[0].1), "{case}");
            assert_eq!(text(&volume, names[1]).as_deref(), Some(SEED[3].1), "{case}");
            assert_eq!(volume.list("").unwrap().unwrap().len(), 6, "{case}");
            assert_eq!(text(&volume, "none"), None, "{case}");
            assert_eq!(text(&volume, &format!("{}/below", names[0])), None, "{case}");
        }
    }
}

#[test]
fn names_of_an_iso() {
    let files = [
        ("A long Name, with (signs) and ünicode.text", "1"),
        ("sub/dir/file", "2"),
        ("user-data", "3"),
        ("USER-DATA", "4"),
    ];
    for options in [["-r", "-J"], ["-r", "-r"], ["-J", "--norock"]] {
        let Some(image) = iso("xorriso", "cidata", &options, &files) else {
            return;
        };
        let volume = open(&image);
        let case = format!("{options:?}: {:?}", names(&volume, ""));
        assert_eq!(text(&volume, files[0].0).as_deref(), Some("1"), "{case}");
        assert_eq!(text(&volume, "/sub//dir/file").as_deref(), Some("2"), "{case}");
        assert_eq!(names(&volume, "sub"), ["dir"], "{case}");
        if options[0] == "-r" {
            assert_eq!(text(&volume, "user-data").as_deref(), Some("3"), "{case}");
            assert_eq!(text(&volume, "USER-DATA").as_deref(), Some("4"), "{case}");
        }
        let error = volume.read("sub", LIMIT).unwrap_err();
        assert!(
            error.to_string().contains("sub is a directory, not a plain file"),
            "{error}"
        );
        assert_eq!(volume.list("user-data").unwrap(), None);
    }
}

#[test]
fn links_are_not_followed() {
    let Some(image) = iso("xorriso", "cidata", &["-r"], &[("real", "x")]) else {
        return;
    };
    let source = folder(&[("real", "x")]);
    std::os::unix::fs::symlink("real", source.path().join("user-data")).unwrap();
    let path = image.path.to_str().unwrap();
    run(
        "xorriso",
        &[
            "-as",
            "mkisofs",
            "-quiet",
            "-r",
            "-V",
            "cidata",
            "-o",
            path,
            source.path().to_str().unwrap(),
        ],
        "",
    );
    let error = open(&image).read("user-data", LIMIT).unwrap_err();
    assert!(error.to_string().contains("user-data is a symbolic link"), "{error}");
}

#[test]
fn every_kind_of_fat() {
    let files = [
        &SEED[..],
        &[
            ("openstack/latest/user_data", "deep\n"),
            ("A long Name, with (signs) and ünicode.text", "long\n"),
        ],
    ]
    .concat();
    for (bits, kib) in [
        ("12", 1440),
        ("12", 8000),
        ("16", 16384),
        ("16", 65536),
        ("32", 34000),
        ("32", 66000),
    ] {
        let Some(image) = fat(bits, "CIDATA", kib, &files) else {
            return;
        };
        let volume = open(&image);
        let case = format!("FAT{bits} of {kib} KiB");
        assert_eq!(
            (volume.kind(), volume.labels()),
            (Kind::Fat, &["CIDATA".to_owned()][..]),
            "{case}"
        );
        for (name, contents) in &files {
            assert_eq!(text(&volume, name).as_deref(), Some(*contents), "{case}, {name}");
        }
        assert_eq!(text(&volume, "USER-DATA").as_deref(), Some(SEED[0].1), "{case}");
        assert_eq!(text(&volume, "USER-D~1").as_deref(), Some(SEED[0].1), "{case}");
        assert_eq!(names(&volume, "OPENSTACK"), ["latest"], "{case}");
        assert_eq!(text(&volume, "openstack/../user-data").as_deref(), None, "{case}");
    }
}

#[test]
fn a_small_fat32_is_told_apart_as_linux_does() {
    // By its number of clusters the specification would take it for FAT16, and so does mtools.
    let Some(image) = fat("32", "CIDATA", 8192, &[]) else {
        return;
    };
    let bytes = image.bytes();
    let reserved = u64::from(window::u16_at(&bytes, 14)) * 512;
    let data = reserved + 2 * u64::from(window::u32_at(&bytes, 36)) * 512;
    let mut entry = *b"USER-DATTXT\x20\0\x18\0\0\0\0\0\0\0\0\0\0\0\0\x03\0\x03\0\0\0";
    image.write(data + 32, &entry);
    image.write(reserved + 3 * 4, &0x0FFF_FFFFu32.to_le_bytes());
    image.write(data + 512, b"abc");
    let volume = open(&image);
    assert_eq!(
        (names(&volume, ""), volume.labels()),
        (vec!["USER-DAT.TXT".to_owned()], &["CIDATA".to_owned()][..])
    );
    assert_eq!(text(&volume, "user-dat.txt").as_deref(), Some("abc"));
    // Byte 12 says which half Windows NT shows in lower case.
    entry[12] = 0x08;
    image.write(data + 32, &entry);
    assert_eq!(names(&open(&image), ""), ["user-dat.TXT"]);
}

#[test]
fn labels_of_fat() {
    let Some(image) = fat("16", "OTHER", 16384, &SEED) else {
        return;
    };
    assert_eq!(open(&image).labels(), ["OTHER"]);
    // The boot sector keeps another label than the root directory: both count, as blkid's LABEL and LABEL_FATBOOT.
    image.write(43, b"cidata     ");
    assert_eq!(open(&image).labels(), ["OTHER", "cidata"]);
    let Some(image) = fat("16", "NO NAME", 16384, &[]) else {
        return;
    };
    assert!(!open(&image).is_labelled("cidata"));
}

#[test]
fn a_scattered_file_is_put_together() {
    for (bits, kib) in [("12", 1440), ("16", 16384), ("32", 66000)] {
        let Some(image) = fat(bits, "CIDATA", kib, &[]) else {
            return;
        };
        let hole = image.beside("hole", &[b'h'; 9000]);
        for number in 0..40 {
            image.mtools("mcopy", &[&hole, &format!("::hole{number}")]);
        }
        for number in (0..40).step_by(2) {
            image.mtools("mdel", &[&format!("::hole{number}")]);
        }
        let contents: Vec<u8> = (0..150_000u32)
            .flat_map(|number| number.to_le_bytes())
            .take(150_001)
            .collect();
        let file = image.beside("user-data", &contents);
        image.mtools("mcopy", &[&file, "::user-data"]);
        let volume = open(&image);
        assert_eq!(volume.read("user-data", LIMIT).unwrap(), Some(contents), "FAT{bits}");
        assert_eq!(volume.list("").unwrap().unwrap().len(), 21, "FAT{bits}");
    }
}

#[test]
fn partitions_are_found() {
    let Some(fat) = fat("16", "CIDATA", 16384, &SEED) else {
        return;
    };
    let Some(iso) = iso("xorriso", "other", &["-r"], &[("ovf-env.xml", "x")]) else {
        return;
    };
    let mbr = "label: dos\nstart=2048, size=32768, type=6\nstart=40960, size=2048, type=83\n";
    let extended = "label: dos\nstart=2048, size=1024, type=83\nstart=4096, size=90000, type=5\n\
        start=6144, size=2048, type=83\nstart=40960, size=32768, type=6\n";
    let gpt = "label: gpt\nstart=2048, size=32768\nstart=40960, size=2048\n";
    let (first, second) = (2048 * 512, 40960 * 512);
    for (script, volumes, expected) in [
        (
            mbr,
            vec![(first, &fat), (second, &iso)],
            vec![(1, "CIDATA"), (2, "other")],
        ),
        (
            extended,
            vec![(6144 * 512, &iso), (second, &fat)],
            vec![(5, "other"), (6, "CIDATA")],
        ),
        (
            gpt,
            vec![(first, &fat), (second, &iso)],
            vec![(1, "CIDATA"), (2, "other")],
        ),
        (gpt, vec![(second, &iso)], vec![(2, "other")]),
        (gpt, vec![], vec![]),
    ] {
        let Some(disk) = disk(64, script, &volumes) else { return };
        assert!(Volume::open(&disk.path).unwrap().is_none());
        let found = Volume::open_all(&disk.path).unwrap();
        let name = |number| format!("{} (partition {number})", disk.path.display());
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(number, label)| (name(number), label.to_owned()))
            .collect();
        let labels: Vec<_> = found
            .iter()
            .map(|volume| (volume.name().to_owned(), volume.labels()[0].clone()))
            .collect();
        assert_eq!(labels, expected, "{script}");
        for volume in found.iter().filter(|volume| volume.kind() == Kind::Fat) {
            assert_eq!(text(volume, "user-data").as_deref(), Some(SEED[0].1));
        }
        for cut in [first, first + 512, second, second + 2048] {
            disk.cut(cut);
            exercise(&disk.path);
        }
    }
}

#[test]
fn hostile_partition_tables_end() {
    let mut mbr = vec![0; 8 << 10];
    mbr[510..512].copy_from_slice(&[0x55, 0xAA]);
    let mut circle = mbr.clone();
    // A container whose first table links to itself, for ever.
    circle[446 + 4] = 5;
    circle[446 + 8] = 1;
    circle[446 + 12] = 8;
    circle[512 + 462 + 4] = 5;
    circle[512 + 462 + 12] = 1;
    circle[512 + 510..512 + 512].copy_from_slice(&[0x55, 0xAA]);
    assert!(Volume::open_all(&Image::of(&circle).path).unwrap().is_empty());
    let mut gpt = mbr.clone();
    gpt[446 + 4] = 0xEE;
    assert!(matches!(
        Volume::open_all(&Image::of(&gpt).path),
        Err(MediaError::Damaged { .. })
    ));
    gpt[512..520].copy_from_slice(b"EFI PART");
    gpt[512 + 72..512 + 92].fill(0xFF);
    assert!(Volume::open_all(&Image::of(&gpt).path).is_err());
    gpt[512 + 84..512 + 88].copy_from_slice(&128u32.to_le_bytes());
    assert!(Volume::open_all(&Image::of(&gpt).path).unwrap().is_empty());
    gpt[512 + 72..512 + 80].copy_from_slice(&2u64.to_le_bytes());
    gpt[1024..2048].fill(0xFF);
    assert!(Volume::open_all(&Image::of(&gpt).path).unwrap().is_empty());
    mbr[446..510].fill(0xFF);
    assert!(Volume::open_all(&Image::of(&mbr).path).unwrap().is_empty());
}

#[test]
fn a_file_above_the_limit_is_refused_with_its_size() {
    let Some(image) = iso("xorriso", "cidata", &["-r"], &SEED) else {
        return;
    };
    let error = open(&image).read("user-data", 10).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("user-data has 29 bytes, more than 10, the limit"),
        "{error}"
    );
}

#[test]
fn an_empty_or_foreign_medium_is_none() {
    for size in [0, 1, 511, 512, 32768, 34816, 1 << 20] {
        let image = Image::empty(size);
        assert!(Volume::open(&image.path).unwrap().is_none(), "{size}");
        assert!(Volume::open_all(&image.path).unwrap().is_empty(), "{size}");
    }
    assert!(Volume::open_all(&Image::of(&[0xFF; 65536]).path).unwrap().is_empty());
}

#[test]
fn a_cut_image_says_so() {
    let iso = iso("xorriso", "cidata", &["-r", "-J"], &SEED);
    let fat = fat("12", "CIDATA", 1440, &SEED);
    for image in [iso, fat].into_iter().flatten() {
        let whole = image.bytes().len() as u64;
        for length in (0..whole).rev().step_by(2048).map(|length| length / 2048 * 2048) {
            image.cut(length);
            exercise(&image.path);
            let Some(volume) = Volume::open(&image.path).unwrap() else {
                assert!(length < 40 << 10, "{length} of {whole} bytes are not recognised");
                continue;
            };
            let error = volume.read("user-data", LIMIT).unwrap_err().to_string();
            assert!(
                error.contains("shorter than its own description says"),
                "{length}: {error}"
            );
        }
    }
}

/// Changes each byte that describes something, and asks everything each time. Of long runs of zeros, only the first
/// eight bytes are changed.
fn sweep(image: &Image, metadata: std::ops::Range<u64>) {
    let bytes = image.bytes();
    let file = File::options().write(true).open(&image.path).unwrap();
    for at in metadata {
        let index = usize::try_from(at).unwrap();
        let old = bytes[index];
        if bytes[index.saturating_sub(8)..=index].iter().all(|byte| *byte == 0) {
            continue;
        }
        for new in [old ^ 0xFF, old ^ 1, old.wrapping_add(0x20)] {
            file.write_all_at(&[new], at).unwrap();
            exercise(&image.path);
        }
        file.write_all_at(&[old], at).unwrap();
    }
}

#[test]
fn any_damaged_byte_of_an_iso_is_survived() {
    let Some(image) = iso("genisoimage", "cidata", &["-R", "-J", "-no-pad"], &SEED) else {
        return;
    };
    let length = image.bytes().len() as u64;
    // The descriptors up to the root record, and everything behind them: path tables, directories, continuations.
    sweep(&image, 16 * 2048..16 * 2048 + 200);
    sweep(&image, 17 * 2048..17 * 2048 + 200);
    sweep(&image, 18 * 2048..18 * 2048 + 10);
    sweep(&image, 19 * 2048..length);
}

#[test]
fn any_damaged_byte_of_fat_is_survived() {
    for (bits, kib) in [("12", 64), ("16", 16384), ("32", 34000)] {
        let Some(image) = fat(bits, "CIDATA", kib, &SEED) else {
            return;
        };
        sweep(&image, 0..96);
        let bytes = image.bytes();
        let reserved = u64::from(window::u16_at(&bytes, 14)) * 512;
        sweep(&image, reserved..reserved + 64);
        let root = bytes
            .windows(11)
            .position(|name| name == b"CIDATA     ")
            .map(|at| at as u64);
        let root = root.filter(|at| *at > reserved).unwrap_or_else(|| {
            let after = &bytes[512..];
            512 + after.windows(11).position(|name| name == b"CIDATA     ").unwrap() as u64
        });
        sweep(&image, root..root + 32 * 16);
    }
}

#[test]
fn a_chain_of_clusters_in_a_circle_is_refused() {
    let Some(image) = fat("16", "CIDATA", 16384, &[]) else {
        return;
    };
    let file = image.beside("user-data", &vec![b'x'; 50_000]);
    image.mtools("mcopy", &[&file, "::user-data"]);
    image.mtools("mmd", &["::sub"]);
    let volume = open(&image);
    assert_eq!(volume.read("user-data", LIMIT).unwrap().unwrap().len(), 50_000);
    let table = u64::from(window::u16_at(&image.bytes(), 14)) * 512;
    // The file begins at cluster 2 or 3: let every entry lead to the one before it.
    for cluster in 3..30u16 {
        image.write(table + u64::from(cluster) * 2, &(cluster - 1).to_le_bytes());
    }
    let volume = open(&image);
    for error in [
        volume.read("user-data", LIMIT).unwrap_err(),
        volume.list("sub").unwrap_err(),
    ] {
        let error = error.to_string();
        assert!(error.contains("loops") || error.contains("cluster 1 of"), "{error}");
    }
    // Each cluster its own successor: the shortest circle.
    for cluster in 2..40u16 {
        image.write(table + u64::from(cluster) * 2, &cluster.to_le_bytes());
    }
    let volume = open(&image);
    assert!(
        volume
            .read("user-data", LIMIT)
            .unwrap_err()
            .to_string()
            .contains("loops")
    );
    assert!(volume.list("sub").unwrap_err().to_string().contains("loops"));
    // Chains that end early.
    for cluster in 2..40u16 {
        image.write(table + u64::from(cluster) * 2, &0xFFFFu16.to_le_bytes());
    }
    let error = open(&image).read("user-data", LIMIT).unwrap_err().to_string();
    assert!(error.contains("a file of 50000 bytes whose clusters hold"), "{error}");
}

#[test]
fn a_file_in_several_sections_is_put_together() {
    let sections = [
        TinyIso::record(20, 2048, 0x80, b"USER_DATA.;1", b""),
        TinyIso::record(25, 2048, 0x80, b"USER_DATA.;1", b""),
        TinyIso::record(22, 5, 0, b"USER_DATA.;1", b""),
        TinyIso::record(23, 3, 0, b"Z.;1", b""),
    ];
    let iso = TinyIso::new(&sections)
        .with(20, &[b'a'; 2048])
        .with(25, &[b'b'; 2048])
        .with(22, b"ccccc")
        .with(23, b"zzz");
    let volume = open(&iso.image());
    let expected = [&[b'a'; 2048][..], &[b'b'; 2048], b"ccccc"].concat();
    assert_eq!(volume.read("user_data", LIMIT).unwrap(), Some(expected));
    assert_eq!(text(&volume, "z").as_deref(), Some("zzz"));
    assert!(matches!(
        volume.read("user_data", 4000),
        Err(MediaError::TooLarge { size: 4101, .. })
    ));
    for (sections, what) in [
        (&sections[..2], "last section"),
        (&[sections[0].clone(), sections[3].clone()], "do not follow each other"),
    ] {
        let error = open(&TinyIso::new(sections).image()).list("").unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}

/// An ISO whose root directory is `records` over and over, in as many sectors as are given.
fn crowded(record: &[u8], sectors: usize) -> Image {
    let length = u32::try_from(sectors * 2048).unwrap();
    let mut iso = TinyIso::new(&[]);
    iso.0.resize(32 * 2048 + sectors * 2048, 0);
    iso.0[16 * 2048 + 80..][..4].copy_from_slice(&u32::try_from(32 + sectors).unwrap().to_le_bytes());
    let root = TinyIso::record(32, length, 0x02, b"\0", b"");
    iso.0[16 * 2048 + 156..][..root.len()].copy_from_slice(&root);
    for sector in iso.0[32 * 2048..].chunks_mut(2048) {
        for place in sector.chunks_exact_mut(record.len()) {
            place.copy_from_slice(record);
        }
    }
    iso.image()
}

/// The work that a medium made of whoever looked for a config drive's files on it.
fn work_of(image: &Image) -> u64 {
    let window = window::Window::open(&image.path).unwrap();
    let volume = Volume::at(&window).unwrap().unwrap();
    for path in [
        "",
        "openstack",
        "openstack/latest",
        "openstack/latest/user_data",
        "ec2/latest",
    ] {
        let _ = volume.list(path);
        let _ = volume.read(path, LIMIT);
    }
    window.work()
}

#[test]
fn a_crowded_directory_costs_no_more_than_any_seed() {
    let whole = 2048 * 2048;
    for (flags, name, what) in [
        (0x80, &b"OPENSTACK"[..], "too many sections"),
        (0x82, b"OPENSTACK", "too many sections"),
        (0x00, b"OPENSTACK", "too many entries"),
        (0x02, b"OPENSTACK", "too many entries"),
    ] {
        let record = TinyIso::record(32, whole, flags, name, b"");
        let image = crowded(&record, 2048);
        assert!(image.bytes().len() / record.len() > 90_000);
        let error = open(&image).list("openstack").unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
        assert!(work_of(&image) < 4 * u64::from(whole), "{what}");
    }
    // Sections of a directory count together.
    let sections = [0x82, 0x82, 0x02].map(|flags| TinyIso::record(18, 2 << 20, flags, b"SUB", b""));
    let mut iso = TinyIso::new(&sections);
    iso.0.resize(8 << 20, 0);
    let error = open(&iso.image()).list("sub").unwrap_err().to_string();
    assert!(error.contains("a directory of"), "{error}");
}

#[test]
fn a_medium_that_leads_to_and_fro_is_left_at_some_point() {
    // Each record of the root goes on 32 times elsewhere: three million small reads, were all of them made.
    let ce = |offset: u32| {
        let mut entry = b"CE\x1C\x01".to_vec();
        for number in [20, offset, 28] {
            entry.extend(u32::to_le_bytes(number));
            entry.extend(u32::to_be_bytes(number));
        }
        entry
    };
    let record = TinyIso::record(21, 1, 0, b"AB", &ce(0));
    let image = crowded(&record, 2040);
    // The first record of the root directory announces Rock Ridge; thirty continuations, then an end.
    image.write(32 * 2048, &[0; 2048]);
    image.write(32 * 2048, &TinyIso::rock_ridge_root());
    for turn in 0..30 {
        image.write(20 * 2048 + u64::from(turn) * 28, &ce((turn + 1) * 28));
    }
    let window = window::Window::open(&image.path).unwrap();
    let volume = Volume::at(&window).unwrap().unwrap();
    let errors: Vec<_> = (0..9)
        .filter_map(|_| volume.list("").err())
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors.len(), 9);
    assert!(
        errors.iter().any(|error| error.contains("too large for a seed")),
        "{errors:?}"
    );
    let most = window::WORK_LIMIT + 100_000 * 512;
    assert!(window.work() < most, "{}", window.work());
}

#[test]
fn rock_ridge_continuations_are_followed_and_bounded() {
    let ce = |block: u32, offset: u32, length: u32| {
        let mut entry = b"CE\x1C\x01".to_vec();
        for number in [block, offset, length] {
            entry.extend(number.to_le_bytes());
            entry.extend(number.to_be_bytes());
        }
        entry
    };
    let root = TinyIso::rock_ridge_root();
    let start = [&b"NM\x0A\x01\x01user-"[..], &ce(20, 4, 9)].concat();
    let records = [root.clone(), TinyIso::record(21, 3, 0, b"A", &start)];
    let iso = TinyIso::new(&records)
        .with(20, b"....NM\x09\x01\x00data")
        .with(21, b"abc");
    assert_eq!(text(&open(&iso.image()), "user-data").as_deref(), Some("abc"));
    // In a circle, outside of the image, over a block's end, with a name that does not end.
    let endless = [b"NM\xC8\x01\x01".to_vec(), vec![b'n'; 195], ce(20, 0, 228)].concat();
    for (first, continued, what) in [
        (ce(20, 0, 28), ce(20, 0, 28), "an endless chain"),
        (ce(20, 0, 228), endless, "an endless chain"),
        (ce(u32::MAX, 0, 28), vec![], "more than there are"),
        (ce(20, 2040, 28), vec![], "larger than a block"),
        (ce(20, u32::MAX, u32::MAX), vec![], "larger than a block"),
    ] {
        let iso = TinyIso::new(&[root.clone(), TinyIso::record(21, 3, 0, b"A", &first)]).with(20, &continued);
        let error = open(&iso.image()).read("user-data", LIMIT).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
    // Entries of length 0, 3 and 255 end the area.
    for entry in [&b"NM\x00\x01"[..], b"NM\x03\x01", b"NM\xFF\x01\x00x", b"NM", b"N"] {
        let iso = TinyIso::new(&[root.clone(), TinyIso::record(21, 3, 0, b"A", entry)]).with(21, b"abc");
        assert_eq!(text(&open(&iso.image()), "a").as_deref(), Some("abc"), "{entry:?}");
    }
    for (entry, kind) in [
        (&b"SL\x05\x01\x00"[..], EntryKind::Link),
        (b"ZF\x10\x01pz\x04\x0f01234567", EntryKind::Encoded),
    ] {
        let iso = TinyIso::new(&[root.clone(), TinyIso::record(21, 3, 0, b"A", entry)]);
        assert!(matches!(open(&iso.image()).read("a", LIMIT), Err(MediaError::NotAFile { kind: k, .. }) if k == kind));
    }
}

#[test]
fn a_directory_that_contains_itself_is_no_trap() {
    let iso = TinyIso::new(&[
        TinyIso::record(18, 2048, 2, b"LOOP", b""),
        TinyIso::record(20, 1, 0, b"A", b""),
    ]);
    let volume = open(&iso.with(20, b"x").image());
    assert_eq!(
        text(&volume, &format!("{}a", "loop/".repeat(1000))).as_deref(),
        Some("x")
    );
    assert_eq!(names(&volume, "loop/loop"), ["a", "loop"]);
}

#[test]
fn hostile_records_are_refused() {
    let mut short = TinyIso::record(20, 1, 0, b"A", b"");
    short[0] = 20;
    let mut long_name = TinyIso::record(20, 1, 0, b"A", b"");
    long_name[32] = 200;
    let mut nameless = TinyIso::record(20, 1, 0, b"A", b"");
    nameless[32] = 0;
    let past_sector = TinyIso::record(20, 1, 0, &[b'A'; 200], &[0; 20]);
    let many = vec![past_sector; 9].concat();
    for record in [short, long_name, nameless, many] {
        let error = open(&TinyIso::new(&[record]).image()).list("").unwrap_err().to_string();
        assert!(error.contains("an invalid directory record"), "{error}");
    }
    for (block, length) in [(u32::MAX, 1), (31, 2049), (20, u32::MAX), (u32::MAX, u32::MAX)] {
        let volume = open(&TinyIso::new(&[TinyIso::record(block, length, 0, b"A", b"")]).image());
        let error = volume.read("a", u64::MAX).unwrap_err().to_string();
        assert!(error.contains("more than there are"), "{error}");
        let volume = open(&TinyIso::new(&[TinyIso::record(block, length, 2, b"A", b"")]).image());
        assert!(volume.list("a").is_err());
    }
    // An empty file may claim to be anywhere.
    let volume = open(&TinyIso::new(&[TinyIso::record(u32::MAX, 0, 0, b"A", b"")]).image());
    assert_eq!(text(&volume, "a").as_deref(), Some(""));
    // Interleaved, and an associated file beside the real one.
    let mut interleaved = TinyIso::record(20, 1, 0, b"A", b"");
    interleaved[26] = 1;
    let iso = TinyIso::new(&[
        interleaved,
        TinyIso::record(20, 1, 4, b"B", b""),
        TinyIso::record(21, 1, 0, b"B", b""),
    ]);
    let volume = open(&iso.with(20, b"x").with(21, b"y").image());
    assert!(matches!(
        volume.read("a", LIMIT),
        Err(MediaError::NotAFile {
            kind: EntryKind::Encoded,
            ..
        })
    ));
    assert_eq!(text(&volume, "b").as_deref(), Some("y"));
}

#[test]
fn a_boot_sector_with_any_numbers_is_survived() {
    let Some(image) = fat("12", "CIDATA", 64, &SEED) else {
        return;
    };
    let bytes = image.bytes();
    let fields = [
        (11, 2),
        (13, 1),
        (14, 2),
        (16, 1),
        (17, 2),
        (19, 2),
        (21, 1),
        (22, 2),
        (32, 4),
        (36, 4),
        (44, 4),
    ];
    for (at, length) in fields {
        for value in [
            0u32,
            1,
            2,
            3,
            128,
            255,
            512,
            4096,
            0x8000,
            0xFFFF,
            0x7FFF_FFFF,
            u32::MAX,
        ] {
            image.write(at, &value.to_le_bytes()[..length]);
            exercise(&image.path);
            // FAT32's own fields count when the 16-bit ones are zero.
            image.write(17, &[0; 4]);
            image.write(22, &[0; 2]);
            exercise(&image.path);
            image.write(0, &bytes[..512]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_damage_to_an_iso_is_survived(
        changes in prop::collection::vec((0usize..16 * 2048, any::<u8>()), 1..40),
        length in 0usize..=32 * 2048,
    ) {
        let records = [
            TinyIso::rock_ridge_root(),
            TinyIso::record(21, 3, 0, b"USER_DAT.;1", b"NM\x0E\x01\x00user-data"),
            TinyIso::record(19, 2048, 2, b"SUB", b"CE\x1C\x01\x14\0\0\0\0\0\0\x14\0\0\0\0\0\0\0\0\x0E\0\0\0\0\0\0\x0E"),
        ];
        let mut iso = TinyIso::new(&records).with(20, b"NM\x08\x01\x00sub").with(21, b"abc");
        for (at, byte) in changes {
            iso.0[16 * 2048 + at] = byte;
        }
        iso.0.truncate(length.max(17 * 2048));
        exercise(&iso.image().path);
    }

    #[test]
    fn random_directories_are_survived(sector in prop::collection::vec(any::<u8>(), 2048)) {
        exercise(&TinyIso::new(&[TinyIso::rock_ridge_root(), sector[..1900].to_vec()]).image().path);
    }

    #[test]
    fn random_fat_is_survived(
        boot in prop::collection::vec(any::<u8>(), 64),
        rest in prop::collection::vec(any::<u8>(), 8192),
        width in 0usize..3,
    ) {
        let mut bytes = vec![0; 512];
        bytes[..64].copy_from_slice(&boot);
        // One sector reserved, one table of one sector, sixteen root entries, enough sectors: the rest is random.
        bytes[11..24].copy_from_slice(&[0, 2, 1, 1, 0, 1, 16, 0, [19, 0, 0][width], [0, 32, 0][width], 0xF8, [1, 1, 0][width], 0]);
        bytes[36..40].copy_from_slice(&1u32.to_le_bytes());
        bytes.extend(rest);
        exercise(&Image::of(&bytes).path);
    }
}
