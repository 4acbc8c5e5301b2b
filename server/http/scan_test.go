package httpapi

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// scanned is a scan's stream, taken apart.
type scanned struct {
	entries []string // lines
	keys    []string // decoded
	values  []string
	end     wire.ScanEnd
}

func scanLines(t *testing.T, a answer) scanned {
	t.Helper()
	if a.status != 200 || a.header.Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("%d %v %s", a.status, a.header, a.body)
	}
	lines := strings.SplitAfter(a.body, "\n")
	if last := len(lines) - 1; lines[last] != "" {
		t.Fatalf("the last line has no end: %q", lines[last])
	}
	lines = lines[:len(lines)-1]
	var s scanned
	for i, line := range lines {
		end, last, err := wire.ParseScanEnd([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if last != (i == len(lines)-1) {
			t.Fatalf("line %d of %d: %s", i, len(lines), line)
		}
		if last {
			s.end = end
			continue
		}
		var e struct {
			Key       []byte  `json:"key"`
			KeyText   *string `json:"key_text"`
			Value     []byte  `json:"value"`
			ValueText *string `json:"value_text"`
			Version   uint64  `json:"version"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Version == 0 {
			t.Fatalf("%s: %v", line, err)
		}
		if e.KeyText != nil {
			e.Key = []byte(*e.KeyText)
		}
		if e.ValueText != nil {
			e.Value = []byte(*e.ValueText)
		}
		s.entries = append(s.entries, line)
		s.keys = append(s.keys, string(e.Key))
		s.values = append(s.values, string(e.Value))
	}
	if int(s.end.Count) != len(s.keys) {
		t.Fatalf("the end tells %d entries of %d", s.end.Count, len(s.keys))
	}
	return s
}

func TestScan(t *testing.T) {
	s := newServer(t)
	all := []string{"\x00", "a", "a/1", "a/2", "a/2/x", "a0", "b", "é", "\xff", "\xff\xff", "\xff\xffz"}
	slices.Sort(all)
	for _, key := range all {
		s.put(key, "v"+key)
	}
	for query, want := range map[string][]string{
		"":                               all,
		"prefix=":                        all,
		"start=&end=&reverse=false":      all,
		"prefix=a/":                      {"a/1", "a/2", "a/2/x"},
		"prefix=a%2F":                    {"a/1", "a/2", "a/2/x"},
		"prefix=%FF":                     {"\xff", "\xff\xff", "\xff\xffz"},
		"prefix=%FF%FF":                  {"\xff\xff", "\xff\xffz"},
		"start=a/2&end=b":                {"a/2", "a/2/x", "a0"},
		"prefix=a&start=a/2":             {"a/2", "a/2/x", "a0"},
		"prefix=a&end=a/2":               {"a", "a/1"},
		"prefix=a&start=A&end=z":         {"a", "a/1", "a/2", "a/2/x", "a0"},
		"prefix=none":                    nil,
		"start=b&end=a":                  nil,
		"prefix=a/&reverse=true":         {"a/2/x", "a/2", "a/1"},
		"start=a/2&end=b&reverse=1":      {"a0", "a/2/x", "a/2"},
		"prefix=a/&limit=2":              {"a/1", "a/2"},
		"prefix=a/&limit=3":              {"a/1", "a/2", "a/2/x"},
		"prefix=a/&limit=2&reverse=true": {"a/2/x", "a/2"},
		"encoding=text":                  all,
		"encoding=base64&prefix=%C3%A9":  {"é"},
		"limit=9223372036854775807":      all,
	} {
		got := scanLines(t, s.do("GET", "/api/v1/scan?"+query, ""))
		if !slices.Equal(got.keys, want) {
			t.Errorf("%s: %q, want %q", query, got.keys, want)
		}
		for i, key := range got.keys {
			if got.values[i] != "v"+key {
				t.Errorf("%s: %q holds %q", query, key, got.values[i])
			}
		}
		if more := strings.Contains(query, "limit=2"); (got.end.NextCursor != nil) != more {
			t.Errorf("%s: next_cursor %v", query, got.end.NextCursor)
		}
	}
	if a := s.do("HEAD", "/api/v1/scan", ""); a.status != 200 || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
}

func TestScanForms(t *testing.T) {
	s := newServer(t)
	if err := s.db.PutTTL([]byte("k\xff"), []byte("text\n"), time.Hour); err != nil {
		t.Fatal(err)
	}
	_, meta, _ := s.db.AppendGetMeta(nil, []byte("k\xff"))
	tail := fmt.Sprintf(`,"version":%d,"expires_at":%d}`, meta.Version, meta.ExpiresAt)
	const end = "\n" + `{"end":true,"count":1,"next_cursor":null}` + "\n"
	for query, want := range map[string]string{
		"":                             `{"key":"a/8=","value":"dGV4dAo="` + tail + end,
		"encoding=text":                `{"key":"a/8=","value_text":"text\n"` + tail + end,
		"keys_only=true":               `{"key":"a/8="` + tail + end,
		"keys_only=true&encoding=text": `{"key":"a/8="` + tail + end,
	} {
		if a := s.do("GET", "/api/v1/scan?"+query, ""); a.body != want {
			t.Errorf("%s: %s, want %s", query, a.body, want)
		}
	}
}

// TestScanPages: pages of any size, in both directions, tell every entry once.
func TestScanPages(t *testing.T) {
	s := newServer(t)
	var all []string
	for i := range 50 {
		all = append(all, fmt.Sprintf("p/%02d", i))
	}
	all = append(all, "p/10\x00", "p/10\x00\x00", "p/\xff")
	slices.Sort(all)
	for _, key := range append([]string{"o", "q"}, all...) {
		s.put(key, "v")
	}
	reversed := slices.Clone(all)
	slices.Reverse(reversed)
	for direction, want := range map[string][]string{"false": all, "true": reversed} {
		for _, limit := range []int{1, 7, len(all) - 1, len(all), len(all) + 1} {
			base := fmt.Sprintf("/api/v1/scan?prefix=p/&reverse=%s&limit=%d", direction, limit)
			var got []string
			for target := base; ; {
				page := scanLines(t, s.do("GET", target, ""))
				got = append(got, page.keys...)
				if page.end.NextCursor == nil {
					break
				}
				if len(page.keys) != limit {
					t.Fatalf("a page of %d, not %d", len(page.keys), limit)
				}
				target = base + "&cursor=" + url.QueryEscape(*page.end.NextCursor)
			}
			if !slices.Equal(got, want) {
				t.Errorf("reverse=%s limit=%d: %q", direction, limit, got)
			}
		}
	}
}

func TestScanRefuses(t *testing.T) {
	s := newServer(t)
	for _, key := range []string{"a", "b", "c"} {
		s.put(key, "")
	}
	cursor := *scanLines(t, s.do("GET", "/api/v1/scan?limit=1", "")).end.NextCursor
	for _, query := range []string{
		"limit=0", "limit=-1", "limit=x", "limit=", "limit=1.5", "limit=9223372036854775808",
		"reverse=yes", "reverse=", "keys_only=2", "encoding=hex", "encoding=", "cursor=x", "cursor=",
		"cursor=" + cursor + "x", "unknown=1", "prefix=a&prefix=b", "prefix=%f", "Prefix=a",
		"prefix=a&cursor=" + cursor, "reverse=true&cursor=" + cursor, "start=b&cursor=" + cursor,
	} {
		wantProblem(t, s.do("GET", "/api/v1/scan?"+query, ""), malformedRequest)
	}
	if a := s.do("GET", "/api/v1/scan?limit=2&encoding=text&cursor="+cursor, ""); a.status != 200 {
		t.Errorf("another limit and encoding: %d %s", a.status, a.body)
	}
}

// TestScanFails: an error before the first line is the answer, a later one the
// last line.
func TestScanFails(t *testing.T) {
	broken := failingStore{err: fmt.Errorf("%w: block 7 of 000123.sst", mantisdb.ErrCorrupt)}
	wantProblem(t, newServerOver(t, broken).do("GET", "/api/v1/scan", ""), internalError)

	for i := range 2000 {
		broken.entries = append(broken.entries, mantisdb.Entry{Key: fmt.Appendf(nil, "k%d", i), Value: make([]byte, 30), Meta: mantisdb.Meta{Version: 1}})
	}
	a := newServerOver(t, broken).do("GET", "/api/v1/scan", "")
	lines := strings.Split(strings.TrimSuffix(a.body, "\n"), "\n")
	if a.status != 200 || len(lines) != 2001 {
		t.Fatalf("%d, %d lines", a.status, len(lines))
	}
	_, last, err := wire.ParseScanEnd([]byte(lines[2000]))
	var p *wire.Problem
	if !last || !errors.As(err, &p) || p.Status != http.StatusInternalServerError {
		t.Errorf("%s: %v", lines[2000], err)
	}
}

// TestScanIsOfOneMoment: what is written while a scan streams does not show.
func TestScanIsOfOneMoment(t *testing.T) {
	s := newServer(t)
	value := strings.Repeat("v", 10_000)
	for i := range 2000 { // more than the sockets buffer
		s.put(fmt.Sprintf("k%04d", i), value)
	}
	resp, err := s.Client().Get(s.URL + "/api/v1/scan")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for i := range 2000 {
		if err := s.db.Delete(fmt.Appendf(nil, "k%04d", i)); err != nil {
			t.Fatal(err)
		}
	}
	count, err := countEntries(resp)
	if err != nil || count != 2000 {
		t.Errorf("%d entries, %v", count, err)
	}
}

// countEntries reads a stream and counts its entries; it must have its end.
func countEntries(resp *http.Response) (count int, err error) {
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if end, last, err := wire.ParseScanEnd(lines.Bytes()); last || err != nil {
			if int(end.Count) != count {
				return count, fmt.Errorf("the end tells %d entries: %w", end.Count, err)
			}
			return count, err
		}
		count++
	}
	return count, errors.Join(errors.New("the stream has no end"), lines.Err())
}

// TestScanClientLeaves: a client that goes away ends its scan.
func TestScanClientLeaves(t *testing.T) {
	s := newServer(t)
	for i := range 3000 {
		s.put(fmt.Sprintf("k%04d", i), strings.Repeat("v", 10_000))
	}
	resp, err := s.Client().Get(s.URL + "/api/v1/scan")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	deadline := time.Now().Add(10 * time.Second)
	for {
		stats, err := s.db.Stats()
		if err != nil {
			t.Fatal(err)
		}
		if stats.OpenSnapshots == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the scan still holds its snapshot")
		}
		time.Sleep(5 * time.Millisecond)
	}
}
