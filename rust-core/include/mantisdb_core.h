/*
 * The C ABI. `include/mantisdb_core.h` is made from it.
 *
 * # Rules
 * - Every function may be called from any thread, and returns a
 *   `MANTISDB_...` status: 0 is success, positive are answers, negative are
 *   errors. A call that returns an error has changed nothing.
 * - Pointers passed in are borrowed for the call. Lengths are in bytes. A null
 *   pointer is allowed where its length is 0.
 * - Results are copied into the caller's buffers. If one is too small, the
 *   status is `MANTISDB_SHORT_BUFFER` and the needed length is told.
 * - Handles are opaque. Closing one ends its use: calls in flight finish, later
 *   ones return `MANTISDB_CLOSED`, also when both race. Its few bytes stay valid
 *   until it is freed, which its owner does when no call can come any more.
 * - A panic becomes `MANTISDB_PANICKED`, and from then on the database and its
 *   snapshots return `MANTISDB_POISONED`.
 */

#ifndef MANTISDB_CORE_H
#define MANTISDB_CORE_H

/* Written by `make header` from rust-core/src/ffi; do not edit. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The longest packed batch, in bytes.
 */
#define MANTISDB_MAX_BATCH_LEN (1 << 30)

/**
 * The smallest budget, in bytes.
 */
#define MANTISDB_CACHE_MIN_BUDGET (256 << 10)

/**
 * The version of this ABI. It changes with every incompatible change; a caller
 * compares it with [`mantisdb_abi_version`] before anything else.
 */
#define MANTISDB_ABI_VERSION 11

/**
 * A write is as durable as the database was opened for; and a database as
 * [`MANTISDB_DURABILITY_SYNC`].
 */
#define MANTISDB_DURABILITY_DEFAULT 0

/**
 * A write is done once it is on disk. The call returns when it is visible; the
 * caller then waits by `mantisdb_sync`.
 */
#define MANTISDB_DURABILITY_SYNC 1

/**
 * A write is done once the system has it; it is on disk a second later.
 */
#define MANTISDB_DURABILITY_BUFFERED 2

/**
 * A write is done once it is visible, and is not logged.
 */
#define MANTISDB_DURABILITY_MEMORY 3

/**
 * An entry left since room was needed.
 */
#define MANTISDB_CACHE_EVICTED 0

/**
 * An entry left since its time had come.
 */
#define MANTISDB_CACHE_EXPIRED 1

/**
 * An entry left since another value was put under its key.
 */
#define MANTISDB_CACHE_REPLACED 2

/**
 * An entry left since it was removed by its key.
 */
#define MANTISDB_CACHE_REMOVED 3

/**
 * An entry left with a prefix, a tag, or all.
 */
#define MANTISDB_CACHE_INVALIDATED 4

/**
 * Segments are compressed by LZ4.
 */
#define MANTISDB_COMPRESSION_LZ4 0

/**
 * Segments are not compressed.
 */
#define MANTISDB_COMPRESSION_NONE 1

/**
 * Segments are compressed by Zstandard.
 */
#define MANTISDB_COMPRESSION_ZSTD 2

/**
 * Of a prefix: as what has another one.
 */
#define MANTISDB_COMPRESSION_AS_OTHERS 3

/**
 * Stores `value` if the key's value is `expected`.
 */
#define MANTISDB_MODIFY_COMPARE_VALUE 1

/**
 * Stores `value` if the key's value was written under the sequence number
 * `number`; 0: if the key has none.
 */
#define MANTISDB_MODIFY_COMPARE_SEQUENCE 2

/**
 * Stores `value`, whatever there is.
 */
#define MANTISDB_MODIFY_EXCHANGE 3

/**
 * Removes the value.
 */
#define MANTISDB_MODIFY_TAKE 4

/**
 * Adds `number` to the value, a decimal number of 64 bits; none is 0.
 */
#define MANTISDB_MODIFY_INCREMENT 5

/**
 * Adds `value` at the value's end; none is an empty one.
 */
#define MANTISDB_MODIFY_APPEND 6

/**
 * Sets the value's expiry to `expires_at`, if there is a value.
 */
#define MANTISDB_MODIFY_EXPIRE 7

/**
 * Keys come in descending order.
 */
#define MANTISDB_SCAN_REVERSE 1

/**
 * Values are left out; their lengths are told as 0.
 */
#define MANTISDB_SCAN_KEYS_ONLY 2

/**
 * The range has a start.
 */
#define MANTISDB_SCAN_HAS_START 4

/**
 * The range has an end.
 */
#define MANTISDB_SCAN_HAS_END 8

/**
 * The start itself is not in the range: how an ascending scan goes on after the
 * last key of a page.
 */
#define MANTISDB_SCAN_START_EXCLUSIVE 16

/**
 * This is not the first page of a scan, for the count of scans.
 */
#define MANTISDB_SCAN_CONTINUED 32

/**
 * The call did what it should.
 */
#define MANTISDB_OK 0

/**
 * The key has no live value.
 */
#define MANTISDB_NOT_FOUND 1

/**
 * The key has a live value already.
 */
#define MANTISDB_EXISTS 2

/**
 * The caller's buffer is too small; the needed length was told.
 */
#define MANTISDB_SHORT_BUFFER 3

/**
 * Flushes, compactions or evictions are behind, or the log's next file is being made: nothing
 * was written, and the call is to be made again in a moment.
 */
#define MANTISDB_BUSY 4

/**
 * What a transaction read has changed since: nothing was written.
 */
#define MANTISDB_CONFLICT 5

/**
 * The database or the snapshot was closed.
 */
#define MANTISDB_CLOSED -1

/**
 * The key is empty.
 */
#define MANTISDB_KEY_EMPTY -2

/**
 * The key is too long.
 */
#define MANTISDB_KEY_TOO_LARGE -3

/**
 * The value is too long.
 */
