//! ConfigDrive: OpenStack's metadata on a volume labelled `config-2`, in `openstack/latest`.
//!
//! <https://docs.openstack.org/nova/latest/user/metadata.html>. Nova has no place for signatures. What it says that firstlight can't do is an error of that
//! link or file, never passed over, and never more than that.

mod composed;
mod network;

use std::path::Path;

use serde_json::{Map, Value, json};

use super::file::read_plain;
use super::gathered::Gathered;
use super::lenient::Member;
use super::media::Volume;
use super::{Fault, PART_LIMIT, Part, Places, Seed, Verdict, json};
use crate::document::Conversion;

/// The source's name.
const NAME: &str = "configdrive";

/// The label of its volume, in either case.
const LABEL: &str = "config-2";

/// Where the files are.
const LATEST: &str = "openstack/latest";

/// Gives a file below the top of the volume, `None` if it isn't there.
type Reader<'a> = dyn Fn(&str) -> Result<Option<Vec<u8>>, Fault> + 'a;

/// The most members that a file may have: each takes far more room in memory than in its text.
const MEMBER_LIMIT: usize = 250_000;

/// What to do about a mistake.
const ADVICE: &str = "correct it in OpenStack, or rebuild the drive";

/// Searches the volumes of the machine.
pub fn search(places: &Places) -> Verdict {
    let mut found = Gathered::default();
    found.absent.push(format!("no volume labelled {LABEL}"));
    found.absent.extend(places.allow().forbidden_devices());
    for device in &places.devices {
        match Volume::open(device) {
            Ok(Some(volume)) if volume.is_labelled(LABEL) => found.add(on_volume(&volume)),
            Ok(_) => {}
            Err(error) => found.add_unreadable(error),
        }
    }
    found.verdict(|seeds| {
        let places: Vec<_> = seeds.iter().map(|seed| seed.place.as_str()).collect();
        Fault::lasting(match places.as_slice() {
            [place] => format!("{place} is whole"),
            places => format!("different volumes labelled {LABEL}: {}", places.join(" and ")),
        })
        .with_hint("detach all but one")
    })
}

/// The seed at `path`: the directory that has `openstack`, an image or a device. For `--source configdrive:PATH`.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
pub fn from_path(path: &Path) -> Verdict {
    let place = path.display().to_string();
    if path.is_dir() {
        let read = |name: &str| read_plain(&path.join(name));
        return assemble(&place, "/", &read).into();
    }
    let volumes = match Volume::open_all(path) {
        Ok(volumes) => volumes,
        Err(error) => return Fault::from(error).into(),
    };
    let labelled = volumes.iter().find(|volume| volume.is_labelled(LABEL));
    match labelled.or(volumes.first()) {
        Some(volume) => on_volume(volume).into(),
        None => Fault::lasting("it has no ISO 9660 or FAT file system").at(place).into(),
    }
}

fn on_volume(volume: &Volume) -> Result<Seed, Fault> {
    let read = |name: &str| Ok(volume.read(name, PART_LIMIT)?);
    assemble(volume.name(), ":", &read)
}

fn assemble(place: &str, separator: &str, read: &Reader<'_>) -> Result<Seed, Fault> {
    let part = |name: &str| -> Result<Option<Part>, Fault> {
        let name = format!("{LATEST}/{name}");
        let origin = format!("{place}{separator}{name}");
        Ok(read(&name)?.map(|bytes| Part::new(origin, bytes).unsignable()))
    };
    let Some(meta) = part("meta_data.json")? else {
        return Err(Fault::lasting(format!("there is no {LATEST}/meta_data.json on it")).at(place));
    };
    let mut seed = Seed::empty(NAME, place.to_owned());
    seed.meta_data = Some(meta_data(&meta)?);
    seed.user_data = part("user_data")?;
    seed.vendor_data = part("vendor_data.json")?.and_then(|part| vendor_data(&part));
    seed.network_config = part("network_data.json")?.and_then(|part| network_config(&part));
    Ok(seed)
}

