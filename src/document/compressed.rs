//! Texts that come compressed by gzip, as cloud-init takes them.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use zeroize::{Zeroize, Zeroizing};

/// Why something could not be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is no gzip, or is damaged or cut off.
    Damaged,
    /// There is more in it than may be.
    TooLarge,
}

/// Whether these bytes begin as gzip does (RFC 1952).
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// The bytes that `packed` holds, at most `limit` of them.
///
/// # Errors
/// It is damaged, or holds more.
pub fn gunzip(packed: &[u8], limit: u64) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut bytes = Zeroizing::new(Vec::new());
    let unpacked = MultiGzDecoder::new(packed).take(limit + 1).read_to_end(&mut bytes);
    let fault = match unpacked {
        Ok(_) if bytes.len() as u64 <= limit => return Ok(bytes),
        Ok(_) => Fault::TooLarge,
        Err(_) => Fault::Damaged,
    };
    bytes.zeroize();
    Err(fault)
}

/// The first bytes that `packed` holds, `count` at most; fewer where it is damaged.
pub fn beginning(packed: &[u8], count: u64) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::new());
    // What was unpacked before the damage is there.
    _ = MultiGzDecoder::new(packed).take(count).read_to_end(&mut bytes);
    bytes
}