#define MANTISDB_VALUE_TOO_LARGE -4

/**
 * The packed batch is too long.
 */
#define MANTISDB_BATCH_TOO_LARGE -5

/**
 * The packed batch does not parse.
 */
#define MANTISDB_BATCH_CORRUPT -6

/**
 * An argument is out of its range.
 */
#define MANTISDB_INVALID_ARGUMENT -7

/**
 * The system refused memory.
 */
#define MANTISDB_OUT_OF_MEMORY -8

/**
 * An earlier internal failure makes the database unusable: open it anew.
 */
#define MANTISDB_POISONED -9

/**
 * The core panicked in this call; the database is poisoned.
 */
#define MANTISDB_PANICKED -10

/**
 * The system refused a thread.
 */
#define MANTISDB_THREAD_SPAWN -11

/**
 * The system refused an operation on a file.
 */
#define MANTISDB_IO -12

/**
 * Stored bytes failed verification.
 */
#define MANTISDB_CORRUPT -13

/**
 * The data directory is in use.
 */
#define MANTISDB_LOCKED -14

/**
 * The data directory has a format that this version does not read.
 */
#define MANTISDB_WRONG_FORMAT -15

/**
 * A write or a sync of the log failed, earlier or in this call: no more writes are
 * accepted until the database is opened anew.
 */
#define MANTISDB_WRITES_FAILED -16

/**
 * The system refused an operation on a file, since the disk or a quota is full.
 */
#define MANTISDB_DISK_FULL -17

/**
 * The value is not a decimal number of 64 bits.
 */
#define MANTISDB_NOT_A_NUMBER -18

/**
 * The number would overflow 64 bits.
 */
#define MANTISDB_OVERFLOW -19

/**
 * Changes that a watch asks for are gone.
 */
#define MANTISDB_HISTORY_GONE -20

/**
 * Changes that a watch has not been given are gone: it is read too slowly.
 */
#define MANTISDB_WATCH_TOO_SLOW -21

/**
 * The entry is heavier than the whole budget of the cache.
 */
#define MANTISDB_OVER_BUDGET -22

/**
 * The write alone is more than the memory limit of a cache has room for.
 */
#define MANTISDB_OVER_MEMORY_LIMIT -23

/**
 * The longest key, in bytes: 64 KiB, and what callers put before keys to part the
 * space of keys.
 */
#define MANTISDB_MAX_KEY_LEN ((64 << 10) + 16)

/**
 * The longest value, in bytes.
 */
#define MANTISDB_MAX_VALUE_LEN (64 << 20)

/**
 * An open cache. Opaque.
 */
typedef struct MantisdbCache MantisdbCache;

/**
 * An open database. Opaque.
 */
typedef struct MantisdbDb MantisdbDb;

/**
 * An open snapshot. Opaque.
 */
typedef struct MantisdbSnapshot MantisdbSnapshot;

/**
 * A watch of the changes of a range. Opaque.
 */
typedef struct MantisdbWatch MantisdbWatch;

/**
 * How to open a cache.
 */
typedef struct {
    /**
     * The bytes that the cache may take, everything counted; 256 KiB at least.
     */
    uint64_t budget;
    /**
     * Not 0 to keep keys in order from the start: for `mantisdb_cache_remove_prefix`.
     */
    uint32_t ordered;
    /**
     * Not 0 to keep what leaves for `mantisdb_cache_take_departed`.
     */
    uint32_t listen;
} MantisdbCacheOptions;

/**
 * Figures of a cache, of nearly one moment.
 */
typedef struct {
    /**
     * Entries, those that have expired and were not found to be yet among them.
     */
    uint64_t entries;
    /**
     * The budget in bytes.
     */
    uint64_t budget;
    /**
     * What counts against it: entries, retired ones, and tables.
     */
    uint64_t used_bytes;
    /**
     * Of that, entries that left and that a reader may still have.
     */
    uint64_t retired_bytes;
    /**
     * Keys and values of the entries, alone.
     */
    uint64_t data_bytes;
    /**
     * Lookups that found an entry.
     */
    uint64_t hits;
    /**
     * Lookups that found none.
     */
    uint64_t misses;
    /**
     * Entries put.
     */
    uint64_t puts;
    /**
     * Entries that were heavier than the whole budget, and others that found no room.
     */
    uint64_t refused;
    /**
     * Entries that left for others.
     */
    uint64_t evicted;
    /**
     * Entries that expired.
     */
    uint64_t expired;
    /**
     * Entries whose value was replaced.
     */
    uint64_t replaced;
    /**
     * Entries that were removed by key.
     */
    uint64_t removed;
    /**
     * Entries that went with a prefix, a tag, or all.
     */
    uint64_t invalidated;
    /**
     * How long those that left for others had been there on average, in milliseconds.
     */
    uint64_t evicted_age;
} MantisdbCacheStats;

/**
 * What a page of a scan holds.
 */
typedef struct {
    /**
     * How many entries were written.
     */
    size_t count;
    /**
     * How many bytes they take.
     */
    size_t used;
    /**
     * With `MANTISDB_SHORT_BUFFER`: how many bytes the next entry takes.
     */
    size_t needed;
    /**
     * Whether the range may hold more entries after these.
     */
    bool more;
} MantisdbPage;

/**
 * How to open a database. Zeroes are a good choice.
 */
typedef struct {
    /**
     * How many keys there is room for from the start.
     */
    uint64_t expected_keys;
    /**
     * Bytes that the database may take in memory; 0 for any number. In a directory, what
     * has no room is read from there. Without one, the database is a cache: live entries
     * leave for good when it is full.
     */
    uint64_t memory_limit;
    /**
     * Bytes of new versions after which they are flushed; 0 for 64 MiB.
     */
    uint64_t write_buffer;
    /**
     * `MANTISDB_DURABILITY_...` of writes that do not say it themselves.
     */
    uint32_t durability;
    /**
     * `MANTISDB_COMPRESSION_...` of segments.
     */
    uint32_t compression;
    /**
     * The keys that never leave a cache: those that begin with the first `pinned_len` of
     * these bytes; none if that is 0.
     */
    uint8_t pinned[16];
    /**
     * At most 16.
     */
    uint64_t pinned_len;
} MantisdbOptions;

