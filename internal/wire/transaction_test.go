package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mantisdb/mantisdb"
)

func TestReadTransaction(t *testing.T) {
	body := ` {"operations": [{"op":"put","key_text":"a","value_text":"1"},{"op":"delete","key_text":"b"}],
		"conditions": [
			{"key":"YQ==","version":0},
			{"version":18446744073709551615,"key_text":"b"},
			{"key_text":"c","value":"AP8="},
			{"key_text":"d","value_text":""} ] } `
	for name, r := range map[string]io.Reader{
		"whole": strings.NewReader(body), "bytewise": iotest.OneByteReader(strings.NewReader(body)),
	} {
		var tx Transaction
		if err := ReadTransaction(r, &tx, onlyDefault); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := ""
		for _, c := range tx.Conditions {
			got += fmt.Sprintf("%s %v %q %d, ", c.Key, c.ByValue, c.Value, c.Version)
		}
		want := fmt.Sprintf(`a false "" 0, b false "" %d, c true "\x00\xff" 0, d true "" 0, `, uint64(math.MaxUint64))
		if got != want || tx.Batch.Len() != 2 {
			t.Errorf("%s: %d operations under %s, want %s", name, tx.Batch.Len(), got, want)
		}
	}
	var tx Transaction
	most := `{"operations":[],"conditions":[` + strings.Repeat(`{"key":"YQ==","version":0},`, MaxConditions-1) + `{"key":"YQ==","version":0}]}`
	if err := ReadTransaction(strings.NewReader(most), &tx, onlyDefault); err != nil || len(tx.Conditions) != MaxConditions {
		t.Errorf("%d conditions, %v", len(tx.Conditions), err)
	}
}

func TestReadTransactionRefuses(t *testing.T) {
	for body, want := range map[string]string{
		``:                  "ends too early",
		`[]`:                "object is expected",
		`{}`:                `"conditions" is missing`,
		`{"operations":[]}`: `"conditions" is missing`,
		`{"conditions":[]}`: `"operations" is missing`,
		`{"condition":[]}`:  `"conditions" and "operations" are expected, not "condition"`,
		`{"conditions":[],"operations":[],"conditions":[]}`:                                "duplicate",
		`{"conditions":[],"operations":[]} 1`:                                              "something follows the transaction",
		`{"conditions":[],"operations":[]`:                                                 "ends too early",
		`{"conditions":{},"operations":[]}`:                                                "array of conditions",
		`{"conditions":[],"operations":[{"op":"put"}]}`:                                    "operation 0: the key is missing",
		`{"conditions":[{"key":"YQ==","version":1},{"version":1}]}`:                        "condition 1: the key is missing",
		`{"conditions":[{"key":"YQ=="}]}`:                                                  "condition 0: a condition takes either",
		`{"conditions":[{"key":"YQ==","version":1,"value":""}]}`:                           "a condition takes either",
		`{"conditions":[{"key":"YQ==","version":-1}]}`:                                     `"version" must be an integer, 0 for an absent key, not -1`,
		`{"conditions":[{"key":"YQ==","version":1.5}]}`:                                    `"version" must be an integer`,
		`{"conditions":[{"key":"YQ==","version":18446744073709551616}]}`:                   `"version" must be an integer`,
		`{"conditions":[{"key":"YQ==","version":"1"}]}`:                                    `"version" must be a number`,
		`{"conditions":[{"key":"YQ==","key_text":"a","version":1}]}`:                       "exclude each other",
		`{"conditions":[{"key":"YQ==","value":"","value_text":""}]}`:                       "exclude each other",
		`{"conditions":[{"key":"YQ==","version":1,"ttl":"1s"}]}`:                           `unknown member "ttl"`,
		`{"conditions":[{"key_text":"","version":1}]}`:                                     "condition 0: mantisdb: key is empty",
		`{"conditions":[{"key":"!","version":1}]}`:                                         "not base64",
		`{"conditions":[7]}`:                                                               "condition 0: an object is expected",
		`{"conditions":[{"key":"YQ==","version":1}`:                                        "ends too early",
		`{"conditions":[` + strings.Repeat(`{"key":"YQ==","version":0},`, MaxConditions+1): "at most 10000 conditions",
	} {
		var tx Transaction
		if err := ReadTransaction(strings.NewReader(body), &tx, onlyDefault); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.100s: error %v lacks %q", body, err, want)
		}
	}
	var tx Transaction
	long := `{"conditions":[{"key_text":"` + strings.Repeat("k", mantisdb.MaxKeyLen+1) + `","version":1}]}`
	if err := ReadTransaction(strings.NewReader(long), &tx, onlyDefault); !errors.Is(err, mantisdb.ErrKeyTooLarge) {
		t.Errorf("a long key: %v", err)
	}
	broken := errors.New("the line broke")
	r := io.MultiReader(strings.NewReader(`{"conditions":[`), iotest.ErrReader(broken))
	if err := ReadTransaction(r, &tx, onlyDefault); !errors.Is(err, broken) {
		t.Errorf("a reader's error: %v", err)
	}
}

// FuzzReadTransaction: no input panics, and where reads end makes no difference.
func FuzzReadTransaction(f *testing.F) {
	for _, seed := range []string{
		`{"conditions":[{"key":"YQ==","version":1},{"key_text":"b","value_text":"x"}],"operations":[{"op":"delete","key":"YQ=="}]}`,
		`{"operations":[],"conditions":[]}`, `{"conditions":[{]}`, `{"conditions":`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var whole, bytewise Transaction
		err := ReadTransaction(bytes.NewReader(body), &whole, onlyDefault)
		errBytewise := ReadTransaction(iotest.OneByteReader(bytes.NewReader(body)), &bytewise, onlyDefault)
		if (err == nil) != (errBytewise == nil) || fmt.Sprint(whole.Conditions) != fmt.Sprint(bytewise.Conditions) || whole.Batch.Size() != bytewise.Batch.Size() {
			t.Fatalf("%q: %v with %v, bytewise %v with %v", body, err, whole.Conditions, errBytewise, bytewise.Conditions)
		}
	})
}
