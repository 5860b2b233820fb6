//! What holds for the picture of any network. `docs/network.svg` and `tests/two.svg` are pictures to look at.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::graph::{DEVICES_MAX, Graph, Tie};
use super::layout::{Layout, Rect, lay_out};
use super::*;

fn network(document: Value) -> Network {
    serde_json::from_value(document).unwrap()
}

/// The texts of the picture that have this class.
fn texts(svg: &str, class: &str) -> Vec<String> {
    let parsed = roxmltree::Document::parse(svg).unwrap();
    let all = parsed
        .descendants()
        .filter(|node| node.attribute("class") == Some(class));
    all.filter_map(|node| node.text().map(str::to_owned)).collect()
}

/// All that the picture says.
fn said(svg: &str) -> Vec<String> {
    let parsed = roxmltree::Document::parse(svg).unwrap();
    let all = parsed.descendants().filter(|node| node.is_text());
    all.filter_map(|node| node.text().map(|text| text.trim().to_owned()))
        .collect()
}

/// `UPDATE=1` writes it, for a person to look at.
#[test]
fn two_links_and_a_bond_look_as_they_did() {
    let bond = network(json!({
        "ethernets": {"eth0": {}, "eth1": {"match": {"name": "en*"}}},
        "bonds": {"bond0": {"interfaces": ["eth0", "eth1"], "addresses": ["192.0.2.10/24"], "gateway4": "192.0.2.1"}},
    }));
    let now = LinksNow::from([("eth0", vec!["eth0"])]);
    let drawn = picture(&bond, Some(&now));
    let path = "src/report/network_graph/tests/two.svg";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &drawn).unwrap();
    }
    assert_eq!(drawn, std::fs::read_to_string(path).unwrap());
    for line in [
        "now eth0",
        "no such link now",
        "match name en*",
        "192.0.2.10/24",
        "route default via 192.0.2.1",
    ] {
        assert!(said(&drawn).contains(&line.to_owned()), "{line}: {drawn}");
    }
}

#[test]
fn an_id_is_text_whatever_is_in_it() {
    let hostile = [
        "</text><script>alert(1)<",
        "\"&'&amp;<!--",
        "]]>",
        "a\u{202e}b",
        "\u{ffff}",
        "日本語",
    ];
    let ethernets: Map<_, _> = hostile
        .iter()
        .map(|id| ((*id).to_owned().replace('/', "|"), json!({"match": {"name": "<&>*"}})))
        .collect();
    let drawn = picture(&network(json!({"ethernets": ethernets})), None);
    let parsed = roxmltree::Document::parse(&drawn).unwrap();
    let tags: BTreeSet<&str> = parsed
        .descendants()
        .filter(roxmltree::Node::is_element)
        .map(|it| it.tag_name().name())
        .collect();
    assert_eq!(
        tags,
        BTreeSet::from(["desc", "g", "rect", "style", "svg", "text", "title"])
    );
    let names: BTreeSet<String> = texts(&drawn, "name").into_iter().collect();
    let shown = [
        "<|text><script>alert(1)<",
        "\"&'&amp;<!--",
        "]]>",
        "a\\u{202e}b",
        "\u{fffd}",
        "日本語",
    ];
    assert_eq!(names, shown.into_iter().map(str::to_owned).collect());
}

#[test]
fn what_is_too_much_is_counted() {
    let vlans: Map<_, _> = (1..=1000)
        .map(|id| (format!("eth0.{id}"), json!({"id": id, "link": "eth0"})))
        .collect();
    let document = json!({"ethernets": {"eth0": {}, "eth1": {"dhcp4": true}}, "vlans": vlans});
    let drawn = picture(&network(document), None);
    assert_eq!(texts(&drawn, "name").len(), DEVICES_MAX);
    assert!(said(&drawn).contains(&"2 Ethernet links, 198 VLANs".to_owned()));
    assert!(said(&drawn).contains(&"not drawn: 802 VLANs".to_owned()));
    assert!(said(&drawn).contains(&"and 802 more devices, not drawn".to_owned()));

    let addresses: Vec<String> = (1..=40).map(|host| format!("192.0.2.{host}/24")).collect();
    let long = "x".repeat(64);
    let drawn = picture(
        &network(json!({"ethernets": {&long: {"match": {"name": "x"}, "addresses": addresses}}})),
        None,
    );
    assert!(said(&drawn).contains(&"and 37 more addresses".to_owned()));
    assert_eq!(texts(&drawn, "name"), [format!("{}…", "x".repeat(31))]);
}

