package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/mantisdb/mantisdb"
)

// contents opens a database, applies b and lists what it holds.
func contents(t *testing.T, b *mantisdb.Batch) map[string]mantisdb.Entry {
	t.Helper()
	db, err := mantisdb.Open("", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Write(b); err != nil {
		t.Fatal(err)
	}
	found := make(map[string]mantisdb.Entry)
	scan := db.Scan(mantisdb.Range{})
	for e := range scan.Entries() {
		found[string(e.Key)] = mantisdb.Entry{Value: bytes.Clone(e.Value), Meta: e.Meta}
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestReadBatch(t *testing.T) {
	const far = 4102444800000 // 2100
	body := ` {"operations": [
		{"op":"put","key":"YQ==","value":"MQ=="},
		{"op":"put","key_text":"b","value_text":"2","ttl":"1h"},
		{"op":"put","key_text":"c","value_text":"","expires_at":4102444800000},
		{"op":"put","key_text":"gone","value_text":"x"},
		{"op":"delete","key_text":"gone"} ] } `
	// One byte at a time: no token may depend on where reads end.
	for name, r := range map[string]io.Reader{
		"whole": strings.NewReader(body), "bytewise": iotest.OneByteReader(strings.NewReader(body)),
	} {
		var b mantisdb.Batch
		if err := ReadBatch(r, &b, onlyDefault); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if b.Len() != 5 {
			t.Errorf("%s: %d operations", name, b.Len())
		}
		found := contents(t, &b)
		if len(found) != 3 || string(found["a"].Value) != "1" || string(found["b"].Value) != "2" || found["c"].ExpiresAt != far {
			t.Errorf("%s: %+v", name, found)
		}
		if left := time.Until(time.UnixMilli(found["b"].ExpiresAt)); left < 50*time.Minute || left > time.Hour+time.Millisecond {
			t.Errorf("%s: b expires in %v", name, left)
		}
	}
}

func TestReadBatchRefuses(t *testing.T) {
	for body, want := range map[string]string{
		``:                        "ends too early",
		`[]`:                      "object is expected",
		`{}`:                      `"operations" is missing`,
		`{"ops":[]}`:              `"operations" is expected`,
		`{"operations":{}}`:       "array of operations",
		`{"operations":[]`:        "ends too early",
		`{"operations":[],"x":1}`: "end of the object",
		`{"operations":[]} []`:    "something follows",
		`{"operations":[1]}`:      "operation 0: an object",
		`{"operations":[{"op":"delete","key":"YQ=="},{"key":"YQ=="}]}`:    `operation 1: "op" is missing`,
		`{"operations":[{"op":"put","key":"YQ=="}]}`:                      `a put needs "value"`,
		`{"operations":[{"op":"delete","key":"YQ==","value":""}]}`:        "a delete takes a key",
		`{"operations":[{"op":"delete","key":"YQ==","ttl":"1s"}]}`:        "a delete takes a key",
		`{"operations":[{"op":"incr","key":"YQ=="}]}`:                     `unknown "op" "incr"`,
		`{"operations":[{"op":"put","key_text":"","value_text":""}]}`:     "key is empty",
		`{"operations":[{"op":"put","key":"YQ==","value":"!"}]}`:          "not base64",
		`{"operations":[{"op":"put","key":"YQ==","value":"","ttl":"0"}]}`: "must be positive",
		`{"operations":[{"op":"delete","key":"YQ=="}`:                     "ends too early",
	} {
		var b mantisdb.Batch
		if err := ReadBatch(strings.NewReader(body), &b, onlyDefault); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v lacks %q", body, err, want)
		}
	}
	var b mantisdb.Batch
	long := `{"operations":[{"op":"delete","key_text":"` + strings.Repeat("k", mantisdb.MaxKeyLen+1) + `"}]}`
	if err := ReadBatch(strings.NewReader(long), &b, onlyDefault); !errors.Is(err, mantisdb.ErrKeyTooLarge) {
		t.Errorf("a long key: %v", err)
	}
	broken := errors.New("the line broke")
	r := io.MultiReader(strings.NewReader(`{"operations":[`), iotest.ErrReader(broken))
	if err := ReadBatch(r, &b, onlyDefault); !errors.Is(err, broken) {
		t.Errorf("a reader's error: %v", err)
	}
}

func TestBatchBuilder(t *testing.T) {
	var builder BatchBuilder
	for range 2 { // a builder is used again
		records := []Record{
			{Key: []byte("\x00\xff/\""), Value: []byte("v")},
			{Key: []byte("k"), Value: nil, ExpiresAt: 4102444800000},
			{Key: []byte("t"), Value: []byte{0}, TTL: 1500 * time.Millisecond},
		}
		for i := range records {
			builder.AddPut(&records[i])
		}
		if builder.Len() != 3 || builder.Size() == 0 {
			t.Errorf("Len %d, Size %d", builder.Len(), builder.Size())
		}
		var b mantisdb.Batch
		if err := ReadBatch(bytes.NewReader(builder.JSON()), &b, onlyDefault); err != nil {
			t.Fatal(err)
		}
		found := contents(t, &b)
		if len(found) != 3 || string(found["\x00\xff/\""].Value) != "v" || found["k"].ExpiresAt != 4102444800000 || found["t"].ExpiresAt == 0 {
			t.Errorf("%+v", found)
		}
		builder.Reset()
	}
	var b mantisdb.Batch
	if err := ReadBatch(bytes.NewReader(builder.JSON()), &b, onlyDefault); err != nil || b.Len() != 0 {
		t.Errorf("an empty batch: %v", err)
	}
}

// FuzzReadBatch: no input panics, and where reads end makes no difference.
func FuzzReadBatch(f *testing.F) {
	for _, seed := range []string{
		`{"operations":[{"op":"put","key":"YQ==","value":"MQ==","ttl":"30s"},{"op":"delete","key_text":"b"}]}`,
		`{"operations":[]}`, `{"operations":[{"op":"put","key":"YQ==","value":"MQ==","expires_at":1}]}`,
		`{"operations":[{]}`, `{"operations":`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var whole, bytewise mantisdb.Batch
		err := ReadBatch(bytes.NewReader(body), &whole, onlyDefault)
		errBytewise := ReadBatch(iotest.OneByteReader(bytes.NewReader(body)), &bytewise, onlyDefault)
		if (err == nil) != (errBytewise == nil) || whole.Len() != bytewise.Len() || whole.Size() != bytewise.Size() {
			t.Fatalf("%q: %v with %d operations, bytewise %v with %d", body, err, whole.Len(), errBytewise, bytewise.Len())
		}
	})
}
