//! OS customization: what vSphere's customization specification says, in the `cust.cfg` that open-vm-tools leaves behind.
//!
//! The form has no public description; this is what cloud-init takes of it, and IPv6 gateways. Scripts are not run, and
//! nothing is reported to the hypervisor.

mod ini;
mod nics;

use std::path::Path;

use base64ct::{Base64, Encoding};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use self::ini::{Entry, Ini, Wrong};
use super::{NAME, metadata};
use crate::document::Conversion;
use crate::document::chpasswd::looks_hashed;
use crate::source::file::read_plain;
use crate::source::{Fault, Part, Places, Seed, json};

/// What to do about a mistake.
const ADVICE: &str = "correct the customization specification, and customize the machine again";

/// The file's name.
pub const FILE: &str = "cust.cfg";

/// Where open-vm-tools leaves it, by the name that has no link in it.
const DIRECTORY: &str = "/run/vmware-imc";

/// The keys that are known, by section; those of the adapters are [`ADAPTER`].
const KNOWN: [(&str, &[&str]); 8] = [
    // The last two: what the adapters say counts.
    ("NETWORK", &["HOSTNAME", "DOMAINNAME", "NETWORKING", "BOOTPROTO"]),
    ("NIC-CONFIG", &["NICS"]),
    ("PASSWORD", &["-PASS", "RESET"]),
    ("DNS", &["NAMESERVER", "SUFFIX", "DNSFROMDHCP"]),
    ("DATETIME", &["TIMEZONE", "UTC"]),
    ("CUSTOM-SCRIPT", &["SCRIPT-NAME"]),
    // The last one: whether scripts are run, which they are not.
    (
        "MISC",
        &[
            "INSTANCE-ID",
            "MARKER-ID",
            "POST-GC-STATUS",
            "DEFAULT-RUN-POST-CUST-SCRIPT",
        ],
    ),
    ("CLOUDINIT", &["METADATA", "USERDATA"]),
];

/// The keys of an adapter's section that are known.
const ADAPTER: [&str; 11] = [
    "MACADDR",
    "ONBOOT",
    "PRIMARY",
    "BOOTPROTO",
    "IPv4_MODE",
    "IPADDR",
    "NETMASK",
    "GATEWAY",
    "IPv6ADDR",
    "IPv6NETMASK",
    "IPv6GATEWAY",
];

/// Gives a file of the directory, `None` if it isn't there.
type Reader<'a> = dyn Fn(&str) -> Result<Option<Vec<u8>>, Fault> + 'a;

/// The customization of the running machine; `None` if there is none.
///
/// # Errors
/// There is one that can't be used.
pub fn of_machine(places: &Places) -> Result<Option<Seed>, Fault> {
    let read = |name: &str| places.read(&Path::new(DIRECTORY).join(name));
    in_directory(DIRECTORY, FILE, &read)
}

/// The customization in the file `name` of a directory that a person named; `None` if there is no such file.
///
/// # Errors
/// There is one that can't be used.
pub fn at(directory: &Path, name: &str) -> Result<Option<Seed>, Fault> {
    let read = |name: &str| read_plain(&directory.join(name));
    in_directory(&directory.display().to_string(), name, &read)
}

fn in_directory(directory: &str, name: &str, read: &Reader<'_>) -> Result<Option<Seed>, Fault> {
    let Some(bytes) = read(name)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let place = format!("{directory}/{name}");
    let ini = Ini::parse(&bytes, &place)?;
    for what in not_applied(&ini) {
        tracing::warn!("{what}");
    }
    if read("nics.txt")?.is_some() {
        tracing::warn!(
            "{directory}/nics.txt: the hypervisor waits for a request to connect the adapters, which firstlight \
             doesn't send"
        );
    }
    let mut seed = Seed::empty(NAME, place.clone());
    let mut conversion = Conversion::new(ADVICE);
    for Wrong { place, message } in &ini.wrong {
        conversion.error(&[], place.as_str(), message.as_str());
    }
    let metadata = given(&ini, "METADATA", directory, read, &mut conversion);
    let userdata = given(&ini, "USERDATA", directory, read, &mut conversion);
    if metadata.is_some() || userdata.is_some() {
        add_files(&ini, &mut seed, metadata, userdata);
        // Below what they say there is room for what is wrong here.
        seed.vendor_data = part(&place, "user-data", None, conversion);
    } else {
        add_settings(&ini, &mut seed, &place, conversion);
    }
    if seed.parts().next().is_none() {
        let hint = "remove it, or give it a [NETWORK] HOSTNAME";
        return Err(Fault::lasting("sets nothing").at(place).with_hint(hint));
    }
    Ok(Some(seed))
}