#[test]
fn numbers_are_in_their_order() {
    let vlans: Map<_, _> = [10, 2, 1]
        .map(|id| (format!("v{id}"), json!({"id": id, "link": "eth0"})))
        .into_iter()
        .collect();
    let drawn = picture(&network(json!({"ethernets": {"eth0": {}}, "vlans": vlans})), None);
    assert_eq!(texts(&drawn, "name"), ["eth0", "v1", "v2", "v10"]);
    let ethernets = json!({"e10a": {}, "e2b": {}, "e2a": {}, "e": {}});
    let drawn = picture(&network(json!({"ethernets": ethernets})), None);
    assert_eq!(texts(&drawn, "name"), ["e", "e2a", "e2b", "e10a"]);
}

/// What carries more than fits a screen is seen where the picture begins.
#[test]
fn what_has_many_neighbours_is_at_the_top() {
    let boxes = |many: u32| {
        let vlans: Map<_, _> = (1..=many)
            .map(|id| (format!("v{id}"), json!({"id": id, "link": "eth0"})))
            .collect();
        let graph = Graph::of(&network(json!({"ethernets": {"eth0": {}}, "vlans": vlans})), None);
        lay_out(&graph).boxes
    };
    let (few, many) = (boxes(3), boxes(60));
    assert_eq!((few[0].y, many[0].y), (few[2].y, many[1].y));
}

#[test]
fn a_tunnel_says_where_it_leads() {
    let key = "rlbInAj0qV69CysWPQY7KEBnKxpYCpaWqOs/dLevdWc=";
    let peers = json!([
        {"keys": {"public": key}, "endpoint": "198.51.100.7:51820", "allowed-ips": ["10.7.0.2/32", "10.77.0.0/16"]},
        {"keys": {"public": key}},
    ]);
    let tunnels = json!({
        "wg0": {"mode": "wireguard", "key": key, "port": 51820, "peers": peers},
        "vx0": {"mode": "vxlan", "id": 5, "remote": "198.51.100.7"},
    });
    let drawn = picture(&network(json!({"tunnels": tunnels})), None);
    for line in [
        "tunnel, wireguard",
        "listens on port 51820",
        "peer 198.51.100.7:51820 for 10.7.0.2/32 10.77.0.0/16",
        "peer",
        "tunnel, vxlan 5",
        "to 198.51.100.7",
    ] {
        assert!(said(&drawn).contains(&line.to_owned()), "{line}: {drawn}");
    }
    assert!(!drawn.contains(key), "{drawn}");
}

/// They are refused; but nothing that draws may hang over them.
#[test]
fn circles_are_drawn_without_their_lines() {
    let bonds = json!({"a": {"interfaces": ["b"]}, "b": {"interfaces": ["a"]}, "c": {"interfaces": ["c"]}});
    let graph = Graph::of(&network(json!({"bonds": bonds})), None);
    assert_eq!((graph.nodes.len(), graph.edges.len()), (3, 0));
    assert_eq!(lay_out(&graph).boxes.len(), 3);
}

/// A device: its kind, and which of those before it it is made of.
type Choice = (u8, Vec<prop::sample::Index>);

/// The document of these devices, and what they have to do with each other.
fn document(choices: &[Choice]) -> (Value, BTreeSet<(String, String, Tie)>) {
    let mut document = json!({});
    let mut ties = BTreeSet::new();
    let mut names: Vec<String> = Vec::new();
    let mut add = |kind: &str, name: &str, device: Value| document[kind][name] = device;
    for (number, (kind, picks)) in choices.iter().enumerate() {
        let own = format!("d{number}");
        let below: BTreeSet<String> = picks
            .iter()
            .filter(|_| !names.is_empty())
            .map(|pick| pick.get(&names).clone())
            .collect();
        let mut tie = |below: &String, tie| ties.insert((below.clone(), own.clone(), tie));
        match (kind, below.first()) {
            (0, Some(link)) => {
                add(
                    "vlans",
                    &own,
                    json!({"id": number, "link": link, "addresses": ["192.0.2.1/24", "2001:db8::1/64"]}),
                );
                tie(link, Tie::On);
            }
            (1, _) => {
                let other = format!("e{number}");
                add("virtual-ethernets", &own, json!({"peer": other, "dhcp4": true}));
                add("virtual-ethernets", &other, json!({"peer": own}));
                ties.insert((own.clone(), other.clone(), Tie::Pair));
                names.push(other);
            }
            (2..=4, Some(_)) => {
                let kinds = ["bonds", "bridges", "vrfs"];
                let mut device = json!({"interfaces": below});
                if *kind == 4 {
                    device["table"] = json!(10);
                }
                add(kinds[usize::from(*kind) - 2], &own, device);
                below.iter().for_each(|below| {
                    tie(below, Tie::Part);
                });
            }
            _ => add("ethernets", &own, json!({"dhcp4": true})),
        }
        names.push(own);
    }
    (document, ties)
}

