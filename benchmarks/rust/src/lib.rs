//! What the programs share: the work that is done, and how it is measured.

pub mod measure;
pub mod work;

/// What fails is told and ends the run: no error is expected.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The version of a package that these programs were built with, by the lock file. They
/// pin the newest; what they depend on may bring along an older one, which stands before it.
pub fn locked_version(package: &str) -> Option<&'static str> {
    let (_, entry) = include_str!("../Cargo.lock")
        .rsplit_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(entry.split_once('"')?.0)
}
