//! Tunnels: files for networkd alone where they hold a key.

use super::*;
use crate::document::{Document, Text, Texts};

const PRIVATE: &str = "mNb7OIIXTdgW4khM7OFlzJ+UPs7lmcWHV7xjPgakMkQ=";
const SHARED: &str = "7voRZ/ojfXgfPOlswo3Lpma1RJq7qijIEEUEMShQFV8=";
const PUBLIC: &str = "rlbInAj0qV69CysWPQY7KEBnKxpYCpaWqOs/dLevdWc=";
const GROUPS: &str = "root:x:0:\nsystemd-network:x:76:\n";

fn read(tunnel: &str) -> Document {
    let text = format!("network: {{tunnels: {{wg0: {{mode: wireguard, {tunnel}}}}}}}\n");
    Document::read(&Texts::of_user_data("user-data", text.as_bytes()))
}

/// The `.netdev` file's mode, group, whether it is a secret, and its text.
fn netdev(tunnel: &str, groups: &str) -> Result<(u32, u32, bool, String), Vec<PlanError>> {
    let document = read(tunnel);
    assert!(!document.has_errors(), "{:?}", document.diagnostics);
    let rig = Rig::offline().file("/etc/group", groups);
    let root = Root::open(rig.tree.path()).unwrap();
    let plan = Network
        .plan(&document.config, &Machine::new(&root, &rig.facts))
        .unwrap();
    if !plan.problems.is_empty() {
        assert!(plan.changes.is_empty(), "{plan:?}");
        return Err(plan.problems);
    }
    assert!(!format!("{plan:?}").contains(PRIVATE) && !format!("{plan:?}").contains(SHARED));
    let file = plan.changes.iter().find_map(|change| match change {
        Change::File(file) if file.path.ends_with(".netdev") => Some(file),
        _ => None,
    });
    let (content, secret) = (file.unwrap().content.as_ref().unwrap(), file.unwrap().secret);
    let text = String::from_utf8(content.bytes.to_vec()).unwrap();
    Ok((content.mode, content.owner.1, secret, text))
}

#[test]
fn a_file_with_a_key_is_for_networkd_alone() {
    let peer =
        |shared: &str| format!("peers: [{{keys: {{public: {PUBLIC}, shared: {shared}}}, allowed-ips: ['::/0']}}]");
    for (tunnel, place, lines) in [
        (
            format!("key: {PRIVATE}"),
            Some("key"),
            vec![format!("PrivateKey={PRIVATE}")],
        ),
        (
            format!("keys: {{private: {PRIVATE}}}"),
            Some("keys"),
            vec![format!("PrivateKey={PRIVATE}")],
        ),
        (
            format!("key: /etc/wireguard/key, {}", peer(SHARED)),
            Some("peers"),
            vec![
                "PrivateKeyFile=/etc/wireguard/key".to_owned(),
                format!("PresharedKey={SHARED}"),
            ],
        ),
        (
            format!("key: /etc/wireguard/key, {}", peer("/etc/wireguard/shared")),
            None,
            vec!["PresharedKeyFile=/etc/wireguard/shared".to_owned()],
        ),
    ] {
        let (mode, group, secret, text) = netdev(&tunnel, GROUPS).unwrap();
        let expected = if place.is_some() {
            (0o640, 76, true)
        } else {
            (0o644, 0, false)
        };
        assert_eq!((mode, group, secret), expected, "{tunnel}");
        assert!(lines.iter().all(|line| text.lines().any(|it| it == line)), "{text}");
        match (netdev(&tunnel, "root:x:0:\n"), place) {
            (Ok(_), None) => {}
            (Err(problems), Some(place)) => {
                assert_eq!(problems[0].path, ["network", "tunnels", "wg0", place]);
                assert!(problems[0].message.contains("no group systemd-network"), "{problems:?}");
            }
            (made, _) => panic!("{tunnel}: {made:?}"),
        }
    }
}

/// Right or wrong, wherever it stands.
#[test]
fn no_message_and_no_stored_document_shows_a_key() {
    let peer = format!("keys: {{public: {PUBLIC}, shared: {SHARED}}}");
    for tunnel in [
        format!("key: {PRIVATE}, peers: [{{{peer}}}]"),
        format!("keys: {{private: {PRIVATE}}}, peers: [{{{peer}, endpoint: nowhere}}]"),
        format!("key: {PRIVATE}x"),
        format!("key: [{PRIVATE}]"),
        format!("keys: {{private: {PRIVATE}x}}"),
        format!("keys: {{private: [{PRIVATE}]}}"),
        format!("key: {PRIVATE}, keys: {PRIVATE}"),
        format!("key: /etc/key, peers: [{{keys: {{public: {PUBLIC}, shared: {SHARED}x}}}}]"),
        format!("key: /etc/key, peers: [{{keys: {{public: {PUBLIC}, shared: [{SHARED}]}}}}]"),
    ] {
        let text = format!("network:\n  version: 2\n  tunnels: {{wg0: {{mode: wireguard, {tunnel}}}}}\n");
        let bytes = text.as_bytes();
        for texts in [
            Texts::of_user_data("user-data", bytes),
            Texts {
                network_config: Some(Text::new("network-config", bytes)),
                ..Texts::default()
            },
        ] {
            let document = Document::read(&texts);
            let shown = format!("{:?} {:?} {}", document.diagnostics, document.config, document.masked());
            for key in [PRIVATE, SHARED] {
                let key = key.trim_end_matches('=');
                assert!(!shown.contains(key), "{tunnel}: {shown}");
            }
        }
    }
    // What is no secret stays readable.
    let document = read(&format!("keys: {{private: {PRIVATE}}}, peers: [{{{peer}}}]"));
    let shown = document.masked().to_string();
    assert!(shown.contains("\"private\"") && shown.contains(PUBLIC), "{shown}");
}
