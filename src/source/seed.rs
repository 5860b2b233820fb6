//! What a source gives: the parts of a seed, each with where it came from.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Fault;
use crate::document::format::MachineFacts;
use crate::document::import_id::Imported;
use crate::document::{Conversion, Shared, Text, Texts};
use crate::vocabulary::Address;

/// The largest part of a seed that is read, in bytes (8 MiB): more than any document needs, less than can hurt.
pub const PART_LIMIT: u64 = 8 * 1024 * 1024;

/// One part of a seed, as it was found; wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// Where it came from, for diagnostics: `/dev/sr0:user-data` or a path.
    pub origin: String,
    /// Its bytes, not yet decoded.
    pub bytes: Shared,
    /// The minisign signature next to it, if its source has a place for one.
    pub signature: Option<Vec<u8>>,
    /// Whether it can be signed.
    pub signing: Signing,
    /// The parts that firstlight made it from: it is trusted only if all of them are.
    pub made_of: Vec<Part>,
    /// How firstlight made it from something else, where that is so.
    pub conversion: Option<Box<Conversion>>,
}

/// Whether a part can be signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Signing {
    /// By whoever wrote it.
    #[default]
    Possible,
    /// No: firstlight put it together, or there is no place for a signature.
    Impossible,
    /// It is as good as signed: its source checked what it was made from, or it is the machine owner's own word.
    Settled,
}

/// What a source gives: up to four parts, with cloud-init's meaning of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// The source's name: `nocloud`, `file`.
    pub source: String,
    /// The place in that source: a device, a directory, a file.
    pub place: String,
    /// What the machine should be.
    pub user_data: Option<Part>,
    /// Who the machine is: instance-id, local-hostname.
    pub meta_data: Option<Part>,
    /// What the vendor proposes, below `user_data`.
    pub vendor_data: Option<Part>,
    /// The network, version 1 or 2.
    pub network_config: Option<Part>,
    /// Documents above `vendor_data`, in their order, each above the one before.
    pub more_vendor_data: Vec<Part>,
    /// What it leads to, by the address as it was written, once it was fetched: the documents of lists, the sources of its
    /// `write_files`.
    pub fetched: Vec<(String, Part)>,
    /// What its machine knows of itself, where it is that machine which reads it.
    pub machine: Option<MachineFacts>,
    /// Where the rest of it is, to be fetched once there is a network ([`super::remote`]).
    pub seedfrom: Option<Address>,
    /// The public keys that other sites have, once they were asked; no part of the document.
    pub imported: Option<Imported>,
    /// [`Seed::digest`] of what led to it, where it was fetched.
    pub pointer: Option<String>,
}

impl Part {
    /// A part without a signature.
    pub fn new(origin: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            origin: origin.into(),
            bytes: bytes.into().into(),
            signature: None,
            signing: Signing::default(),
            made_of: Vec::new(),
            conversion: None,
        }
    }

    /// The same, which firstlight made from something else.
    #[must_use]
    pub fn converted(self, conversion: Conversion) -> Self {
        self.partly_converted(conversion).unsignable()
    }

    /// The same, of which firstlight made a part from something else, or could not.
    #[must_use]
    pub fn partly_converted(mut self, conversion: Conversion) -> Self {
        self.conversion = Some(Box::new(conversion));
        self
    }

    /// The same, which no one can sign.
    #[must_use]
    pub fn unsignable(mut self) -> Self {
        self.signing = Signing::Impossible;
        self
    }

    /// The same, as good as signed.
    #[must_use]
    pub fn settled(mut self) -> Self {
        self.signing = Signing::Settled;
        self
    }

    /// The part as a mapping, YAML or JSON; an empty one has no keys.
    ///
    /// # Errors
    /// It is none.
    pub fn mapping(&self) -> Result<Map<String, Value>, Fault> {
        let no_mapping = || {
            let hint = "write KEY: VALUE lines, or leave it empty";
            Fault::lasting("is not a YAML mapping").at(&self.origin).with_hint(hint)
        };
        if self.bytes.trim_ascii().is_empty() {
            return Ok(Map::new());
        }
        let text = std::str::from_utf8(&self.bytes).map_err(|_| no_mapping())?;
        match serde_yaml::from_str(text) {
            Ok(Value::Object(mapping)) => Ok(mapping),
            Ok(Value::Null) => Ok(Map::new()),
            _ => Err(no_mapping()),
        }
    }

    /// The part as a text of a document.
    pub fn text(&self) -> Text<'_> {
        Text {
            shared: Some(&self.bytes),
            ..Text::new(&self.origin, &self.bytes)
        }
    }
}

