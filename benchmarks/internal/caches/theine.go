package caches

import "github.com/Yiling-J/theine-go"

type theineCache struct {
	*theine.Cache[string, []byte]
}

func openTheine(room uint64) (objects, error) {
	c, err := theine.NewBuilder[string, []byte](int64(room)).Build()
	return theineCache{c}, err
}

func (t theineCache) get(key string) ([]byte, bool) { return t.Get(key) }
func (t theineCache) put(key string, value []byte)  { t.Set(key, value, 1) }

func (t theineCache) entries() uint64 {
	t.Wait()
	return uint64(t.EstimatedSize())
}

func (t theineCache) close() { t.Close() }
