//! Overwrites keys of guestinfo that held secrets: every process of the machine can read them (CVE-2022-1706).

use super::transport::{self, Transport};
use super::{NAME, encoding, value};
use crate::source::{Fault, PART_LIMIT, Places, Seed};

/// The keys whose documents hold secrets.
pub const KEYS: [&str; 2] = ["userdata", "vendordata"];

/// What is written over a document: cloud-init's word for "not set".
const NOTHING: &str = "---";

/// What is written over its encoding, as cloud-init does.
const NO_ENCODING: &str = " ";

/// Whether the seed came from the hypervisor itself, rather than from a directory or the environment.
pub fn is_of_hypervisor(seed: &Seed) -> bool {
    seed.source == NAME && seed.place.starts_with("guestinfo (") && seed.place != "guestinfo (environment)"
}

/// Sets keys by the tools of this machine.
pub struct Eraser {
    tools: Vec<Box<dyn Transport>>,
}

impl std::fmt::Debug for Eraser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.tools.iter().map(|tool| tool.name());
        f.debug_list().entries(names).finish()
    }
}

impl Eraser {
    /// With the tools that there are.
    pub fn of(places: &Places) -> Self {
        Self {
            tools: transport::writers(places),
        }
    }

    /// Takes away the document in `guestinfo.KEY`. Its encoding comes second: what is not set has none.
    ///
    /// # Errors
    /// It can't be overwritten, or is still there: why, and what to do.
    pub fn take_away(&mut self, key: &str) -> Result<(), Fault> {
        self.write(key, NOTHING)?;
        let name = format!("{key}.encoding");
        match self.tools.iter_mut().find_map(|tool| value(tool.as_mut(), &name).ok()) {
            Some(None) => Ok(()),
            _ => self.write(&name, NO_ENCODING),
        }
    }

    /// Writes `guestinfo.KEY` by the first tool that can, and reads it back.
    ///
    /// # Errors
    /// As [`Eraser::take_away`].
    pub fn write(&mut self, key: &str, value: &str) -> Result<(), Fault> {
        let mut refused = Vec::new();
        for tool in &mut self.tools {
            match tool.set(key, value).and_then(|()| read_back(tool.as_mut(), key, value)) {
                Ok(()) => return Ok(()),
                Err(why) => refused.push(why),
            }
        }
        Err(match Fault::together(refused) {
            None => Fault::lasting("nothing on this machine can overwrite it").with_hint("install open-vm-tools"),
            Some(refused) => refused.with_hint(
                "remove it in the hypervisor, or let the guest do that (isolation.tools.setInfo.disable = FALSE)",
            ),
        })
    }
}

fn read_back(tool: &mut dyn Transport, key: &str, value: &str) -> Result<(), Fault> {
    // Tools print a line end, and one that is blank may be as good as not set.
    let now = tool.get(key)?.map(zeroize::Zeroizing::new).unwrap_or_default();
    match now.trim_ascii() == value.trim().as_bytes() {
        true => Ok(()),
        false => Err(Fault::lasting(format!(
            "{} set guestinfo.{key}, but its value did not change",
            tool.name()
        ))),
    }
}

/// What the metadata asks to be taken away: its list `redact`, or `cleanup-guestinfo`; `None` if it has neither.
pub fn asked(places: &Places) -> Option<Vec<String>> {
    transport::is_vmware(places).ok()?;
    let mut transports = transport::all(places);
    let get = |one: &mut Box<dyn Transport>| {
        let raw = value(one.as_mut(), "metadata").ok()??;
        let scheme = value(one.as_mut(), "metadata.encoding").ok()?.unwrap_or_default();
        encoding::decode(raw, &String::from_utf8_lossy(&scheme), PART_LIMIT).ok()
    };
    redacted(&transports.iter_mut().find_map(get)?)
}

