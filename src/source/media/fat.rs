//! FAT12, FAT16 and FAT32 with long names, after Microsoft's "FAT32 File System Specification" 1.03 (fatgen103).
//!
//! Where it and Linux differ in telling FAT32 apart, Linux is followed: mkfs.vfat makes small FAT32 volumes that the
//! specification would take for FAT16. Short names are taken as ASCII.

use super::window::{Window, field, u8_at, u16_at, u32_at};
use super::{Entry, EntryKind, MAX_ENTRIES, MediaError, Node, Tree};
use std::collections::HashSet;

/// The largest directory: 65,536 entries of 32 bytes.
const MAX_DIRECTORY: u64 = 65_536 * 32;
/// Attributes of a directory entry.
const VOLUME_ID: u8 = 0x08;
const DIRECTORY: u8 = 0x10;
const LONG_NAME: u8 = 0x0F;

/// The width of an entry of the allocation table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Fat12,
    Fat16,
    Fat32,
}

/// Where the root directory is.
#[derive(Debug)]
enum Root {
    /// FAT12 and FAT16: between table and clusters.
    Region { offset: u64, length: u64 },
    /// FAT32: a cluster chain.
    Chain(u32),
}

/// A FAT volume. Offsets and lengths in bytes.
#[derive(Debug)]
pub(super) struct Fat {
    window: Window,
    width: Width,
    table: u64,
    data: u64,
    cluster: u64,
    /// How many clusters there are; the first is number 2.
    clusters: u32,
    root: Root,
    described: u64,
    boot_label: Option<String>,
}

impl Fat {
    /// The volume in `window`, `None` if its boot sector is not that of a FAT volume.
    pub(super) fn open(window: &Window) -> Result<Option<Self>, MediaError> {
        Ok(window
            .probe::<512>(0)?
            .and_then(|boot| Self::from_boot_sector(window, &boot)))
    }

    /// Decodes the BIOS parameter block, checked as Linux does: sector 0 of a partitioned disk must not pass.
    fn from_boot_sector(window: &Window, boot: &[u8; 512]) -> Option<Self> {
        let either = |small, large| match u16_at(boot, small) {
            0 => u64::from(u32_at(boot, large)),
            number => u64::from(number),
        };
        let sector = u64::from(u16_at(boot, 11));
        let per_cluster = u64::from(u8_at(boot, 13));
        let (reserved, tables) = (u64::from(u16_at(boot, 14)), u64::from(u8_at(boot, 16)));
        let (total, table_sectors) = (either(19, 32), either(22, 36));
        let plausible = sector.is_power_of_two()
            && (512..=4096).contains(&sector)
            && per_cluster.is_power_of_two()
            && reserved > 0
            && (1..=2).contains(&tables)
            && matches!(u8_at(boot, 21), 0xF0 | 0xF8..)
            && table_sectors > 0;
        if !plausible {
            return None;
        }
        let fat32 = u16_at(boot, 22) == 0;
        let root_length = u64::from(u16_at(boot, 17)) * 32;
        let root_start = reserved + tables * table_sectors;
        let data_start = root_start + root_length.div_ceil(sector);
        let clusters = total.checked_sub(data_start)? / per_cluster;
        let width = match clusters {
            _ if fat32 => Width::Fat32,
            0..4085 => Width::Fat12,
            _ => Width::Fat16,
        };
        let entries = table_sectors * sector * 2 / width.half_bytes();
        let clusters = clusters.min(entries.saturating_sub(2)).min(u64::from(width.end()) - 3);
        let root = match fat32 {
            true => Root::Chain(u32_at(boot, 44)),
            false => Root::Region {
                offset: root_start * sector,
                length: root_length,
            },
        };
        // The extended boot signature says that there is a label.
        let (signature, label) = if fat32 { (66, 71) } else { (38, 43) };
        let boot_label = (u8_at(boot, signature) == 0x29).then(|| text(&field::<11>(boot, label)));
        Some(Self {
            window: window.clone(),
            width,
            table: reserved * sector,
            data: data_start * sector,
            cluster: per_cluster * sector,
            clusters: u32::try_from(clusters).ok()?,
            root,
            described: total * sector,
            boot_label: boot_label.filter(|label| !label.is_empty() && label != "NO NAME"),
        })
    }

