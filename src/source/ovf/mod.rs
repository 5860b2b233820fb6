//! OVF: the environment that a hypervisor gives a virtual machine made from an OVF template.
//!
//! An `ovf-env.xml` on a CD-ROM or in a seed directory, or `guestinfo.ovfEnv`. Its properties are cloud-init's, which may hold a whole document,
//! or firstlight's own, one setting each. `docs/sources.md` lists them.

mod encoding;
mod environment;
mod properties;
pub mod scrub;
mod seed;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use self::environment::{Environment, LIMIT};
use self::properties::Properties;
use super::gathered::Gathered;
use super::media::{Kind, Volume};
use super::nocloud::Reader;
use super::{Fault, Places, Seed, Verdict, nocloud, vmware};
use crate::document::{Conversion, Diagnostic};
use crate::vocabulary::is_address;

/// Where a file of the machine may be; the first that has properties counts. The last two are cloud-init's: what its
/// documentation says, and what it does.
const FILES: [&str; 3] = [
    "/var/lib/firstlight/seed/ovf-env.xml",
    "/var/lib/cloud/seed/ovf/ovf-env.xml",
    "/var/lib/cloud/seed/ovf-env.xml",
];

/// Its names on a volume, in either case.
const NAMES: [&str; 3] = ["ovf-env.xml", "ovf_env.xml", "ovfenv.xml"];

/// The labels that hypervisors give to its volume: one that can't be read is then no other disk's affair.
const LABELS: [&str; 3] = ["OVF ENV", "OVFENV", "OVF-TRANSPORT"];

/// What to do about a mistake.
const ADVICE: &str = "correct the property in the machine's settings, then power the machine off and on";

/// Where a VMware machine has it.
pub const GUESTINFO: &str = "guestinfo.ovfEnv";

/// The seed in the file `path`, which is an environment, or a volume that holds one. For `--source ovf:PATH`.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
pub fn from_path(path: &Path) -> Verdict {
    let place = path.display().to_string();
    let plain = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut start = Zeroizing::new(Vec::new());
    if plain {
        let read = File::open(path).and_then(|file| file.take(LIMIT as u64 + 1).read_to_end(&mut start));
        if let Err(error) = read {
            return Fault::unreadable(place, &error).into();
        }
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
        if text.trim_ascii_start().starts_with(b"<") {
            return verdict(&start, &place, &place, None);
        }
    }
    let volumes = match Volume::open_all(path) {
        Ok(volumes) => volumes,
        Err(error) => return Fault::from(error).into(),
    };
    let mut found = Gathered::default();
    for verdict in volumes.iter().filter_map(|volume| on_volume(volume, None).transpose()) {
        found.add(verdict);
    }
    if found.is_empty() {
        let what = "is neither an ovf-env.xml nor a volume that holds one";
        return Fault::lasting(what).at(place).with_hint("is it the right file?").into();
    }
    found.verdict(one_of)
}

/// Searches the machine: the fixed files, then every ISO 9660 volume, whatever its label, then VMware's guestinfo.
pub fn search(places: &Places) -> Verdict {
    let read = |path: &Path| places.read(path);
    let allow = places.allow();
    let mut found = Gathered::default();
    found.absent.extend(allow.forbidden_directories());
    for file in FILES.into_iter().filter(|_| allow.directory) {
        match places.read(Path::new(file)) {
            Ok(None) => {}
            Ok(Some(xml)) => match verdict(&Zeroizing::new(xml), file, file, Some(&read)) {
                Verdict::Absent(why) => found.absent.push(why),
                verdict => return verdict,
            },
            Err(fault) => return fault.into(),
        }
    }
    found.absent.extend(allow.forbidden_devices());
    let said = found.absent.len();
    for device in &places.devices {
        match Volume::open(device) {
            Ok(Some(volume)) if volume.kind() == Kind::Iso9660 => match on_volume(&volume, Some(&read)) {
                Ok(verdict) => verdict.into_iter().for_each(|verdict| found.add(verdict)),
                Err(fault) if LABELS.iter().any(|label| volume.is_labelled(label)) => found.broken.push(fault),
                Err(fault) => found.unknown.push(fault),
            },
            Ok(_) => {}
            Err(error) => found.add_unreadable(error),
        }
    }
    if found.seeds.is_empty() && found.broken.is_empty() {
        if found.absent.len() == said {
            found
                .absent
                .push("no OVF environment in a seed directory or on a CD".to_owned());
        }
        let told = allow.hypervisor.then(|| vmware::ovf_environment(places)).flatten();
        if let Some(xml) = told.map(Zeroizing::new) {
            found.add(from_guestinfo(&xml, places));
        }
    }
    found.verdict(one_of)
}

