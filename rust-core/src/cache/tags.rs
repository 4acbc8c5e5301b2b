//! Which entries carry a tag. Time and memory are proportional to the tags that are
//! carried; entries without any cost nothing.

use super::policy::Token;
use std::collections::HashMap;

/// The tags of a shard's entries.
///
/// A tag's *memberships* are a list, and so are an entry's: a membership is in both.
#[derive(Default)]
pub(super) struct Tags {
    tags: HashMap<Box<[u8]>, u32, foldhash::quality::RandomState>,
    names: Vec<Option<Tag>>,
    free_names: Vec<u32>,
    memberships: Vec<Membership>,
    free: Vec<u32>,
    /// An entry's first membership, by token.
    entries: Vec<u32>,
    /// Bytes of names.
    name_bytes: usize,
}

struct Tag {
    name: Box<[u8]>,
    first: u32,
}

#[derive(Clone, Copy)]
struct Membership {
    token: Token,
    tag: u32,
    next_of_tag: u32,
    previous_of_tag: u32,
    next_of_entry: u32,
}

const NONE: u32 = u32::MAX;

impl Tags {
    /// Gives an entry tags, to those that it has. Naming one twice is naming it once.
    pub(super) fn add(&mut self, token: Token, names: &[&[u8]]) {
        for (n, name) in names.iter().enumerate() {
            if !names[..n].contains(name) {
                self.add_one(token, name);
            }
        }
    }

    fn add_one(&mut self, token: Token, name: &[u8]) {
        if self.entries.len() <= token as usize {
            self.entries.resize(token as usize + 1, NONE);
        }
        let tag = self.tag(name);
        let next_of_tag = self.first_of(tag);
        let membership = Membership {
            token,
            tag,
            next_of_tag,
            previous_of_tag: NONE,
            next_of_entry: self.entries[token as usize],
        };
        let number = match self.free.pop() {
            Some(number) => {
                self.memberships[number as usize] = membership;
                number
            }
            None => {
                self.memberships.push(membership);
                self.memberships.len() as u32 - 1
            }
        };
        if next_of_tag != NONE {
            self.memberships[next_of_tag as usize].previous_of_tag = number;
        }
        self.set_first(tag, number);
        self.entries[token as usize] = number;
    }

    /// Forgets an entry.
    pub(super) fn remove(&mut self, token: Token) {
        let Some(first) = self.entries.get_mut(token as usize) else { return };
        let mut number = std::mem::replace(first, NONE);
        while number != NONE {
            let m = self.memberships[number as usize];
            if m.next_of_tag != NONE {
                self.memberships[m.next_of_tag as usize].previous_of_tag = m.previous_of_tag;
            }
            match m.previous_of_tag {
                NONE => self.set_first(m.tag, m.next_of_tag),
                previous => self.memberships[previous as usize].next_of_tag = m.next_of_tag,
            }
            self.free.push(number);
            number = m.next_of_entry;
        }
    }

    /// Some entry that carries a tag.
    pub(super) fn any_with(&self, name: &[u8]) -> Option<Token> {
        let first = self.first_of(*self.tags.get(name)?);
        Some(self.memberships[first as usize].token)
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The bytes of its tables, nearly.
    pub(super) fn footprint(&self) -> usize {
        self.tags.capacity() * size_of::<(Box<[u8]>, u32)>()
            + self.names.capacity() * size_of::<Option<Tag>>()
            + self.memberships.capacity() * size_of::<Membership>()
            + (self.free.capacity() + self.free_names.capacity() + self.entries.capacity()) * 4
            + 2 * self.name_bytes
    }

    /// The number of a tag, which is new if no entry carries it.
    fn tag(&mut self, name: &[u8]) -> u32 {
        if let Some(&number) = self.tags.get(name) {
            return number;
        }
        let number = self.free_names.pop().unwrap_or_else(|| {
            self.names.push(None);
            self.names.len() as u32 - 1
        });
        self.names[number as usize] = Some(Tag { name: name.into(), first: NONE });
        self.tags.insert(name.into(), number);
        self.name_bytes += name.len();
        number
    }

    fn first_of(&self, tag: u32) -> u32 {
        self.names[tag as usize].as_ref().map_or(NONE, |tag| tag.first)
    }

    /// Sets a tag's first membership. A tag without any is forgotten.
    fn set_first(&mut self, tag: u32, first: u32) {
        let slot = &mut self.names[tag as usize];
        if first != NONE {
            if let Some(tag) = slot {
                tag.first = first;
            }
        } else if let Some(gone) = slot.take() {
            self.tags.remove(&gone.name);
            self.name_bytes -= gone.name.len();
            self.free_names.push(tag);
        }
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn tags_lead_to_their_entries() {
        let mut tags = Tags::default();
        tags.add(1, &[b"red", b"round", b"red"]);
        tags.add(2, &[b"red"]);
        tags.add(9, &[b"round"]);
        let mut red = Vec::new();
        while let Some(token) = tags.any_with(b"red") {
            red.push(token);
            tags.remove(token);
        }
        red.sort_unstable();
        assert_eq!(red, [1, 2]);
        assert_eq!(tags.any_with(b"round"), Some(9));
        tags.remove(9);
        tags.remove(9);
        tags.remove(77);
        assert_eq!((tags.any_with(b"round"), tags.tags.len(), tags.name_bytes), (None, 0, 0));
        for round in 0..100u32 {
            tags.add(round % 7, &[format!("{round}").as_bytes(), b"x"]);
            tags.remove(round % 7);
        }
        assert!(tags.memberships.len() <= 4 && tags.names.len() <= 3);
    }
}
