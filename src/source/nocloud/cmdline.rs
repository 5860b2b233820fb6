//! What the firmware and the kernel command line say of a seed: `ds=nocloud[;KEY=VALUE]…`, in the system's serial number
//! (SMBIOS type 1) or among the kernel's words.
//!
//! As cloud-init reads it: lower case only, the last such word counts, `h`, `i` and `s` are short for `local-hostname`,
//! `instance-id` and `seedfrom`; `nocloud-net` is the old name for a seed from the network.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::source::{Fault, Part, Places, Seed};
use crate::system::ReadError;

/// Where firmware says what it knows, `__dmi.NAME__` in an address: cloud-init's name, and sysfs's.
const DMI: [(&str, &str); 13] = [
    ("baseboard-asset-tag", "board_asset_tag"),
    ("baseboard-manufacturer", "board_vendor"),
    ("baseboard-product-name", "board_name"),
    ("baseboard-serial-number", "board_serial"),
    ("baseboard-version", "board_version"),
    ("chassis-asset-tag", "chassis_asset_tag"),
    ("chassis-manufacturer", "chassis_vendor"),
    ("chassis-serial-number", "chassis_serial"),
    ("system-manufacturer", "sys_vendor"),
    ("system-product-name", "product_name"),
    ("system-serial-number", "product_serial"),
    ("system-uuid", "product_uuid"),
    ("system-version", "product_version"),
];

/// The owner's own word: it needs no signature.
const KERNEL: &str = "the kernel command line";

/// Keys and values that come before those of any seed's meta-data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    keys: BTreeMap<String, String>,
    origin: &'static str,
}

impl CommandLine {
    /// What this machine was told: by its firmware, below that by its kernel command line. `None` if by neither.
    ///
    /// # Errors
    /// The kernel command line can't be read.
    pub fn to(places: &Places) -> Result<Option<Self>, ReadError> {
        if !places.live {
            return Ok(None);
        }
        let root = &places.root;
        // Only root may read the serial number; a person who looks without being root is shown the rest.
        let serial = || root.read_text(&dmi_path("product_serial")).ok().flatten();
        let serial = places.allow().hypervisor.then(serial).flatten();
        let kernel = root.read_text("/proc/cmdline")?;
        let told = [(kernel, KERNEL), (serial, "the serial number")];
        let told = told
            .into_iter()
            .filter_map(|(words, origin)| Some((keys(&words?)?, origin)));
        Ok(told
            .reduce(|(mut below, _), (above, origin)| {
                below.extend(above);
                (below, origin)
            })
            .map(|(keys, origin)| Self { keys, origin }))
    }

    /// Where the seed comes from: a directory or an address, with what the firmware knows filled in.
    pub fn seedfrom(&self, places: &Places) -> Option<String> {
        let place = self.keys.get("seedfrom").filter(|place| !place.is_empty())?;
        Some(filled_in(place, places))
    }

    /// The seed of a machine that was told who it is and nothing more; `None` if not even that.
    pub fn alone(&self) -> Option<Seed> {
        self.identity().next()?;
        let mut seed = Seed::empty("nocloud", self.origin.to_owned());
        self.add_to(&mut seed).ok()?;
        Some(seed)
    }

    /// Puts what was told above the meta-data of a seed.
    ///
    /// # Errors
    /// The meta-data is not a mapping.
    pub fn add_to(&self, seed: &mut Seed) -> Result<(), Fault> {
        if self.identity().next().is_none() {
            return Ok(());
        }
        let keys: Map<String, Value> = self
            .identity()
            .map(|(key, value)| (key.clone(), value.clone().into()))
            .collect();
        let words = Part::new(self.origin, Value::Object(keys.clone()).to_string());
        let words = match self.origin {
            KERNEL => words.settled(),
            _ => words.unsignable(),
        };
        seed.put_above_meta_data(keys, &words)
    }

    /// What is about the machine and not about where its seed is.
    fn identity(&self) -> impl Iterator<Item = (&String, &String)> {
        self.keys
            .iter()
            .filter(|(key, _)| !["seedfrom", "dsmode"].contains(&key.as_str()))
    }
}

/// The place with what the firmware knows of the machine in it: `__dmi.chassis-serial-number__`.
pub fn filled_in(place: &str, places: &Places) -> String {
    let mut place = place.to_owned();
    for (name, file) in DMI {
        let word = format!("__dmi.{name}__");
        if place.contains(&word) {
            let known = places
                .root
                .read_text(&dmi_path(file))
                .ok()
                .flatten()
                .unwrap_or_default();
            place = place.replace(&word, known.trim());
        }
    }
    place
}

fn dmi_path(file: &str) -> String {
    format!("/sys/class/dmi/id/{file}")
}

/// The keys of the last word that is about NoCloud. A key without a value says nothing.
fn keys(words: &str) -> Option<BTreeMap<String, String>> {
    let about = |word: &&str| {
        let rest = word
            .strip_prefix("ds=nocloud")
            .map(|rest| rest.strip_prefix("-net").unwrap_or(rest));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(';'))
    };
    let word = words.split_whitespace().rfind(about)?;
    let pairs = word.split(';').skip(1).filter_map(|pair| pair.split_once('='));
    Some(
        pairs
            .map(|(key, value)| (long(key).to_owned(), value.to_owned()))
            .collect(),
    )
}

