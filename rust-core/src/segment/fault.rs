//! What can be wrong with the bytes of a segment.

use crate::error::Error;
use std::path::Path;

/// A finding of a parser, which knows bytes but no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Bytes are not what was written.
    Damage {
        /// Where in the file, in bytes.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The file is sound, but of a format that is not known.
    Version(u32),
}

impl Fault {
    /// Damage at a byte of the file.
    pub(super) fn at(offset: usize, what: &'static str) -> Self {
        Self::Damage { offset: offset as u64, what }
    }

    /// The error of a storage whose file this is.
    pub(super) fn in_file(self, path: &Path) -> Error {
        let file = path.display().to_string();
        match self {
            Self::Damage { offset, what } => Error::Corrupt { file, offset, what: what.into() },
            Self::Version(version) => {
                Error::WrongFormat(format!("{file} is a segment of version {version}"))
            }
        }
    }
}

/// The result of a parser.
pub(super) type Parsed<T> = std::result::Result<T, Fault>;

/// What is wrong within a block, whose place the caller knows.
pub(super) type Malformed = &'static str;

/// The result of reading within a block.
pub(super) type Sound<T> = std::result::Result<T, Malformed>;
