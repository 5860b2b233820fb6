//! ISO 9660 (ECMA-119, 4th edition), with Rock Ridge (IEEE P1282), Joliet or plain names.
//!
//! As in Linux, Rock Ridge names win over Joliet names, and plain ones are shown in lower case without their version.
//! Not read: raw 2352-byte sectors, later sessions of a CD, Rock Ridge's relocation of directories below level eight.

use super::window::{Window, field, u8_at, u16_at, u32_at};
use super::{Entry, EntryKind, MAX_ENTRIES, MediaError, Node, Tree};

/// The logical sector, in bytes (§6.1.2).
pub(super) const SECTOR: u64 = 2048;
/// Volume descriptors begin after the system area (§6.2.1).
const FIRST_DESCRIPTOR: u64 = 16;
/// More than any disc has; the set should end itself (§8.3).
const MAX_DESCRIPTORS: u64 = 64;
/// The largest directory that is read, in bytes.
const MAX_DIRECTORY: u64 = 4 << 20;
/// As many continuation areas as Linux follows for one directory record.
const MAX_CONTINUATIONS: usize = 32;
/// The longest name, in bytes, as in Linux.
const MAX_NAME: usize = 255;

/// The most sections of one file: a file of the largest size that is read has one every 4 GiB.
const MAX_SECTIONS: usize = 256;

/// File flags of a directory record (§9.1.6).
const DIRECTORY: u8 = 0x02;
const ASSOCIATED: u8 = 0x04;
const NOT_LAST_SECTION: u8 = 0x80;

/// Contiguous bytes of the volume.
#[derive(Debug, Clone)]
pub(super) struct Extent {
    offset: u64,
    length: u64,
}

/// Where names come from.
#[derive(Debug, Clone, Copy)]
enum Names {
    /// Rock Ridge: after `skip` bytes of each system use area.
    RockRidge {
        skip: usize,
    },
    Joliet,
    Plain,
}

/// An ISO 9660 volume.
#[derive(Debug)]
pub(super) struct Iso {
    window: Window,
    /// The logical block, in bytes: 512, 1024 or 2048 (§6.2.2).
    block: u64,
    described: u64,
    labels: Vec<String>,
    names: Names,
    root: Extent,
}

impl Iso {
    /// The volume in `window`, `None` if there is none. Reads the volume descriptors (§8).
    pub(super) fn open(window: &Window) -> Result<Option<Self>, MediaError> {
        let (mut primary, mut joliet) = (None, None);
        for sector in FIRST_DESCRIPTOR..FIRST_DESCRIPTOR + MAX_DESCRIPTORS {
            let Some(descriptor) = window.probe::<2048>(sector * SECTOR)? else {
                break;
            };
            match (u8_at(&descriptor, 0), field::<5>(&descriptor, 1)) {
                (_, identifier) if identifier != *b"CD001" => break,
                (1, _) if primary.is_none() => primary = Some((descriptor, sector * SECTOR)),
                (2, _) if joliet.is_none() && is_joliet(&descriptor) => joliet = Some(descriptor),
                (255, _) => break,
                _ => {}
            }
        }
        let Some((primary, at)) = primary else { return Ok(None) };
        let block = u64::from(u16_at(&primary, 128));
        if ![512, 1024, 2048].contains(&block) {
            return Err(window.damaged(at + 128, format_args!("logical blocks of {block} bytes")));
        }
        let mut iso = Self {
            window: window.clone(),
            block,
            described: u64::from(u32_at(&primary, 80)).saturating_mul(block),
            labels: vec![plain_text(&field::<32>(&primary, 40))],
            names: Names::Plain,
            root: extent(primary.get(156..).unwrap_or_default(), block),
        };
        if let Some(joliet) = &joliet {
            iso.labels
                .push(ucs2(&field::<32>(joliet, 40)).trim_end_matches([' ', '\0']).to_owned());
        }
        iso.labels.retain(|label| !label.is_empty());
        iso.labels.dedup();
        match (iso.rock_ridge(), joliet) {
            (Some(skip), _) => iso.names = Names::RockRidge { skip },
            (None, Some(joliet)) => {
                iso.names = Names::Joliet;
                iso.root = extent(joliet.get(156..).unwrap_or_default(), block);
            }
            (None, None) => {}
        }
        Ok(Some(iso))
    }

    /// The volume identifiers: the primary one, then Joliet's.
    pub(super) fn labels(&self) -> Vec<String> {
        self.labels.clone()
    }

    /// The volume's size in bytes, as its descriptor says (§8.4.8).
    pub(super) fn described(&self) -> u64 {
        self.described
    }

