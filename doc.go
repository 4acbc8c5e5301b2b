// Package mantisdb is an embeddable, ordered key-value database. Keys and
// values are arbitrary bytes; keys are ordered as bytes.Compare orders them.
//
//	db, err := mantisdb.Open("", nil) // in memory
//	if err != nil {
//		return err
//	}
//	defer db.Close()
//	err = db.Put([]byte("greeting"), []byte("hello"))
//	value, err := db.Get([]byte("greeting"))
//
// Single operations are methods of DB. A Batch groups writes that become
// visible together. DB.Update runs a transaction, a Tx, that also depends on what it
// reads. A Scan walks a range in order, forward or in reverse; an
// Iterator also moves to any key. A Snapshot is a frozen view. A Watch delivers the
// changes of a range. A value may carry a time to live, after which its key is absent.
// Keyspaces part the database; their methods are those of DB, and a Batch, a Tx or a
// Snapshot spans them by its In.
//
// # Engines
//
// Two engines stand behind the same contract: "go", built on Pebble, is in every
// build and needs no cgo; "rust", a lock-free core whose data lives outside Go's
// heap, is added by the build tag `rust` and is then the default.
//
// # Ownership of memory
//
// What is passed in is copied, never kept. What Get, AppendGet and MultiGet
// return belongs to the caller. What a loop over a Scan yields, and what Values.At,
// an Iterator and a Watch return, is borrowed: it is valid until the loop's next
// step, or the next use of the Values, the Iterator or the Watch.
//
// # Limits
//
// A key has 1 to MaxKeyLen bytes, a value 0 to MaxValueLen, a batch at most
// MaxBatchLen; what lies outside is refused with an error that says so.
package mantisdb
