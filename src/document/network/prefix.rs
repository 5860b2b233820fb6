//! Addresses as hypervisors' forms have them: with a prefix length, or with a separate netmask.

use std::net::IpAddr;

use ipnet::{IpNet, ip_mask_to_prefix};

/// The address with its prefix length, which it has already, or which its mask gives: a mask or a number.
///
/// # Errors
/// Why they don't make an address, without either of them.
pub fn with_prefix(address: &str, mask: Option<&str>) -> Result<String, String> {
    if let Some((ip, mask)) = address.split_once('/') {
        if address.parse::<IpNet>().is_ok() {
            return Ok(address.to_owned());
        }
        // `192.0.2.10/255.255.255.0`.
        let masked = mask.parse::<IpAddr>().is_ok().then(|| with_prefix(ip, Some(mask)).ok());
        let why = "is not an address with a prefix length, such as 192.0.2.10/24";
        return masked.flatten().ok_or_else(|| why.to_owned());
    }
    let ip: IpAddr = address.parse().map_err(|_| "is not an IP address".to_owned())?;
    let mask = mask.ok_or("has no netmask")?;
    let length = match mask.parse::<IpAddr>() {
        Ok(mask) if mask.is_ipv4() == ip.is_ipv4() => ip_mask_to_prefix(mask).ok(),
        Ok(_) => None,
        Err(_) => mask.parse().ok(),
    };
    let net = length.and_then(|length| IpNet::new(ip, length).ok());
    let net = net.ok_or("has an invalid netmask")?;
    Ok(net.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_become_prefix_lengths() {
        for (address, mask, expected) in [
            ("192.0.2.10", Some("255.255.252.0"), Some("192.0.2.10/22")),
            ("192.0.2.10", Some("24"), Some("192.0.2.10/24")),
            ("192.0.2.10/25", Some("ignored"), Some("192.0.2.10/25")),
            ("192.0.2.10/255.255.255.128", None, Some("192.0.2.10/25")),
            ("192.0.2.10/255.0.255.0", None, None),
            ("2001:db8::10", Some("64"), Some("2001:db8::10/64")),
            ("2001:db8::10", Some("ffff:ffff::"), Some("2001:db8::10/32")),
            ("192.0.2.10", None, None),
            ("192.0.2.10", Some("255.0.255.0"), None),
            ("192.0.2.10", Some("33"), None),
            ("192.0.2.10", Some("ffff::"), None),
            ("192.0.2.10", Some(""), None),
            ("192.0.2", Some("24"), None),
            ("192.0.2.10/33", None, None),
        ] {
            let made = with_prefix(address, mask);
            assert_eq!(made.as_deref().ok(), expected, "{address} {mask:?}: {made:?}");
        }
    }
}
