package mantisdb

import (
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Get is DB.Get in the keyspace.
func (ks *Keyspace) Get(key []byte) ([]byte, error) {
	value, err := ks.AppendGet(nil, key)
	if err != nil {
		return nil, err
	}
	return nonNil(value), nil
}

// AppendGet is DB.AppendGet in the keyspace.
func (ks *Keyspace) AppendGet(dst, key []byte) ([]byte, error) {
	stored, err := ks.key(key)
	if err != nil {
		return dst, err
	}
	dst, err = ks.engine.AppendGet(dst, stored.bytes)
	stored.release()
	return dst, err
}

// AppendGetMeta is DB.AppendGetMeta in the keyspace.
func (ks *Keyspace) AppendGetMeta(dst, key []byte) ([]byte, Meta, error) {
	stored, err := ks.key(key)
	if err != nil {
		return dst, Meta{}, err
	}
	dst, meta, err := ks.engine.AppendGetMeta(dst, stored.bytes)
	stored.release()
	return dst, meta, err
}

// Has is DB.Has in the keyspace.
func (ks *Keyspace) Has(key []byte) (bool, error) {
	stored, err := ks.key(key)
	if err != nil {
		return false, err
	}
	has, err := ks.engine.Has(stored.bytes)
	stored.release()
	return has, err
}

// MultiGet is DB.MultiGet in the keyspace.
func (ks *Keyspace) MultiGet(keys ...[]byte) ([][]byte, error) {
	var found Values
	if err := ks.MultiGetInto(&found, keys); err != nil {
		return nil, err
	}
	values := make([][]byte, len(keys))
	for i := range values {
		if value, ok := found.At(i); ok {
			values[i] = nonNil(value)
		}
	}
	return values, nil
}

// MultiGetInto is DB.MultiGetInto in the keyspace.
func (ks *Keyspace) MultiGetInto(out *Values, keys [][]byte) error {
	out.Reset()
	if err := ks.check(); err != nil {
		return err
	}
	kept := true
	for _, key := range keys {
		if len(key) == 0 || len(key) > MaxKeyLen {
			return CheckKey(key)
		}
		kept = kept && ks.region.keeps(key)
	}
	if kept {
		return ks.engine.MultiGet(keys, out)
	}
	b := keyBuffers.Get().(*keyBuffer)
	defer b.release()
	b.setKeys(&ks.region, keys)
	return ks.engine.MultiGet(b.keys, out)
}

// TTL is DB.TTL in the keyspace.
func (ks *Keyspace) TTL(key []byte) (time.Duration, error) {
	var buffer [512]byte
	_, meta, err := ks.AppendGetMeta(buffer[:0], key)
	if err != nil || meta.ExpiresAt == 0 {
		return 0, err
	}
	return time.Duration(max(meta.ExpiresAt-storage.Now(), 1)) * time.Millisecond, nil
}

// Scan is DB.Scan in the keyspace.
func (ks *Keyspace) Scan(r Range) *Scan { return newScan(&Scan{ks: ks}, r) }