/**
 * Figures of one moment. Counters count since open.
 */
typedef struct {
    /**
     * Live keys; expired ones count until they are reclaimed.
     */
    uint64_t keys;
    /**
     * Bytes of entries, versions and indexes.
     */
    uint64_t memory_bytes;
    /**
     * The newest visible sequence number.
     */
    uint64_t last_sequence;
    /**
     * Snapshots that are open.
     */
    uint64_t open_snapshots;
    /**
     * Keys looked up.
     */
    uint64_t gets;
    /**
     * Of those, found.
     */
    uint64_t get_hits;
    /**
     * Values written.
     */
    uint64_t puts;
    /**
     * Deletions of keys written.
     */
    uint64_t deletes;
    /**
     * Batches applied.
     */
    uint64_t batches;
    /**
     * Scans begun.
     */
    uint64_t scans;
    /**
     * Entries that scans yielded.
     */
    uint64_t scan_keys;
    /**
     * Entries reclaimed after expiry.
     */
    uint64_t expired;
    /**
     * Entries reclaimed after deletion.
     */
    uint64_t reclaimed;
    /**
     * Bytes that the allocator holds from the system; 0 if it cannot tell.
     */
    uint64_t allocator_bytes;
    /**
     * 1 if [`Stats::keys`] is an estimate: not all keys are in memory.
     */
    uint64_t keys_estimated;
    /**
     * Bytes of all files of the data directory, those below included.
     */
    uint64_t disk_bytes;
    /**
     * Bytes of the log that recovery would read.
     */
    uint64_t log_bytes;
    /**
     * Segments.
     */
    uint64_t segments;
    /**
     * Bytes of the segments.
     */
    uint64_t segment_bytes;
    /**
     * The newest sequence number up to which every logged write is on disk.
     */
    uint64_t durable_sequence;
    /**
     * Bytes of versions that were written since the last flush began.
     */
    uint64_t dirty_bytes;
    /**
     * Flushes done.
     */
    uint64_t flushes;
    /**
     * Bytes of segments that flushes wrote.
     */
    uint64_t flushed_bytes;
    /**
     * Compactions done.
     */
    uint64_t compactions;
    /**
     * Bytes of segments that compactions wrote.
     */
    uint64_t compacted_bytes;
    /**
     * Nanoseconds that writers waited for flushes, compactions, evictions and files of the log,
     * in sum.
     */
    uint64_t stalled_nanos;
    /**
     * Entries that left memory for its budget.
     */
    uint64_t evicted;
    /**
     * Records that recovery read from the log when the storage was opened.
     */
    uint64_t recovered_records;
    /**
     * Bytes of those records.
     */
    uint64_t recovered_bytes;
    /**
     * Bytes that recovery dropped at the end of the log: a write that was under
     * way when the process or the power went.
     */
    uint64_t torn_bytes;
    /**
     * [`Options::memory_limit`].
     */
    uint64_t memory_limit;
    /**
     * Flushes, compactions and the like that failed, and are tried again.
     */
    uint64_t background_errors;
    /**
     * Deletions of ranges written.
     */
    uint64_t range_deletes;
    /**
     * Blocks of segments that were found decompressed in the cache.
     */
    uint64_t block_cache_hits;
    /**
     * Blocks that were not, and had to be decompressed. What is stored uncompressed is
     * read in place, and counts as neither.
     */
    uint64_t block_cache_misses;
    /**
     * Bytes that the cache of blocks takes.
     */
    uint64_t block_cache_bytes;
    /**
     * Bytes of filters and indexes of segments that are locked into memory.
     */
    uint64_t pinned_bytes;
    /**
     * The sequence number of the oldest snapshot that is open; 0 if none is.
     */
    uint64_t oldest_snapshot;
    /**
     * 1 if no more writes are accepted, since a write or a sync of the log failed.
     */
    uint64_t writes_failed;
} MantisdbStats;

/**
 * Bytes that the core made. A text is UTF-8, without a terminator. They are freed
 * by `mantisdb_text_free`.
 */
typedef struct {
    /**
     * Its bytes; null if there are none.
     */
    uint8_t *data;
    /**
     * Their number.
     */
    size_t len;
} MantisdbText;

/**
 * What a repair has kept, and what is lost. Anything but 0 in one of the last
 * four is a loss.
 */
typedef struct {
    /**
     * Entries that the new directory holds.
     */
    uint64_t entries;
    /**
     * Versions that were read, older ones and deletions among them.
     */
    uint64_t versions;
    /**
     * Versions that should be there and were not found, as far as it is known
     * how many there were.
     */
    uint64_t lost_versions;
    /**
     * Damaged parts of files.
     */
    uint64_t lost_parts;
    /**
     * The bytes of damaged and missing parts, as far as it is known.
     */
    uint64_t lost_bytes;
    /**
     * Files that are missing or cannot be read.
     */
    uint64_t lost_files;
} MantisdbSalvage;

/**
 * What a read tells of a value.
 */
typedef struct {
    /**
     * The value's length in bytes.
     */
    size_t value_len;
    /**
     * The sequence number of the write.
     */
    uint64_t sequence;
    /**
     * When the value stops existing, in Unix milliseconds; 0 for never.
     */
    uint64_t expires_at;
} MantisdbMeta;

/**
 * How a `mantisdb_modify` ended.
 */
