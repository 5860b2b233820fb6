//! ConfigDrive: OpenStack's metadata on a volume labelled `config-2`, in `openstack/latest`.
//!
//! <https://docs.openstack.org/nova/latest/user/metadata.html>. Nova has no place for signatures. What it says that firstlight can't do is an error, never
//! passed over.

mod network;

use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::file::read_plain;
use super::media::Volume;
use super::{PART_LIMIT, Part, Places, Seed, Verdict};

/// The source's name.
const NAME: &str = "configdrive";

/// The label of its volume, in either case.
const LABEL: &str = "config-2";

/// Where the files are.
const LATEST: &str = "openstack/latest";

/// Gives a file below the top of the volume, `None` if it isn't there.
type Reader<'a> = dyn Fn(&str) -> Result<Option<Vec<u8>>, String> + 'a;

/// `meta_data.json`: who the machine is.
#[derive(Deserialize)]
struct MetaData {
    uuid: String,
    hostname: Option<String>,
    /// The keys of its owner, by name: read with the meta-data.
    public_keys: Option<serde_json::Value>,
}

/// Searches the volumes of the machine.
pub fn search(places: &Places) -> Verdict {
    let mut found: Vec<Seed> = Vec::new();
    for device in &places.devices {
        let volume = match Volume::open(device) {
            Ok(Some(volume)) if volume.is_labelled(LABEL) => volume,
            // What can't be read is reported by the source that looks at every volume.
            _ => continue,
        };
        match on_volume(&volume) {
            Ok(seed) if found.iter().any(|other| other.says_the_same(&seed)) => {}
            Ok(seed) => found.push(seed),
            Err(why) => return Verdict::Broken(why),
        }
    }
    match found.as_slice() {
        [] => {
            let mut absent = vec![format!("no volume labelled {LABEL}")];
            absent.extend(places.allow().forbidden_devices());
            Verdict::Absent(absent.join("; "))
        }
        [seed] => Verdict::Present(Box::new(seed.clone())),
        seeds => {
            let places: Vec<_> = seeds.iter().map(|seed| seed.place.as_str()).collect();
            Verdict::Broken(format!(
                "different volumes labelled {LABEL}: {}: detach all but one",
                places.join(" and ")
            ))
        }
    }
}

/// The seed at `path`: the directory that has `openstack`, an image or a device. For `--source configdrive:PATH`.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
pub fn from_path(path: &Path) -> Verdict {
    let place = path.display().to_string();
    if path.is_dir() {
        let read = |name: &str| {
            let path = path.join(name);
            read_plain(&path).map_err(|error| format!("{}: can't be read: {error}", path.display()))
        };
        return verdict(assemble(&place, "/", &read));
    }
    let volumes = match Volume::open_all(path) {
        Ok(volumes) => volumes,
        Err(error) => return Verdict::Broken(error.to_string()),
    };
    let labelled = volumes.iter().find(|volume| volume.is_labelled(LABEL));
    match labelled.or(volumes.first()) {
        Some(volume) => verdict(on_volume(volume)),
        None => Verdict::Broken(format!("{place}: there is no ISO 9660 or FAT file system in it")),
    }
}

fn verdict(seed: Result<Seed, String>) -> Verdict {
    match seed {
        Ok(seed) => Verdict::Present(Box::new(seed)),
        Err(why) => Verdict::Broken(why),
    }
}

fn on_volume(volume: &Volume) -> Result<Seed, String> {
    let read = |name: &str| volume.read(name, PART_LIMIT).map_err(|error| error.to_string());
    assemble(volume.name(), ":", &read)
}

fn assemble(place: &str, separator: &str, read: &Reader<'_>) -> Result<Seed, String> {
    let part = |name: &str| -> Result<Option<Part>, String> {
        let name = format!("{LATEST}/{name}");
        let origin = format!("{place}{separator}{name}");
        Ok(read(&name)?.map(|bytes| Part::new(origin, bytes).unsignable()))
    };
    let Some(meta) = part("meta_data.json")? else {
        return Err(format!("{place}: there is no {LATEST}/meta_data.json on it"));
    };
    let about: MetaData = parse(&meta)?;
    let mut seed = Seed::empty(NAME, place.to_owned());
    let mut identity = json!({"instance-id": about.uuid, "local-hostname": about.hostname});
    if let (Some(keys), Some(identity)) = (about.public_keys, identity.as_object_mut()) {
        identity.insert("public_keys".to_owned(), keys);
    }
    seed.meta_data = Some(generated(&meta, &identity));
    seed.user_data = part("user_data")?;
    if let Some(vendor) = part("vendor_data.json")? {
        seed.vendor_data = vendor_data(&vendor)?;
    }
    if let Some(network) = part("network_data.json")? {
        let netplan = network::netplan(&parse(&network)?).map_err(|why| format!("{}: {why}", network.origin))?;
        seed.network_config = netplan.map(|netplan| generated(&network, &netplan));
    }
    Ok(seed)
}

/// The vendor's proposals for cloud-init: a text, or the value of the key `cloud-init`.
fn vendor_data(part: &Part) -> Result<Option<Part>, String> {
    let value: serde_json::Value = parse(part)?;
    let text = value.as_str().or_else(|| value.get("cloud-init")?.as_str());
    Ok(text
        .filter(|text| !text.is_empty())
        .map(|text| Part::new(part.origin.clone(), text.as_bytes()).unsignable()))
}

fn parse<T: serde::de::DeserializeOwned>(part: &Part) -> Result<T, String> {
    serde_json::from_slice(&part.bytes).map_err(|error| {
        // Its own words may quote a value.
        let (line, column) = (error.line(), error.column());
        format!(
            "{}:{line}:{column}: is not the JSON that OpenStack writes: make the drive again",
            part.origin
        )
    })
}

fn generated(from: &Part, value: &serde_json::Value) -> Part {
    Part::new(from.origin.clone(), value.to_string().into_bytes()).unsignable()
}

#[cfg(test)]
mod tests;
