package bench

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestHTMLHasTheReports(t *testing.T) {
	page := Page{Before: []byte(`<script type="application/json">`), After: []byte("</script>")}
	hostile := "</script><script>alert(1)</script><!--\u2028&"
	reports := []Report{{Engine: "rust", Results: []Result{{Name: "scan", Errors: 1, FirstError: hostile}}}, {Engine: "go"}}
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	var out bytes.Buffer
	if err := WriteHTML(&out, page, "v1", created, reports); err != nil {
		t.Fatal(err)
	}
	content, found := strings.CutPrefix(out.String(), string(page.Before))
	content, cut := strings.CutSuffix(content, string(page.After))
	if !found || !cut || strings.ContainsAny(content, "<>&\u2028") {
		t.Fatalf("the page is %s", out.String())
	}
	var read pageContent
	if err := json.Unmarshal([]byte(content), &read); err != nil {
		t.Fatal(err)
	}
	if read.Version != "v1" || !read.Created.Equal(created) || len(read.Reports) != 2 || read.Reports[0].Results[0].FirstError != hostile {
		t.Errorf("the page has %+v", read)
	}
}
