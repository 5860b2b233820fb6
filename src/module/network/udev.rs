//! Renaming and whatever else only udev does to a link, when it sees it for the first time: systemd.link(5).

use crate::document::network::LinkName;
use crate::module::{Change, CommandChange, Plan, PlanError, header};
use crate::system::Machine;

use super::Interface;
use super::selector::any_overlap;

/// Has udev look again at the links that `text`, the new `.link` file of `own`, is for.
///
/// On a first boot udev may have seen them before the file was there. Early in the boot they are still down and free to
/// be renamed; once the system runs, that is left to the next boot.
///
/// # Errors
/// The file that is there now can't be read.
pub fn plan_link(own: &Interface<'_>, text: &str, machine: &Machine<'_>, plan: &mut Plan) -> Result<(), PlanError> {
    note_unknown_names(own, plan);
    let Some(live) = machine.live() else { return Ok(()) };
    let there = machine.root().read(&own.path(".link"))?;
    let is_new = there.as_deref().map(header::without) != Some(text.as_bytes());
    let is_named = |link: &str| own.set_name().is_none_or(|name| name.as_str() == link);
    for link in own.links.iter().filter(|link| is_new || !is_named(&link.name)) {
        if live.bus {
            let name = own.set_name().map(LinkName::as_str).filter(|name| *name != link.name);
            let what = name.map_or("is set up again".to_owned(), |name| format!("is renamed to {name}"));
            plan.info(format!("{} {what} at the next boot", link.name));
        } else if let Some(program) = udevadm(machine)? {
            let syspath = format!("/sys/class/net/{}", link.name);
            plan.changes.push(Change::Command(CommandChange {
                argv: vec![
                    program.to_owned(),
                    "trigger".to_owned(),
                    "--action=add".to_owned(),
                    syspath,
                ],
                purpose: format!("udev applies the .link file to {}", link.name),
            }));
        }
    }
    Ok(())
}

/// Has udev look again at all links, because the `.link` files `names` of the document are new. What one of them is for,
/// udev knows better than we do.
///
/// # Errors
/// Whether udev runs can't be found out.
pub fn trigger_udev(names: &str, machine: &Machine<'_>, plan: &mut Plan) -> Result<(), PlanError> {
    let Some(live) = machine.live() else { return Ok(()) };
    if live.bus {
        plan.info(format!("udev sets up links by {names} at the next boot"));
    } else if let Some(program) = udevadm(machine)? {
        let arguments = ["trigger", "--action=add", "--subsystem-match=net"];
        plan.changes.push(Change::Command(CommandChange {
            argv: [program].into_iter().chain(arguments).map(str::to_owned).collect(),
            purpose: format!("udev applies {names}"),
        }));
    }
    Ok(())
}

/// Warns where udev can't find the link by its name: it looks at the one that the kernel gave, not at a predictable one.
fn note_unknown_names(own: &Interface<'_>, plan: &mut Plan) {
    let names = &own.selector.original_names;
    // A device that networkd makes has its name from the beginning.
    let is_made = own.device.netdev().there().is_none();
    if is_made || names.is_empty() || !own.selector.macs.is_empty() || any_overlap(names, "eth*") {
        return;
    }
    let (id, names) = (own.id.as_str(), names.join(" "));
    plan.warn(format!(
        "udev knows the link of `{id}` by its kernel name, such as eth0, and won't find {names}: match it by macaddress"
    ));
}

/// The program; `None` where no udev runs: in a container, where nothing renames, or so early that it will see the file.
fn udevadm(machine: &Machine<'_>) -> Result<Option<&'static str>, PlanError> {
    if machine.metadata("/run/udev/control")?.is_none() {
        return Ok(None);
    }
    for program in ["/usr/bin/udevadm", "/bin/udevadm"] {
        if machine.metadata(program)?.is_some() {
            return Ok(Some(program));
        }
    }
    Ok(None)
}