fn long(key: &str) -> &str {
    match key {
        "h" => "local-hostname",
        "i" => "instance-id",
        "s" => "seedfrom",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::signature::checked;
    use crate::source::signature::tests::{META_DATA, META_DATA_SIGNATURE, key};
    use crate::source::{Rules, Verdict};
    use crate::system::Root;

    /// cloud-init's own readings, recorded.
    #[test]
    fn words_are_read_as_cloud_init_reads_them() {
        let oracle = include_str!("../../../tests/oracles/nocloud-cmdline.json");
        let cases: BTreeMap<String, serde_json::Value> = serde_json::from_str(oracle).unwrap();
        assert!(cases.len() > 10);
        for (words, expected) in cases {
            let ours = keys(&words);
            assert_eq!(ours.is_some(), expected["match"].as_bool().unwrap(), "{words}");
            let theirs = expected["fill"].as_object().unwrap().iter();
            // Which of cloud-init's two stages is to look says nothing here; nor does a key without a value.
            let theirs = theirs.filter(|(key, value)| *key != "dsmode" && !value.is_null());
            let theirs: BTreeMap<_, _> = theirs
                .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
                .collect();
            let mut ours = ours.unwrap_or_default();
            ours.remove("dsmode");
            assert_eq!(ours, theirs, "{words}");
        }
    }

    fn places(files: &[(&str, &str)]) -> (tempfile::TempDir, Places) {
        let tree = crate::source::media::images::folder(files);
        let root = Root::open(tree.path()).unwrap();
        (
            tree,
            Places {
                root,
                live: true,
                devices: Vec::new(),
                rules: Rules::default(),
            },
        )
    }

    #[test]
    fn firmware_comes_before_the_kernels_words_and_both_before_meta_data() {
        let (_tree, places) = places(&[
            (
                "proc/cmdline",
                "ro ds=nocloud;i=kernel;h=web1;s=/seeds/__dmi.chassis-serial-number__/ quiet\n",
            ),
            ("sys/class/dmi/id/product_serial", "ds=nocloud;i=firmware\n"),
            ("sys/class/dmi/id/chassis_serial", "c-7\n"),
        ]);
        let cmdline = CommandLine::to(&places).unwrap().unwrap();
        assert_eq!(cmdline.seedfrom(&places).unwrap(), "/seeds/c-7/");
        let mut seed = Seed::empty("nocloud", "there".into());
        seed.meta_data = Some(Part::new("there/meta-data", b"instance-id: own\nregion: eu\n"));
        cmdline.add_to(&mut seed).unwrap();
        let meta = seed.meta_data.unwrap();
        assert_eq!(meta.origin, "there/meta-data and the serial number");
        let text = String::from_utf8(meta.bytes.to_vec()).unwrap();
        assert_eq!(
            text,
            r#"{"instance-id":"firmware","local-hostname":"web1","region":"eu"}"#
        );
        seed = cmdline.alone().unwrap();
        assert!(seed.user_data.is_none() && seed.meta_data.is_some());
    }

    #[test]
    fn the_kernels_words_need_no_signature_but_what_they_are_put_above_does() {
        let words = |said| if said { "ds=nocloud;h=web1" } else { "quiet" };
        for (kernel, serial, signature, problem) in [
            (true, false, Some(META_DATA_SIGNATURE), None),
            (true, false, None, Some("there/meta-data: is not signed")),
            (
                false,
                true,
                Some(META_DATA_SIGNATURE),
                Some("the serial number: its meta-data can't carry a signature"),
            ),
            (
                true,
                true,
                Some(META_DATA_SIGNATURE),
                Some("the serial number: its meta-data can't carry a signature"),
            ),
        ] {
            let (_tree, places) = places(&[
                ("proc/cmdline", words(kernel)),
                ("sys/class/dmi/id/product_serial", words(serial)),
            ]);
            let mut meta = Part::new("there/meta-data", META_DATA);
            meta.signature = signature.map(Into::into);
            let mut seed = Seed::empty("nocloud", "there".into());
            seed.meta_data = Some(meta);
            CommandLine::to(&places).unwrap().unwrap().add_to(&mut seed).unwrap();
            match (checked(Verdict::Present(Box::new(seed)), &[key()]), problem) {
                (Verdict::Present(_), None) => {}
                (Verdict::Broken(fault), Some(words)) => assert!(fault.to_string().contains(words), "{fault}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_serial_number_that_may_say_nothing_is_not_heard() {
        let (_tree, mut places) = places(&[
            ("proc/cmdline", "quiet"),
            ("sys/class/dmi/id/product_serial", "ds=nocloud;h=web1"),
        ]);
        assert!(CommandLine::to(&places).unwrap().is_some());
        places.rules.allow.hypervisor = false;
        assert_eq!(CommandLine::to(&places), Ok(None));
    }

    #[test]
    fn who_is_told_nothing_is_told_nothing() {
        for (words, told) in [("quiet", false), ("ds=nocloud", true), ("ds=nocloud;s=", true)] {
            let (_tree, places) = places(&[("proc/cmdline", words)]);
            let found = CommandLine::to(&places).unwrap();
            assert_eq!(found.is_some(), told, "{words}");
            if let Some(found) = found {
                assert_eq!((found.alone(), found.seedfrom(&places)), (None, None), "{words}");
            }
        }
    }
}
