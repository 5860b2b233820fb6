//! VMware's guestinfo: `guestinfo.metadata`, `guestinfo.userdata`, `guestinfo.vendordata`, each with its `.encoding`.
//!
//! With cloud-init's meaning of each key. Unlike there, an encoding that is not known is reported rather than taken for
//! plain text, and nothing is ever waited for.

mod backdoor;
mod directory;
mod encoding;
mod environment;
mod metadata;
pub mod scrub;
mod tool;
mod transport;

use std::path::Path;

use zeroize::Zeroizing;

use self::directory::Directory;
use self::environment::Environment;
use self::transport::Transport;
use super::{PART_LIMIT, Part, Places, Seed, Verdict};

/// The source's name.
const NAME: &str = "vmware";

/// The keys of a seed, and what their values are.
const KEYS: [(&str, &str); 3] = [
    ("metadata", "meta-data"),
    ("userdata", "user-data"),
    ("vendordata", "vendor-data"),
];

/// Why there is no seed where one was looked for.
enum Fault {
    /// The transport gives no answer.
    Silent(String),
    /// There is a value that can't be used.
    Broken(String),
}

/// Asks the hypervisor of the running machine, or its stand-in in the environment.
pub fn search(places: &Places) -> Verdict {
    if !places.live {
        return Verdict::Absent("guestinfo is asked for on a running machine only".to_owned());
    }
    if let Some(mut environment) = Environment::of_process() {
        match gather(&mut environment, places.rules.signed()) {
            Ok(Some(seed)) => return Verdict::Present(Box::new(seed)),
            Ok(None) => {}
            Err(Fault::Silent(why) | Fault::Broken(why)) => return Verdict::Broken(why),
        }
    }
    match transport::is_vmware(places) {
        Ok(()) => ask(&mut transport::all(places), places.rules.signed()),
        Err(why) => Verdict::Absent(why),
    }
}

/// The seed in the directory `path`, which has files named as the keys; [`Verdict::Broken`] if there is none, because
/// somebody named it.
#[expect(clippy::disallowed_methods, reason = "the seed that the operator named")]
pub fn from_directory(path: &Path) -> Verdict {
    let place = path.display();
    if !path.is_dir() {
        return Verdict::Broken(format!(
            "{place}: is not a directory: name one that has a file guestinfo.userdata"
        ));
    }
    match gather(&mut Directory::new(path), false) {
        Ok(Some(mut seed)) => {
            seed.place = place.to_string();
            Verdict::Present(Box::new(seed))
        }
        Ok(None) => Verdict::Broken(format!(
            "{place}: has no guestinfo: put files named guestinfo.userdata, guestinfo.metadata or guestinfo.vendordata there"
        )),
        Err(Fault::Silent(why) | Fault::Broken(why)) => Verdict::Broken(why),
    }
}

/// The first of the transports that has a seed.
fn ask(transports: &mut [Box<dyn Transport>], signed: bool) -> Verdict {
    let mut unset = Vec::new();
    let mut silent = Vec::new();
    for transport in transports {
        match gather(transport.as_mut(), signed) {
            Ok(Some(seed)) => return Verdict::Present(Box::new(seed)),
            Err(Fault::Broken(why)) => return Verdict::Broken(why),
            Err(Fault::Silent(why)) => silent.push(why),
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
    Verdict::Absent(format!(
        "a VMware machine, but its guestinfo can't be read: {}: install open-vm-tools if it should be",
        silent.join("; ")
    ))
}

/// The seed that a transport has; `None` if no key is set. `signed`: with its signatures.
fn gather(transport: &mut dyn Transport, signed: bool) -> Result<Option<Seed>, Fault> {
    let mut seed = Seed::empty(NAME, format!("guestinfo ({})", transport.name()));
    for (key, part) in KEYS {
        let found = value(transport, key).map_err(|why| match seed.parts().next() {
            None => Fault::Silent(why),
            // Half a seed is none.
            Some(_) => Fault::Broken(why),
        })?;
        let Some(raw) = found else { continue };
        let mut whole = Part::new(transport.origin(key), decoded(transport, key, raw)?);
        if signed {
            let name = format!("{key}.minisig");
            let signature = value(transport, &name).map_err(Fault::Broken)?;
            let signature = signature.map(|raw| decoded(transport, &name, raw)).transpose()?;
            whole.signature = signature;
        }
        if part == "meta-data" {
            let broken = |why| Fault::Broken(format!("{}: {why}", whole.origin));
            let split = metadata::split(whole.bytes.clone(), &whole.origin).map_err(broken)?;
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
    let any = seed.parts().next().is_some();
    Ok(any.then_some(seed))
}

/// The value of a key, from what its `.encoding` says.
fn decoded(transport: &mut dyn Transport, key: &str, raw: Zeroizing<Vec<u8>>) -> Result<Vec<u8>, Fault> {
    let name = format!("{key}.encoding");
    let scheme = value(transport, &name).map_err(Fault::Broken)?.unwrap_or_default();
    let scheme = String::from_utf8_lossy(&scheme);
    let broken = |why| Fault::Broken(format!("{}: {why}", transport.origin(key)));
    encoding::decode(raw, &scheme, PART_LIMIT).map_err(broken)
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
fn value(transport: &mut dyn Transport, key: &str) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    let found = transport.get(key)?.map(Zeroizing::new);
    Ok(found.filter(|value| !matches!(value.trim_ascii(), b"" | b"---")))
}

#[cfg(test)]
mod tests;