    /// The label in the root directory, then the one in the boot sector.
    pub(super) fn labels(&self) -> Vec<String> {
        // A root directory that can't be read has no label; listing it reports why.
        let root_label = self.scan(0).ok().and_then(|(_, label)| label);
        let mut labels: Vec<_> = root_label.into_iter().chain(self.boot_label.clone()).collect();
        labels.dedup();
        labels
    }

    /// The volume's size in bytes, as its boot sector says.
    pub(super) fn described(&self) -> u64 {
        self.described
    }

    /// Where a cluster's bytes are.
    fn offset(&self, cluster: u32) -> Result<u64, MediaError> {
        match cluster.checked_sub(2) {
            Some(index) if index < self.clusters => Ok(self.data + u64::from(index) * self.cluster),
            _ => Err(self.window.damaged(
                self.entry(cluster),
                format_args!("cluster {cluster} of {}", self.clusters),
            )),
        }
    }

    /// Where a cluster's entry in the allocation table is.
    fn entry(&self, cluster: u32) -> u64 {
        self.table + u64::from(cluster) * self.width.half_bytes() / 2
    }

    /// The cluster after `cluster` in its chain, `None` at the end.
    fn next(&self, cluster: u32) -> Result<Option<u32>, MediaError> {
        let at = self.entry(cluster);
        let number = match self.width {
            Width::Fat12 => {
                let pair = u16::from_le_bytes(self.window.array(at)?);
                u32::from(if cluster.is_multiple_of(2) {
                    pair & 0xFFF
                } else {
                    pair >> 4
                })
            }
            Width::Fat16 => u32::from(u16::from_le_bytes(self.window.array(at)?)),
            Width::Fat32 => u32::from_le_bytes(self.window.array(at)?) & 0x0FFF_FFFF,
        };
        Ok((number < self.width.end()).then_some(number))
    }

    /// The first `most` bytes of the chain that begins with cluster `first`, or as many as it has.
    fn chain(&self, first: u32, most: u64) -> Result<Vec<u8>, MediaError> {
        let (mut bytes, mut seen, mut next) = (Vec::new(), HashSet::new(), Some(first));
        while let Some(cluster) = next {
            let left = most.saturating_sub(bytes.len() as u64);
            if left == 0 {
                break;
            }
            if !seen.insert(cluster) {
                return Err(self
                    .window
                    .damaged(self.entry(cluster), "a chain of clusters that loops"));
            }
            self.window
                .append(self.offset(cluster)?, self.cluster.min(left), &mut bytes)?;
            next = self.next(cluster)?;
        }
        Ok(bytes)
    }

    /// The entries of the directory that begins with cluster `first`, and the volume label among them.
    fn scan(&self, first: u32) -> Result<(Vec<Node<u32>>, Option<String>), MediaError> {
        let bytes = match self.root {
            // ".." of a directory in the root has cluster 0.
            Root::Region { offset, length } if first == 0 => {
                let mut bytes = Vec::new();
                self.window.append(offset, length, &mut bytes)?;
                bytes
            }
            Root::Chain(root) if first == 0 => self.chain(root, MAX_DIRECTORY)?,
            _ => self.chain(first, MAX_DIRECTORY)?,
        };
        let (mut nodes, mut label, mut long) = (Vec::new(), None, LongName::default());
        for raw in bytes.chunks_exact(32) {
            let attributes = u8_at(raw, 11);
            match u8_at(raw, 0) {
                0 => break,
                0xE5 | b'.' => long = LongName::default(),
                _ if attributes & LONG_NAME == LONG_NAME => long.push(raw),
                _ if attributes & VOLUME_ID != 0 => label = label.or_else(|| Some(text(&field::<11>(raw, 0)))),
                _ if nodes.len() >= MAX_ENTRIES => {
                    return Err(self
                        .window
                        .damaged(0, format_args!("a directory with over {MAX_ENTRIES} entries")));
                }
                _ => nodes.push(self.node(raw, long.take(raw))),
            }
        }
        Ok((nodes, label.filter(|label| !label.is_empty())))
    }

