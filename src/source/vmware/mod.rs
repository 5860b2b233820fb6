//! VMware's guestinfo: `guestinfo.metadata`, `guestinfo.userdata`, `guestinfo.vendordata`, each with its `.encoding`.
//!
//! With cloud-init's meaning of each key, then Photon's own keys, then what vSphere's customization left. Unlike for
//! cloud-init, an encoding that is not known is reported rather than taken for plain text, and nothing is ever waited for.

mod backdoor;
mod customization;
mod directory;
mod encoding;
mod environment;
mod metadata;
mod photon;
pub mod scrub;
mod tool;
mod transport;

use std::path::Path;

use zeroize::Zeroizing;

use self::directory::Directory;
use self::environment::Environment;
use self::transport::Transport;
use super::{Fault, PART_LIMIT, Part, Places, Seed, Verdict};
use crate::document::Conversion;

/// The source's name.
const NAME: &str = "vmware";

/// The keys of a seed, and what their values are.
const KEYS: [(&str, &str); 3] = [
    ("metadata", "meta-data"),
    ("userdata", "user-data"),
    ("vendordata", "vendor-data"),
];

/// What to do about a mistake.
const ADVICE: &str = "correct it in the settings of the virtual machine";

/// Why there is no seed where one was looked for.
enum NoSeed {
    /// The transport gives no answer.
    Silent(Fault),
    /// There is a value that can't be used.
    Broken(Fault),
}

impl NoSeed {
    /// The same, where there is something already that silence would leave half said.
    fn broken(self) -> Self {
        Self::Broken(self.into())
    }
}

impl From<NoSeed> for Fault {
    fn from(none: NoSeed) -> Self {
        match none {
            NoSeed::Silent(fault) | NoSeed::Broken(fault) => fault,
        }
    }
}

/// Asks the hypervisor of the running machine, or its stand-in in the environment.
pub fn search(places: &Places) -> Verdict {
    if !places.live {
        return Verdict::Absent("only a running machine has guestinfo".to_owned());
    }
    if let Some(mut environment) = Environment::of_process() {
        match gather(&mut environment, places.rules.signed()) {
            Ok(Some(seed)) => return seed.into(),
            Ok(None) => {}
            Err(none) => return Fault::from(none).into(),
        }
    }
    match transport::is_vmware(places) {
        Ok(()) => or_customization(
            ask(&mut transport::all(places), places.rules.signed()),
            customization::of_machine(places),
        ),
        Err(why) => Verdict::Absent(why),
    }
}

/// What guestinfo says, or, where it says nothing, what a customization does.
fn or_customization(guestinfo: Verdict, customization: Result<Option<Seed>, Fault>) -> Verdict {
    match (guestinfo, customization) {
        (Verdict::Absent(_), Ok(Some(seed))) => seed.into(),
        (Verdict::Absent(_), Err(fault)) => fault.into(),
        (guestinfo, Ok(Some(seed))) => {
            tracing::warn!("{} is not used: guestinfo comes before it", seed.place);
            guestinfo
        }
        (guestinfo, Err(fault)) => {
            tracing::warn!("not used: {fault}");
            guestinfo
        }
        (guestinfo, Ok(None)) => guestinfo,
    }
}

/// The seed at `path`: a directory that has files named as the keys, or a `cust.cfg`, which `path` may also be itself.
/// [`Verdict::Broken`] if there is none, because a person named it.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
pub fn from_path(path: &Path) -> Verdict {
    let place = path.display().to_string();
    let found = if path.is_dir() {
        in_directory(path)
    } else if let (true, Some(directory), Some(name)) = (path.is_file(), path.parent(), path.file_name()) {
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        customization::at(directory, &name.to_string_lossy())
    } else {
        let hint = "name a directory that has a file guestinfo.userdata or cust.cfg, or a cust.cfg";
        return Fault::lasting("is not there").at(place).with_hint(hint).into();
    };
    let none = || {
        let hint = "put files named guestinfo.userdata, guestinfo.metadata or guestinfo.vendordata there";
        Fault::lasting("has no guestinfo").at(place).with_hint(hint)
    };
    found.and_then(|seed| seed.ok_or_else(none)).into()
}

fn in_directory(path: &Path) -> Result<Option<Seed>, Fault> {
    match gather(&mut Directory::new(path), false) {
        Ok(Some(mut seed)) => {
            seed.place = path.display().to_string();
            Ok(Some(seed))
        }
        Ok(None) => customization::at(path, customization::FILE),
        Err(none) => Err(none.into()),
    }
}

/// The first of the transports that has a seed.
fn ask(transports: &mut [Box<dyn Transport>], signed: bool) -> Verdict {
    let mut unset = Vec::new();
    let mut silent = Vec::new();
    for transport in transports {
        match gather(transport.as_mut(), signed) {
            Ok(Some(seed)) => return seed.into(),
            Err(NoSeed::Broken(fault)) => return fault.into(),
            Err(NoSeed::Silent(fault)) => silent.push(fault),
            Ok(None) => {
                unset.push(transport.name().to_owned());
                if transport.is_sure() {
                    break;
                }
            }
        }
    }
    if !unset.is_empty() {
        return Verdict::Absent(format!(
            "a VMware machine, but none of guestinfo.metadata, .userdata and .vendordata is set (asked: {})",
            unset.join(", ")
        ));
    }
    // A tool that comes too late on a busy machine may have had something to say; one that is refused never will.
    let may_pass = silent.iter().any(Fault::is_passing);
    let silent: Vec<_> = silent.iter().map(Fault::to_string).collect();
    let what = format!(
        "a VMware machine, but its guestinfo can't be read: {}",
        silent.join("; ")
    );
    let hint = "install open-vm-tools if it should be";
    match may_pass {
        true => Verdict::Unknown(Fault::passing(what).with_hint(hint)),
        false => Verdict::Absent(format!("{what}: {hint}")),
    }
}

