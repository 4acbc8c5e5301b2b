//! The manifest's bytes: a header that says what follows, and the body.

use super::Manifest;
use crate::error::{Error, Result};
use rkyv::rancor;
use rkyv::util::AlignedVec;

const MAGIC: [u8; 8] = *b"MANTISMF";
/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 1;
/// How the body is encoded: rkyv 0.8, little-endian, relative pointers of 32
/// bits.
const ENCODING: u32 = 1;
/// Magic (8), version (4), encoding (4), length of the body (8), its CRC-32C
/// (4), the CRC-32C of the header before this field (4). A multiple of 16, the
/// alignment of the body.
pub(super) const HEADER_LEN: usize = 32;

/// Makes the file's bytes.
pub(super) fn wrap(manifest: &Manifest) -> Result<Vec<u8>> {
    let body = rkyv::to_bytes::<rancor::Error>(manifest).map_err(|_| Error::OutOfMemory)?;
    let mut bytes = Vec::with_capacity(HEADER_LEN + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&ENCODING.to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
    let header_crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&header_crc.to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// Checks the header, the checksums and the body's structure; what the body
/// says is the caller's to check. `corrupt` makes an error of an offset and a
/// reason.
pub(super) fn unwrap(bytes: &[u8], corrupt: &impl Fn(usize, String) -> Error) -> Result<Manifest> {
    let (Some(header), Some(body)) = (bytes.get(..HEADER_LEN), bytes.get(HEADER_LEN..)) else {
        return Err(corrupt(bytes.len(), "manifest is cut short".into()));
    };
    if header[..8] != MAGIC {
        return Err(corrupt(0, "not a manifest".into()));
    }
    if crc32c::crc32c(&header[..28]) != u32_at(header, 28) {
        return Err(corrupt(28, "checksum of the manifest's header".into()));
    }
    let (version, encoding) = (u32_at(header, 8), u32_at(header, 12));
    if (version, encoding) != (VERSION, ENCODING) {
        let what = format!("manifest of version {version}, encoding {encoding}");
        return Err(Error::WrongFormat(what));
    }
    let len = u64::from(u32_at(header, 16)) | u64::from(u32_at(header, 20)) << 32;
    if len != body.len() as u64 {
        let what = format!("manifest's body of {} bytes should have {len}", body.len());
        return Err(corrupt(16, what));
    }
    if crc32c::crc32c(body) != u32_at(header, 24) {
        return Err(corrupt(HEADER_LEN, "checksum of the manifest's body".into()));
    }
    let mut aligned = AlignedVec::<16>::with_capacity(body.len());
    aligned.extend_from_slice(body);
    rkyv::from_bytes::<Manifest, rancor::Error>(&aligned)
        .map_err(|e| corrupt(HEADER_LEN, format!("manifest's body: {e}")))
}

/// A number in the header, which is long enough.
fn u32_at(header: &[u8], at: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&header[at..at + 4]);
    u32::from_le_bytes(bytes)
}
