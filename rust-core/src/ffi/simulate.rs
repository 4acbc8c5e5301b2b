//! Replays of traces against the cache's policies.

use super::status::*;
use super::{borrowed, copy_out};
use crate::cache::simulation::{Named, Outcome, POLICIES, Trace};
use crate::error::{Error, Result};
use std::panic::catch_unwind;
use std::slice;

/// A sequence of requests to a cache. Its keys are numbers from 0 on.
#[repr(C)]
pub struct MantisdbCacheTrace {
    /// Of each request, the number of its key.
    pub requests: *const u32,
    /// The number of requests, at most 2^32-1.
    pub request_count: usize,
    /// Of each key, the bytes that its entry takes, from 1 to 2^32-1; null if all take 1.
    pub sizes: *const u64,
    /// The number of keys.
    pub key_count: usize,
}

/// Which requests of a trace found their key in a cache.
#[repr(C)]
#[derive(Debug, Default)]
pub struct MantisdbCacheHits {
    /// Their number.
    pub requests: u64,
    /// The sizes of their keys together.
    pub bytes: u64,
}

impl From<Outcome> for MantisdbCacheHits {
    fn from(outcome: Outcome) -> Self {
        Self { requests: outcome.hits, bytes: outcome.hit_weight }
    }
}

/// Writes the names of the policies that a trace can be replayed against to `names`, up to
/// `capacity` bytes, with a newline behind each, and how long they are together to `*len`.
/// The first is the cache's own. The last, `belady`, knows what is to come, and is the
/// bound of all others.
///
/// # Safety
/// `names` has room for `capacity` bytes; `len` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_policies(
    names: *mut u8,
    capacity: usize,
    len: *mut usize,
) -> i32 {
    let text: String = POLICIES.iter().flat_map(|policy| [policy.name, "\n"]).collect();
    // SAFETY: by the contract.
    let is_whole = unsafe {
        *len = text.len();
        copy_out(text.as_bytes(), names, capacity)
    };
    if is_whole { MANTISDB_OK } else { MANTISDB_SHORT_BUFFER }
}

/// Replays a trace against a policy with a cache for `capacity` bytes, empty at first, and
/// writes which requests hit to `*hits`. It takes some 100 ns a request. It is
/// `MANTISDB_INVALID_ARGUMENT` if no policy has this name, the capacity is 0, or the trace
/// is not as it should be.
///
/// # Safety
/// `policy` has `policy_len` bytes; `trace` is valid, and what it points to is as long as
/// it says and does not change; `hits` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mantisdb_cache_simulate(
    policy: *const u8,
    policy_len: usize,
    trace: *const MantisdbCacheTrace,
    capacity: u64,
    hits: *mut MantisdbCacheHits,
) -> i32 {
    // SAFETY: by the contract.
    let (name, trace) = unsafe { (borrowed(policy, policy_len), &*trace) };
    let replayed = catch_unwind(|| {
        let policy = named(name)?;
        if capacity == 0 {
            return Err(Error::InvalidArgument("a cache for nothing"));
        }
        // SAFETY: by the contract.
        let trace = unsafe { trace.read()? };
        Ok((policy.replay)(&trace, capacity))
    });
    match replayed {
        Ok(Ok(outcome)) => {
            // SAFETY: by the contract.
            unsafe { *hits = outcome.into() };
            MANTISDB_OK
        }
        Ok(Err(error)) => status_of(&error),
        Err(_) => MANTISDB_PANICKED,
    }
}

/// The policy of a name.
fn named(name: &[u8]) -> Result<&'static Named> {
    POLICIES
        .iter()
        .find(|policy| policy.name.as_bytes() == name)
        .ok_or(Error::InvalidArgument("no policy has this name"))
}

