//! `keyboard`: where a machine has it, as localed(8) and console-setup do.

use super::search::{self, Found};
use super::{UNIT, has_unit};
use crate::document::keyboard::Keyboard;
use crate::module::{Change, Dirty, FileChange, Plan, PlanError, variables};
use crate::system::{Machine, ReadError};

/// What console-setup reads, and X on Debian.
const CONSOLE_SETUP: &str = "/etc/default/keyboard";

/// What only machines of Debian's family have.
const DEBIANS: [&str; 4] = [
    CONSOLE_SETUP,
    "/etc/debian_version",
    "/usr/bin/dpkg",
    "/usr/bin/apt-get",
];

/// What loads it there, and saves it for later boots. (keyboard-setup.service loads what was saved, also where that is old.)
const CONSOLE_SETUP_UNIT: &str = "console-setup.service";

/// What X reads elsewhere.
const XORG_CONF: &str = "/etc/X11/xorg.conf.d/00-keyboard.conf";

/// Where X is, or the layouts of its keyboards.
const XORGS: [&str; 2] = ["/etc/X11", "/usr/share/X11/xkb"];

/// Where the layouts are, each a file.
const LAYOUTS: &str = "/usr/share/X11/xkb/symbols";

/// Which keymap of the text console is which layout.
const MODEL_MAP: &str = "/usr/share/systemd/kbd-model-map";

/// Plans the files. What belongs into vconsole.conf is added to `variables`, the keymap unless there is one.
pub fn plan(
    wanted: &Keyboard,
    has_keymap: bool,
    machine: &Machine<'_>,
    variables: &mut Vec<(&str, String)>,
    plan: &mut Plan,
) -> Result<(), PlanError> {
    if let Some(problem) = missing_layout(wanted, machine)? {
        plan.problems.push(problem);
        return Ok(());
    }
    let values = [
        ("XKBMODEL", wanted.model()),
        ("XKBLAYOUT", wanted.layout.as_str()),
        ("XKBVARIANT", wanted.variant()),
        ("XKBOPTIONS", wanted.options()),
    ];
    let has_console_setup = has_unit(CONSOLE_SETUP_UNIT, machine)?;
    if has_console_setup || is_debians(machine)? {
        if !has_console_setup && !has_any(&XORGS, machine)? {
            note_nobody(CONSOLE_SETUP, "console-setup", plan);
        }
        let file = variables::file(CONSOLE_SETUP, &values, machine)?;
        let file = file.dirties(Dirty::Restart(CONSOLE_SETUP_UNIT.to_owned()));
        plan.changes.push(Change::File(file));
        return Ok(());
    }
    let (has_console, has_xorg) = (has_unit(UNIT, machine)?, has_any(&XORGS, machine)?);
    if !has_console && !has_xorg {
        note_nobody(super::VCONSOLE_CONF, "kbd", plan);
    }
    if has_console || !has_xorg {
        variables.extend(values.map(|(name, value)| (name, value.to_owned())));
    }
    if has_console && !has_keymap {
        match keymap(wanted, machine)? {
            Some(keymap) => variables.push(("KEYMAP", keymap)),
            None => plan.notice(format!(
                "there is no keymap for the layout {} on this machine: the text console keeps its own; `keymap` sets one",
                wanted.layout.as_str()
            )),
        }
    }
    if has_xorg {
        let file = FileChange::write(XORG_CONF, xorg_conf(&values), 0o644).headed();
        plan.changes.push(Change::File(file));
    }
    Ok(())
}

/// A package of the document may bring who reads it.
fn note_nobody(file: &str, package: &str, plan: &mut Plan) {
    plan.notice(format!(
        "nothing reads {file} on this machine: `keyboard` has no effect until the package `{package}` is installed"
    ));
}

/// Whether this is a machine where console-setup reads the layout, or would.
fn is_debians(machine: &Machine<'_>) -> Result<bool, ReadError> {
    has_any(&DEBIANS, machine)
}