/// The documents next to the file: then its other settings don't count, as in cloud-init.
fn add_files(ini: &Ini, seed: &mut Seed, metadata: Option<Part>, userdata: Option<Part>) {
    if let Some(part) = metadata {
        let split = metadata::split(part.bytes.to_vec(), &part.origin);
        (seed.meta_data, seed.network_config) = (Some(split.meta), split.network);
    }
    seed.user_data = userdata;
    let other = ["NETWORK", "NIC-CONFIG", "PASSWORD", "DATETIME"];
    if let Some(entry) = ini
        .entries()
        .iter()
        .find(|entry| other.contains(&entry.section.as_str()))
    {
        tracing::warn!("{}: not used: [CLOUDINIT] names documents instead", ini.place(entry));
    }
}

/// A file that [CLOUDINIT] names; one that can't be had is reported.
fn given(ini: &Ini, key: &str, directory: &str, read: &Reader<'_>, conversion: &mut Conversion) -> Option<Part> {
    let entry = ini.get("CLOUDINIT", key)?;
    let name = entry.value.as_str();
    let found = match name.contains(['/', '\0']) || matches!(name, "." | "..") {
        true => Err("is not the name of a file in the same directory".to_owned()),
        false => match read(name) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err("names a file that doesn't exist".to_owned()),
            Err(why) => Err(format!("names a file that can't be read: {why}")),
        },
    };
    match found {
        Ok(bytes) => Some(Part::new(format!("{directory}/{name}"), bytes).unsignable()),
        Err(what) => {
            let Wrong { place, message } = ini.wrong(entry, &what);
            conversion.error(&[], place, message);
            None
        }
    }
}

/// The settings as a document, meta-data and a network. `conversion` has what is wrong already.
fn add_settings(ini: &Ini, seed: &mut Seed, place: &str, mut conversion: Conversion) {
    let document = document(ini, &mut conversion);
    seed.user_data = part(place, "user-data", Some(document), conversion);
    let id = ini.get("MISC", "INSTANCE-ID").or_else(|| ini.get("MISC", "MARKER-ID"));
    let mut conversion = Conversion::new(ADVICE);
    let meta = id.map(|entry| {
        conversion.place(&["instance-id"], ini.place(entry));
        Map::from_iter([("instance-id".to_owned(), json!(entry.value.as_str()))])
    });
    seed.meta_data = part(place, "meta-data", meta, conversion);
    let mut conversion = Conversion::new(ADVICE);
    let network = match nics::netplan(ini, &mut conversion) {
        Some(Value::Object(network)) => Some(network),
        _ => None,
    };
    seed.network_config = part(place, "network-config", network, conversion);
}

/// A part that was made from this file; `None` if there is nothing to say.
fn part(place: &str, what: &str, value: Option<Map<String, Value>>, conversion: Conversion) -> Option<Part> {
    let value = value.filter(|value| !value.is_empty());
    if value.is_none() && !conversion.has_faults() {
        return None;
    }
    let text = value.map(|value| json::text(&value.into())).unwrap_or_default();
    Some(Part::new(format!("{place} (as {what})"), text.into_bytes()).converted(conversion))
}

