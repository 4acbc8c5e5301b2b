package replica

import (
	"errors"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

// A record of an earlier format has no history, nor versions, and in the first no lease that was given up.
func TestRecordsOfEarlierFormats(t *testing.T) {
	r := record{index: 7, term: 3, holder: 2, leaseGivenUp: true, history: 1 << 63, versions: 5}
	if got, err := parseRecord(r.append(nil)); err != nil || got != r {
		t.Errorf("%+v, %v; want %+v", got, err, r)
	}
	b := r.append(nil)
	b[0] = 2
	want := record{index: 7, term: 3, holder: 2, leaseGivenUp: true}
	if got, err := parseRecord(b[:secondRecordLen]); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	b[0] = 1
	want.leaseGivenUp = false
	if got, err := parseRecord(b[:firstRecordLen]); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if _, err := parseRecord(b[:secondRecordLen]); !errors.Is(err, storage.ErrWrongFormat) {
		t.Errorf("a record of the first format with a byte more: %v", err)
	}
	b = r.append(nil)
	b[firstRecordLen] = 2
	if _, err := parseRecord(b); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("a record whose lease is neither given up nor not: %v", err)
	}
}
