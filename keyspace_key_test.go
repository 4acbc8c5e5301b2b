package mantisdb

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

// encodedRegions are those that could be mistaken for each other.
func encodedRegions() []region {
	regions := []region{{}}
	for _, id := range []uint32{systemID, 1, 2, 0xff, 0x100, 0xffff_fffe, 0xffff_ffff} {
		regions = append(regions, regionOf(id))
	}
	return regions
}

// awkwardKey is a short key of bytes that matter to the encoding.
func awkwardKey(random *rand.Rand) []byte {
	const bytesOfNote = "\x00\x00\x00\x01\x02\x7f\xfe\xff"
	key := make([]byte, 1+random.IntN(9))
	for i := range key {
		key[i] = bytesOfNote[random.IntN(len(bytesOfNote))]
	}
	return key
}

// awkwardBound is a bound of a range: now and then none, an empty one or a long one.
func awkwardBound(random *rand.Rand) []byte {
	switch random.IntN(8) {
	case 0:
		return nil
	case 1:
		return []byte{}
	}
	return awkwardKey(random)
}

func TestKeyEncodingIsReversible(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var room []byte
	for range 20_000 {
		key := awkwardKey(random)
		for _, g := range encodedRegions() {
			stored := g.append([]byte("before"), key)[len("before"):]
			if got := g.key(stored, &room); !bytes.Equal(got, key) {
				t.Fatalf("%x in %x is stored as %x and read as %x", key, g.prefix, stored, got)
			}
			if g.keeps(key) != bytes.Equal(stored, key) {
				t.Fatalf("%x in %x is stored as %x, and kept: %v", key, g.prefix, stored, g.keeps(key))
			}
			if len(stored) > len(key)+namedPrefixLen {
				t.Fatalf("%x is stored as %x, longer than by a prefix", key, stored)
			}
		}
	}
}

func TestKeyEncodingKeepsOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 1))
	for range 20_000 {
		a, b := awkwardKey(random), awkwardKey(random)
		for _, g := range encodedRegions() {
			x, y := g.append(nil, a), g.append(nil, b)
			if bytes.Compare(a, b) != bytes.Compare(x, y) {
				t.Fatalf("%x and %x are in another order than %x and %x", a, b, x, y)
			}
		}
	}
}

// TestKeyEncodingOfRanges tries keys of all regions on ranges of each: those of the
// range must be in it, and no others.
func TestKeyEncodingOfRanges(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	regions := encodedRegions()
	for range 20_000 {
		r := Range{Start: awkwardBound(random), End: awkwardBound(random)}
		if random.IntN(3) == 0 {
			r = Prefix(awkwardKey(random))
		}
		key := awkwardKey(random)
		for i, g := range regions {
			bounds := g.bounds(r)
			for j, other := range regions {
				stored := other.append(nil, key)
				if want := i == j && r.Contains(key); bounds.Contains(stored) != want {
					t.Fatalf("range %x to %x of region %d is %x to %x, and has the key %x of region %d: %v",
						r.Start, r.End, i, bounds.Start, bounds.End, key, j, !want)
				}
			}
		}
	}
}

func TestLongestKeyFitsEveryKeyspace(t *testing.T) {
	for _, g := range encodedRegions() {
		for _, first := range []byte{0, 1} {
			key := bytes.Repeat([]byte{first}, MaxKeyLen)
			if err := storage.CheckKey(g.append(nil, key)); err != nil {
				t.Errorf("the longest key, of bytes %x, in %x: %v", first, g.prefix, err)
			}
		}
	}
}

func TestKeyspaceRecords(t *testing.T) {
	want := KeyspaceOptions{TTL: maxTTL, MemoryOnly: true, Compression: CompressionZstd}
	record := appendKeyspaceRecord(nil, 7, want)
	id, got, err := parseKeyspaceRecord(record)
	if err != nil || id != 7 || got != want {
		t.Fatalf("a record of id 7 and %+v is read as %d, %+v, %v", want, id, got, err)
	}
	for n := range record {
		if _, _, err := parseKeyspaceRecord(record[:n]); err == nil {
			t.Errorf("a record of %d bytes was taken", n)
		}
	}
	for what, change := range map[string]func(r []byte){
		"another version":  func(r []byte) { r[0]++ },
		"an unknown flag":  func(r []byte) { r[1] |= 2 },
		"the system's id":  func(r []byte) { copy(r[2:], "\x00\x00\x00\x00") },
		"a time too great": func(r []byte) { r[6] = 0xff },
		"no compression":   func(r []byte) { r[14] = 4 },
	} {
		damaged := bytes.Clone(record)
		change(damaged)
		if _, _, err := parseKeyspaceRecord(damaged); err == nil {
			t.Errorf("a record with %s was taken", what)
		}
	}
}

