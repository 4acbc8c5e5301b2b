package httpapi

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/mantisdb/mantisdb"
)

func TestEngineTellsWhatItIsMadeOf(t *testing.T) {
	s := newDurableServer(t)
	for i := range 100 {
		s.put(fmt.Sprintf("key-%02d", i), "value")
	}
	if err := s.db.Compact(); err != nil {
		t.Fatal(err)
	}
	ask := func(target string) (got mantisdb.Structure) {
		t.Helper()
		a := s.do("GET", target, "")
		if err := json.Unmarshal([]byte(a.body), &got); a.status != 200 || err != nil {
			t.Fatalf("%s: %d %v %s", target, a.status, err, a.body)
		}
		return got
	}
	got := ask("/api/v1/engine")
	segments := 0
	for _, level := range got.Levels {
		segments += len(level.Segments)
	}
	if got.Engine != s.db.Engine() || segments == 0 || got.SegmentsLeftOut != 0 || len(got.Log.Files) == 0 || len(got.Memtables) == 0 {
		t.Errorf("%+v", got)
	}
	if one := ask("/api/v1/engine?segments=1"); int(one.SegmentsLeftOut) != segments-1 {
		t.Errorf("of %d segments, %d are left out for one", segments, one.SegmentsLeftOut)
	}
	for _, query := range []string{"segments=0", "segments=4097", "segments=all", "levels=1"} {
		wantProblem(t, s.do("GET", "/api/v1/engine?"+query, ""), malformedRequest)
	}
	s.db.Close()
	wantProblem(t, s.do("GET", "/api/v1/engine", ""), unavailable)
}
