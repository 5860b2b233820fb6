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

use self::ini::{Entry, Ini};
use super::{NAME, metadata};
use crate::source::file::read_plain;
use crate::source::{Part, Places, Seed};

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
type Reader<'a> = dyn Fn(&str) -> Result<Option<Vec<u8>>, String> + 'a;

/// The customization of the running machine; `None` if there is none.
///
/// # Errors
/// There is one that can't be used.
pub fn of_machine(places: &Places) -> Result<Option<Seed>, String> {
    let read = |name: &str| {
        let path = Path::new(DIRECTORY).join(name);
        places.read(&path).map_err(|error| error.to_string())
    };
    in_directory(DIRECTORY, FILE, &read)
}

/// The customization in the file `name` of a directory that a person named; `None` if there is no such file.
///
/// # Errors
/// There is one that can't be used.
pub fn at(directory: &Path, name: &str) -> Result<Option<Seed>, String> {
    let read = |name: &str| {
        let path = directory.join(name);
        read_plain(&path).map_err(|error| format!("{}: can't be read: {error}", path.display()))
    };
    in_directory(&directory.display().to_string(), name, &read)
}

fn in_directory(directory: &str, name: &str, read: &Reader<'_>) -> Result<Option<Seed>, String> {
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
            "{directory}/nics.txt: the hypervisor waits to be told to connect the adapters, which is not done"
        );
    }
    let mut seed = Seed::empty(NAME, place.clone());
    let files = [
        given(&ini, "METADATA", directory, read)?,
        given(&ini, "USERDATA", directory, read)?,
    ];
    if files.iter().any(Option::is_some) {
        add_files(&ini, &mut seed, files)?;
    } else {
        add_settings(&ini, &mut seed, &place)?;
    }
    if seed.parts().next().is_none() {
        let what = "asks for nothing: take it away, or give it a [NETWORK] HOSTNAME";
        return Err(format!("{place}: {what}"));
    }
    Ok(Some(seed))
}

/// The documents that stand beside the file: then it says nothing else, as for cloud-init.
fn add_files(ini: &Ini, seed: &mut Seed, [metadata, userdata]: [Option<Part>; 2]) -> Result<(), String> {
    if let Some(mut part) = metadata {
        let bytes = std::mem::take(&mut part.bytes);
        let split = metadata::split(bytes, &part.origin).map_err(|why| format!("{}: {why}", part.origin))?;
        (seed.meta_data, seed.network_config) = (Some(split.meta), split.network);
    }
    seed.user_data = userdata;
    let other = ["NETWORK", "NIC-CONFIG", "PASSWORD", "DATETIME"];
    if let Some(entry) = ini
        .entries()
        .iter()
        .find(|entry| other.contains(&entry.section.as_str()))
    {
        tracing::warn!(
            "{}",
            ini.wrong(entry, "is not used: [CLOUDINIT] names documents instead")
        );
    }
    Ok(())
}

/// A file that [CLOUDINIT] names.
fn given(ini: &Ini, key: &str, directory: &str, read: &Reader<'_>) -> Result<Option<Part>, String> {
    let Some(entry) = ini.get("CLOUDINIT", key) else {
        return Ok(None);
    };
    let name = entry.value.as_str();
    if name.contains(['/', '\0']) || matches!(name, "." | "..") {
        return Err(ini.wrong(entry, "is not the name of a file in the same directory"));
    }
    match read(name)? {
        Some(bytes) => Ok(Some(Part::new(format!("{directory}/{name}"), bytes).unsignable())),
        None => Err(ini.wrong(entry, "names a file that is not there")),
    }
}

/// The settings as a document, meta-data and a network.
fn add_settings(ini: &Ini, seed: &mut Seed, place: &str) -> Result<(), String> {
    let part = |what: &str, value: &Value| Part::new(format!("{place} (as {what})"), value.to_string()).unsignable();
    let document = document(ini)?;
    if !document.is_empty() {
        seed.user_data = Some(part("user-data", &document.into()));
    }
    if let Some(id) = ini
        .value("MISC", "INSTANCE-ID")
        .or_else(|| ini.value("MISC", "MARKER-ID"))
    {
        seed.meta_data = Some(part("meta-data", &json!({"instance-id": id})));
    }
    seed.network_config = nics::netplan(ini)?.map(|network| part("network-config", &network));
    Ok(())
}

fn document(ini: &Ini) -> Result<Map<String, Value>, String> {
    let mut document = Map::new();
    if let Some(hostname) = ini.value("NETWORK", "HOSTNAME") {
        document.insert("hostname".to_owned(), json!(hostname));
        if let Some(domain) = ini.value("NETWORK", "DOMAINNAME") {
            document.insert("fqdn".to_owned(), json!(format!("{hostname}.{domain}")));
        }
    } else if let Some(entry) = ini.get("NETWORK", "DOMAINNAME") {
        return Err(ini.wrong(entry, "needs a HOSTNAME beside it"));
    }
    let mut root = Map::new();
    if let Some(entry) = ini.get("PASSWORD", "-PASS") {
        root.insert("password".to_owned(), json!(*password(ini, entry)?));
    }
    if ini.flag("PASSWORD", "RESET")? == Some(true) {
        root.insert("expire".to_owned(), json!(true));
    }
    if !root.is_empty() {
        document.insert("root".to_owned(), root.into());
    }
    if let Some(zone) = ini.value("DATETIME", "TIMEZONE") {
        document.insert("timezone".to_owned(), json!(zone));
    }
    Ok(document)
}

/// The password below its base64; the line end that `echo` leaves in it belongs to no password.
fn password(ini: &Ini, entry: &Entry) -> Result<Zeroizing<String>, String> {
    let decoded = Base64::decode_vec(&entry.value).ok().map(Zeroizing::new);
    let text = decoded.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| ini.wrong(entry, "is not base64 of a text"))?;
    let line = text
        .strip_suffix('\n')
        .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Zeroizing::new(line.to_owned()))
}

/// What is not applied, and where it stands.
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
            _ if !known.contains(&entry.name()) => Some("is not known, and not applied"),
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
        .filter_map(|entry| Some(ini.wrong(entry, why(entry)?)));
    said.collect()
}

#[cfg(test)]
mod tests;