typedef struct {
    /**
     * The sequence number of the write; 0 if nothing was to be done.
     */
    uint64_t sequence;
    /**
     * The new number after an increment, the new length after an append.
     */
    int64_t number;
    /**
     * Whether the key had a value before.
     */
    bool existed;
    /**
     * What it was, if it existed.
     */
    MantisdbMeta before;
} MantisdbModified;

/**
 * A sequence of requests to a cache. Its keys are numbers from 0 on.
 */
typedef struct {
    /**
     * Of each request, the number of its key.
     */
    const uint32_t *requests;
    /**
     * The number of requests, at most 2^32-1.
     */
    size_t request_count;
    /**
     * Of each key, the bytes that its entry takes, from 1 to 2^32-1; null if all take 1.
     */
    const uint64_t *sizes;
    /**
     * The number of keys.
     */
    size_t key_count;
} MantisdbCacheTrace;

/**
 * Which requests of a trace found their key in a cache.
 */
typedef struct {
    /**
     * Their number.
     */
    uint64_t requests;
    /**
     * The sizes of their keys together.
     */
    uint64_t bytes;
} MantisdbCacheHits;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The ABI version that the library was built with.
 */
uint32_t mantisdb_abi_version(void);

/**
 * Opens an empty cache into `*cache`. It must be closed by `mantisdb_cache_close` and then
 * freed by `mantisdb_cache_free`. If that fails, `*cache` is null and up to
 * `message_capacity` bytes of a message (UTF-8, no terminator) are written to `message`,
 * its length to `*message_len`.
 *
 * # Safety
 * `options`, `cache` and `message_len` are valid, `message` has room for
 * `message_capacity` bytes.
 */
int32_t mantisdb_cache_open(const MantisdbCacheOptions *options,
                            MantisdbCache **cache,
                            uint8_t *message,
                            size_t message_capacity,
                            size_t *message_len);

/**
 * Closes a cache. Calls in flight finish, later ones return `MANTISDB_CLOSED`; closing
 * again does nothing. It waits for calls that change something. The memory is given back
 * once no call uses it. What had left can still be taken.
 *
 * # Safety
 * `cache` came from `mantisdb_cache_open` and was not freed.
 */
int32_t mantisdb_cache_close(MantisdbCache *cache);

/**
 * Closes a cache if need be and frees its handle. Null does nothing.
 *
 * # Safety
 * `cache` came from `mantisdb_cache_open`; it is not used any more, by any thread.
 */
void mantisdb_cache_free(MantisdbCache *cache);

/**
 * Reads the value of a key into `buffer`, and its length into `*value_len`; or returns
 * `MANTISDB_NOT_FOUND`. If the value is longer than `capacity`, the status is
 * `MANTISDB_SHORT_BUFFER`, and `*value_len` the length that is needed.
 *
 * # Safety
 * `cache` is a handle; `key` has `key_len` bytes; `buffer` has room for `capacity` bytes;
 * `value_len` is valid.
 */
int32_t mantisdb_cache_get(const MantisdbCache *cache,
                           const uint8_t *key,
                           size_t key_len,
                           uint8_t *buffer,
                           size_t capacity,
                           size_t *value_len);

/**
 * Whether a key has an entry: `MANTISDB_OK`, or `MANTISDB_NOT_FOUND`. It counts as no
 * read.
 *
 * # Safety
 * `cache` is a handle; `key` has `key_len` bytes.
 */
int32_t mantisdb_cache_has(const MantisdbCache *cache, const uint8_t *key, size_t key_len);

/**
 * Reads `count` keys, each by itself. `keys` holds them back to back; `key_ends[i]` is
 * where the i-th ends. `lengths[i]` becomes the i-th value's length, or -1 if the key has
 * none; the values come back to back into `buffer`. `*total` becomes the length of all
 * values; if it is greater than `capacity`, the status is `MANTISDB_SHORT_BUFFER` and
 * `buffer` is of no use.
 *
 * # Safety
 * `cache` is a handle; `keys` has `keys_len` bytes; `key_ends` and `lengths` have `count`
 * elements; `buffer` has room for `capacity` bytes; `total` is valid.
 */
int32_t mantisdb_cache_get_many(const MantisdbCache *cache,
                                const uint8_t *keys,
                                size_t keys_len,
                                const uint32_t *key_ends,
                                size_t count,
                                uint8_t *buffer,
                                size_t capacity,
                                int64_t *lengths,
                                size_t *total);

/**
 * Puts an entry, in the place of the one that the key has, for `ttl` milliseconds; 0 is
 * for ever. It carries `tag_count` tags, which lie back to back in `tags`; `tag_ends[i]`
 * is where the i-th ends. An entry that is heavier than the budget is
 * `MANTISDB_OVER_BUDGET`; the key has none then. `MANTISDB_BUSY` says that there was no
 * room because readers hold on to what left; the key has what it had.
 *
 * # Safety
 * `cache` is a handle; `key` has `key_len` bytes, `value` has `value_len`, `tags` has
 * `tags_len`; `tag_ends` has `tag_count` elements.
 */
int32_t mantisdb_cache_put(const MantisdbCache *cache,
                           const uint8_t *key,
                           size_t key_len,
                           const uint8_t *value,
                           size_t value_len,
                           uint64_t ttl,
                           const uint8_t *tags,
                           size_t tags_len,
                           const uint32_t *tag_ends,
                           size_t tag_count);

/**
 * As `mantisdb_cache_put`, but only if the key has no entry: else `MANTISDB_EXISTS`, and
 * nothing is put.
 *
 * # Safety
 * As `mantisdb_cache_put`.
 */
int32_t mantisdb_cache_put_if_absent(const MantisdbCache *cache,
                                     const uint8_t *key,
                                     size_t key_len,
                                     const uint8_t *value,
                                     size_t value_len,
                                     uint64_t ttl,
                                     const uint8_t *tags,
                                     size_t tags_len,
                                     const uint32_t *tag_ends,
                                     size_t tag_count);