    /// Rock Ridge announces itself in the root directory's first record: "SP" (SUSP §5.3), behind 14 bytes of XA
    /// attributes on some discs. A record that can't be read doesn't count; listing the directory reports it.
    fn rock_ridge(&self) -> Option<usize> {
        let record = self.window.probe::<255>(self.root.offset).ok()??;
        let record = record.get(..usize::from(u8_at(&record, 0)))?;
        [0, 14].into_iter().find_map(|skip| {
            let entry = system_use(record)?.get(skip..)?;
            let sp = entry.starts_with(b"SP") && field::<2>(entry, 4) == [0xBE, 0xEF];
            sp.then(|| usize::from(u8_at(entry, 6)))
        })
    }

    /// The entries recorded in one sector of a directory, at byte `at` (§6.8.1.1: none crosses a sector's end).
    fn records(&self, sector: &[u8], at: u64, found: &mut Found) -> Result<(), MediaError> {
        let mut next = 0;
        while let Some(length @ 1..) = sector.get(next).copied() {
            let here = at + next as u64;
            let end = next + usize::from(length);
            let record = sector.get(next..end).unwrap_or_default();
            let identifier = record.get(33..33 + usize::from(u8_at(record, 32))).unwrap_or_default();
            if identifier.is_empty() {
                return Err(self.window.damaged(here, "an invalid directory record"));
            }
            // A single 0 or 1 is the directory itself and its parent (§7.6.2).
            if !matches!(identifier, [0 | 1]) && u8_at(record, 25) & ASSOCIATED == 0 {
                let node = self.node(record, identifier, here)?;
                let more = u8_at(record, 25) & NOT_LAST_SECTION != 0;
                found.add(node, more).map_err(|what| self.window.damaged(here, what))?;
            }
            next = end;
        }
        Ok(())
    }

    /// What one directory record describes (§9.1).
    fn node(&self, record: &[u8], identifier: &[u8], at: u64) -> Result<Node<Vec<Extent>>, MediaError> {
        let mut kind = match u8_at(record, 25) & DIRECTORY {
            0 => EntryKind::File,
            _ => EntryKind::Directory,
        };
        // A file unit size means that it is interleaved with another (§6.4.3).
        if u8_at(record, 26) != 0 {
            kind = EntryKind::Encoded;
        }
        let name = match self.names {
            Names::Plain => plain_name(identifier),
            Names::Joliet => joliet_name(identifier),
            Names::RockRidge { skip } => {
                let found = self.system_use_entries(record, skip, at)?;
                kind = found.kind.unwrap_or(kind);
                match found.name.as_slice() {
                    [] => plain_name(identifier),
                    name => String::from_utf8_lossy(name).into_owned(),
                }
            }
        };
        let extent = extent(record, self.block);
        let entry = Entry {
            name,
            kind,
            size: extent.length,
        };
        Ok(Node {
            entry,
            alias: None,
            place: vec![extent],
        })
    }

    /// What Rock Ridge says in a record's system use area and in its continuation areas (SUSP §5.1).
    fn system_use_entries(&self, record: &[u8], skip: usize, at: u64) -> Result<RockRidge, MediaError> {
        let mut found = RockRidge::default();
        let mut area = system_use(record)
            .and_then(|area| area.get(skip..))
            .unwrap_or_default()
            .to_vec();
        for _ in 0..=MAX_CONTINUATIONS {
            let Some([block, offset, length]) = found.take(&area) else {
                return Ok(found);
            };
            // As in Linux, a continuation area lies inside one block.
            if offset.saturating_add(length) > self.block {
                return Err(self
                    .window
                    .damaged(at, "a Rock Ridge continuation area larger than a block"));
            }
            area.clear();
            self.window.append(
                block.saturating_mul(self.block).saturating_add(offset),
                length,
                &mut area,
            )?;
        }
        Err(self
            .window
            .damaged(at, "an endless chain of Rock Ridge continuation areas"))
    }
}

impl Tree for Iso {
    /// The sections of a file or directory, in order.
    type Place = Vec<Extent>;

    fn root(&self) -> Vec<Extent> {
        vec![self.root.clone()]
    }

