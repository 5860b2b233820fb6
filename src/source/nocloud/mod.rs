//! NoCloud: a seed in a directory of the machine, or on a volume labelled `cidata`.
//!
//! The firmware or the kernel command line may say more of the machine, or another place: `ds=nocloud;…`.
//!
//! With cloud-init's meaning: `user-data` and `meta-data` must both be there, empty files count; `vendor-data` and
//! `network-config` may be. Unlike there, what looks like a seed but isn't one is reported, never ignored.

use super::file::read_plain;
use super::gathered::Gathered;
use super::media::{Entry, Volume};
use super::{Fault, NOT_ALLOWED, PART_LIMIT, Part, Places, Rules, Seed, Verdict};
use crate::document::Conversion;
use crate::vocabulary::{Address, is_address};
use cmdline::CommandLine;
use std::path::{Path, PathBuf};

mod cmdline;

/// The source's name.
const NAME: &str = "nocloud";

/// Gives a file, `None` if it doesn't exist; it may stop one byte after [`PART_LIMIT`].
pub(super) type Reader<'a> = dyn Fn(&Path) -> Result<Option<Vec<u8>>, Fault> + 'a;

/// The most names that a message lists.
const SHOWN: usize = 8;

/// The label of a seed volume, in either case.
pub const LABEL: &str = "cidata";

/// The seed directories, the first that has a seed wins. The second one is cloud-init's.
pub const DIRECTORIES: [&str; 2] = ["/var/lib/firstlight/seed", "/var/lib/cloud/seed/nocloud"];

/// The names of the parts. A volume without long names has them cut: ISO 9660 level 2 and 1, then FAT.
const USER_DATA: [&str; 4] = ["user-data", "user_data", "user_dat", "user-dat"];
const META_DATA: [&str; 4] = ["meta-data", "meta_data", "meta_dat", "meta-dat"];
const VENDOR_DATA: [&str; 4] = ["vendor-data", "vendor_data", "vendor_d", "vendor-d"];
const NETWORK_CONFIG: [&str; 4] = ["network-config", "network_config", "network_", "network-"];

/// Looks on a machine: where `ds=nocloud;seedfrom=…` says, else in [`DIRECTORIES`], else on labelled volumes.
pub fn look(places: &Places) -> Verdict {
    let cmdline = match CommandLine::to(places) {
        Ok(cmdline) => cmdline.unwrap_or_default(),
        Err(error) => return Fault::from(error).into(),
    };
    let read = |path: &Path| places.read(path);
    let verdict = match cmdline.seedfrom(places) {
        Some(place) => from(&place, &read),
        None => search(&read, &places.devices, &places.rules),
    };
    match verdict {
        Verdict::Present(seed) => complete(*seed, &cmdline, places, &read).into(),
        Verdict::Absent(why) => cmdline.alone().map_or(Verdict::Absent(why), Into::into),
        other @ (Verdict::Broken(_) | Verdict::Unknown(_)) => other,
    }
}

/// The seed that was found, with what it leads to, and what the machine was told besides.
fn complete(seed: Seed, cmdline: &CommandLine, places: &Places, read: &Reader<'_>) -> Result<Verdict, Fault> {
    let mut seed = follow(seed, Some(places), read)?;
    cmdline.add_to(&mut seed)?;
    let meta = seed.meta_data.as_ref().and_then(|part| part.mapping().ok());
    // cloud-init's way to leave a seed where it is and not use it.
    Ok(match meta.and_then(|meta| meta.get("dsmode").cloned()) {
        Some(mode) if mode == "disabled" => {
            Verdict::Absent(format!("{}: its meta-data says dsmode: disabled", seed.place))
        }
        _ => seed.into(),
    })
}

/// The seed where `seedfrom` says it is: in a directory of the machine, or at an address.
fn from(place: &str, read: &Reader<'_>) -> Verdict {
    seed_from(place, read)
        .map_err(|fault| fault.named_by("seedfrom"))
        .into()
}