    fn node(&self, raw: &[u8], long: Option<String>) -> Node<u32> {
        let high = if self.width == Width::Fat32 {
            u32::from(u16_at(raw, 20)) << 16
        } else {
            0
        };
        let kind = if u8_at(raw, 11) & DIRECTORY == 0 {
            EntryKind::File
        } else {
            EntryKind::Directory
        };
        let (short, size) = (short_name(raw), u64::from(u32_at(raw, 28)));
        let (name, alias) = match long {
            Some(long) => (long, Some(short)),
            None => (short, None),
        };
        Node {
            entry: Entry { name, kind, size },
            alias,
            place: high | u32::from(u16_at(raw, 26)),
        }
    }
}

impl Width {
    /// The size of an entry, in units of four bits.
    fn half_bytes(self) -> u64 {
        match self {
            Self::Fat12 => 3,
            Self::Fat16 => 4,
            Self::Fat32 => 8,
        }
    }

    /// From this number on, an entry is the end of its chain; the one before marks a bad cluster.
    fn end(self) -> u32 {
        match self {
            Self::Fat12 => 0xFF8,
            Self::Fat16 => 0xFFF8,
            Self::Fat32 => 0x0FFF_FFF8,
        }
    }
}

impl Tree for Fat {
    /// The first cluster, 0 for the root directory.
    type Place = u32;

    fn root(&self) -> u32 {
        0
    }

    fn list(&self, directory: &u32) -> Result<Vec<Node<u32>>, MediaError> {
        self.scan(*directory).map(|(nodes, _)| nodes)
    }

    fn read(&self, file: &u32, size: u64) -> Result<Vec<u8>, MediaError> {
        if size == 0 {
            return Ok(Vec::new());
        }
        let bytes = self.chain(*file, size)?;
        match bytes.len() as u64 {
            length if length == size => Ok(bytes),
            length => Err(self.window.damaged(
                self.entry(*file),
                format_args!("a file of {size} bytes whose clusters hold {length}"),
            )),
        }
    }
}

/// A long name on its way: its pieces come last one first, right before the short entry.
#[derive(Default)]
struct LongName {
    pieces: Vec<[u16; 13]>,
    missing: u8,
    checksum: u8,
}

impl LongName {
    /// Takes in a piece; one out of order makes the name void, as the specification asks.
    fn push(&mut self, raw: &[u8]) {
        let (order, checksum) = (u8_at(raw, 0), u8_at(raw, 13));
        if order & 0x40 != 0 {
            *self = Self {
                pieces: Vec::new(),
                missing: order & 0x3F,
                checksum,
            };
        }
        if self.missing == 0 || self.missing != order & 0x3F || self.missing > 20 || self.checksum != checksum {
            *self = Self::default();
            return;
        }
        self.missing -= 1;
        let at = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
        self.pieces.push(at.map(|at| u16_at(raw, at)));
    }

    /// The name, if it is complete and belongs to the short entry `raw`.
    fn take(&mut self, raw: &[u8]) -> Option<String> {
        let Self {
            pieces,
            missing,
            checksum,
        } = std::mem::take(self);
        let own = field::<11>(raw, 0)
            .iter()
            .fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
        if pieces.is_empty() || missing != 0 || checksum != own {
            return None;
        }
        let units = pieces.into_iter().rev().flatten().take_while(|unit| *unit != 0);
        Some(
            char::decode_utf16(units)
                .map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
        )
    }
}

/// The 8.3 name of an entry, with the case that Windows NT keeps in byte 12.
fn short_name(raw: &[u8]) -> String {
    let mut base = field::<8>(raw, 0);
    // 0xE5 means deleted, so a name that begins with it is stored with 0x05.
    if let [first @ 0x05, ..] = &mut base {
        *first = 0xE5;
    }
    let case = u8_at(raw, 12);
    let shown = |bytes: &[u8], flag| match case & flag {
        0 => text(bytes),
        _ => text(bytes).to_ascii_lowercase(),
    };
    match (shown(&base, 0x08), shown(&field::<3>(raw, 8), 0x10)) {
        (base, extension) if extension.is_empty() => base,
        (base, extension) => format!("{base}.{extension}"),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches([' ', '\0']).to_owned()
}
