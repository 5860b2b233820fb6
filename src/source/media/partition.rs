//! The partitions of a disk image: MBR with logical partitions, GPT (UEFI 2.10 §5).
//!
//! GPT checksums are not verified: nothing is believed on their word, and a wrong entry finds no file system.

use std::collections::HashSet;

use super::MediaError;
use super::window::{Window, field, u8_at, u16_at, u32_at, u64_at};

/// The most partitions that are looked at, as many as a GPT has by default.
const MAX_PARTITIONS: usize = 128;
/// MBR partition types: the whole disk is described by a GPT; a container of logical partitions.
const PROTECTIVE: u8 = 0xEE;
const EXTENDED: [u8; 3] = [0x05, 0x0F, 0x85];

/// The partitions of `disk`, in the order of their numbers; none if it has no partition table.
///
/// # Errors
/// When the disk can't be read, or a GPT that the MBR announces is missing.
pub(super) fn partitions(disk: &Window) -> Result<Vec<Window>, MediaError> {
    let Some(table) = Table::read(disk, 0)? else {
        return Ok(Vec::new());
    };
    if table.entries.iter().any(|entry| entry.kind == PROTECTIVE) {
        return gpt(disk);
    }
    let mut found = Found {
        disk,
        partitions: Vec::new(),
    };
    for (entry, number) in table.entries.iter().zip(1..) {
        if !EXTENDED.contains(&entry.kind) {
            found.add(number, entry.start * 512, entry.length * 512);
        }
    }
    if let Some(container) = table.entries.iter().find(|entry| EXTENDED.contains(&entry.kind)) {
        logical(disk, container.start, &mut found)?;
    }
    Ok(found.partitions)
}

/// The logical partitions: a chain of tables, each with one partition relative to itself and a link relative to the
/// container. One that comes back to a table ends there.
fn logical(disk: &Window, container: u64, found: &mut Found<'_>) -> Result<(), MediaError> {
    let mut at = container;
    let mut seen = HashSet::new();
    for number in 5..5 + MAX_PARTITIONS {
        if !seen.insert(at) {
            break;
        }
        let Some(table) = Table::read(disk, at * 512)? else {
            break;
        };
        let [partition, link, ..] = &table.entries;
        found.add(number, (at + partition.start) * 512, partition.length * 512);
        if !EXTENDED.contains(&link.kind) {
            break;
        }
        at = container + link.start;
    }
    Ok(())
}

fn gpt(disk: &Window) -> Result<Vec<Window>, MediaError> {
    let mut found = Found {
        disk,
        partitions: Vec::new(),
    };
    for block in [512, 4096] {
        let Some(header) = disk
            .probe::<92>(block)?
            .filter(|header| header.starts_with(b"EFI PART"))
        else {
            continue;
        };
        let (first, count) = (u64_at(&header, 72).saturating_mul(block), u32_at(&header, 80) as usize);
        let size = u64::from(u32_at(&header, 84));
        if !(128..=4096).contains(&size) {
            return Err(disk.damaged(block + 84, format_args!("GPT entries of {size} bytes")));
        }
        for index in 0..count.min(MAX_PARTITIONS) {
            let at = first.saturating_add(index as u64 * size);
            let Some(entry) = disk.probe::<48>(at)? else { break };
            let (start, last) = (u64_at(&entry, 32), u64_at(&entry, 40));
            // An unused entry has no type.
            if field::<16>(&entry, 0) != [0; 16] && last >= start {
                let length = (last - start).saturating_add(1).saturating_mul(block);
                found.add(index + 1, start.saturating_mul(block), length);
            }
        }
        return Ok(found.partitions);
    }
    Err(disk.damaged(512, "the partition table announces a GPT, but there is none"))
}

/// The four entries of an MBR or of a logical partition's table.
struct Table {
    entries: [TableEntry; 4],
}

/// Start and length in sectors of 512 bytes.
struct TableEntry {
    kind: u8,
    start: u64,
    length: u64,
}

impl Table {
    fn read(disk: &Window, offset: u64) -> Result<Option<Self>, MediaError> {
        let sector = disk
            .probe::<512>(offset)?
            .filter(|sector| u16_at(sector, 510) == 0xAA55);
        Ok(sector.map(|sector| Self {
            entries: [446, 462, 478, 494].map(|at| TableEntry {
                kind: u8_at(&sector, at + 4),
                start: u64::from(u32_at(&sector, at + 8)),
                length: u64::from(u32_at(&sector, at + 12)),
            }),
        }))
    }
}

struct Found<'a> {
    disk: &'a Window,
    partitions: Vec<Window>,
}

impl Found<'_> {
    /// Adds the partition at byte `start`. One at 0 would be the disk again: that is an unused entry.
    fn add(&mut self, number: usize, start: u64, length: u64) {
        if start == 0 || length == 0 || self.partitions.len() >= MAX_PARTITIONS {
            return;
        }
        let name = format!("{} (partition {number})", self.disk.name);
        self.partitions.extend(self.disk.part(start, length, name));
    }
}
