//! Documents that are elsewhere: a seed that names the address of another (`seedfrom`), and a user-data that is a list
//! of addresses (`#include`). What the source itself has is then a pointer, which is followed once there is a network.

use serde_json::Value;

use super::http::{Address, Client, is_address};
use super::{Allow, Fault, NOT_ALLOWED, PART_LIMIT, Part, Seed, Verdict};
use crate::document::{Secret, encoded, list_of_addresses};

/// The most addresses that one seed may lead to.
const ADDRESS_LIMIT: usize = 32;

/// The most that all of them together may have, in bytes (32 MiB): parts, files and signatures.
const TOTAL_LIMIT: u64 = 4 * PART_LIMIT;

/// How deep lists of addresses may lead to lists of addresses.
const DEPTH_LIMIT: usize = 4;

impl Seed {
    /// Whether all of it is here.
    pub fn is_whole(&self) -> bool {
        self.lacks_only_files() && self.missing_files().is_empty()
    }

    /// Whether all of it is here but files that its document names.
    pub fn lacks_only_files(&self) -> bool {
        self.seedfrom.is_none() && !self.parts().any(|(_, part)| is_list(part))
    }

    /// The sources of its `write_files` that were not fetched.
    fn missing_files(&self) -> Vec<FileAt> {
        if self.pointer.is_some() {
            return Vec::new();
        }
        let documents = self
            .parts()
            .filter(|(name, _)| matches!(*name, "user-data" | "vendor-data"));
        documents.flat_map(|(_, part)| files_of(part)).collect()
    }

    /// What is here of it; of files that are to be fetched, the document that asks for them is.
    pub fn here(&self) -> Self {
        let mut here = self.clone();
        here.seedfrom = None;
        here.user_data = here.user_data.filter(|part| !is_list(part));
        here.vendor_data = here.vendor_data.filter(|part| !is_list(part));
        here
    }