/// What the environment in [`GUESTINFO`] says.
pub fn from_guestinfo(xml: &[u8], places: &Places) -> Verdict {
    verdict(xml, GUESTINFO, GUESTINFO, Some(&|path: &Path| places.read(path)))
}

/// What the environment on a volume says; `None` if there is none on it.
///
/// # Errors
/// The volume can't be read.
fn on_volume(volume: &Volume, read: Option<&Reader<'_>>) -> Result<Option<Verdict>, Fault> {
    let entries = volume.list("")?.unwrap_or_default();
    let named = |name: &str| NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
    let Some(entry) = entries.into_iter().find(|entry| named(&entry.name)) else {
        return Ok(None);
    };
    let origin = format!("{}:{}", volume.name(), entry.name);
    Ok(match volume.read(&entry.name, LIMIT as u64) {
        Ok(Some(xml)) => Some(verdict(&Zeroizing::new(xml), volume.name(), &origin, read)),
        Ok(None) => None,
        Err(error) => Some(Fault::from(error).into()),
    })
}

/// What to do about environments on several volumes, or about one where another is broken.
fn one_of(seeds: &[Seed]) -> Fault {
    let places: Vec<_> = seeds.iter().map(|seed| seed.place.as_str()).collect();
    let places = places.join(" and ");
    match seeds {
        [_] => Fault::lasting(format!("{places} has a whole one")).with_hint("detach the other"),
        _ => Fault::lasting(format!("different environments on {places}")).with_hint("detach all but one"),
    }
}

/// What an environment says. `read`: gives the machine's files, for `seedfrom`.
fn verdict(xml: &[u8], place: &str, origin: &str, read: Option<&Reader<'_>>) -> Verdict {
    understand(xml, place, origin, read)
        .map_err(|fault| fault.at(origin))
        .into()
}

fn understand(xml: &[u8], place: &str, origin: &str, read: Option<&Reader<'_>>) -> Result<Verdict, Fault> {
    let environment = Environment::parse(xml)?;
    let mut conversion = Conversion::new(ADVICE);
    let properties = Properties::of(&environment, origin, &mut conversion);
    if properties.is_empty() && !conversion.has_faults() {
        let why = "sets no property of firstlight or cloud-init";
        return Ok(Verdict::Absent(format!("{origin}: {why}")));
    }
    let own = seed::seed(&environment, &properties, (place, origin), conversion);
    let seed = match properties.get("seedfrom") {
        Some(from) => {
            let also = faults(&own).into_iter().map(Fault::lasting);
            let also: Vec<_> = also.collect();
            seed_from(from, own, &properties, read).map_err(|fault| fault.and(also))?
        }
        None => own,
    };
    Ok(Verdict::Present(Box::new(seed)))
}

/// What is wrong with properties, in words.
fn faults(seed: &Seed) -> Vec<String> {
    let conversions = seed.parts().filter_map(|(_, part)| part.conversion.as_deref());
    let said = |found: Diagnostic| found.message;
    conversions.flat_map(Conversion::diagnostics).map(said).collect()
}

/// The NoCloud seed that the property `seedfrom` names: a directory, or an address, with the other properties below it.
fn seed_from(from: &str, own: Seed, properties: &Properties<'_>, read: Option<&Reader<'_>>) -> Result<Seed, Fault> {
    let documents = ["user-data", "firstlight.user-data", "network-config"];
    let excluded = |name: &&str| *name != "seedfrom" && (!is_address(from) || documents.contains(name));
    if let Some(other) = properties.names().find(excluded) {
        let what = format!("seedfrom names a whole seed, but {other} is also set");
        return Err(Fault::lasting(what).with_hint("keep one of them"));
    }
    let nowhere = |path: &Path| {
        let fault = Fault::lasting("can't be read: is the machine's own").at(path.display().to_string());
        Err(fault.with_hint("use --source nocloud:DIRECTORY"))
    };
    let named = |fault: Fault| fault.named_by("seedfrom");
    let seed = nocloud::seed_from(from, read.unwrap_or(&nowhere)).map_err(named)?;
    Ok(match seed.seedfrom {
        Some(address) => Seed {
            seedfrom: Some(address),
            ..own
        },
        None => {
            // All that there is of it besides: what is wrong with other properties.
            let wrong = own.user_data.into_iter().chain(own.vendor_data);
            let more_vendor_data = seed.more_vendor_data.iter().cloned().chain(wrong).collect();
            Seed {
                source: "ovf".to_owned(),
                more_vendor_data,
                ..seed
            }
        }
    })
}
