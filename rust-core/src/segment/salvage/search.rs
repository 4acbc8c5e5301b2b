//! Finding the whole frames of a damaged file.

use super::super::footer::{HEADER_LEN, Record};
use super::super::frame::{self, Frame, Kind};
use super::super::index::Index;

/// Finds whole frames from the start of a file to its end.
///
/// A value may look like any number of frames, each of which claims to reach to
/// the end of the file. So if footer and index are whole, frames are looked for
/// only where these say; otherwise anywhere, but no more bytes are checked in
/// vain than a small multiple of the file.
pub(super) enum Search {
    /// Where each frame begins and the next part does, ascending.
    Places(std::vec::IntoIter<(usize, usize)>),
    /// Anywhere: how many bytes may still be checked in vain.
    Anywhere(usize),
}

/// As many times its length a file may be checked in vain.
const IN_VAIN: usize = 8;

impl Search {
    /// `footer` is the file's, if it is whole.
    pub(super) fn new(file: &[u8], footer: Option<&Record>) -> Self {
        match footer.and_then(|footer| places(file, footer)) {
            Some(places) => Self::Places(places.into_iter()),
            None => Self::Anywhere(file.len().saturating_mul(IN_VAIN)),
        }
    }

    /// The first whole frame at or after `at`, which is behind the ones before.
    pub(super) fn next<'a>(&mut self, file: &'a [u8], at: usize, end: usize) -> Option<Frame<'a>> {
        match self {
            Self::Places(places) => places
                .filter(|&(start, _)| start >= at)
                .filter_map(|(start, next)| Frame::read(file, start, next.min(end)).ok())
                .find(|frame| frame.check().is_ok()),
            Self::Anywhere(left) => anywhere(file, at, end, left),
        }
    }
}

fn anywhere<'a>(file: &'a [u8], mut at: usize, end: usize, left: &mut usize) -> Option<Frame<'a>> {
    loop {
        if let Ok(frame) = Frame::read(file, at, end) {
            if frame.check().is_ok() {
                return Some(frame);
            }
            *left = left.checked_sub(frame.stored.len())?;
        }
        let rest = file.get(at + 1..end)?;
        at += 1 + memchr::memmem::find(rest, &frame::MAGIC)?;
    }
}

/// Where each part begins and the one behind it does, by footer and index; `None`
/// if the index is damaged.
fn places(file: &[u8], footer: &Record) -> Option<Vec<(usize, usize)>> {
    let [filter, index, properties, end] =
        [footer.filter, footer.index, footer.properties, footer.properties_end]
            .map(|offset| offset as usize);
    let frame = Frame::read(file, index, properties).ok()?;
    if frame.kind != Kind::Index || frame.check().is_err() {
        return None;
    }
    let blocks = Index::parse(file, &frame, HEADER_LEN).ok()?;
    let mut places: Vec<_> = (0..blocks.blocks()).map(|i| blocks.place(file, i)).collect();
    if filter != 0 {
        places.push((filter, index));
    }
    places.extend([(index, properties), (properties, end)]);
    Some(places)
}
