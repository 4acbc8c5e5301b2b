package wire

import (
	"errors"
	"testing"
)

func TestParseScanEnd(t *testing.T) {
	end, last, err := ParseScanEnd([]byte(`{"end":true,"count":3,"next_cursor":"abc"}`))
	if err != nil || !last || end.Count != 3 || *end.NextCursor != "abc" {
		t.Errorf("%+v, %v, %v", end, last, err)
	}
	end, last, err = ParseScanEnd([]byte(`{"end":true,"count":3,"next_cursor":null}`))
	if err != nil || !last || end.NextCursor != nil {
		t.Errorf("%+v, %v, %v", end, last, err)
	}
	_, last, err = ParseScanEnd([]byte(`{"error":{"type":"t","title":"x","status":500,"detail":"what was wrong"}}`))
	var p *Problem
	if !last || !errors.As(err, &p) || err.Error() != "what was wrong" {
		t.Errorf("%v, %v", last, err)
	}
	if _, last, err := ParseScanEnd([]byte(`{"key":"YQ==","value":""}`)); last || err != nil {
		t.Errorf("an entry: %v, %v", last, err)
	}
	for _, line := range []string{`{"end":tr`, `{"error":{`, `{"error":null}`} {
		if _, last, err := ParseScanEnd([]byte(line)); last || err == nil {
			t.Errorf("%s: %v, %v", line, last, err)
		}
	}
}
