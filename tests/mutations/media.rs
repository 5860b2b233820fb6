//! Media: ISO 9660, FAT and partition tables with bytes changed, cut and repeated, read as seeds of every source.

use std::path::Path;

use firstlight::source::media::Volume;
use firstlight::source::{Verdict, configdrive, nocloud, ovf};
use proptest::prelude::*;

use super::config;

/// The most bytes a message has, whatever it is about.
const MESSAGE_LIMIT: usize = 4000;

const LIMIT: u64 = 1 << 20;

/// Where in an image something changes, and into what. Descriptions are where the harm is: most hits are there.
#[derive(Debug, Clone)]
struct Hit {
    at: usize,
    bytes: Vec<u8>,
}

fn hits(places: &'static [std::ops::Range<usize>]) -> impl Strategy<Value = Vec<Hit>> {
    let place = prop::sample::select(places).prop_flat_map(|range| range);
    let bytes = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 1..5),
        1 => Just(vec![0; 4]),
        1 => Just(vec![0xFF; 4]),
        1 => Just(vec![0x80, 0, 0, 0]),
    ];
    prop::collection::vec((place, bytes).prop_map(|(at, bytes)| Hit { at, bytes }), 1..6)
}

/// An ISO with Rock Ridge names: a NoCloud seed, and a directory with another file.
fn iso() -> Vec<u8> {
    let record = |block: u32, length: u32, flags: u8, name: &[u8], rest: &[u8]| {
        let mut record = vec![0; 33 + name.len() + usize::from(name.len().is_multiple_of(2))];
        record[2..6].copy_from_slice(&block.to_le_bytes());
        record[10..14].copy_from_slice(&length.to_le_bytes());
        record[25] = flags;
        record[32] = u8::try_from(name.len()).unwrap();
        record[33..33 + name.len()].copy_from_slice(name);
        record.extend(rest);
        record.resize(record.len().next_multiple_of(2), 0);
        record[0] = u8::try_from(record.len()).unwrap();
        record
    };
    let mut image = vec![0; 32 * 2048];
    let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    put(16 * 2048, b"\x01CD001\x01");
    put(16 * 2048 + 40, format!("{:32}", "cidata").as_bytes());
    put(16 * 2048 + 80, &32u32.to_le_bytes());
    put(16 * 2048 + 128, &2048u16.to_le_bytes());
    put(16 * 2048 + 156, &record(18, 2048, 2, b"\0", b""));
    put(17 * 2048, b"\xFFCD001\x01");
    let root = [
        record(18, 2048, 2, b"\0", b"SP\x07\x01\xBE\xEF\x00"),
        record(18, 2048, 2, b"\x01", b""),
        record(20, 15, 0, b"USER_DAT.;1", b"NM\x0E\x01\x00user-data"),
        record(21, 2048, 0x80, b"META_DAT.;1", b"NM\x0E\x01\x00meta-data"),
        record(22, 17, 0, b"META_DAT.;1", b"NM\x0E\x01\x00meta-data"),
        record(
            19,
            2048,
            2,
            b"OPENSTACK",
            b"CE\x1C\x01\x17\0\0\0\0\0\0\x17\0\0\0\0\0\0\0\0\x0E\0\0\0\0\0\0\x0E",
        ),
    ];
    put(18 * 2048, &root.concat());
    put(19 * 2048, &record(19, 2048, 2, b"LATEST", b""));
    put(20 * 2048, b"hostname: web1\n");
    put(21 * 2048, &[b'#'; 2048]);
    put(22 * 2048, b"\ninstance-id: i1\n");
    put(23 * 2048, b"NM\x0E\x01\x00openstack");
    image
}