/// The seed at `place`, which a `seedfrom` names. Errors don't show it: an address may have a password in it.
pub(super) fn seed_from(place: &str, read: &Reader<'_>) -> Result<Seed, Fault> {
    if is_address(place) {
        let address: Address = place.parse()?;
        let mut seed = Seed::empty(NAME, address.to_string());
        seed.seedfrom = Some(address);
        return Ok(seed);
    }
    let directory = place.strip_prefix("file://").unwrap_or(place);
    if !directory.starts_with('/') {
        return Err(
            Fault::lasting("names no place").with_hint("give /DIRECTORY/, file:///DIRECTORY/ or https://HOST/PATH/")
        );
    }
    let found = in_directory(Path::new(directory), read)?;
    found.ok_or_else(|| {
        let what = format!("names {directory}, which has neither user-data nor meta-data");
        Fault::lasting(what).with_hint("put both there")
    })
}

/// Follows the `seedfrom` of a seed's meta-data, once. What the seed itself says about the machine comes first; the
/// rest is the other's.
fn follow(seed: Seed, places: Option<&Places>, read: &Reader<'_>) -> Result<Seed, Fault> {
    // What is no mapping is reported by whoever reads it for what it says.
    let keys = seed.meta_data.as_ref().and_then(|part| part.mapping().ok());
    let mut keys = keys.unwrap_or_default();
    let (Some(serde_json::Value::String(place)), Some(meta)) = (keys.remove("seedfrom"), &seed.meta_data) else {
        return Ok(seed);
    };
    let origin = &meta.origin;
    let place = places.map_or_else(|| place.clone(), |places| cmdline::filled_in(&place, places));
    let mut other = seed_from(&place, read).map_err(|fault| fault.named_by("its seedfrom").at(origin))?;
    if !keys.is_empty() {
        other.put_above_meta_data(keys, meta)?;
    }
    Ok(other)
}

/// The seed at `path`: a directory, an image file, a block device or an address. For `--source nocloud:PATH`.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
pub fn from_path(path: &Path) -> Verdict {
    let named = path.to_string_lossy();
    let verdict = match path.is_dir() {
        _ if is_address(&named) => from(&named, &read_plain),
        true => from_directory(path),
        false => from_volume(path),
    };
    match verdict {
        Verdict::Present(seed) => follow(*seed, None, &read_plain).into(),
        other => other,
    }
}

/// The seed in the directory `path`; [`Verdict::Broken`] if there is none, because a person named it.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
pub fn from_directory(path: &Path) -> Verdict {
    let place = path.display();
    let names = match std::fs::read_dir(path) {
        Ok(entries) => entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect(),
        Err(error) => return Fault::unreadable(place.to_string(), &error).into(),
    };
    let found = in_directory(path, &read_plain);
    found
        .and_then(|seed| seed.ok_or_else(|| no_parts(&place.to_string(), names)))
        .into()
}

/// The seed in the image file or block device `path`, in a partition of it too, whatever its label.
///
/// Where several volumes are in it, those labelled [`LABEL`] count, else those that have a seed.
pub fn from_volume(path: &Path) -> Verdict {
    let volumes = match Volume::open_all(path) {
        Ok(volumes) => volumes,
        Err(error) => return Fault::from(error).into(),
    };
    let any_labelled = volumes.iter().any(|volume| volume.is_labelled(LABEL));
    let counts = |volume: &&Volume| !any_labelled || volume.is_labelled(LABEL);
    let mut seeds: Vec<_> = volumes.iter().filter(counts).map(on_volume).collect();
    if !any_labelled && seeds.iter().any(Result::is_ok) {
        seeds.retain(Result::is_ok);
    }
    if seeds.is_empty() {
        let fault = Fault::lasting("it has no ISO 9660 or FAT file system").with_hint("is it a seed image?");
        return fault.at(path.display().to_string()).into();
    }
    let mut found = Gathered::default();
    seeds.into_iter().for_each(|seed| found.add(seed));
    found.verdict(one_of)
}

