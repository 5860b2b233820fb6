//! systemd's credentials: what the hypervisor, the container manager or the boot loader hands to the machine by name.
//!
//! systemd collects them in `/run/credentials/@system`, which root may read: no unit needs a line for it; encrypted ones
//! in `@encrypted`. An older one leaves some where the hypervisor put them; those are read from there.

mod encrypted;
mod smbios;
mod well_known;

use std::path::Path;

use zeroize::Zeroizing;

use super::file::read_plain;
use super::{Fault, PART_LIMIT, Part, Places, Seed, Verdict};
use crate::document::Conversion;

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
        return Verdict::Absent("only a running machine has credentials".to_owned());
    }
    let own = std::env::var("CREDENTIALS_DIRECTORY").ok();
    let directories: Vec<String> = own.into_iter().chain([SYSTEM.to_owned()]).collect();
    search_in(places, &directories)
}

fn search_in(places: &Places, directories: &[String]) -> Verdict {
    let place = directories.first().map_or(SYSTEM, String::as_str);
    let sought = Machine::look(places, directories).and_then(|machine| {
        let names = machine.names()?;
        let seed = gather(place, places.rules.signed(), &names, &|name| machine.get(name))?;
        Ok(seed.map(|seed| (seed, names)))
    });
    match sought {
        Ok(Some((seed, names))) => {
            well_known::warn(&names, place);
            seed.into()
        }
        Ok(None) => Verdict::Absent(format!(
            "no known credential, such as firstlight.user-data, in {}",
            directories.join(" or ")
        )),
        Err(fault) => fault.into(),
    }
}

/// The running machine, which has credentials in several places.
struct Machine<'a> {
    places: &'a Places,
    directories: &'a [String],
    /// Those of the SMBIOS tables; `None` where the firmware has no say.
    firmware: Option<Vec<smbios::Credential>>,
}

impl<'a> Machine<'a> {
    fn look(places: &'a Places, directories: &'a [String]) -> Result<Self, Fault> {
        let firmware = firmware_counts(places).then(|| smbios::credentials(places));
        Ok(Self {
            places,
            directories,
            firmware: firmware.transpose()?,
        })
    }

    /// The names of all credentials, each once.
    fn names(&self) -> Result<Vec<String>, Fault> {
        let mut names = Vec::new();
        let from_qemu = self.firmware.as_ref().map(|_| FW_CFG);
        let directories = self.directories.iter().map(String::as_str);
        for directory in directories.chain([encrypted::DIRECTORY]).chain(from_qemu) {
            let listed = self.places.root.list(directory)?;
            names.extend(listed);
        }
        names.extend(self.firmware.iter().flatten().map(|(name, _)| name.clone()));
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The credential of that name, from the first place that has it.
    fn get(&self, name: &str) -> Result<Option<Found>, Fault> {
        let read = |path: String| -> Result<Option<Found>, Fault> {
            let bytes = self.places.root.read(&path)?;
            Ok(bytes.map(|bytes| (path, Zeroizing::new(bytes))))
        };
        for directory in self.directories {
            if let Some(found) = read(format!("{directory}/{name}"))? {
                return Ok(Some(found));
            }
        }
        if let Some(bytes) = encrypted::read(self.places, name)? {
            return Ok(Some((format!("{}/{name}", encrypted::DIRECTORY), bytes)));
        }
        let Some(firmware) = &self.firmware else {
            return Ok(None);
        };
        if let Some(found) = read(format!("{FW_CFG}/{name}/raw"))? {
            return Ok(Some(found));
        }
        match firmware.iter().find(|(own, _)| own == name) {
            Some((_, Ok(value))) => Ok(Some((format!("SMBIOS: {name}"), value.clone()))),
            Some((_, Err(fault))) => Err(fault.clone().at("SMBIOS")),
            None => Ok(None),
        }
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

/// The seed in the directory `path`; [`Verdict::Broken`] if there is none, because a person named it.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
pub fn from_directory(path: &Path) -> Verdict {
    let place = path.display().to_string();
    if !path.is_dir() {
        let fault = Fault::lasting("is not a directory").at(place);
        return fault
            .with_hint("name a directory that has a file firstlight.user-data")
            .into();
    }
    let get = |name: &str| {
        let path = path.join(name);
        let found = read_plain(&path)?;
        Ok(found.map(|bytes| (path.display().to_string(), Zeroizing::new(bytes))))
    };
    let names = match std::fs::read_dir(path) {
        Ok(entries) => {
            let names = entries
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned());
            let mut names: Vec<String> = names.collect();
            names.sort();
            names
        }
        Err(error) => return Fault::unreadable(place, &error).into(),
    };
    match gather(&place, false, &names, &get) {
        Ok(Some(seed)) => {
            well_known::warn(&names, &place);
            seed.into()
        }
        Ok(None) => {
            let fault = Fault::lasting("has no known credential").at(place);
            fault.with_hint("put a file named firstlight.user-data there").into()
        }
        Err(fault) => fault.into(),
    }
}

/// The seed of the credentials that `get` finds, out of `names`; `None` if none is ours. `signed`: with their
/// signatures.
fn gather(
    place: &str,
    signed: bool,
    names: &[String],
    get: &dyn Fn(&str) -> Result<Option<Found>, Fault>,
) -> Result<Option<Seed>, Fault> {
    let bounded = |name: &str| match get(name)? {
        Some((origin, bytes)) if bytes.len() as u64 > PART_LIMIT => {
            Err(Fault::lasting(format!("has more than {PART_LIMIT} bytes, the limit")).at(origin))
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
    let mut values = Vec::new();
    let mut conversion = Conversion::new(well_known::ADVICE);
    for name in well_known::wanted(names).map_err(|fault| fault.at(place))? {
        match bounded(&name) {
            Ok(found) => values.extend(found.map(|(_, bytes)| (name, bytes))),
            Err(why) => conversion.error(
                &[],
                well_known::place_of(place, &name),
                format!("can't read the credential: {why}"),
            ),
        }
    }
    if let Some(proposal) = well_known::proposal(&values, place, conversion) {
        match &seed.vendor_data {
            None => seed.vendor_data = Some(proposal),
            // Two proposals have no order between them.
            Some(_) => {
                let names: Vec<_> = values.iter().map(|(name, _)| name.escape_debug().to_string()).collect();
                tracing::warn!(
                    "{place}: firstlight.vendor-data is used; not used: {}",
                    names.join(", ")
                );
            }
        }
    }
    let any = seed.parts().next().is_some();
    Ok(any.then_some(seed))
}

#[cfg(test)]
mod tests;
