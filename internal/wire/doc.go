// Package wire is the JSON form of entries, batches and transactions, one and the
// same over HTTP, in export files and in import files.
//
// An entry is an object of these members:
//
//	key         base64 of the key's bytes     | one of
//	key_text    the key as UTF-8 text         | these two
//	value       base64 of the value's bytes   | one of
//	value_text  the value as UTF-8 text       | these two
//	version     the value's version, an integer; told, and ignored when read
//	expires_at  when the value expires, in Unix milliseconds; absent for never
//	ttl         instead of expires_at, when read: a time to live, as ParseTTL has it
//
// Base64 is the standard alphabet with padding (RFC 4648, section 4). JSON is
// read strictly (RFC 7493): an unknown or repeated member, or text that is not
// UTF-8, is an error, so that nothing is ever stored that was not meant.
package wire