/**
 * Removes the entry of a key, or returns `MANTISDB_NOT_FOUND`.
 *
 * # Safety
 * `cache` is a handle; `key` has `key_len` bytes.
 */
int32_t mantisdb_cache_remove(const MantisdbCache *cache, const uint8_t *key, size_t key_len);

/**
 * Removes all entries whose key begins with `prefix`, and tells in `*removed` how many.
 *
 * # Safety
 * `cache` is a handle; `prefix` has `prefix_len` bytes; `removed` is valid.
 */
int32_t mantisdb_cache_remove_prefix(const MantisdbCache *cache,
                                     const uint8_t *prefix,
                                     size_t prefix_len,
                                     uint64_t *removed);

/**
 * Removes all entries that carry `tag`, and tells in `*removed` how many.
 *
 * # Safety
 * `cache` is a handle; `tag` has `tag_len` bytes; `removed` is valid.
 */
int32_t mantisdb_cache_remove_tag(const MantisdbCache *cache,
                                  const uint8_t *tag,
                                  size_t tag_len,
                                  uint64_t *removed);

/**
 * Removes all entries, and tells in `*removed` how many there were.
 *
 * # Safety
 * `cache` is a handle; `removed` is valid.
 */
int32_t mantisdb_cache_clear(const MantisdbCache *cache, uint64_t *removed);

/**
 * Changes the budget, in bytes. What is too much leaves before it returns.
 *
 * # Safety
 * `cache` is a handle.
 */
int32_t mantisdb_cache_resize(const MantisdbCache *cache, uint64_t budget);

/**
 * Writes figures of this moment to `*stats`.
 *
 * # Safety
 * `cache` is a handle, `stats` is valid.
 */
int32_t mantisdb_cache_stats(const MantisdbCache *cache, MantisdbCacheStats *stats);

/**
 * Takes what left since the last call, if the cache was opened to keep that: as many
 * records as fit into `buffer`, their length in `*len`; 0 if there are none. If the first
 * one does not fit, the status is `MANTISDB_SHORT_BUFFER`, and `*len` its length. A
 * record is, with integers little-endian: cause u8 (`MANTISDB_CACHE_...`), key length
 * u32, value length u32, key, value. What left by a call can be taken when that has
 * returned. It works after the close, too.
 *
 * # Safety
 * `cache` is a handle; `buffer` has room for `capacity` bytes; `len` is valid.
 */
int32_t mantisdb_cache_take_departed(const MantisdbCache *cache,
                                     uint8_t *buffer,
                                     size_t capacity,
                                     size_t *len);

/**
 * Puts the cache's clock forward: how a caller tests what expires.
 *
 * # Safety
 * `cache` is a handle.
 */
int32_t mantisdb_cache_test_advance(const MantisdbCache *cache, uint64_t milliseconds);

/**
 * Begins to watch the keys `start <= key < end` into `*watch`, and writes the first
 * sequence number that is watched to `*first`: for a `from` of 0 that of the next
 * write, else `from`. `flags` are `MANTISDB_SCAN_HAS_START`, `..._HAS_END` and
 * `..._KEYS_ONLY`. `MANTISDB_HISTORY_GONE` if changes from there on cannot be had any
 * more. It must be closed by `mantisdb_watch_close` and freed by
 * `mantisdb_watch_free`; it may outlive its database, and then answers
 * `MANTISDB_CLOSED`.
 *
 * # Safety
 * `db` is a handle; `start` and `end` have their lengths; `watch` and `first` are
 * valid.
 */
int32_t mantisdb_watch_open(const MantisdbDb *db,
                            const uint8_t *start,
                            size_t start_len,
                            const uint8_t *end,
                            size_t end_len,
                            uint32_t flags,
                            uint64_t from,
                            MantisdbWatch **watch,
                            uint64_t *first);

/**
 * Closes a watch. A call in flight finishes, later ones return `MANTISDB_CLOSED`;
 * closing again does nothing.
 *
 * # Safety
 * `watch` came from `mantisdb_watch_open` and was not freed.
 */
void mantisdb_watch_close(MantisdbWatch *watch);

/**
 * Closes a watch if need be and frees its handle. Null does nothing.
 *
 * # Safety
 * `watch` came from `mantisdb_watch_open`; it is not used any more, by any thread.
 */
void mantisdb_watch_free(MantisdbWatch *watch);

/**
 * Writes the changes that come next into `buffer`, as many as fit and are there; it
 * does not wait for any. A change is packed as sequence u64 (little-endian) and an
 * operation in the form of a batch, of which a watch of keys only leaves out the
 * values of puts; of a deleted range it is the part that is watched. Changes lie back
 * to back. `page->more` tells whether it is worth asking again at once.
 * `MANTISDB_SHORT_BUFFER`: not even one fits, `page->needed` bytes are needed.
 * `MANTISDB_WATCH_TOO_SLOW` or `MANTISDB_HISTORY_GONE`: changes that come next are gone.
 *
 * # Safety
 * `watch` is a handle; `buffer` has room for `capacity` bytes; `page` is valid.
 */
int32_t mantisdb_watch_page(const MantisdbWatch *watch,
                            uint8_t *buffer,
                            size_t capacity,
                            MantisdbPage *page);

/**
 * Opens the database in the directory `dir` (a path in the system's own bytes),
 * or an empty one in memory if `dir_len` is 0, into `*db`. It must be closed by
 * `mantisdb_close` and then freed by `mantisdb_free`. If that fails, `*db` is
 * null and up to `message_capacity` bytes of a message (UTF-8, no terminator)
 * are written to `message`, its length to `*message_len`.
 *
 * # Safety
 * `dir` has `dir_len` bytes; `options`, `db` and `message_len` are valid,
 * `message` has room for `message_capacity` bytes.
 */