impl Seed {
    /// A seed of this source without any part.
    pub fn empty(source: &str, place: String) -> Self {
        Self {
            source: source.to_owned(),
            place,
            user_data: None,
            meta_data: None,
            vendor_data: None,
            network_config: None,
            more_vendor_data: Vec::new(),
            fetched: Vec::new(),
            machine: None,
            seedfrom: None,
            pointer: None,
            imported: None,
        }
    }

    /// The parts there are, with their names as NoCloud has them.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, &Part)> {
        let all = [
            ("user-data", &self.user_data),
            ("meta-data", &self.meta_data),
            ("vendor-data", &self.vendor_data),
            ("network-config", &self.network_config),
        ];
        let vendor = self.more_vendor_data.iter().map(|part| ("vendor-data", part));
        all.into_iter()
            .filter_map(|(name, part)| part.as_ref().map(|part| (name, part)))
            .chain(vendor)
    }

    /// Puts a part in its place; any other name is left out.
    pub fn set(&mut self, name: &str, part: Part) {
        match name {
            "user-data" => self.user_data = Some(part),
            "meta-data" => self.meta_data = Some(part),
            "vendor-data" => self.vendor_data = Some(part),
            "network-config" => self.network_config = Some(part),
            _ => {}
        }
    }

    /// The parts as the texts of a document.
    pub fn texts(&self) -> Texts<'_> {
        Texts {
            source: (&self.source, &self.place),
            user_data: self.user_data.as_ref().map(Part::text),
            meta_data: self.meta_data.as_ref().map(Part::text),
            vendor_data: self.vendor_data.as_ref().map(Part::text),
            network_config: self.network_config.as_ref().map(Part::text),
            more_vendor_data: self.more_vendor_data.iter().map(Part::text).collect(),
            fetched: self
                .fetched
                .iter()
                .map(|(address, part)| (address.as_str(), part.text()))
                .collect(),
            machine: self.machine.clone(),
            conversions: self
                .parts()
                .filter_map(|(_, part)| Some((part.origin.as_str(), part.conversion.as_deref()?)))
                .collect(),
        }
    }

    /// Puts `keys`, which are of the part `own`, above those of the meta-data.
    ///
    /// # Errors
    /// The meta-data is not a mapping.
    pub fn put_above_meta_data(&mut self, keys: Map<String, Value>, own: &Part) -> Result<(), Fault> {
        let below = self.meta_data.take();
        let (mut meta, origin) = match &below {
            Some(part) => (part.mapping()?, format!("{} and {}", part.origin, own.origin)),
            None => (Map::new(), own.origin.clone()),
        };
        meta.extend(keys);
        let mut merged = Part::new(origin, Value::Object(meta).to_string());
        merged.conversion = own.conversion.clone();
        merged.made_of = below.into_iter().chain([own.clone()]).collect();
        self.meta_data = Some(merged);
        Ok(())
    }

    /// Whether it has nothing but proposals, which belong below what another source says.
    pub fn proposes_only(&self) -> bool {
        self.seedfrom.is_none() && self.parts().all(|(name, _)| name == "vendor-data")
    }

    /// Whether two seeds say the same, wherever they are.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let alike = |((name, part), (other, other_part)): ((&str, &Part), (&str, &Part))| -> bool {
            name == other && part.bytes == other_part.bytes
        };
        self.seedfrom == other.seedfrom
            && self.parts().count() == other.parts().count()
            && self.parts().zip(other.parts()).all(alike)
    }

    /// SHA-256 over all parts, hexadecimal: whether the machine was told something else than last time.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (name, part) in self.parts() {
            hash.update(format!("{name} {}\n", part.bytes.len()));
            hash.update(&*part.bytes);
        }
        for (address, part) in &self.fetched {
            hash.update(format!("file {address} {}\n", part.bytes.len()));
            hash.update(&*part.bytes);
        }
        if let Some(address) = &self.seedfrom {
            hash.update(format!("seedfrom {}\n", address.written()));
        }
        hex::encode(hash.finalize())
    }
}

impl std::fmt::Debug for Part {
    /// Shows the origin and the size only: parts hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part")
            .field("origin", &self.origin)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}
