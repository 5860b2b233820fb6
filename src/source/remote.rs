//! Documents that are elsewhere: a seed that names the address of another (`seedfrom`), and a user-data that is a list
//! of addresses (`#include`). What the source itself has is then a pointer, which is followed once there is a network.

use super::http::Client;
use super::{Allow, Fault, NOT_ALLOWED, PART_LIMIT, Part, Seed, Verdict};
use crate::document::{Document, Pointer, Secret, format};
use crate::vocabulary::Address;

/// The most addresses that one seed may lead to.
const ADDRESS_LIMIT: usize = 32;

/// The most that all of them together may have, in bytes (32 MiB): parts, files and signatures.
const TOTAL_LIMIT: u64 = 4 * PART_LIMIT;

impl Seed {
    /// Whether all of it is here.
    pub fn is_whole(&self) -> bool {
        self.seedfrom.is_none() && self.pointers().is_empty()
    }

    /// Whether all of it is here but files that its document names.
    pub fn lacks_only_files(&self) -> bool {
        let is_file = |pointer: &Pointer| matches!(pointer, Pointer::File(_));
        self.seedfrom.is_none() && self.pointers().iter().all(is_file)
    }

    /// What it leads to and does not have: of a seed that was made whole, nothing.
    fn pointers(&self) -> Vec<Pointer> {
        // Reading a document costs more than seeing that it leads nowhere.
        let leads_nowhere = || {
            let mut documents = self
                .parts()
                .filter(|(name, _)| matches!(*name, "user-data" | "vendor-data"));
            documents.all(|(_, part)| format::leads_nowhere(&part.bytes))
        };
        match self.pointer.is_some() || leads_nowhere() {
            true => Vec::new(),
            false => self.unfetched(),
        }
    }

    /// The same, whether it was made whole or not.
    fn unfetched(&self) -> Vec<Pointer> {
        Document::read(&self.texts()).pointers()
    }

    /// What is here of it.
    pub fn here(&self) -> Self {
        let mut here = self.clone();
        here.seedfrom = None;
        here
    }

    /// Where the rest is, for people.
    pub fn rest(&self) -> String {
        let pointers = self.pointers();
        let pointers = pointers.iter().map(|pointer| pointer.address().to_string());
        let all = self.seedfrom.iter().map(Address::to_string).chain(pointers);
        all.collect::<Vec<_>>().join(" and ")
    }
}

/// The verdict, but for a seed that leads elsewhere where that is not allowed.
pub fn allowed(verdict: Verdict, allow: Allow) -> Verdict {
    match verdict {
        Verdict::Present(seed) if !allow.network && !seed.is_whole() => {
            let what = format!("leads to {}, and the network is {NOT_ALLOWED}", seed.rest());
            Fault::forbidden(what).at(seed.place).into()
        }
        other => other,
    }
}

/// What is asked of the client while a seed is made whole.
struct Fetch<'a> {
    client: &'a mut Client,
    /// Whether signatures are asked for too.
    signed: bool,
    fetched: usize,
    /// How much that was, in bytes.
    total: u64,
}

/// The whole seed: everything it leads to is fetched. `signed`: also each part's signature, `ADDRESS.minisig`.
///
/// # Errors
/// Something can't be had, or leads too far: which address, without what may be secret in it, and why.
pub fn complete(seed: &Seed, client: &mut Client, signed: bool) -> Result<Seed, Fault> {
    let pointer = seed.digest();
    let mut fetch = Fetch {
        client,
        signed,
        fetched: 0,
        total: 0,
    };
    let mut whole = match &seed.seedfrom {
        Some(address) => fetch.seed(address, seed)?,
        None => seed.clone(),
    };
    fetch.follow(&mut whole)?;
    whole.pointer = Some(pointer);
    Ok(whole)
}