/// Who the machine is.
///
/// # Errors
/// It is not a JSON object: then nothing shows that this is a config drive.
fn meta_data(part: &Part) -> Result<Part, Fault> {
    let wrong = |place: &str, what: String| Fault::lasting(what).at(place).with_hint(ADVICE);
    let value = parse(part).map_err(|(place, message)| wrong(&place, message))?;
    let about = Member::whole(&value);
    about.object().map_err(|fault| wrong(&part.origin, fault.message))?;
    let mut conversion = Conversion::new(ADVICE);
    let mut identity = Map::new();
    for (key, name) in [("uuid", "instance-id"), ("hostname", "local-hostname")] {
        let member = about.get(key);
        let place = format!("{}: {key}", part.origin);
        match member.text() {
            Ok(None) if key == "uuid" => {
                let message = "`uuid` is missing: firstlight can't tell a copy of this machine's disk from this \
                               machine";
                conversion.warning(&[], place, message);
            }
            Ok(None) => {}
            Ok(Some(text)) => {
                identity.insert(name.to_owned(), json!(text));
                conversion.place(&[name], place);
            }
            Err(wrong) => conversion.error(&[], place, wrong.message),
        }
    }
    // More random bytes are none that anybody misses: what is no text is passed over.
    if let Ok(Some(seed)) = about.get("random_seed").text() {
        identity.insert("random_seed".to_owned(), json!(seed));
        conversion.place(&["random_seed"], format!("{}: random_seed", part.origin));
    }
    if let Some(keys) = about.get("public_keys").value() {
        identity.insert("public_keys".to_owned(), present(keys));
        conversion.place(&["public_keys"], format!("{}: public_keys", part.origin));
    }
    Ok(generated(part, Some(identity.into()), conversion))
}

/// The value without members that are null or empty.
fn present(value: &Value) -> Value {
    let says_something = |value: &Value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty());
    match value {
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| says_something(value));
            Value::Object(members.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        Value::Array(items) => items.iter().filter(|value| says_something(value)).cloned().collect(),
        other => other.clone(),
    }
}

/// The vendor's proposals for cloud-init: a text, or the value of the key `cloud-init`.
fn vendor_data(part: &Part) -> Option<Part> {
    let mut conversion = Conversion::new(ADVICE);
    let value = parsed(part, &mut conversion);
    let whole = Member::whole(&value);
    let said = match &value {
        Value::String(_) => whole,
        _ => whole.get("cloud-init"),
    };
    match said.text() {
        Ok(Some(_)) => {
            let text = said.value()?.as_str().unwrap_or_default();
            return Some(Part::new(part.origin.clone(), text.as_bytes()).unsignable());
        }
        Ok(None) => {}
        Err(wrong) => conversion.error(&[], format!("{}: {}", part.origin, wrong.place), wrong.message),
    }
    conversion.has_faults().then(|| generated(part, None, conversion))
}

fn network_config(part: &Part) -> Option<Part> {
    let mut conversion = Conversion::new(ADVICE);
    let value = parsed(part, &mut conversion);
    let netplan = network::netplan(&value, &part.origin, &mut conversion);
    let says_something = netplan.is_some() || conversion.has_faults();
    says_something.then(|| generated(part, netplan, conversion))
}

/// The part as JSON, one that is empty or can't be read as null, and that reported.
fn parsed(part: &Part, conversion: &mut Conversion) -> Value {
    parse(part).unwrap_or_else(|(place, message)| {
        conversion.error(&[], place, format!("the file {message}"));
        Value::Null
    })
}

/// The part as JSON, an empty one as null; otherwise where it is not JSON.
fn parse(part: &Part) -> Result<Value, (String, String)> {
    let text = part.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&part.bytes);
    if text.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    if text.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() > MEMBER_LIMIT {
        return Err((
            part.origin.clone(),
            format!("has more than {MEMBER_LIMIT} members, the limit"),
        ));
    }
    serde_json::from_slice(text).map_err(|error| {
        // Its own words may quote a value.
        let place = format!("{}:{}:{}", part.origin, error.line(), error.column());
        (place, "is not the JSON that OpenStack writes".to_owned())
    })
}

/// What was made from a part.
fn generated(from: &Part, value: Option<Value>, conversion: Conversion) -> Part {
    let text = value.map(|value| json::text(&value)).unwrap_or_default();
    Part::new(from.origin.clone(), text.into_bytes()).converted(conversion)
}

#[cfg(test)]
mod tests;