fn touches(one: &Rect, two: &Rect) -> bool {
    let apart = |from: i32, size: i32, other: i32, other_size: i32| from + size <= other || other + other_size <= from;
    !apart(one.x, one.width, two.x, two.width) && !apart(one.y, one.height, two.y, two.height)
}

/// The stretches of a line, as thin boxes.
fn stretches(corners: &[(i32, i32)]) -> impl Iterator<Item = Rect> + '_ {
    corners.iter().zip(corners.iter().skip(1)).map(|(from, to)| Rect {
        x: from.0.min(to.0),
        y: from.1.min(to.1),
        width: (from.0 - to.0).abs().max(1),
        height: (from.1 - to.1).abs().max(1),
    })
}

fn is_within(layout: &Layout, place: &Rect) -> bool {
    place.x >= 0 && place.y >= 0 && place.x + place.width <= layout.width && place.y + place.height <= layout.height
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_device_and_every_tie_is_there_once_and_in_its_place(
        choices in prop::collection::vec((0u8..7, prop::collection::vec(any::<prop::sample::Index>(), 1..4)), 1..40),
    ) {
        let (document, ties) = document(&choices);
        let graph = Graph::of(&network(document), None);
        let layout = lay_out(&graph);

        let names: BTreeSet<&String> = graph.nodes.iter().map(|node| &node.name).collect();
        prop_assert_eq!(names.len(), graph.nodes.len());
        prop_assert_eq!(layout.boxes.len(), graph.nodes.len());
        for (number, own) in layout.boxes.iter().enumerate() {
            prop_assert!(is_within(&layout, own), "{own:?} is outside");
            prop_assert!(own.width > 0 && own.height > 0);
            let other = layout.boxes[..number].iter().find(|other| touches(own, other));
            prop_assert!(other.is_none(), "{own:?} is on {other:?}");
        }

        let name = |node: usize| graph.nodes[node].name.clone();
        let drawn: Vec<_> = layout.wires.iter().map(|wire| graph.edges[wire.edge]).collect();
        let mut named: BTreeSet<_> = drawn.iter().map(|edge| (name(edge.below), name(edge.above), edge.tie)).collect();
        prop_assert_eq!(drawn.len(), named.len(), "one is drawn twice");
        for (below, above, tie) in &ties {
            let turned = (above.clone(), below.clone(), *tie);
            let found = named.remove(&(below.clone(), above.clone(), *tie)) || (*tie == Tie::Pair && named.remove(&turned));
            prop_assert!(found, "{below} and {above} are not connected");
        }
        prop_assert!(named.is_empty(), "{named:?}");

        for wire in &layout.wires {
            let edge = graph.edges[wire.edge];
            let (from, to) = (wire.corners[0], wire.corners[wire.corners.len() - 1]);
            for ((x, y), node) in [(from, edge.below), (to, edge.above)] {
                let own = layout.boxes[node];
                prop_assert!(own.y < y && y < own.y + own.height && (x == own.x || x == own.x + own.width));
            }
            for stretch in stretches(&wire.corners) {
                prop_assert!(is_within(&layout, &stretch));
                prop_assert!(stretch.width == 1 || stretch.height == 1, "{:?} is slanting", wire.corners);
                let crossed = layout.boxes.iter().find(|own| touches(&stretch, own));
                prop_assert!(crossed.is_none(), "{:?} goes through {crossed:?}", wire.corners);
            }
        }
        roxmltree::Document::parse(&svg::svg(&graph, &layout)).unwrap();
    }
}
