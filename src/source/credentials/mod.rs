//! systemd's credentials: what the hypervisor, the container manager or the boot loader hands to the machine by name.
//!
//! systemd collects them in `/run/credentials/@system`, which root may read: no unit needs a line for it. An older one
//! leaves some where the hypervisor put them; those are read from there.

mod smbios;
mod well_known;

use std::path::Path;

use zeroize::Zeroizing;

use super::file::read_plain;
use super::{PART_LIMIT, Part, Places, Seed, Verdict};

/// The source's name.
const NAME: &str = "credentials";

/// Where systemd collects them.
const SYSTEM: &str = "/run/credentials/@system";

/// Where QEMU's are, one directory each, before systemd collects them.
const FW_CFG: &str = "/sys/firmware/qemu_fw_cfg/by_name/opt/io.systemd.credentials";

/// The credentials that are parts of a seed.
const PARTS: [(&str, &str); 4] = [
    ("firstlight.user-data", "user-data"),
    ("firstlight.meta-data", "meta-data"),
    ("firstlight.network-config", "network-config"),
    ("firstlight.vendor-data", "vendor-data"),
];

/// A credential, and where it was found.
type Found = (String, Zeroizing<Vec<u8>>);

/// Looks among the credentials of the running machine.
pub fn search(places: &Places) -> Verdict {
    if !places.live {
        return Verdict::Absent("credentials are a running machine's only".to_owned());
    }
    let own = std::env::var("CREDENTIALS_DIRECTORY").ok();
    let directories: Vec<String> = own.into_iter().chain([SYSTEM.to_owned()]).collect();
    search_in(places, &directories)
}

fn search_in(places: &Places, directories: &[String]) -> Verdict {
    let firmware = if firmware_counts(places) {
        match smbios::credentials(places) {
            Ok(found) => Some(found),
            Err(why) => return Verdict::Broken(why),
        }
    } else {
        None
    };
    let read = |path: &str| places.root.read(path).map_err(|error| error.to_string());
    let get = |name: &str| -> Result<Option<Found>, String> {
        let files = directories.iter().map(|directory| format!("{directory}/{name}"));
        let from_qemu = firmware.as_ref().map(|_| format!("{FW_CFG}/{name}/raw"));
        for path in files.chain(from_qemu) {
            if let Some(bytes) = read(&path)? {
                return Ok(Some((path, Zeroizing::new(bytes))));
            }
        }
        let found = firmware.iter().flatten().find(|(own, _)| own == name);
        let Some((_, value)) = found else { return Ok(None) };
        match value {
            Ok(value) => Ok(Some((format!("SMBIOS: {name}"), value.clone()))),
            Err(why) => Err(format!("SMBIOS: {why}")),
        }
    };
    let place = directories.first().map_or(SYSTEM, String::as_str);
    match gather(place, places.rules.signed(), &get) {
        Ok(Some(seed)) => {
            let listed = directories
                .iter()
                .filter_map(|directory| places.root.list(directory).ok());
            let in_firmware = firmware.iter().flatten().map(|(name, _)| name.clone());
            let mut names: Vec<String> = listed.flatten().chain(in_firmware).collect();
            names.sort();
            names.dedup();
            well_known::warn(&names, place);
            Verdict::Present(Box::new(seed))
        }
        Ok(None) => Verdict::Absent(format!(
            "no credential named firstlight.user-data, or another that is known, in {}",
            directories.join(" or ")
        )),
        Err(why) => Verdict::Broken(why),
    }
}

/// Whether what the hypervisor put into the firmware is for this system: in a container it is the host's, and the
/// kernel command line can tell systemd to take nothing.
fn firmware_counts(places: &Places) -> bool {
    let words = places
        .root
        .read_text("/proc/cmdline")
        .ok()
        .flatten()
        .unwrap_or_default();
    let said = words.split_whitespace().rev();
    let import = said
        .filter_map(|word| word.strip_prefix("systemd.import_credentials="))
        .next();
    !places.in_container() && !matches!(import, Some("0" | "no" | "false" | "off"))
}

/// The seed in the directory `path`; [`Verdict::Broken`] if there is none, because somebody named it.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
pub fn from_directory(path: &Path) -> Verdict {
    let place = path.display().to_string();
    if !path.is_dir() {
        return Verdict::Broken(format!(
            "{place}: is not a directory: name one that has a file firstlight.user-data"
        ));
    }
    let get = |name: &str| {
        let path = path.join(name);
        let broken = |error| format!("{}: can't be read: {error}", path.display());
        let found = read_plain(&path).map_err(broken)?;
        Ok(found.map(|bytes| (path.display().to_string(), Zeroizing::new(bytes))))
    };
    match gather(&place, false, &get) {
        Ok(Some(seed)) => Verdict::Present(Box::new(seed)),
        Ok(None) => Verdict::Broken(format!(
            "{place}: has no credential that is known: put a file named firstlight.user-data there"
        )),
        Err(why) => Verdict::Broken(why),
    }
}

/// The seed of the credentials that `get` finds; `None` if there is none of ours. `signed`: with their signatures.
fn gather(
    place: &str,
    signed: bool,
    get: &dyn Fn(&str) -> Result<Option<Found>, String>,
) -> Result<Option<Seed>, String> {
    let bounded = |name: &str| match get(name)? {
        Some((origin, bytes)) if bytes.len() as u64 > PART_LIMIT => {
            Err(format!("{origin}: has more than the {PART_LIMIT} bytes that are read"))
        }
        found => Ok(found),
    };
    let mut seed = Seed::empty(NAME, place.to_owned());
    for (name, part) in PARTS {
        if let Some((origin, mut bytes)) = bounded(name)? {
            let mut found = Part::new(origin, std::mem::take(&mut *bytes));
            if signed {
                let signature = bounded(&format!("{name}.minisig"))?;
                found.signature = signature.map(|(_, signature)| signature.to_vec());
            }
            seed.set(part, found);
        }
    }
    let mut values = [const { None }; 4];
    for (value, name) in values.iter_mut().zip(well_known::NAMES) {
        *value = bounded(name)?.map(|(_, bytes)| bytes);
    }
    if let Some(proposal) = well_known::proposal(&values, place)? {
        match &seed.vendor_data {
            None => seed.vendor_data = Some(proposal),
            // Two proposals have no order between them.
            Some(_) => tracing::warn!(
                "{place}: firstlight.vendor-data is used; {} are not",
                well_known::NAMES.join(", ")
            ),
        }
    }
    let any = seed.parts().next().is_some();
    Ok(any.then_some(seed))
}

#[cfg(test)]
mod tests;