fn has_any(paths: &[&str], machine: &Machine<'_>) -> Result<bool, ReadError> {
    for path in paths {
        if machine.root().exists(path)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A layout that isn't on this machine, where it has any.
fn missing_layout(wanted: &Keyboard, machine: &Machine<'_>) -> Result<Option<PlanError>, ReadError> {
    if machine.root().list(LAYOUTS)?.is_empty() {
        return Ok(None);
    }
    for layout in wanted.layouts() {
        if !machine.root().exists(&format!("{LAYOUTS}/{layout}"))? {
            let message = format!("there is no layout {layout} on this machine");
            let hint = "`localectl list-x11-keymap-layouts` lists the available ones";
            return Ok(Some(PlanError::at(&["keyboard", "layout"], message).hint(hint)));
        }
    }
    Ok(None)
}

/// As localed(8) writes it.
fn xorg_conf(values: &[(&str, &str); 4]) -> String {
    let [(_, model), (_, layout), (_, variant), (_, options)] = values;
    let mut text = "Section \"InputClass\"\n".to_owned();
    text += "        Identifier \"system-keyboard\"\n        MatchIsKeyboard \"on\"\n";
    let all = [
        ("XkbLayout", layout),
        ("XkbModel", model),
        ("XkbVariant", variant),
        ("XkbOptions", options),
    ];
    for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
        text += &format!("        Option \"{name}\" \"{value}\"\n");
    }
    text + "EndSection\n"
}

/// The keymap of the text console that is most like the first layout: one of the same name, or what systemd's table has.
fn keymap(wanted: &Keyboard, machine: &Machine<'_>) -> Result<Option<String>, ReadError> {
    let layout = wanted.layouts().next().unwrap_or_default();
    let variant = wanted.variant().split(',').next().unwrap_or_default();
    let own = match variant {
        "" => layout.to_owned(),
        variant => format!("{layout}-{variant}"),
    };
    if search::find(&own, machine)? == Found::Yes {
        return Ok(Some(own));
    }
    let table = machine.read_text(MODEL_MAP)?.unwrap_or_default();
    for wanted_variant in [variant, ""] {
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_ascii_whitespace();
            let (Some(keymap), Some(layouts), Some(_), Some(variants)) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                continue;
            };
            let own = variants.split(',').next().filter(|own| *own != "-").unwrap_or_default();
            let is_it = layouts.split(',').next() == Some(layout) && own == wanted_variant;
            if is_it && search::find(keymap, machine)? != Found::No {
                return Ok(Some(keymap.to_owned()));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::{Keymap, VCONSOLE_CONF};
    use super::*;
    use crate::document::Config;
    use crate::module::Module;
    use crate::system::{Facts, Root};
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    /// What is planned: texts by path; problems and notes.
    fn plan(document: Value, files: &[(&str, &str)]) -> (BTreeMap<String, String>, Vec<String>) {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = tree.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let root = Root::open(tree.path()).unwrap();
        let want: Config = crate::document::yaml::from_json(&document).unwrap();
        let facts = Facts::default();
        let plan = Keymap.plan(&want, &Machine::new(&root, &facts)).unwrap();
        let files = plan.changes.into_iter().map(|change| match change {
            Change::File(file) => (
                file.path,
                String::from_utf8(file.content.unwrap().bytes.to_vec()).unwrap(),
            ),
            other => panic!("{other:?}"),
        });
        let problems = plan
            .problems
            .iter()
            .map(|problem| format!("{}: {problem}", problem.path.join(".")));
        let told = problems
            .chain(plan.notes.iter().map(|note| note.text.clone()))
            .collect();
        (files.collect(), told)
    }

    const CONSOLE: (&str, &str) = ("usr/lib/systemd/system/systemd-vconsole-setup.service", "[Service]\n");
    const X: (&str, &str) = ("usr/share/X11/xkb/symbols/de", "");
    const TABLE: (&str, &str) = (
        "usr/share/systemd/kbd-model-map",
        "# a b c d e\nuk gb pc105 - terminate\nde-latin1-nodeadkeys de pc105 nodeadkeys -\nde de pc105 - -\n\
         sg ch pc105 de_nodeadkeys -\nruwin us,ru pc105 - grp:x\n",
    );

    #[test]
    fn console_setup_has_a_file_of_its_own() {
        let there = "# KEYBOARD\nXKBMODEL=\"pc105\"\nXKBLAYOUT=\"us\"\nXKBVARIANT=\"\"\nXKBOPTIONS=\"\"\n\nBACKSPACE=\"guess\"\n";
        let document = json!({"keyboard": {"layout": "de", "variant": "nodeadkeys"}});
        let unit = ("usr/lib/systemd/system/console-setup.service", "[Service]\n");
        let (files, told) = plan(document, &[("etc/default/keyboard", there), X, CONSOLE, unit]);
        let expected = "# KEYBOARD\nXKBMODEL=\"pc105\"\nXKBLAYOUT=de\nXKBVARIANT=nodeadkeys\nXKBOPTIONS=\"\"\n\nBACKSPACE=\"guess\"\n";
        assert_eq!(files, BTreeMap::from([(CONSOLE_SETUP.to_owned(), expected.to_owned())]));
        assert_eq!(told, Vec::<String>::new());
        let (files, _) = plan(json!({"keyboard": {"layout": "de"}}), &[unit]);
        let expected = "XKBMODEL=pc105\nXKBLAYOUT=de\nXKBVARIANT=\nXKBOPTIONS=\n";
        assert_eq!(files[CONSOLE_SETUP], expected);
    }

    #[test]
    fn elsewhere_the_console_and_x_have_theirs() {
        let document = json!({"keyboard": {"layout": "de", "variant": "nodeadkeys", "options": "compose:rwin"}});
        let (files, told) = plan(document, &[CONSOLE, X, TABLE]);
        let console = "XKBMODEL=pc105\nXKBLAYOUT=de\nXKBVARIANT=nodeadkeys\nXKBOPTIONS=compose:rwin\n\
                       KEYMAP=de-latin1-nodeadkeys\n";
        let x = "Section \"InputClass\"\n        Identifier \"system-keyboard\"\n        MatchIsKeyboard \"on\"\n        \
                 Option \"XkbLayout\" \"de\"\n        Option \"XkbModel\" \"pc105\"\n        Option \"XkbVariant\" \
                 \"nodeadkeys\"\n        Option \"XkbOptions\" \"compose:rwin\"\nEndSection\n";
        assert_eq!(files[VCONSOLE_CONF], console);
        assert_eq!((files[XORG_CONF].as_str(), told.len()), (x, 0));
    }

    #[test]
    fn a_keymap_that_is_asked_for_is_not_replaced() {
        let document = json!({"keyboard": {"layout": "de"}, "keymap": "us"});
        let (files, _) = plan(document, &[CONSOLE, TABLE]);
        let expected = "KEYMAP=us\nXKBMODEL=pc105\nXKBLAYOUT=de\nXKBVARIANT=\nXKBOPTIONS=\n";
        assert_eq!(files, BTreeMap::from([(VCONSOLE_CONF.to_owned(), expected.to_owned())]));
        // What console-setup has no place for costs the other key nothing.
        let document = json!({"keyboard": {"layout": "de"}, "keymap": "us"});
        let unit = ("usr/lib/systemd/system/console-setup.service", "[Service]\n");
        let (files, told) = plan(document, &[unit]);
        assert_eq!(files.len(), 1);
        assert!(
            told.len() == 1 && told[0].starts_with("keymap: nothing loads a keymap"),
            "{told:?}"
        );
    }

    #[test]
    fn the_keymap_is_the_one_that_is_most_like_the_layout() {
        let keymaps =
            ["de", "us", "uk", "de-latin1-nodeadkeys", "fr-oss"].map(|name| format!("usr/share/keymaps/{name}.map.gz"));
        let mut files: Vec<(&str, &str)> = keymaps.iter().map(|name| (name.as_str(), "")).collect();
        files.extend([CONSOLE, TABLE]);
        for (layout, variant, keymap) in [
            ("us", "", Some("us")),
            ("gb", "", Some("uk")),
            ("de,us", "nodeadkeys,", Some("de-latin1-nodeadkeys")),
            ("de", "neo", Some("de")),
            ("fr", "oss", Some("fr-oss")),
            ("ch", "de_nodeadkeys", None),
            ("xy", "", None),
        ] {
            let document = json!({"keyboard": {"layout": layout, "variant": variant}});
            let (planned, told) = plan(document, &files);
            let line = planned[VCONSOLE_CONF]
                .lines()
                .find_map(|line| line.strip_prefix("KEYMAP="));
            assert_eq!(
                (line, told.len()),
                (keymap, usize::from(keymap.is_none())),
                "{layout} {variant}"
            );
        }
    }

    #[test]
    fn what_cant_be_is_told() {
        let german = || json!({"keyboard": {"layout": "de"}});
        for (files, path, package) in [
            (vec![], VCONSOLE_CONF, "`kbd`"),
            (vec![("usr/bin/dpkg", "")], CONSOLE_SETUP, "`console-setup`"),
        ] {
            let (planned, told) = plan(german(), &files);
            assert!(planned.len() == 1 && planned.contains_key(path), "{planned:?}");
            assert!(
                told.len() == 1 && told[0].contains("no effect until") && told[0].contains(package),
                "{told:?}"
            );
        }
        let (files, told) = plan(json!({"keyboard": {"layout": "de,xy"}}), &[CONSOLE, X]);
        assert!(
            files.is_empty() && told[0].starts_with("keyboard.layout: there is no layout xy"),
            "{told:?}"
        );
    }
}
