package cache

import (
	"cmp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/RaduBerinde/btreemap"
)

// otterIndex finds items by tag and by prefix. An item is in it from before it is put
// into the cache until it leaves the cache; so what is in the cache is always found.
type otterIndex struct {
	numbers atomic.Uint64
	tags    tagIndex
	order   *orderIndex // nil: keys are in no order
}

func (x *otterIndex) init(ordered bool) {
	x.tags.items = make(map[string]map[*item]struct{})
	if ordered {
		x.order = &orderIndex{tree: btreemap.New[orderKey, *item](32, compareKeys)}
	}
}

func (x *otterIndex) add(it *item) {
	if it.place == nil {
		return
	}
	it.place.number = x.numbers.Add(1)
	x.tags.add(it)
	if x.order != nil {
		x.order.add(it)
	}
}

func (x *otterIndex) remove(it *item) {
	if it.place == nil {
		return
	}
	x.tags.remove(it)
	if x.order != nil {
		x.order.remove(it)
	}
}

// tagIndex has the items of each tag.
type tagIndex struct {
	mu    sync.Mutex
	items map[string]map[*item]struct{}
}

func (x *tagIndex) add(it *item) {
	if len(it.place.tags) == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, tag := range it.place.tags {
		of := x.items[tag]
		if of == nil {
			of = make(map[*item]struct{})
			x.items[tag] = of
		}
		of[it] = struct{}{}
	}
}

func (x *tagIndex) remove(it *item) {
	if len(it.place.tags) == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, tag := range it.place.tags {
		of := x.items[tag]
		delete(of, it)
		if len(of) == 0 {
			delete(x.items, tag)
		}
	}
}

// of copies what carries a tag.
func (x *tagIndex) of(tag string) []*item {
	x.mu.Lock()
	defer x.mu.Unlock()
	items := make([]*item, 0, len(x.items[tag]))
	for it := range x.items[tag] {
		items = append(items, it)
	}
	return items
}

// orderIndex has the items in the order of their keys.
type orderIndex struct {
	mu   sync.Mutex
	tree *btreemap.BTreeMap[orderKey, *item]
}

func compareKeys(a, b orderKey) int {
	if by := strings.Compare(a.key, b.key); by != 0 {
		return by
	}
	return cmp.Compare(a.number, b.number)
}

func (x *orderIndex) add(it *item) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tree.ReplaceOrInsert(it.place.orderKey, it)
}

func (x *orderIndex) remove(it *item) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tree.Delete(it.place.orderKey)
}

// of copies what has a prefix.
func (x *orderIndex) of(prefix string) []*item {
	x.mu.Lock()
	defer x.mu.Unlock()
	var items []*item
	for at, it := range x.tree.Ascend(btreemap.GE(orderKey{key: prefix}), btreemap.Max[orderKey]()) {
		if !strings.HasPrefix(at.key, prefix) {
			break
		}
		items = append(items, it)
	}
	return items
}
