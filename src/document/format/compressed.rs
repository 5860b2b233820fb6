//! Texts compressed with gzip, which cloud-init accepts too.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use zeroize::{Zeroize, Zeroizing};

/// Why a text could not be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It isn't gzip, or it is damaged or truncated.
    Damaged,
    /// It unpacks to more than the limit.
    TooLarge,
}

/// Whether these bytes start with gzip's magic number (RFC 1952).
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Unpacks `packed` to at most `limit` bytes.
///
/// # Errors
/// It is damaged, or unpacks to more than `limit`.
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
