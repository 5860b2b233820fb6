//! What an interface's links show once networkd has configured them.

use crate::document::network::MacPolicy;
use crate::module::{Expectation, LinkSetting};

use super::{DIRECTORY, Interface, PREFIX};

/// What is verified. Nothing for an optional interface: without a carrier it shows nothing, and that is fine. Nothing for
/// a link whose hardware address is random: it isn't found by the one that it was made with. What a DHCP server gives is
/// not in this machine's hands, and not expected either.
pub fn expectations(own: &Interface<'_>) -> Vec<Expectation> {
    if own.common().is_optional() || own.selector.is_by_permanent_mac {
        return Vec::new();
    }
    let expectation = |setting| Expectation::LinkHas {
        link: own.selector.expected(),
        file: own.path(".network"),
        setting,
    };
    settings(own).into_iter().map(expectation).collect()
}

/// First the file: everything else that is missing depends on it.
fn settings(own: &Interface<'_>) -> Vec<LinkSetting> {
    let common = own.common();
    let mut settings = vec![LinkSetting::NetworkFile];
    settings.extend(own.set_name().cloned().map(LinkSetting::Name));
    settings.extend(common.macaddress.and_then(MacPolicy::fixed).map(LinkSetting::Mac));
    settings.extend(common.mtu.map(LinkSetting::Mtu));
    settings.extend(common.addresses.iter().map(|one| LinkSetting::Address(one.address)));
    settings.extend(own.device.all_routes().into_iter().map(LinkSetting::Route));
    let servers = &common.nameservers;
    if !servers.addresses.is_empty() {
        settings.push(LinkSetting::Dns(servers.addresses.clone()));
    }
    if !servers.search.is_empty() {
        settings.push(LinkSetting::Domains(servers.search.clone()));
    }
    settings
}

/// Whether firstlight wrote the `.network` file at this path.
pub fn is_own_file(path: &str) -> bool {
    path.strip_prefix(DIRECTORY)
        .and_then(|name| name.strip_prefix('/'))
        .is_some_and(|name| name.starts_with(PREFIX))
}
