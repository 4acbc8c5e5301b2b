//! Traces in files.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::Result;

/// How requests are written.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Format {
    /// As the authors of ARC have it: a line `start count ...` is the requests for the keys
    /// from `start` on.
    Arc,
    /// Keys of 32 bits, little-endian.
    U32,
    /// A line a request, its first field the key: a number, or text that is hashed.
    Csv,
}

/// The requested keys, in their order.
pub(super) fn read(path: &Path, format: Option<Format>) -> Result<Vec<u64>> {
    let keys = match format.unwrap_or_else(|| guess(path)) {
        Format::Arc => arc(open(path)?),
        Format::U32 => u32s(open(path)?),
        Format::Csv => csv(open(path)?),
    };
    keys.map_err(|err| format!("{}: {err}", path.display()).into())
}

/// By the name, without what it is packed as.
fn guess(path: &Path) -> Format {
    let name = path.to_string_lossy();
    let name = name.trim_end_matches(".zst").trim_end_matches(".xz");
    match name.rsplit('.').next() {
        Some("lis") => Format::Arc,
        Some("csv") => Format::Csv,
        _ => Format::U32,
    }
}

fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    let file = File::open(path).map_err(|err| format!("{}: {err}", path.display()))?;
    Ok(match path.extension().and_then(|extension| extension.to_str()) {
        Some("zst") => Box::new(BufReader::new(zstd::Decoder::new(file)?)),
        Some("xz") => Box::new(BufReader::new(liblzma::read::XzDecoder::new_multi_decoder(file))),
        _ => Box::new(BufReader::new(file)),
    })
}

fn arc(source: impl BufRead) -> Result<Vec<u64>> {
    let mut keys = Vec::new();
    for (number, line) in source.lines().enumerate() {
        let line = line?;
        let mut fields = line.split_ascii_whitespace().map(str::parse::<u64>);
        let (Some(Ok(start)), Some(Ok(count))) = (fields.next(), fields.next()) else {
            return Err(format!("line {}: not `start count`: {line:?}", number + 1).into());
        };
        if count > 1 << 20 || start.checked_add(count).is_none() {
            return Err(format!("line {}: too many keys: {line:?}", number + 1).into());
        }
        keys.extend(start..start + count);
    }
    Ok(keys)
}

fn u32s(mut source: impl BufRead) -> Result<Vec<u64>> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes)?;
    let (keys, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        return Err("the length is no multiple of 4 bytes".into());
    }
    Ok(keys.iter().map(|&key| u32::from_le_bytes(key).into()).collect())
}

fn csv(source: impl BufRead) -> Result<Vec<u64>> {
    let key = |line: std::io::Result<String>| {
        let line = line?;
        let field = line.split(',').next().unwrap_or_default().trim();
        Ok(field.parse().unwrap_or_else(|_| hash(field.as_bytes())))
    };
    source.lines().map(key).collect()
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn reads_all_formats() {
        assert_eq!(arc(&b"5 3 0 0\n9 1 0 1\n"[..]).unwrap(), [5, 6, 7, 9]);
        assert!(arc(&b"5 3\nx\n"[..]).unwrap_err().to_string().contains("line 2"));
        assert!(arc(&b"18446744073709551615 2\n"[..]).is_err());
        assert_eq!(u32s(&[1, 0, 0, 0, 0, 1, 0, 0][..]).unwrap(), [1, 256]);
        assert!(u32s(&[1, 0, 0][..]).is_err());
        let keys = csv(&b"7,12\nabc,1\n7\nabc\n"[..]).unwrap();
        assert_eq!((keys[0], keys[1]), (keys[2], keys[3]));
        assert_ne!(keys[0], keys[1]);
    }

    #[test]
    fn reads_packed_files() {
        let dir = std::env::temp_dir().join(format!("hit-ratios-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let (zst, xz) = (dir.join("a.lis.zst"), dir.join("b.trace.xz"));
        std::fs::write(&zst, zstd::encode_all(&b"1 2 0 0\n"[..], 1).unwrap()).unwrap();
        let mut packed = Vec::new();
        liblzma::read::XzEncoder::new(&[3, 0, 0, 0][..], 1).read_to_end(&mut packed).unwrap();
        std::fs::write(&xz, packed).unwrap();
        let read = (read(&zst, None).unwrap(), read(&xz, None).unwrap());
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(read, (vec![1, 2], vec![3]));
    }
}