int32_t mantisdb_open(const uint8_t *dir,
                      size_t dir_len,
                      const MantisdbOptions *options,
                      MantisdbDb **db,
                      uint8_t *message,
                      size_t message_capacity,
                      size_t *message_len);

/**
 * Writes what the newest error of this database with the status `status` had to
 * tell beyond that (UTF-8, no terminator) to `message`, up to `capacity` bytes, and
 * its length to `*len`; 0 if there was none. Of two calls at once that fail with
 * one status, both may be told of the later. It works after the close, too.
 *
 * # Safety
 * `db` is a handle; `message` has room for `capacity` bytes; `len` is valid.
 */
void mantisdb_last_error(const MantisdbDb *db,
                         int32_t status,
                         uint8_t *message,
                         size_t capacity,
                         size_t *len);

/**
 * Closes a database. Calls in flight finish, later ones return
 * `MANTISDB_CLOSED`; closing again does nothing, and does not wait for the first
 * one. What was acknowledged is on disk afterwards, whatever its level; an error
 * (`MANTISDB_IO`, `MANTISDB_DISK_FULL`, ...) tells that some of it may not be. If the
 * log had failed before, that is `MANTISDB_WRITES_FAILED`, and only returned if
 * something may be lost that was acknowledged by then. The database is closed and
 * the directory unlocked in any case. The memory of the data is given back in the
 * background, once its snapshots are closed too.
 *
 * # Safety
 * `db` came from `mantisdb_open` and was not freed.
 */
int32_t mantisdb_close(MantisdbDb *db);

/**
 * Closes a database if need be and frees its handle. Null does nothing.
 *
 * # Safety
 * `db` came from `mantisdb_open`; it is not used any more, by any thread.
 */
void mantisdb_free(MantisdbDb *db);

/**
 * Writes figures of this moment to `*stats`.
 *
 * # Safety
 * `db` is a handle, `stats` is valid.
 */
int32_t mantisdb_stats(const MantisdbDb *db, MantisdbStats *stats);

/**
 * Writes to `*text` what the database is made of at this moment, as JSON that has at most
 * `most_segments` segments and says how many more there are. It takes time and bytes by
 * their number: some 300 bytes each.
 *
 * # Safety
 * `db` is a handle, `text` is valid.
 */
int32_t mantisdb_structure(const MantisdbDb *db, uint64_t most_segments, MantisdbText *text);

/**
 * Makes the database fail as after a panic in the core: how a caller tests what
 * it does then.
 *
 * # Safety
 * `db` is a handle; `note` has `note_len` bytes of UTF-8 for the panic's message.
 */
int32_t mantisdb_test_panic(const MantisdbDb *db, const uint8_t *note, size_t note_len);

/**
 * Frees a text, and empties it.
 *
 * # Safety
 * `text` is valid and came from the core, or is empty.
 */
void mantisdb_text_free(MantisdbText *text);

/**
 * Verifies everything in a data directory that nobody has open, and changes
 * nothing in it. What it finds goes to `*report`, a line each; with an error, the
 * reason. `*damages` becomes the number of lines that tell of damage: 0 if all is
 * well.
 *
 * # Safety
 * `dir` has `dir_len` bytes; `report` and `damages` are valid.
 */
int32_t mantisdb_check(const uint8_t *dir, size_t dir_len, MantisdbText *report, uint64_t *damages);

/**
 * Writes what can be read of a data directory that nobody has open into another,
 * which must be empty or not exist. The first one is not changed. What was kept
 * and what is lost goes to `*report`, a line each, and in numbers to `*salvage`;
 * with an error, the reason goes to `*report`.
 *
 * # Safety
 * `from` has `from_len` bytes, `to` has `to_len`; `report` and `salvage` are valid.
 */
int32_t mantisdb_repair(const uint8_t *from,
                        size_t from_len,
                        const uint8_t *to,
                        size_t to_len,
                        MantisdbText *report,
                        MantisdbSalvage *salvage);

/**
 * Makes every write up to `sequence` durable, or for 0 all that are visible, and
 * tells the newest durable sequence number in `*durable`. A number that no write has
 * yet stands for the newest visible one. Calls at the same time share one sync. It
 * blocks for as long as the disk takes. Only with 0 are writes of
 * `MANTISDB_DURABILITY_MEMORY` concerned, which are flushed then.
 *
 * # Safety
 * `db` is a handle, `durable` is valid.
 */
int32_t mantisdb_sync(const MantisdbDb *db, uint64_t sequence, uint64_t *durable);

/**
 * Writes everything that is committed by now into segments. It takes as long as
 * the disk takes.
 *
 * # Safety
 * `db` is a handle.
 */
int32_t mantisdb_flush(const MantisdbDb *db);

/**
 * Sets how what is stored under keys with a prefix is compressed, from the next flush
 * or compaction on until the database is closed: `MANTISDB_COMPRESSION_...`, or
 * `MANTISDB_COMPRESSION_AS_OTHERS` as all other keys. No such prefix may begin with
 * another one. In memory it makes no difference.
 *
 * # Safety
 * `db` is a handle; `prefix` has `prefix_len` bytes.
 */
int32_t mantisdb_set_compression(const MantisdbDb *db,
                                 const uint8_t *prefix,
                                 size_t prefix_len,
                                 uint32_t compression);

/**
 * Flushes, and then compacts until there is nothing left to gain.
 *
 * # Safety
 * `db` is a handle.
 */
int32_t mantisdb_compact(const MantisdbDb *db);

/**
 * Makes a copy of the database, of everything that is committed by now, in the
 * directory `dir`, which must not exist or be empty. Writes go on meanwhile.
 *
 * # Safety
 * `db` is a handle; `dir` has `dir_len` bytes.
 */
int32_t mantisdb_checkpoint(const MantisdbDb *db, const uint8_t *dir, size_t dir_len);

