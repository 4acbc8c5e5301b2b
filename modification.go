package mantisdb

import "github.com/mantisdb/mantisdb/storage"

// Modification says how DB.Modify changes a key's value. Its fields:
//
//   - Kind ModificationKind is one of the kinds below.
//   - Value []byte is what is stored, or appended.
//   - Expected []byte is what ModifyCompareValue compares with.
//   - Version uint64 is what ModifyCompareVersion compares with; 0: no value.
//   - By int64 is what ModifyIncrement adds.
type Modification = storage.Modification

// ModificationKind tells what a Modification does.
type ModificationKind = storage.ModificationKind

// The kinds of modification.
const (
	// ModifyCompareValue stores Value if the key's value has the bytes of Expected.
	ModifyCompareValue = storage.CompareValue
	// ModifyCompareVersion stores Value if the key's value has the version Version;
	// 0: if the key has none.
	ModifyCompareVersion = storage.CompareVersion
	// ModifyExchange stores Value, whatever there is, and gives the value before.
	ModifyExchange = storage.Exchange
	// ModifyTake removes the value, and gives it.
	ModifyTake = storage.Take
	// ModifyIncrement adds By to the value, a decimal number of 64 bits with a sign;
	// none is 0.
	ModifyIncrement = storage.Increment
	// ModifyAppend adds Value at the value's end; none is an empty one.
	ModifyAppend = storage.Append
	// ModifyExpire makes the value expire as WriteOptions.TTL says; 0 is never.
	ModifyExpire = storage.Expire
)

// Modified tells how a modification ended. Its fields:
//
//   - Version uint64 is that of the write; 0 if there was nothing to be done: another
//     value than the expected one, or none to be taken or to be given an expiry.
//   - Number int64 is the new number after an increment, the new length in bytes
//     after an append.
//   - Existed bool tells whether the key had a value before, and Before Meta
//     describes it.
type Modified = storage.Modified
