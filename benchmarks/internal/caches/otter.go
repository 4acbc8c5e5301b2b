package caches

import "github.com/maypok86/otter/v2"

type otterCache struct {
	*otter.Cache[string, []byte]
}

func openOtter(room uint64) (objects, error) {
	c, err := otter.New(&otter.Options[string, []byte]{MaximumSize: int(room)})
	return otterCache{c}, err
}

func (o otterCache) get(key string) ([]byte, bool) { return o.GetIfPresent(key) }
func (o otterCache) put(key string, value []byte)  { o.Set(key, value) }
func (o otterCache) close()                        { o.StopAllGoroutines() }

func (o otterCache) entries() uint64 {
	o.CleanUp()
	return uint64(o.EstimatedSize())
}