/**
 * Writes what went wrong last in the background (a flush, a compaction; it is
 * tried again) to `message`, up to `capacity` bytes of UTF-8 without terminator,
 * its length to `*len`, 0 if nothing did, and how often something did to `*failures`.
 * It is cheap while that is 0.
 *
 * # Safety
 * `db` is a handle; `message` has room for `capacity` bytes; `len` and `failures` are
 * valid.
 */
int32_t mantisdb_background_error(const MantisdbDb *db,
                                  uint8_t *message,
                                  size_t capacity,
                                  size_t *len,
                                  uint64_t *failures);

/**
 * Changes a key's value in one step, in the way that `kind`, a
 * `MANTISDB_MODIFY_...`, says. A value that is stored anew expires at `expires_at`,
 * in Unix milliseconds, 0 for never; one that is changed keeps its expiry.
 * `*modified` tells what was done. The value before an exchange or a take is copied
 * into `buffer` if it has room, else to `*rest`, which the caller frees by
 * `mantisdb_text_free`; `*rest` is empty otherwise.
 *
 * As with all writes, a write is visible, and has to be waited for by
 * `mantisdb_sync` if it shall be on disk; `MANTISDB_BUSY` means that nothing was
 * written and the call is to be made again.
 *
 * # Safety
 * `db` is a handle; `key`, `value` and `expected` have their lengths; `buffer` has
 * room for `capacity` bytes; `modified` and `rest` are valid.
 */
int32_t mantisdb_modify(const MantisdbDb *db,
                        uint32_t kind,
                        const uint8_t *key,
                        size_t key_len,
                        const uint8_t *value,
                        size_t value_len,
                        const uint8_t *expected,
                        size_t expected_len,
                        int64_t number,
                        uint64_t expires_at,
                        uint32_t durability,
                        uint8_t *buffer,
                        size_t capacity,
                        MantisdbModified *modified,
                        MantisdbText *rest);

/**
 * Reads the newest value of a key into `buffer` and describes it in `*meta`.
 * `MANTISDB_SHORT_BUFFER`: nothing was copied, `meta->value_len` is needed.
 *
 * # Safety
 * `db` is a handle; `key` has `key_len` bytes, `buffer` room for `capacity`;
 * `meta` is valid.
 */
int32_t mantisdb_get(const MantisdbDb *db,
                     const uint8_t *key,
                     size_t key_len,
                     uint8_t *buffer,
                     size_t capacity,
                     MantisdbMeta *meta);

/**
 * Tells by `MANTISDB_OK` or `MANTISDB_NOT_FOUND` whether a key has a live value.
 *
 * # Safety
 * `db` is a handle; `key` has `key_len` bytes.
 */
int32_t mantisdb_has(const MantisdbDb *db, const uint8_t *key, size_t key_len);

/**
 * Reads `count` keys as of one moment. `keys` holds them back to back;
 * `key_ends[i]` is where the i-th ends. `lengths[i]` becomes the i-th value's
 * length, or -1 if the key has none; the values come back to back into
 * `buffer`. `*total` becomes the length of all values; if it is greater than
 * `capacity`, the status is `MANTISDB_SHORT_BUFFER` and `buffer` is of no use.
 *
 * # Safety
 * `db` is a handle; `keys` has `keys_len` bytes; `key_ends` and `lengths` have
 * `count` elements; `buffer` has room for `capacity` bytes; `total` is valid.
 */
int32_t mantisdb_multi_get(const MantisdbDb *db,
                           const uint8_t *keys,
                           size_t keys_len,
                           const uint32_t *key_ends,
                           size_t count,
                           uint8_t *buffer,
                           size_t capacity,
                           int64_t *lengths,
                           size_t *total);

/**
 * Stores a value under a key. `expires_at` is in Unix milliseconds, 0 for
 * never; `durability` is a `MANTISDB_DURABILITY_...`. `*sequence` becomes the
 * write's sequence number: it is visible, and has to be waited for by
 * `mantisdb_sync` if it shall be on disk. As with all writes, `MANTISDB_BUSY`
 * means that nothing was written and the call is to be made again.
 *
 * # Safety
 * `db` is a handle; `key` has `key_len` bytes and `value` has `value_len`;
 * `sequence` is valid.
 */
int32_t mantisdb_put(const MantisdbDb *db,
                     const uint8_t *key,
                     size_t key_len,
                     const uint8_t *value,
                     size_t value_len,
                     uint64_t expires_at,
                     uint32_t durability,
                     uint64_t *sequence);

/**
 * As `mantisdb_put`, but only if the key has no live value: else
 * `MANTISDB_EXISTS`, and nothing is written.
 *
 * # Safety
 * As `mantisdb_put`.
 */
int32_t mantisdb_put_if_absent(const MantisdbDb *db,
                               const uint8_t *key,
                               size_t key_len,
                               const uint8_t *value,
                               size_t value_len,
                               uint64_t expires_at,
                               uint32_t durability,
                               uint64_t *sequence);

/**
 * Removes a key, which need not exist. `*sequence` becomes the write's sequence
 * number.
 *
 * # Safety
 * `db` is a handle; `key` has `key_len` bytes; `sequence` is valid.
 */
int32_t mantisdb_delete(const MantisdbDb *db,
                        const uint8_t *key,
                        size_t key_len,
                        uint32_t durability,
                        uint64_t *sequence);

/**
 * Applies a packed batch, whole or not at all. `*sequence` becomes the sequence
 * number of its last operation, 0 for an empty batch. The packed form is
 * operations back to back, integers little-endian: kind u8 (1 put, 2 delete),
 * key length u32, value length u32, expiry u64, key, value.
 *
 * # Safety
 * `db` is a handle; `batch` has `batch_len` bytes; `sequence` is valid.
 */
int32_t mantisdb_write(const MantisdbDb *db,
                       const uint8_t *batch,
                       size_t batch_len,
                       uint32_t durability,
                       uint64_t *sequence);

