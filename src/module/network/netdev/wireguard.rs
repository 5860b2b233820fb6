//! `[WireGuard]` and `[WireGuardPeer]`.

use crate::document::network::tunnel::Tunnel;
use crate::document::network::tunnel::key::WireguardKey;
use crate::document::network::tunnel::wireguard::Peer;

use super::super::ini::Section;

/// This end, and the others.
pub fn sections(tunnel: &Tunnel) -> Vec<Section> {
    let mut own = Section::new("WireGuard");
    if let Some(key) = private_key(tunnel) {
        set_key(&mut own, ("PrivateKey", "PrivateKeyFile"), &key);
    }
    own.set_if("ListenPort", tunnel.port.filter(|port| *port > 0));
    own.set_if("FwMark", tunnel.mark.filter(|mark| *mark > 0));
    [own].into_iter().chain(tunnel.peers.iter().map(peer)).collect()
}

/// The key of the document that is the secret in the file, where one of them is.
pub fn inline_key(tunnel: &Tunnel) -> Option<&'static str> {
    let private = private_key(tunnel).is_some_and(|key| key.is_inline());
    let shared = tunnel.peers.iter().filter_map(|peer| peer.keys.shared.as_ref());
    let own = tunnel.given_key().filter(|_| private).map(|(name, _)| name);
    own.or(shared.clone().any(WireguardKey::is_inline).then_some("peers"))
}

fn private_key(tunnel: &Tunnel) -> Option<WireguardKey> {
    let (_, key) = tunnel.given_key()?;
    key.private().ok().flatten()
}

fn peer(peer: &Peer) -> Section {
    let mut section = Section::new("WireGuardPeer");
    section.set("PublicKey", peer.keys.public.as_str());
    if !peer.allowed_ips.is_empty() {
        let networks: Vec<String> = peer.allowed_ips.iter().map(ToString::to_string).collect();
        section.set("AllowedIPs", networks.join(","));
    }
    section.set_if("PersistentKeepalive", peer.keepalive.filter(|seconds| *seconds > 0));
    section.set_if("Endpoint", peer.endpoint.as_ref());
    if let Some(key) = &peer.keys.shared {
        set_key(&mut section, ("PresharedKey", "PresharedKeyFile"), key);
    }
    section
}

/// Sets a secret key: itself, or its file.
fn set_key(section: &mut Section, (inline, file): (&str, &str), key: &WireguardKey) {
    match key {
        WireguardKey::Inline(key) => section.set(inline, key.expose()),
        WireguardKey::File(path) => section.set(file, path.expose()),
    }
}
