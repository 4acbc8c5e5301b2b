package cache

import "fmt"

// checkKey returns nil for keys of 1 to MaxKeyLen bytes.
func checkKey(key []byte) error {
	if n := len(key); n == 0 || n > MaxKeyLen {
		return keyError(n)
	}
	return nil
}

// keyError is that of a key of so many bytes. It is apart so that checkKey is inlined.
func keyError(n int) error {
	if n == 0 {
		return ErrKeyEmpty
	}
	return fmt.Errorf("%w: %d bytes, of at most %d", ErrKeyTooLarge, n, MaxKeyLen)
}

// Get returns the value of key, or ErrNotFound.
func (c *Cache) Get(key []byte) ([]byte, error) {
	value, err := c.AppendGet(nil, key)
	if err != nil {
		return nil, err
	}
	return nonNil(value), nil
}

// AppendGet appends the value of key to dst and returns the extended slice, or returns
// dst and ErrNotFound. With room in dst it allocates nothing.
func (c *Cache) AppendGet(dst, key []byte) ([]byte, error) {
	if err := checkKey(key); err != nil {
		return dst, err
	}
	return c.engine.appendGet(dst, key)
}

// Has tells whether key has a live entry. It is no use of the entry: it keeps it no
// longer, and counts neither as a hit nor as a miss.
func (c *Cache) Has(key []byte) (bool, error) {
	if err := checkKey(key); err != nil {
		return false, err
	}
	return c.engine.has(key)
}

// GetMany returns the values of keys, in their order; nil for a key that has none.
func (c *Cache) GetMany(keys ...[]byte) ([][]byte, error) {
	var found Values
	if err := c.GetManyInto(&found, keys); err != nil {
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

// GetManyInto reads many keys into out, which it empties first: in the Rust engine by
// one call into the core, whose cache misses overlap. Each key is read by itself; they
// are not of one moment. With an out that was used before it allocates nothing.
func (c *Cache) GetManyInto(out *Values, keys [][]byte) error {
	out.Reset()
	for _, key := range keys {
		if err := checkKey(key); err != nil {
			return err
		}
	}
	return c.engine.getMany(out, keys)
}

// nonNil makes an empty value differ from none.
func nonNil(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}