/**
 * Writes the names of the policies that a trace can be replayed against to `names`, up to
 * `capacity` bytes, with a newline behind each, and how long they are together to `*len`.
 * The first is the cache's own. The last, `belady`, knows what is to come, and is the
 * bound of all others.
 *
 * # Safety
 * `names` has room for `capacity` bytes; `len` is valid.
 */
int32_t mantisdb_cache_policies(uint8_t *names, size_t capacity, size_t *len);

/**
 * Replays a trace against a policy with a cache for `capacity` bytes, empty at first, and
 * writes which requests hit to `*hits`. It takes some 100 ns a request. It is
 * `MANTISDB_INVALID_ARGUMENT` if no policy has this name, the capacity is 0, or the trace
 * is not as it should be.
 *
 * # Safety
 * `policy` has `policy_len` bytes; `trace` is valid, and what it points to is as long as
 * it says and does not change; `hits` is valid.
 */
int32_t mantisdb_cache_simulate(const uint8_t *policy,
                                size_t policy_len,
                                const MantisdbCacheTrace *trace,
                                uint64_t capacity,
                                MantisdbCacheHits *hits);

/**
 * Opens a snapshot of everything committed so far into `*snapshot`, and tells
 * the newest sequence number that it sees. It must be closed by
 * `mantisdb_snapshot_close` and freed by `mantisdb_snapshot_free`; it may
 * outlive its database, and then answers `MANTISDB_CLOSED`.
 *
 * # Safety
 * `db` is a handle; `snapshot` and `sequence` are valid.
 */
int32_t mantisdb_snapshot_open(const MantisdbDb *db,
                               MantisdbSnapshot **snapshot,
                               uint64_t *sequence);

/**
 * Closes a snapshot. Calls in flight finish, later ones return
 * `MANTISDB_CLOSED`; closing again does nothing.
 *
 * # Safety
 * `snapshot` came from `mantisdb_snapshot_open` and was not freed.
 */
void mantisdb_snapshot_close(MantisdbSnapshot *snapshot);

/**
 * Closes a snapshot if need be and frees its handle. Null does nothing.
 *
 * # Safety
 * `snapshot` came from `mantisdb_snapshot_open`; it is not used any more, by
 * any thread.
 */
void mantisdb_snapshot_free(MantisdbSnapshot *snapshot);

/**
 * Reads a key as of a snapshot, else as `mantisdb_get`.
 *
 * # Safety
 * `snapshot` is a handle; `key` has `key_len` bytes, `buffer` room for
 * `capacity`; `meta` is valid.
 */
int32_t mantisdb_snapshot_get(const MantisdbSnapshot *snapshot,
                              const uint8_t *key,
                              size_t key_len,
                              uint8_t *buffer,
                              size_t capacity,
                              MantisdbMeta *meta);

/**
 * Applies a packed batch as `mantisdb_write` does, if what was read at the snapshot
 * still holds; else `MANTISDB_CONFLICT`, and nothing is written. `reads` is the
 * packed form of what was read: reads back to back, integers little-endian: kind
 * u8 (1 a key, 2 a range), first length u32, second length u32, sequence u64, expiry
 * u64, first, second. Of a key, `first` is the key, and sequence and expiry are those
 * of the value that it had, 0 for none; of a range, `first` is its start and `second`
 * its end, empty for none, the sequence is 0, and the expiry that of the value that
 * expires first. An expiry is in Unix milliseconds, 0 for never.
 *
 * # Safety
 * `snapshot` is a handle; `batch` and `reads` have their lengths; `sequence` is
 * valid.
 */
int32_t mantisdb_snapshot_write_if(const MantisdbSnapshot *snapshot,
                                   const uint8_t *batch,
                                   size_t batch_len,
                                   const uint8_t *reads,
                                   size_t reads_len,
                                   uint32_t durability,
                                   uint64_t *sequence);

/**
 * Writes entries of the keys `start <= key < end` as of the snapshot into
 * `buffer`, as many as fit and at most `limit`. `flags` are `MANTISDB_SCAN_...`.
 * An entry is packed as key length u32, value length u32, sequence u64, expiry
 * u64 (little-endian), key, value; entries lie back to back. What lies behind
 * `limit` entries is not looked at: `page->more` is set then.
 * `MANTISDB_SHORT_BUFFER`: not even one fits, `page->needed` bytes are needed.
 *
 * # Safety
 * `snapshot` is a handle; `start` and `end` have their lengths; `buffer` has room
 * for `capacity` bytes; `page` is valid.
 */
int32_t mantisdb_scan_page(const MantisdbSnapshot *snapshot,
                           const uint8_t *start,
                           size_t start_len,
                           const uint8_t *end,
                           size_t end_len,
                           uint32_t flags,
                           size_t limit,
                           uint8_t *buffer,
                           size_t capacity,
                           MantisdbPage *page);

/**
 * Writes the first page of a scan of everything committed so far, as
 * `mantisdb_scan_page` does. If the scan is to go on behind it, since the range may
 * hold more and fewer than `limit` entries were written, `*snapshot` becomes a
 * snapshot of what the page saw, for the further pages; it is as one that
 * `mantisdb_snapshot_open` opened. Else, and after any other status than
 * `MANTISDB_OK`, nothing is left open, and `*snapshot` is not changed.
 *
 * # Safety
 * `db` is a handle; `start` and `end` have their lengths; `buffer` has room for
 * `capacity` bytes; `page` and `snapshot` are valid.
 */
int32_t mantisdb_scan(const MantisdbDb *db,
                      const uint8_t *start,
                      size_t start_len,
                      const uint8_t *end,
                      size_t end_len,
                      uint32_t flags,
                      size_t limit,
                      uint8_t *buffer,
                      size_t capacity,
                      MantisdbPage *page,
                      MantisdbSnapshot **snapshot);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MANTISDB_CORE_H */