    fn list(&self, directory: &Vec<Extent>) -> Result<Vec<Node<Vec<Extent>>>, MediaError> {
        let mut found = Found::default();
        let mut whole: u64 = 0;
        for Extent { offset, length } in directory {
            whole = whole.saturating_add(*length);
            if whole > MAX_DIRECTORY {
                return Err(self
                    .window
                    .damaged(*offset, format_args!("a directory of {whole} bytes")));
            }
            for start in (0..*length).step_by(SECTOR as usize) {
                let (at, mut sector) = (offset.saturating_add(start), Vec::new());
                self.window.append(at, SECTOR.min(length - start), &mut sector)?;
                self.records(&sector, at, &mut found)?;
            }
        }
        match found.open {
            true => Err(self
                .window
                .damaged(0, "a file whose last section has no directory record")),
            false => Ok(found.nodes),
        }
    }

    fn read(&self, file: &Vec<Extent>, size: u64) -> Result<Vec<u8>, MediaError> {
        let mut bytes = Vec::new();
        for extent in file {
            let wanted = extent.length.min(size.saturating_sub(bytes.len() as u64));
            // An empty file may be recorded anywhere, outside of the volume too.
            if wanted > 0 {
                self.window.append(extent.offset, wanted, &mut bytes)?;
            }
        }
        Ok(bytes)
    }
}

/// The entries of a directory so far.
#[derive(Default)]
struct Found {
    nodes: Vec<Node<Vec<Extent>>>,
    /// Whether the last one has further sections, each in its own record (§6.5.1).
    open: bool,
}

impl Found {
    fn add(&mut self, node: Node<Vec<Extent>>, more: bool) -> Result<(), &'static str> {
        let full = self.nodes.len() >= MAX_ENTRIES;
        let before = self.nodes.last_mut().filter(|_| self.open);
        self.open = more;
        match before {
            Some(file) if file.place.len() >= MAX_SECTIONS => return Err("a file in too many sections"),
            Some(file) if file.entry.name == node.entry.name => {
                file.entry.size = file.entry.size.saturating_add(node.entry.size);
                file.place.extend(node.place);
            }
            Some(_) => return Err("a file whose sections do not follow each other"),
            None if full => return Err("a directory with too many entries"),
            None => self.nodes.push(node),
        }
        Ok(())
    }
}

/// What Rock Ridge says about one record.
#[derive(Default)]
struct RockRidge {
    name: Vec<u8>,
    kind: Option<EntryKind>,
}

impl RockRidge {
    /// Takes in one area; returns where it goes on: block, offset in it and length.
    fn take(&mut self, mut area: &[u8]) -> Option<[u64; 3]> {
        let mut next = None;
        while let Some((entry, rest)) = area.split_at_checked(usize::from(u8_at(area, 2)).max(4)) {
            area = rest;
            match &field::<2>(entry, 0) {
                b"NM" if u8_at(entry, 4) & 0b110 == 0 => self.name.extend(entry.get(5..).unwrap_or_default()),
                b"SL" => self.kind = Some(EntryKind::Link),
                b"ZF" => self.kind = Some(EntryKind::Encoded),
                b"CE" => next = Some([4, 12, 20].map(|at| u64::from(u32_at(entry, at)))),
                b"ST" | b"\0\0" => break,
                _ => {}
            }
        }
        self.name.truncate(MAX_NAME);
        next
    }
}

/// The bytes of a directory record after the identifier and its padding (§9.1.12, §9.1.13).
fn system_use(record: &[u8]) -> Option<&[u8]> {
    let identifier = usize::from(u8_at(record, 32));
    record.get(33 + identifier + usize::from(identifier.is_multiple_of(2))..)
}

/// Where a directory record's data is: after its extended attribute record (§9.1.2 to §9.1.4).
fn extent(record: &[u8], block: u64) -> Extent {
    let first = u64::from(u32_at(record, 2)) + u64::from(u8_at(record, 1));
    Extent {
        offset: first.saturating_mul(block),
        length: u64::from(u32_at(record, 10)),
    }
}

/// Whether a supplementary descriptor's escape sequences say UCS-2, level 1, 2 or 3.
fn is_joliet(descriptor: &[u8]) -> bool {
    [b"%/@", b"%/C", b"%/E"].contains(&&field::<3>(descriptor, 88))
}

fn ucs2(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|unit| u16::from_be_bytes(field(unit, 0)));
    char::decode_utf16(units)
        .map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn plain_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches([' ', '\0']).to_owned()
}

/// `USER_DAT.;1` is shown as `user_dat`.
fn plain_name(identifier: &[u8]) -> String {
    let name = String::from_utf8_lossy(identifier).to_ascii_lowercase();
    name.split(';')
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_owned()
}

fn joliet_name(identifier: &[u8]) -> String {
    let name = ucs2(identifier);
    name.strip_suffix(";1").unwrap_or(&name).to_owned()
}