/// Searches the machine: [`DIRECTORIES`] if they are allowed, then the volumes labelled as `rules` say among `devices`.
///
/// `read` gives a file of the machine, below its root, `None` if it doesn't exist; it may stop one byte after
/// [`PART_LIMIT`]. A directory wins over volumes; two volumes with different seeds are refused, naming both.
pub fn search(read: &Reader<'_>, devices: &[PathBuf], rules: &Rules) -> Verdict {
    let Rules { labels, allow, .. } = rules;
    if !(allow.directory || allow.removable || allow.fixed) {
        return Verdict::Absent(NOT_ALLOWED.to_owned());
    }
    let mut directories = DIRECTORIES.into_iter().filter(|_| allow.directory);
    while let Some(directory) = directories.next() {
        match in_directory(Path::new(directory), read) {
            Ok(Some(seed)) => return naming_others(seed, directories, read).into(),
            Ok(None) => {}
            Err(fault) => return fault.into(),
        }
    }
    let looked_in = || format!("no seed in {}", DIRECTORIES.join(" or "));
    let mut found = Gathered::default();
    found
        .absent
        .push(allow.forbidden_directories().unwrap_or_else(looked_in));
    if allow.removable || allow.fixed {
        found.absent.push(format!("no volume labelled {}", labels.join(" or ")));
    }
    found.absent.extend(allow.forbidden_devices());
    for device in devices {
        match Volume::open(device) {
            Ok(Some(volume)) if labels.iter().any(|label| volume.is_labelled(label)) => found.add(on_volume(&volume)),
            Ok(Some(volume)) => found.absent.extend(mislabelled(&volume, labels)),
            Ok(None) => {}
            Err(error) => found.add_unreadable(error),
        }
    }
    found.verdict(one_of)
}

/// The seed, with a warning that names the different one in each of `directories`, which is not used.
fn naming_others(mut seed: Seed, directories: impl Iterator<Item = &'static str>, read: &Reader<'_>) -> Seed {
    let mut conversion = Conversion::partly("keep one of them");
    let mut any = false;
    for directory in directories {
        let why = match in_directory(Path::new(directory), read) {
            Ok(None) => continue,
            Ok(Some(other)) if other.says_the_same(&seed) => continue,
            Ok(Some(_)) => format!(
                "another seed, which is not used: {} comes before it; remove one",
                seed.place
            ),
            Err(why) => format!("not used: {why}"),
        };
        tracing::warn!("{directory}: {why}");
        conversion.warning(&[], directory, why);
        any = true;
    }
    if any {
        seed.meta_data = seed.meta_data.map(|part| part.partly_converted(conversion));
    }
    seed
}

/// What to do about seeds on several volumes, or about one where another volume's is broken.
fn one_of(seeds: &[Seed]) -> Fault {
    let places: Vec<_> = seeds.iter().map(|seed| seed.place.as_str()).collect();
    let choice = format!(
        "detach the other, or choose it with --source nocloud:{}",
        places.first().copied().unwrap_or_default()
    );
    match places.as_slice() {
        [place] => Fault::lasting(format!("{place} has a complete seed")).with_hint(choice),
        _ => Fault::lasting(format!("different seeds on {}", places.join(" and ")))
            .with_hint(format!("keep one: {choice}")),
    }
}

/// The seed in a directory whose files `read` gives; `None` if there is no part in it.
pub(super) fn in_directory(directory: &Path, read: &Reader<'_>) -> Result<Option<Seed>, Fault> {
    let place = directory.display().to_string();
    assemble(&place, "/", |names| {
        let Some(name) = names.first() else { return Ok(None) };
        Ok(read(&directory.join(name))?.map(|bytes| (name.clone(), bytes)))
    })
}

fn on_volume(volume: &Volume) -> Result<Seed, Fault> {
    // The root directory, which there always is.
    let entries = volume.list("")?.unwrap_or_default();
    let seed = assemble(volume.name(), ":", |names| {
        match names.iter().find(|name| has(&entries, name)) {
            Some(name) => {
                let found = volume.read(name, PART_LIMIT)?;
                Ok(found.map(|bytes| (name.clone(), bytes)))
            }
            None => Ok(None),
        }
    })?;
    let names = entries.into_iter().map(|entry| entry.name).collect();
    seed.ok_or_else(|| no_parts(&format!("{} ({})", volume.name(), described(volume)), names))
}