/// The seed that a transport has; `None` if no key is set. `signed`: with its signatures.
fn gather(transport: &mut dyn Transport, signed: bool) -> Result<Option<Seed>, NoSeed> {
    let mut seed = Seed::empty(NAME, format!("guestinfo ({})", transport.name()));
    let mut is_nameless = true;
    for (key, part) in KEYS {
        let found = value(transport, key).map_err(|fault| match seed.parts().next() {
            None => NoSeed::Silent(fault),
            // Half a seed is none.
            Some(_) => NoSeed::Broken(fault),
        })?;
        let Some(raw) = found else { continue };
        let mut whole = Part::new(transport.origin(key), decoded(transport, key, raw)?);
        if signed {
            let name = format!("{key}.minisig");
            let signature = value(transport, &name).map_err(NoSeed::Broken)?;
            let signature = signature.map(|raw| decoded(transport, &name, raw)).transpose()?;
            whole.signature = signature;
        }
        if part == "meta-data" {
            let split = metadata::split(whole.bytes.to_vec(), &whole.origin);
            is_nameless = split.is_nameless;
            // A signature is of both together.
            let of_whole = |mut half: Part| {
                half.made_of = vec![whole.clone()];
                half
            };
            seed.meta_data = Some(of_whole(split.meta));
            seed.network_config = split.network.map(of_whole);
        } else {
            seed.set(part, whole);
        }
    }
    add_photon(transport, &mut seed, is_nameless).map_err(|none| match seed.parts().next() {
        None => none,
        Some(_) => none.broken(),
    })?;
    let any = seed.parts().next().is_some();
    Ok(any.then_some(seed))
}

/// The value of a key, from what its `.encoding` says.
fn decoded(transport: &mut dyn Transport, key: &str, raw: Zeroizing<Vec<u8>>) -> Result<Vec<u8>, NoSeed> {
    let name = format!("{key}.encoding");
    let scheme = value(transport, &name).map_err(NoSeed::Broken)?.unwrap_or_default();
    let scheme = String::from_utf8_lossy(&scheme);
    let broken = |fault: Fault| NoSeed::Broken(fault.at(transport.origin(key)));
    encoding::decode(raw, &scheme, PART_LIMIT).map_err(broken)
}

/// Photon's own keys, for what the metadata leaves open.
fn add_photon(transport: &mut dyn Transport, seed: &mut Seed, is_nameless: bool) -> Result<(), NoSeed> {
    if is_nameless {
        let mut conversion = Conversion::new(ADVICE);
        let hostname = photon::hostname(transport, &mut conversion)?;
        let place = transport.origin("hostname");
        seed.meta_data = match (seed.meta_data.take(), hostname) {
            (Some(meta), Some(hostname)) => Some(match metadata::with_hostname(&meta, &hostname, &place) {
                Ok(named) => named.unsignable(),
                Err(why) => {
                    let mut conversion = Conversion::partly(ADVICE);
                    conversion.error(&[], place, why);
                    meta.partly_converted(conversion)
                }
            }),
            (None, hostname) if hostname.is_some() || conversion.has_faults() => {
                conversion.place(&["local-hostname"], place.as_str());
                let meta = hostname.map(|name| serde_json::json!({"local-hostname": name}).to_string());
                Some(Part::new(place, meta.unwrap_or_default()).converted(conversion))
            }
            (meta, _) => meta,
        };
    }
    if seed.network_config.is_none() {
        let mut conversion = Conversion::new(ADVICE);
        let network = photon::network(transport, &mut conversion)?;
        if network.is_some() || conversion.has_faults() {
            let text = network.map(|network| network.to_string()).unwrap_or_default();
            let part = Part::new(transport.origin("interface.*"), text);
            seed.network_config = Some(part.converted(conversion));
        }
    }
    Ok(())
}

/// The OVF environment, `guestinfo.ovfEnv`, of the running machine: the first that is set. For the source that reads it.
pub fn ovf_environment(places: &Places) -> Option<Vec<u8>> {
    if !places.live || transport::is_vmware(places).is_err() {
        return None;
    }
    first_ovf_environment(&mut transport::all(places))
}

fn first_ovf_environment(transports: &mut [Box<dyn Transport>]) -> Option<Vec<u8>> {
    let mut found = transports
        .iter_mut()
        .filter_map(|one| value(one.as_mut(), "ovfEnv").ok()?);
    found.next().map(|mut value| std::mem::take(&mut *value))
}

/// The value of a key, `None` if it is not set: nothing, white space or `---`, which is how cloud-init takes one away.
fn value(transport: &mut dyn Transport, key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
    let found = transport.get(key)?.map(Zeroizing::new);
    Ok(found.filter(|value| !matches!(value.trim_ascii(), b"" | b"---")))
}

#[cfg(test)]
mod tests;