fn document(ini: &Ini, conversion: &mut Conversion) -> Map<String, Value> {
    let mut document = Map::new();
    add_names(ini, &mut document, conversion);
    let mut root = Map::new();
    if let Some(entry) = ini.get("PASSWORD", "-PASS") {
        match password(ini, entry) {
            Ok(password) => {
                // Nobody's password looks like this, and there is no other key for a hash.
                let key = match looks_hashed(&password) {
                    true => "hashed_password",
                    false => "password",
                };
                conversion.place(&["root", key], ini.place(entry));
                root.insert(key.to_owned(), json!(*password));
            }
            Err(Wrong { place, message }) => conversion.error(&["root", "password"], place, message),
        }
    }
    match ini.flag("PASSWORD", "RESET") {
        Ok(Some(true)) => _ = root.insert("expire".to_owned(), json!(true)),
        Ok(_) => {}
        // The strict reading: a password that is to be changed is, rather than stays.
        Err(Wrong { place, message }) => {
            root.insert("expire".to_owned(), json!(true));
            conversion.error(&["root", "expire"], place, format!("{message}: treated as yes"));
        }
    }
    if !root.is_empty() {
        document.insert("root".to_owned(), root.into());
    }
    if let Some(entry) = ini.get("DATETIME", "TIMEZONE") {
        conversion.place(&["timezone"], ini.place(entry));
        document.insert("timezone".to_owned(), json!(entry.value.as_str()));
    }
    document
}

/// The name of the machine, with its domain.
fn add_names(ini: &Ini, document: &mut Map<String, Value>, conversion: &mut Conversion) {
    let domain = ini.get("NETWORK", "DOMAINNAME");
    let Some(entry) = ini.get("NETWORK", "HOSTNAME") else {
        if let Some(entry) = domain {
            let Wrong { place, message } = ini.wrong(entry, "needs a HOSTNAME too");
            conversion.error(&["fqdn"], place, message);
        }
        return;
    };
    let hostname = entry.value.as_str();
    conversion.place(&["hostname"], ini.place(entry));
    document.insert("hostname".to_owned(), json!(hostname));
    if let Some(entry) = domain {
        let domain = entry.value.trim_start_matches('.');
        let fqdn = match hostname.strip_suffix(domain).is_some_and(|short| short.ends_with('.')) {
            true => hostname.to_owned(),
            false => format!("{hostname}.{domain}"),
        };
        conversion.place(&["fqdn"], ini.place(entry));
        document.insert("fqdn".to_owned(), json!(fqdn));
    }
}

/// The password below its base64; the line end that `echo` leaves in it belongs to no password.
fn password(ini: &Ini, entry: &Entry) -> Result<Zeroizing<String>, Wrong> {
    let decoded = Base64::decode_vec(&entry.value).ok().map(Zeroizing::new);
    let text = decoded.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| ini.wrong(entry, "is not base64 of a text"))?;
    let line = text
        .strip_suffix('\n')
        .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Zeroizing::new(line.to_owned()))
}

/// What is not applied, and its place.
fn not_applied(ini: &Ini) -> Vec<String> {
    let adapters = nics::names(ini);
    let why = |entry: &Entry| {
        let known = match KNOWN.iter().find(|(section, _)| *section == entry.section) {
            Some((_, keys)) => keys,
            None if adapters.contains(&entry.section.as_str()) => &ADAPTER[..],
            None => &[],
        };
        let says_yes = || ini.flag(&entry.section, &entry.key) == Ok(Some(true));
        match (entry.section.as_str(), entry.key.as_str()) {
            _ if !known.contains(&entry.name()) => Some("is unknown and not applied"),
            ("CUSTOM-SCRIPT", _) if !entry.value.is_empty() => {
                Some("scripts of a customization are not run: write what it does into a document")
            }
            ("DATETIME", "UTC") if !says_yes() => Some("the hardware clock stays as it is"),
            ("MISC", "POST-GC-STATUS") if says_yes() => Some("nothing is reported to the hypervisor"),
            _ => None,
        }
    };
    let said = ini
        .entries()
        .iter()
        .filter_map(|entry| Some(format!("{}: {}", ini.place(entry), why(entry)?)));
    said.collect()
}

#[cfg(test)]
mod tests;