impl MantisdbCacheTrace {
    /// # Safety
    /// The pointers are null or have what the counts say, which does not change for `'a`.
    unsafe fn read<'a>(&self) -> Result<Trace<'a>> {
        // SAFETY: by the contract.
        let requests = unsafe { numbers(self.requests, self.request_count) };
        // SAFETY: by the contract.
        let sizes = unsafe { numbers(self.sizes, self.key_count) };
        let is_sized = !self.sizes.is_null();
        if u32::try_from(requests.len()).is_err() || u32::try_from(self.key_count).is_err() {
            return Err(Error::InvalidArgument("a trace of 2^32 requests or more"));
        }
        if requests.iter().any(|&key| key as usize >= self.key_count) {
            return Err(Error::InvalidArgument("a request for a key that there is not"));
        }
        // So that no sum over requests passes 64 bits.
        if is_sized && sizes.iter().any(|&size| size == 0 || size > u64::from(u32::MAX)) {
            return Err(Error::InvalidArgument("a size of an entry that is not from 1 to 2^32-1"));
        }
        Ok(Trace::numbered(requests, self.key_count, is_sized.then_some(sizes)))
    }
}

/// The caller's numbers; an empty slice for a null pointer.
///
/// # Safety
/// `data` is null or points to `len` of them that do not change for `'a`.
unsafe fn numbers<'a, T>(data: *const T, len: usize) -> &'a [T] {
    if data.is_null() || len == 0 {
        &[]
    } else {
        // SAFETY: by the contract.
        unsafe { slice::from_raw_parts(data, len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    fn simulate(
        policy: &str,
        requests: &[u32],
        sizes: &[u64],
        keys: usize,
        capacity: u64,
    ) -> (i32, MantisdbCacheHits) {
        let trace = MantisdbCacheTrace {
            requests: requests.as_ptr(),
            request_count: requests.len(),
            sizes: if sizes.is_empty() { ptr::null() } else { sizes.as_ptr() },
            key_count: keys,
        };
        let mut hits = MantisdbCacheHits::default();
        // SAFETY: all are as long as they are said to be.
        let status = unsafe {
            mantisdb_cache_simulate(policy.as_ptr(), policy.len(), &trace, capacity, &mut hits)
        };
        (status, hits)
    }

    #[test]
    fn names_are_told_whole_or_not() {
        let mut names = [0; 1000];
        let mut len = 0;
        // SAFETY: there is room for as much as is said.
        let told = unsafe { mantisdb_cache_policies(names.as_mut_ptr(), names.len(), &mut len) };
        assert_eq!(told, MANTISDB_OK);
        let text = String::from_utf8(names[..len].to_vec()).unwrap();
        assert_eq!(text.lines().count(), POLICIES.len());
        assert!(text.ends_with("belady\n") && text.contains("lru\n"), "{text}");
        // SAFETY: there is room for as much as is said.
        let short = unsafe { mantisdb_cache_policies(names.as_mut_ptr(), len - 1, &mut len) };
        assert_eq!((short, len), (MANTISDB_SHORT_BUFFER, text.len()));
    }

    #[test]
    fn every_policy_keeps_what_fits() {
        for policy in &POLICIES {
            let (status, hits) = simulate(policy.name, &[0, 1, 0, 1, 2], &[], 3, 3);
            assert_eq!((status, hits.requests, hits.bytes), (MANTISDB_OK, 2, 2), "{}", policy.name);
            let (status, hits) = simulate(policy.name, &[0, 1, 0, 1, 1], &[10, 20], 2, 30);
            assert_eq!(
                (status, hits.requests, hits.bytes),
                (MANTISDB_OK, 3, 50),
                "{}",
                policy.name
            );
        }
    }

    #[test]
    fn what_is_larger_than_the_cache_drops_nothing() {
        for policy in &POLICIES {
            let (status, hits) = simulate(policy.name, &[0, 1, 0, 1], &[10, 20], 2, 15);
            assert_eq!(
                (status, hits.requests, hits.bytes),
                (MANTISDB_OK, 1, 10),
                "{}",
                policy.name
            );
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (policy, requests, sizes, keys, capacity) in [
            ("mru", &[0][..], &[][..], 1, 1),
            ("", &[0], &[], 1, 1),
            ("lru", &[0], &[], 1, 0),
            ("lru", &[0, 1], &[], 1, 1),
            ("lru", &[0], &[], 0, 1),
            ("lru", &[0], &[0], 1, 1),
            ("lru", &[0], &[1 << 32], 1, 1),
            ("lru", &[], &[], 1 << 32, 1),
        ] {
            let (status, _) = simulate(policy, requests, sizes, keys, capacity);
            assert_eq!(status, MANTISDB_INVALID_ARGUMENT, "{policy} {requests:?} {sizes:?} {keys}");
        }
    }
}
