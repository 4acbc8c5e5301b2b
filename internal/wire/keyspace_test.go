package wire

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// onlyDefault knows no keyspace but the default one.
func onlyDefault(name string) (*mantisdb.Keyspace, error) {
	if name != "" {
		return nil, mantisdb.ErrKeyspaceNotFound
	}
	return nil, nil
}

func TestReadKeyspace(t *testing.T) {
	for body, want := range map[string]mantisdb.KeyspaceInfo{
		`{"name":"a"}`: {Name: "a"},
		`{"memory_only":true,"name":"\u0436/","ttl":"30m"}`: {Name: "ж/", Options: mantisdb.KeyspaceOptions{TTL: 30 * time.Minute, MemoryOnly: true}},
		`{"name":"z","compression":"zstd"}`:                 {Name: "z", Options: mantisdb.KeyspaceOptions{Compression: mantisdb.CompressionZstd}},
		`{"name":"a","memory_only":false,"ttl":"5"}`:        {Name: "a", Options: mantisdb.KeyspaceOptions{TTL: 5 * time.Second}},
	} {
		name, o, err := ReadKeyspace(strings.NewReader(body))
		if err != nil || name != want.Name || o != want.Options {
			t.Errorf("%s: %q, %+v, %v", body, name, o, err)
		}
	}
	for body, want := range map[string]string{
		``:                                 "ends too early",
		`[]`:                               "object is expected",
		`{}`:                               `"name" is missing`,
		`{"name":""}`:                      `"name" is missing`,
		`{"name":7}`:                       `"name" must be a string`,
		`{"name":"a","name":"b"}`:          "malformed JSON",
		`{"name":"a","ttl":"-1s"}`:         "must be positive",
		`{"name":"a","compression":"lz5"}`: "unknown compression",
		`{"name":"a","memory_only":"x"}`:   `"memory_only" must be true or false`,
		`{"name":"a","size":1}`:            `unknown member "size"`,
		`{"name":"a"} {}`:                  "something follows",
	} {
		if _, _, err := ReadKeyspace(strings.NewReader(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v lacks %q", body, err, want)
		}
	}
}

// TestKeyspaceMembers: operations and conditions find the keyspace that they name.
func TestKeyspaceMembers(t *testing.T) {
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ks, err := db.CreateKeyspace("ks", mantisdb.KeyspaceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	resolve := func(name string) (*mantisdb.Keyspace, error) {
		if name == "" {
			return db.DefaultKeyspace(), nil
		}
		return db.Keyspace(name)
	}
	body := `{"conditions":[{"keyspace":"ks","key_text":"c","version":0},{"key_text":"c","version":0}],"operations":[
		{"op":"put","keyspace":"ks","key_text":"a","value_text":"1"},
		{"op":"put","keyspace":"ks","key_text":"b","value_text":"2"},
		{"op":"put","key_text":"a","value_text":"3"},
		{"op":"delete_range","keyspace":"ks","start_text":"b","end":"Yw=="}]}`
	var tx Transaction
	if err := ReadTransaction(strings.NewReader(body), &tx, resolve); err != nil {
		t.Fatal(err)
	}
	if tx.Conditions[0].Keyspace != ks || tx.Conditions[1].Keyspace != db.DefaultKeyspace() {
		t.Errorf("the conditions are %+v", tx.Conditions)
	}
	if err := db.Write(&tx.Batch); err != nil {
		t.Fatal(err)
	}
	for where, want := range map[*mantisdb.Keyspace]string{ks: "a=1 ", db.DefaultKeyspace(): "a=3 "} {
		got := ""
		for key, value := range where.Scan(mantisdb.Range{}).All() {
			got += string(key) + "=" + string(value) + " "
		}
		if got != want {
			t.Errorf("keyspace %q has %s", where.Name(), got)
		}
	}
	for _, body := range []string{
		`{"conditions":[],"operations":[{"op":"delete","keyspace":"none","key_text":"a"}]}`,
		`{"conditions":[{"keyspace":"none","key_text":"a","version":0}],"operations":[]}`,
	} {
		if err := ReadTransaction(strings.NewReader(body), &Transaction{}, resolve); !errors.Is(err, mantisdb.ErrKeyspaceNotFound) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestDeleteRangeOperation(t *testing.T) {
	for operation, want := range map[string]string{
		`"prefix_text":"a"`:                 "",
		`"start_text":"a"`:                  "",
		`"end":"YQ==","start_text":"0"`:     "",
		`"all":true`:                        "",
		`"all":false,"prefix_text":"a"`:     "",
		`"key_text":"a"`:                    "takes a range and nothing else",
		`"all":true,"value_text":""`:        "takes a range and nothing else",
		`"all":true,"prefix_text":"a"`:      "all excludes",
		`"all":false`:                       "must be asked for by all",
		`"prefix_text":""`:                  `"prefix" is empty`,
		`"prefix_text":"a","prefix":"YQ=="`: `"prefix" and "prefix_text" exclude each other`,
		`"all":1`:                           `"all" must be true or false`,
		`"keyspace":"","all":true`:          `"keyspace" is empty`,
		`"end_text":"` + strings.Repeat("e", mantisdb.MaxKeyLen+1) + `"`: "key too large",
	} {
		var b mantisdb.Batch
		err := ReadBatch(strings.NewReader(`{"operations":[{"op":"delete_range",`+operation+`}]}`), &b, onlyDefault)
		switch {
		case want == "" && (err != nil || b.Len() != 1):
			t.Errorf("%.60s: %v, %d operations", operation, err, b.Len())
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%.60s: error %v lacks %q", operation, err, want)
		}
	}
	for operation, want := range map[string]string{
		`{"op":"put","key_text":"a","value_text":"","all":true}`: "a put takes no range",
		`{"op":"delete","key_text":"a","prefix_text":"b"}`:       "a delete takes a key and nothing else",
		`{"op":"delete"}`: "the key is missing",
	} {
		var b mantisdb.Batch
		err := ReadBatch(strings.NewReader(`{"operations":[`+operation+`]}`), &b, onlyDefault)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v lacks %q", operation, err, want)
		}
	}
}

func TestLineOfAKeyspace(t *testing.T) {
	entry := mantisdb.Entry{Key: []byte("k"), Value: []byte("v")}
	line := AppendEntryOf(nil, Base64, `a "name"`, entry)
	var d Decoder
	rec, err := d.Line(line)
	if err != nil || rec.Keyspace != `a "name"` || string(rec.Key) != "k" || string(rec.Value) != "v" {
		t.Errorf("%s is read as %+v, %v", line, rec, err)
	}
	var b BatchBuilder
	b.AddPut(&rec)
	if want := `{"operations":[{"op":"put","keyspace":"a \"name\"","key":"aw==","value":"dg=="}]}`; string(b.JSON()) != want {
		t.Errorf("the batch is %s", b.JSON())
	}
	if _, err := d.Line([]byte(`{"key":"YQ==","value":"","all":true}`)); err == nil {
		t.Error("an entry with a range was taken")
	}
}