/// The names of a part's signature, cut in the same ways: eight characters and three are left of `user-data.minisig`.
fn signature_names(names: [&str; 4]) -> Vec<String> {
    let of = |ending: &'static str| names.into_iter().map(move |name| format!("{name}.{ending}"));
    of("minisig").chain(of("min")).collect()
}

/// Puts a seed together; `read` gives the first of some names that exists, and its content. `None` if there is no part.
fn assemble(
    place: &str,
    separator: &str,
    mut read: impl FnMut(&[String]) -> Result<Option<(String, Vec<u8>)>, Fault>,
) -> Result<Option<Seed>, Fault> {
    let mut part = |names: [&str; 4]| -> Result<Option<Part>, Fault> {
        let Some((name, bytes)) = read(&names.map(str::to_owned))? else {
            return Ok(None);
        };
        if bytes.len() as u64 > PART_LIMIT {
            let what = format!("has more than {PART_LIMIT} bytes, the limit");
            return Err(Fault::lasting(what).at(format!("{place}{separator}{name}")));
        }
        let mut part = Part::new(format!("{place}{separator}{name}"), bytes);
        part.signature = read(&signature_names(names))?.map(|(_, signature)| signature);
        Ok(Some(part))
    };
    let mut seed = Seed::empty(NAME, place.to_owned());
    seed.user_data = part(USER_DATA)?;
    seed.meta_data = part(META_DATA)?;
    seed.vendor_data = part(VENDOR_DATA)?;
    seed.network_config = part(NETWORK_CONFIG)?;
    let lacks = |has: &str, lacks: &str| {
        let hint = format!("create an empty file named {lacks} beside it");
        Err(Fault::lasting(format!("has {has} but no {lacks}"))
            .at(place)
            .with_hint(hint))
    };
    match (
        &seed.user_data,
        &seed.meta_data,
        seed.vendor_data.is_some(),
        seed.network_config.is_some(),
    ) {
        (Some(_), Some(_), ..) => Ok(Some(seed)),
        (Some(_), None, ..) => lacks("user-data", "meta-data"),
        (None, Some(_), ..) => lacks("meta-data", "user-data"),
        (None, None, false, false) => Ok(None),
        (None, None, vendor, _) => {
            let has = if vendor { "vendor-data" } else { "network-config" };
            let what = format!("has {has} but neither user-data nor meta-data");
            Err(Fault::lasting(what)
                .at(place)
                .with_hint("create both; they can be empty"))
        }
    }
}

/// A volume that would be a seed if its label were right.
fn mislabelled(volume: &Volume, labels: &[String]) -> Option<String> {
    let entries = volume.list("").ok()??;
    let complete = has(&entries, USER_DATA[0]) && has(&entries, META_DATA[0]);
    let label = labels.first().filter(|_| complete)?;
    let name = volume.name();
    Some(format!(
        "{name} has user-data and meta-data but is {}: label it {label}",
        described(volume)
    ))
}

fn has(entries: &[Entry], name: &str) -> bool {
    entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name))
}

/// `ISO 9660, labelled "cidata"`.
fn described(volume: &Volume) -> String {
    match volume.labels() {
        [] => format!("{}, without a label", volume.kind()),
        [label, ..] => format!("{}, labelled {label:?}", volume.kind()),
    }
}

/// The complaint about a place that has no part; names the first few things that it has.
fn no_parts(place: &str, mut names: Vec<String>) -> Fault {
    names.sort();
    // Quoted: on a volume these are anybody's bytes, and they end up on a terminal.
    let mut shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    match names.len() {
        0 => shown.push("nothing".to_owned()),
        count if count > SHOWN => shown.push(format!("{} more", count - SHOWN)),
        _ => {}
    }
    let what = format!("has neither user-data nor meta-data, but {}", shown.join(", "));
    Fault::lasting(what)
        .at(place)
        .with_hint("put both there under these names")
}

#[cfg(test)]
mod tests;
