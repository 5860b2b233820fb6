//! Documents of thousands of interfaces: the work grows with them, not with their square. Comparisons are counted.

use super::*;
use crate::module::network::glob::COMPARED;

/// The comparisons that planning these interfaces takes, and the number of notes.
fn cost(rig: &Rig, count: usize, interface: impl Fn(usize) -> (String, serde_json::Value)) -> (usize, usize) {
    let ethernets: serde_json::Map<_, _> = (0..count).map(interface).collect();
    let before = COMPARED.get();
    let plan = rig.plan(&serde_json::json!({"ethernets": ethernets}).to_string());
    (COMPARED.get() - before, plan.notes.len())
}

#[test]
fn comparisons_and_notes_grow_with_the_interfaces_and_no_faster() {
    let mac = "00:50:56:aa:bb:cc";
    let shadow = |rig: Rig| rig.file("/etc/systemd/network/05-a.network", "[Match]\nName=zz*\n");
    type Make = fn(usize) -> serde_json::Value;
    let kinds: [(&str, Make); 6] = [
        ("names", |_| serde_json::json!({"dhcp4": true})),
        (
            "one MAC",
            |_| serde_json::json!({"match": {"macaddress": "00:50:56:aa:bb:cc"}}),
        ),
        (
            "one MAC, many names",
            |n| serde_json::json!({"match": {"macaddress": "00:50:56:aa:bb:cc", "name": format!("n{n}")}}),
        ),
        ("one name", |_| serde_json::json!({"match": {"name": "eth0"}})),
        (
            "patterns",
            |n| serde_json::json!({"match": {"name": format!("n{n}-*")}}),
        ),
        ("drivers", |n| serde_json::json!({"match": {"driver": format!("d{n}")}})),
    ];
    for (what, make) in kinds {
        for rig in [Rig::offline(), Rig::live(&[("eth0", mac, "vmxnet3"), ("e7", "", "d1")])] {
            let rig = shadow(rig);
            let interface = |n: usize| (format!("e{n}"), make(n));
            let (few, _) = cost(&rig, 150, interface);
            let (many, notes) = cost(&rig, 300, interface);
            // Twice as many interfaces, not four times the comparisons.
            assert!(many <= 3 * few.max(300), "{what}: {few}, then {many}");
            assert!(notes <= 3 * 300, "{what}: {notes} notes");
        }
    }
}

#[test]
fn the_document_that_took_minutes() {
    let (compared, _) = cost(&Rig::offline(), 8000, |n| {
        (format!("e{n}"), serde_json::json!({"dhcp4": true}))
    });
    assert!(compared <= 8000, "{compared} comparisons");
}