// TestDamagedCatalog damages the system keyspace through the engine. Open must say what
// is wrong.
func TestDamagedCatalog(t *testing.T) {
	one, two := keyspaceKey("one"), keyspaceKey("two")
	record := appendKeyspaceRecord(nil, 1, KeyspaceOptions{})
	for what, writes := range map[string]map[string]string{
		"an empty record":      {string(one): ""},
		"a cut record":         {string(one): string(record[:5])},
		"an id twice":          {string(two): string(record)},
		"a name that is none":  {string(keyspaceKey("\xff")): string(appendKeyspaceRecord(nil, 2, KeyspaceOptions{}))},
		"an empty next id":     {string(systemKey(nextIDTag, nil)): ""},
		"a mark without an id": {string(systemKey(droppedTag, nil)): "\x01"},
		"a mark of the system": {string(droppedKey(systemID)): "\x01"},
	} {
		db, err := Open("", &Options{Engine: EngineGo})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"one", "other"} {
			if _, err := db.CreateKeyspace(name, KeyspaceOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := newDB(db.engine, db.logger).openCatalog(); err != nil {
			t.Fatalf("a sound catalog: %v", err)
		}
		for key, value := range writes {
			if _, err := db.engine.Put([]byte(key), []byte(value), storage.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := newDB(db.engine, db.logger).openCatalog(); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", what, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLostCatalogRecords: without the record of the next id, or those of keyspaces, no id
// is given that something is stored under.
func TestLostCatalogRecords(t *testing.T) {
	for _, lost := range [][]byte{systemKey(nextIDTag, nil), keyspaceKey("two")} {
		db, err := Open("", &Options{Engine: EngineGo})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"one", "two"} {
			ks, err := db.CreateKeyspace(name, KeyspaceOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := ks.Put([]byte("k"), nil); err != nil {
				t.Fatal(err)
			}
		}
		for _, key := range [][]byte{lost, systemKey(nextIDTag, nil)} {
			if _, err := db.engine.Delete(key, storage.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		again := newDB(db.engine, db.logger)
		if err := again.openCatalog(); err != nil {
			t.Fatal(err)
		}
		ks, err := again.CreateKeyspace("three", KeyspaceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if has, err := ks.Has([]byte("k")); has || err != nil {
			t.Errorf("without %q a new keyspace has what is another's: %v", lost, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLostNextIDAfterDrop: nor is the id of a dropped keyspace given. Open deletes what is
// under it, and a crash may have that done again.
func TestLostNextIDAfterDrop(t *testing.T) {
	db, err := Open("", &Options{Engine: EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.CreateKeyspace("one", KeyspaceOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := db.DropKeyspace("one"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.engine.Delete(systemKey(nextIDTag, nil), storage.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	again := newDB(db.engine, db.logger)
	if err := again.openCatalog(); err != nil {
		t.Fatal(err)
	}
	ks, err := again.CreateKeyspace("two", KeyspaceOptions{})
	if err == nil {
		err = ks.Put([]byte("k"), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	// That the mark was removed is lost.
	if _, err := db.engine.Put(droppedKey(systemID+1), []byte{recordVersion}, storage.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	third := newDB(db.engine, db.logger)
	if err := third.openCatalog(); err != nil {
		t.Fatal(err)
	}
	if ks, err = third.Keyspace("two"); err != nil {
		t.Fatal(err)
	}
	if has, err := ks.Has([]byte("k")); !has || err != nil {
		t.Errorf("a keyspace was emptied as the dropped one whose id it had: %v", err)
	}
}
