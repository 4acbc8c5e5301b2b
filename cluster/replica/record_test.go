package replica

import (
	"errors"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

func TestRecord(t *testing.T) {
	r := record{index: 7, term: 3, holder: 2, leaseGivenUp: true, history: 1 << 63, versions: 5}
	b := r.append(nil)
	if got, err := parseRecord(b); err != nil || got != r {
		t.Errorf("%+v, %v; want %+v", got, err, r)
	}
	for name, malformed := range map[string]struct {
		change func(b []byte) []byte
		want   error
	}{
		"empty":                       {func([]byte) []byte { return nil }, storage.ErrWrongFormat},
		"of an earlier format":        {func(b []byte) []byte { b[0]--; return b }, storage.ErrWrongFormat},
		"a byte short":                {func(b []byte) []byte { return b[:len(b)-1] }, storage.ErrCorrupt},
		"a byte long":                 {func(b []byte) []byte { return append(b, 0) }, storage.ErrCorrupt},
		"neither given up nor not so": {func(b []byte) []byte { b[25] = 2; return b }, storage.ErrCorrupt},
	} {
		if got, err := parseRecord(malformed.change(r.append(nil))); !errors.Is(err, malformed.want) {
			t.Errorf("one that is %s: %+v, %v", name, got, err)
		}
	}
}