    /// Where the rest is, for people.
    pub fn rest(&self) -> String {
        let lists = self.parts().filter(|(_, part)| is_list(part));
        let lists = lists.map(|(_, part)| format!("the addresses in {}", part.origin));
        let files = self.missing_files().into_iter().map(|file| shown(&file.uri));
        let all = self.seedfrom.iter().map(Address::to_string).chain(lists).chain(files);
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

/// The whole seed: everything it leads to is fetched. `signed`: each part's signature as well, `ADDRESS.minisig`.
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
    (whole.user_data, whole.more_user_data) = fetch.included(whole.user_data.take())?;
    (whole.vendor_data, whole.more_vendor_data) = fetch.included(whole.vendor_data.take())?;
    whole.files = fetch.files(&whole)?;
    whole.pointer = Some(pointer);
    Ok(whole)
}

impl Fetch<'_> {
    /// The NoCloud seed at `address`. What `own`, which led there, says of the machine comes before; a network and
    /// proposals of its own stay where the other has none, and its settings go below.
    fn seed(&mut self, address: &Address, own: &Seed) -> Result<Seed, Fault> {
        let mut seed = Seed::empty(&own.source, address.to_string());
        let lacks = |name: &str| {
            let fault = Fault::lasting(format!("there is no {name}")).at(address.to_string());
            fault.with_hint("put it there, an empty one will do")
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
        let file = address
            .file(name)
            .map_err(|fault| fault.named_by(&format!("with {name}")).at(address.to_string()))?;
        self.part(&file)
    }

    /// The documents that a part leads to, itself if it is one: the first, and those above it.
    fn included(&mut self, part: Option<Part>) -> Result<(Option<Part>, Vec<Part>), Fault> {
        let list = match part {
            Some(part) if is_list(&part) => part,
            other => return Ok((other, Vec::new())),
        };
        let mut found = Vec::new();
        self.follow(&list, DEPTH_LIMIT, &mut found)?;
        let mut found = found.into_iter();
        Ok((found.next(), found.collect()))
    }

    /// Adds the documents of a list to `found`. Bounded by [`DEPTH_LIMIT`].
    fn follow(&mut self, list: &Part, depth: usize, found: &mut Vec<Part>) -> Result<(), Fault> {
        let Some(depth) = depth.checked_sub(1) else {
            let what = format!("lists of addresses lead to lists, more than {DEPTH_LIMIT} deep");
            return Err(Fault::lasting(what).at(&list.origin));
        };
        for address in addresses(list)? {
            let nothing = || Fault::lasting("the server has nothing there").at(address.to_string());
            let part = self.part(&address)?.ok_or_else(nothing)?;
            match is_list(&part) {
                true => self.follow(&part, depth, found)?,
                false => found.push(part),
            }
        }
        Ok(())
    }

    /// What the sources of `write_files` have. What a server doesn't have is for the document's `content` to stand in for.
    fn files(&mut self, seed: &Seed) -> Result<Vec<(String, Part)>, Fault> {
        let mut found = Vec::new();
        for FileAt { uri, headers } in seed.missing_files() {
            let named = |fault: Fault| fault.named_by("a source of write_files");
            let address: Address = uri.parse().map_err(named)?;
            let part = self.part_with(&address, &headers)?;
            found.extend(part.map(|part| (uri, part)));
        }
        Ok(found)
    }

    fn part(&mut self, address: &Address) -> Result<Option<Part>, Fault> {
        self.part_with(address, &[])
    }

    fn part_with(&mut self, address: &Address, headers: &[(String, Secret)]) -> Result<Option<Part>, Fault> {
        self.fetched += 1;
        if self.fetched > ADDRESS_LIMIT {
            let what = format!("is one of more than {ADDRESS_LIMIT} addresses");
            return Err(Fault::lasting(what).at(address.to_string()).with_hint("fetch fewer"));
        }
        let Some(bytes) = self.client.get_with(address, headers, PART_LIMIT)? else {
            return Ok(None);
        };
        self.total = self.total.saturating_add(bytes.len() as u64);
        if self.total > TOTAL_LIMIT {
            let what = format!("with it, more than the {TOTAL_LIMIT} bytes that one document may fetch");
            return Err(Fault::lasting(what).at(address.to_string()).with_hint("fetch less"));
        }
        let mut part = Part::new(address.to_string(), bytes);
        if self.signed {
            part.signature = self.client.get_with(&address.signature(), headers, SIGNATURE_LIMIT)?;
        }
        Ok(Some(part))
    }
}

/// The source of a file.
struct FileAt {
    uri: String,
    headers: Vec<(String, Secret)>,
}

/// An address for people, as [`Address`] shows it.
fn shown(uri: &str) -> String {
    uri.parse::<Address>()
        .map_or_else(|_| "what is no address".to_owned(), |address| address.to_string())
}

/// The sources of the `write_files` of a document. One that can't be read has none: whoever reads it for what it says
/// reports that.
fn files_of(part: &Part) -> Vec<FileAt> {
    // What is damaged is for the reader of the document to say.
    if let Ok(Some(inner)) = encoded::unwrapped(&part.bytes, PART_LIMIT) {
        return files_of(&Part::new(part.origin.clone(), inner.to_vec()));
    }
    let has = |word: &[u8]| part.bytes.windows(word.len()).any(|part| part == word);
    if !has(b"write_files") || !has(b"uri") {
        return Vec::new();
    }
    let document = part.mapping().unwrap_or_default();
    let files = document.get("write_files").and_then(Value::as_array);
    let sources = files.into_iter().flatten().filter_map(|file| file.get("source"));
    sources
        .filter_map(|source| {
            let headers = source.get("headers").and_then(Value::as_object);
            let header = |(name, value): (&String, &Value)| Some((name.clone(), Secret::new(value.as_str()?)));
            Some(FileAt {
                uri: source.get("uri")?.as_str().filter(|uri| is_address(uri))?.to_owned(),
                // Without one of them the server would be asked for something else.
                headers: headers.into_iter().flatten().map(header).collect::<Option<_>>()?,
            })
        })
        .collect()
}

/// The largest signature that is read, in bytes; minisign's have some 300.
const SIGNATURE_LIMIT: u64 = 4096;

/// Whether a part is a list of addresses.
pub fn is_list(part: &Part) -> bool {
    list_of_addresses(&part.bytes).is_some()
}

/// The addresses of a list: one a line, the first may stand behind the header; `#` begins a comment.
fn addresses(list: &Part) -> Result<Vec<Address>, Fault> {
    let origin = &list.origin;
    let behind = list_of_addresses(&list.bytes).unwrap_or_default();
    let text =
        std::str::from_utf8(&behind).map_err(|_| Fault::lasting("the list of addresses is not UTF-8").at(origin))?;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let here = |fault: Fault| fault.at(format!("{origin}:{number}"));
        found.push(line.parse().map_err(here)?);
    }
    match found.is_empty() {
        true => Err(Fault::lasting("the list has no address")
            .at(origin)
            .with_hint("write one a line, below `#include`")),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests;