/// A FAT12 volume with a NoCloud seed, `offset` bytes into a disk.
fn fat() -> Vec<u8> {
    let mut image = vec![0; 64 * 1024];
    let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    put(11, &[0, 2, 1, 1, 0, 1, 32, 0, 128, 0, 0xF8, 1, 0]);
    put(38, b"\x29\x01\x02\x03\x04CIDATA     FAT12   ");
    put(510, b"\x55\xAA");
    put(512, &[0xF8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    let entry = |name: &[u8; 11], flags: u8, cluster: u16, size: u32| {
        let mut entry = [0; 32];
        entry[..11].copy_from_slice(name);
        entry[11] = flags;
        entry[26..28].copy_from_slice(&cluster.to_le_bytes());
        entry[28..].copy_from_slice(&size.to_le_bytes());
        entry
    };
    put(1024, &entry(b"CIDATA     ", 8, 0, 0));
    put(1056, &entry(b"USER-DAT   ", 0, 2, 15));
    put(1088, &entry(b"META-DAT   ", 0, 3, 16));
    put(2048, b"hostname: web1\n");
    put(2560, b"instance-id: i1\n");
    image
}

/// A disk with the volume in a partition, and a chain of logical ones.
fn disk() -> Vec<u8> {
    let mut image = vec![0; 4 * 512];
    let mut entry = |at: usize, kind: u8, start: u32, length: u32| {
        image[at + 4] = kind;
        image[at + 8..at + 12].copy_from_slice(&start.to_le_bytes());
        image[at + 12..at + 16].copy_from_slice(&length.to_le_bytes());
    };
    entry(446, 0x0E, 4, 128);
    entry(462, 0x05, 1, 2);
    entry(512 + 446, 0x0E, 3, 128);
    entry(512 + 462, 0x05, 1, 1);
    entry(1024 + 446, 0x0E, 2, 128);
    for sector in 0..3 {
        image[sector * 512 + 510..][..2].copy_from_slice(b"\x55\xAA");
    }
    image.extend(fat());
    image
}

/// Everything that reads media, over an image.
fn read(image: &[u8]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), image).unwrap();
    for volume in Volume::open_all(file.path()).unwrap_or_default() {
        for path in ["", "openstack", "openstack/latest", "openstack/latest/openstack/latest"] {
            let entries = volume.list(path).unwrap_or_default().unwrap_or_default();
            for entry in entries.iter().take(20) {
                let contents = volume.read(&format!("{path}/{}", entry.name), LIMIT);
                assert!(contents.ok().flatten().is_none_or(|bytes| bytes.len() as u64 <= LIMIT));
            }
        }
    }
    let sources: [fn(&Path) -> Verdict; 3] = [nocloud::from_path, configdrive::from_path, ovf::from_path];
    for source in sources {
        let why = match source(file.path()) {
            Verdict::Present(_) => continue,
            Verdict::Absent(why) => why,
            Verdict::Broken(fault) | Verdict::Unknown(fault) => fault.to_string(),
        };
        assert!(why.len() <= MESSAGE_LIMIT, "{why}");
    }
}

fn damaged(mut image: Vec<u8>, hits: &[Hit], length: usize) -> Vec<u8> {
    for Hit { at, bytes } in hits {
        let end = (at + bytes.len()).min(image.len());
        if let Some(place) = image.get_mut(*at..end) {
            place.copy_from_slice(&bytes[..place.len()]);
        }
    }
    image.truncate(length);
    image
}

#[test]
fn what_is_not_damaged_is_a_seed() {
    for image in [iso(), fat(), disk()] {
        read(&image);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &image).unwrap();
        let verdict = nocloud::from_path(file.path());
        assert!(matches!(verdict, Verdict::Present(_)), "{verdict:?}");
    }
}

const OF_ISO: [std::ops::Range<usize>; 4] = [
    16 * 2048..16 * 2048 + 190,
    18 * 2048..18 * 2048 + 320,
    19 * 2048..19 * 2048 + 60,
    23 * 2048..23 * 2048 + 40,
];
const OF_FAT: [std::ops::Range<usize>; 3] = [0..64, 512..530, 1024..1120];
const OF_DISK: [std::ops::Range<usize>; 4] = [440..512, 950..1024, 1460..1536, 2048..2112];

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_iso(hits in hits(&OF_ISO), length in 16 * 2048..=32 * 2048_usize) {
        read(&damaged(iso(), &hits, 32 * 2048));
        read(&damaged(iso(), &hits, length));
    }

    #[test]
    fn a_fat(hits in hits(&OF_FAT), length in 0..=64 * 1024_usize) {
        read(&damaged(fat(), &hits, 64 * 1024));
        read(&damaged(fat(), &hits, length));
    }

    #[test]
    fn a_partitioned_disk(hits in hits(&OF_DISK), length in 0..=66 * 1024_usize) {
        read(&damaged(disk(), &hits, 66 * 1024));
        read(&damaged(disk(), &hits, length));
    }
}