/// The list in a metadata, in either name and form; an item that is not a text is shown as its kind.
fn redacted(metadata: &[u8]) -> Option<Vec<String>> {
    let metadata: serde_json::Value = serde_yaml::from_str(std::str::from_utf8(metadata).ok()?).ok()?;
    let list = ["cleanup-guestinfo", "redact"]
        .into_iter()
        .find_map(|name| metadata.get(name))?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("no text").to_owned();
    Some(match list {
        serde_json::Value::Null => Vec::new(),
        serde_json::Value::Array(items) => items.iter().map(text).collect(),
        other => vec![text(other)],
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use super::*;

    /// A hypervisor that is a table, and how it refuses.
    #[derive(Clone, Default)]
    struct Table {
        values: Rc<RefCell<BTreeMap<String, String>>>,
        said: Rc<RefCell<Vec<String>>>,
        refuses: Option<&'static str>,
        deaf: bool,
    }

    impl Transport for Table {
        fn name(&self) -> &'static str {
            "table"
        }

        fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
            Ok(self.values.borrow().get(key).map(|value| value.clone().into_bytes()))
        }

        fn set(&mut self, key: &str, value: &str) -> Result<(), Fault> {
            self.said.borrow_mut().push(format!("{key}={value}"));
            if let Some(why) = self.refuses {
                return Err(Fault::lasting(why));
            }
            if !self.deaf {
                self.values.borrow_mut().insert(key.to_owned(), value.to_owned());
            }
            Ok(())
        }
    }

    fn table(values: &[(&str, &str)]) -> Table {
        let table = Table::default();
        let values = values.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        table.values.borrow_mut().extend(values);
        table
    }

    fn eraser(tables: &[&Table]) -> Eraser {
        Eraser {
            tools: tables
                .iter()
                .map(|table| Box::new((*table).clone()) as Box<dyn Transport>)
                .collect(),
        }
    }

    #[test]
    fn what_is_set_is_taken_away_and_its_encoding_after_it() {
        for (values, said) in [
            (&[("userdata", "hunter2")][..], &["userdata=---"][..]),
            (
                &[("userdata", "aHVudGVyMg=="), ("userdata.encoding", "base64")],
                &["userdata=---", "userdata.encoding= "],
            ),
            (
                &[("userdata", "hunter2"), ("userdata.encoding", " ")],
                &["userdata=---"],
            ),
        ] {
            let table = table(values);
            eraser(&[&table]).take_away("userdata").unwrap();
            assert_eq!(*table.said.borrow(), said);
            assert_eq!(value(&mut table.clone(), "userdata"), Ok(None));
            assert_eq!(value(&mut table.clone(), "userdata.encoding"), Ok(None));
        }
    }

    #[test]
    fn the_next_tool_is_tried_and_what_none_can_is_said() {
        let refusing = Table {
            refuses: Some("permission denied"),
            ..table(&[])
        };
        let deaf = Table {
            deaf: true,
            ..table(&[("userdata", "hunter2")])
        };
        let good = table(&[("userdata", "hunter2")]);
        eraser(&[&refusing, &deaf, &good]).take_away("userdata").unwrap();
        assert_eq!(value(&mut good.clone(), "userdata"), Ok(None));
        for (tools, words) in [
            (
                &[][..],
                "nothing on this machine can overwrite it: install open-vm-tools",
            ),
            (
                &[&refusing],
                "permission denied: remove it in the hypervisor, or let the guest",
            ),
            (&[&deaf], "table set guestinfo.userdata, but its value did not change"),
        ] {
            let why = eraser(tools).take_away("userdata").unwrap_err().to_string();
            assert!(why.contains(words) && !why.contains("hunter2"), "{why}");
        }
    }

    #[test]
    fn what_the_metadata_asks() {
        let list = |items: &[&str]| Some(items.iter().map(ToString::to_string).collect::<Vec<_>>());
        for (metadata, expected) in [
            ("instance-id: i-1\n", None),
            ("redact: [userdata, vendordata]\n", list(&["userdata", "vendordata"])),
            ("{\"cleanup-guestinfo\": [\"userdata\"]}", list(&["userdata"])),
            ("redact: userdata\n", list(&["userdata"])),
            ("redact:\n", list(&[])),
            ("redact: [1, metadata]\n", list(&["no text", "metadata"])),
            ("redact: [", None),
        ] {
            assert_eq!(redacted(metadata.as_bytes()), expected, "{metadata}");
        }
    }

    #[test]
    fn only_the_hypervisors_own() {
        for (source, place, expected) in [
            ("vmware", "guestinfo (vmware-rpctool)", true),
            ("vmware", "guestinfo (backdoor)", true),
            ("vmware", "guestinfo (environment)", false),
            ("vmware", "/srv/guestinfo (x)", false),
            ("nocloud", "guestinfo (vmware-rpctool)", false),
        ] {
            let seed = Seed::empty(source, place.to_owned());
            assert_eq!(is_of_hypervisor(&seed), expected, "{source} {place}");
        }
    }
}