impl Fetch<'_> {
    /// The NoCloud seed at `address`. What `own`, which led there, says about the machine comes first; a network and
    /// proposals of its own stay where the other has none, and its settings go below.
    fn seed(&mut self, address: &Address, own: &Seed) -> Result<Seed, Fault> {
        let mut seed = Seed::empty(&own.source, address.to_string());
        let lacks = |name: &str| {
            let fault = Fault::lasting(format!("there is no {name}")).at(address.to_string());
            fault.with_hint("put it there; it can be empty")
        };
        seed.meta_data = Some(self.file(address, "meta-data")?.ok_or_else(|| lacks("meta-data"))?);
        seed.user_data = Some(self.file(address, "user-data")?.ok_or_else(|| lacks("user-data"))?);
        seed.vendor_data = self.file(address, "vendor-data")?;
        seed.network_config = self.file(address, "network-config")?;
        if let Some(meta) = &own.meta_data {
            let mut keys = meta.mapping()?;
            keys.remove("seedfrom");
            if !keys.is_empty() {
                seed.put_above_meta_data(keys, meta)?;
            }
        }
        let below = own.user_data.as_ref().or(own.vendor_data.as_ref());
        seed.vendor_data = seed.vendor_data.take().or_else(|| below.cloned());
        seed.network_config = seed.network_config.take().or_else(|| own.network_config.clone());
        Ok(seed)
    }

    fn file(&mut self, address: &Address, name: &str) -> Result<Option<Part>, Fault> {
        let file = address.file(name).map_err(|why| {
            Fault::from(why)
                .named_by(&format!("with {name}"))
                .at(address.to_string())
        })?;
        self.part(&file)
    }

    /// Fetches what the documents of a seed lead to, and what that leads to: documents first, then files. What a server
    /// doesn't have is for a file's `content` to stand in for; a document has nothing for that.
    fn follow(&mut self, seed: &mut Seed) -> Result<(), Fault> {
        let mut had_nothing: Vec<String> = Vec::new();
        loop {
            let document = Document::read(&seed.texts());
            self.client.go_through(document.config.proxy());
            let mut pointers = document.pointers();
            pointers.retain(|pointer| !had_nothing.iter().any(|address| address == pointer.address().written()));
            if pointers.is_empty() {
                return Ok(());
            }
            for pointer in pointers {
                let written = pointer.address().written().to_owned();
                if seed.fetched.iter().any(|(address, _)| *address == written) {
                    continue;
                }
                match self.pointed_to(&pointer)? {
                    Some(part) => seed.fetched.push((written, part)),
                    None => had_nothing.push(written),
                }
            }
        }
    }

    /// What a pointer leads to; `None` for a file that the server doesn't have.
    fn pointed_to(&mut self, pointer: &Pointer) -> Result<Option<Part>, Fault> {
        let address = pointer.address();
        match pointer {
            Pointer::Document(_) => {
                let nothing = || Fault::lasting("the server doesn't have it").at(address.to_string());
                self.part(address)?.ok_or_else(nothing).map(Some)
            }
            Pointer::File(source) => {
                let headers: Vec<_> = source.headers.clone().into_iter().collect();
                self.part_with(address, &headers)
            }
        }
    }

    fn part(&mut self, address: &Address) -> Result<Option<Part>, Fault> {
        self.part_with(address, &[])
    }

    fn part_with(&mut self, address: &Address, headers: &[(String, Secret)]) -> Result<Option<Part>, Fault> {
        self.fetched += 1;
        if self.fetched > ADDRESS_LIMIT {
            let what = format!("is over the limit of {ADDRESS_LIMIT} addresses");
            return Err(Fault::lasting(what).at(address.to_string()).with_hint("fetch fewer"));
        }
        let Some(bytes) = self.client.get_with(address, headers, PART_LIMIT)? else {
            return Ok(None);
        };
        self.total = self.total.saturating_add(bytes.len() as u64);
        if self.total > TOTAL_LIMIT {
            let what = format!("with it, the document fetches more than {TOTAL_LIMIT} bytes, the limit");
            return Err(Fault::lasting(what).at(address.to_string()).with_hint("fetch less"));
        }
        let mut part = Part::new(address.to_string(), bytes);
        if self.signed {
            part.signature = self.client.get_with(&address.signature(), headers, SIGNATURE_LIMIT)?;
        }
        Ok(Some(part))
    }
}

/// The largest signature that is read, in bytes; minisign's have some 300.
const SIGNATURE_LIMIT: u64 = 4096;

#[cfg(test)]
mod tests;
