package figures_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/figures"
	httpapi "github.com/mantisdb/mantisdb/server/http"
	"github.com/mantisdb/mantisdb/server/metrics"
	"github.com/mantisdb/mantisdb/server/redis"
)

// shown is a server of both protocols over one collector.
type shown struct {
	t     testing.TB
	all   *figures.Collector
	web   *httptest.Server
	redis net.Conn
	read  *bufio.Reader
}

func newShown(t testing.TB) *shown {
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	store, logger := server.NewLocal(db), slog.New(slog.DiscardHandler)
	all := figures.NewCollector("1.2.3", store)
	handler := httpapi.NewHandler(store, logger, httpapi.About{}).WithFigures(all).WithMetrics(metrics.NewHandler(all, logger))
	protocol, err := redis.New(redis.Config{Database: db, Figures: all})
	if err != nil {
		t.Fatal(err)
	}
	s := &shown{t: t, all: all, web: httptest.NewServer(handler)}
	t.Cleanup(s.web.Close)
	near, far := net.Pipe()
	s.redis, s.read = near, bufio.NewReader(near)
	done := make(chan struct{})
	go func() {
		defer close(done)
		protocol.ServeConn(far)
	}()
	t.Cleanup(func() {
		near.Close()
		<-done
	})
	return s
}

// command sends a command of Redis and returns the reply: a line, or a bulk string.
func (s *shown) command(line string) string {
	s.t.Helper()
	if _, err := io.WriteString(s.redis, line+"\r\n"); err != nil {
		s.t.Fatal(err)
	}
	first, err := s.read.ReadString('\n')
	if err != nil {
		s.t.Fatal(err)
	}
	first = strings.TrimSuffix(first, "\r\n")
	if first[0] != '$' || first == "$-1" {
		return first
	}
	n, err := strconv.Atoi(first[1:])
	if err != nil {
		s.t.Fatal(err)
	}
	bulk := make([]byte, n+2)
	if _, err := io.ReadFull(s.read, bulk); err != nil {
		s.t.Fatal(err)
	}
	return string(bulk[:n])
}

func (s *shown) do(method, path, body string) string {
	s.t.Helper()
	r, err := http.NewRequest(method, s.web.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(answer)
}

// told is what the three tell of the same work.
type told struct {
	testing.TB
	info, metrics string
	stats         figures.Snapshot
}

func (s *shown) tell() *told {
	s.t.Helper()
	all := &told{TB: s.t, info: s.command("INFO everything"), metrics: s.do("GET", "/metrics", "")}
	text := s.do("GET", "/api/v1/stats?keyspaces=true", "")
	if err := json.Unmarshal([]byte(text), &all.stats); err != nil {
		s.t.Fatalf("%v in %s", err, text)
	}
	return all
}

func (t *told) wantInfo(format string, args ...any) {
	t.Helper()
	if text := fmt.Sprintf(format, args...); !strings.Contains(t.info, "\r\n"+text) {
		t.Errorf("INFO has no %q", text)
	}
}

func (t *told) wantMetric(name string, value any) {
	t.Helper()
	if line := fmt.Sprintf("%s %v\n", name, value); !strings.Contains(t.metrics, "\n"+line) {
		t.Errorf("/metrics has no %q", line)
	}
}

// TestAllShowTheSame: after the same work, INFO, /api/v1/stats and /metrics tell the same.
func TestAllShowTheSame(t *testing.T) {
	s := newShown(t)
	s.do("PUT", "/api/v1/kv/a", "1")
	s.do("PUT", "/api/v1/kv/b?ttl=1h", "2")
	s.do("GET", "/api/v1/kv/a", "")
	s.do("GET", "/api/v1/kv/none", "")
	s.do("GET", "/nothing/here", "")
	for _, command := range []string{
		"SET c 3", "INCR a", "GET a", "GET none", "SETRANGE a -1 fails", "INCR is rejected", "SELECT 3", "SET elsewhere 1",
	} {
		s.command(command)
	}
	all := s.tell()
	all.checkNumbers()
	all.checkCommands()
	all.checkRoutes()
	all.checkKeyspaces()
}

func (t *told) checkNumbers() {
	s := &t.stats
	for _, f := range []struct {
		info, metric string
		value        any
		want         any // nil: whatever it is
	}{
		{"keys", "mantisdb_keys", s.Keys, uint64(4)},
		{"puts", "mantisdb_puts_total", s.Puts, nil},
		{"deletes", "mantisdb_deletes_total", s.Deletes, uint64(0)},
		{"last_version", "mantisdb_last_version", s.LastVersion, nil},
		{"mantisdb_version", "", s.Server.Version, "1.2.3"},
		{"run_id", "", s.Server.RunID, nil},
		{"connected_clients", "mantisdb_redis_clients", s.Redis.Clients.Connected, 1},
		{"maxclients", "mantisdb_redis_max_clients", s.Redis.Clients.Most, 10_000},
		{"total_connections_received", "mantisdb_redis_connections_total", s.Redis.Clients.Accepted, int64(1)},
		{"rejected_connections", "mantisdb_redis_refused_connections_total", s.Redis.Clients.Refused, int64(0)},
		{"", "mantisdb_redis_commands_total", s.Redis.Traffic.Commands, int64(8)},
		{"total_commands_processed", "", s.Redis.Traffic.Commands - 1, nil}, // INFO does not count itself
		{"total_error_replies", `mantisdb_redis_error_replies_total{code="ERR"}`, s.Redis.Errors["ERR"], int64(2)},
	} {
		if f.want != nil && f.value != f.want {
			t.Errorf("stats: %s is %v (%T), want %v", f.info+f.metric, f.value, f.value, f.want)
		}
		if f.info != "" {
			t.wantInfo("%s:%v\r\n", f.info, f.value)
		}
		if f.metric != "" {
			t.wantMetric(f.metric, f.value)
		}
	}
}

func (t *told) checkCommands() {
	calls := map[string]int64{"set": 2, "incr": 1, "get": 2, "setrange": 1, "select": 1}
	for _, c := range t.stats.Redis.Commands {
		if c.Name == "info" {
			continue // it was not counted when it told
		}
		if c.Calls != calls[c.Name] || c.Latencies.Count() != c.Calls {
			t.Errorf("%+v, want %d calls", c, calls[c.Name])
		}
		delete(calls, c.Name)
		labels := fmt.Sprintf("{command=%q}", c.Name)
		t.wantMetric("mantisdb_command_duration_seconds_count"+labels, c.Calls)
		t.wantMetric("mantisdb_command_errors_total"+labels, c.Failed)
		t.wantMetric("mantisdb_command_rejections_total"+labels, c.Rejected)
		t.wantInfo("cmdstat_%s:calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d\r\n", c.Name, c.Calls,
			c.Time.Microseconds(), float64(c.Time)/float64(time.Microsecond)/float64(c.Calls), c.Rejected, c.Failed)
	}
	if len(calls) > 0 {
		t.Errorf("not told: %v", calls)
	}
}

func (t *told) checkRoutes() {
	requests := map[string]int64{
		"PUT /api/v1/kv/{key} 2xx": 2, "GET /api/v1/kv/{key} 2xx": 1, "GET /api/v1/kv/{key} 4xx": 1,
		"other other 4xx": 1, "GET /metrics 2xx": 1,
	}
	for _, r := range t.stats.HTTP.Routes {
		name := r.Method + " " + r.Path + " " + r.Status
		if r.Requests != requests[name] || r.Latencies.Count() != r.Requests || r.Time <= 0 {
			t.Errorf("%+v, want %d requests", r, requests[name])
		}
		delete(requests, name)
		if r.Path == "/metrics" {
			continue // which was not counted when it told
		}
		labels := fmt.Sprintf("{method=%q,route=%q,status=%q}", r.Method, r.Path, r.Status)
		t.wantMetric("mantisdb_http_request_duration_seconds_count"+labels, r.Requests)
		t.wantMetric("mantisdb_http_sent_bytes_total"+labels, r.Sent)
	}
	if len(requests) > 0 {
		t.Errorf("not told: %v", requests)
	}
}

func (t *told) checkKeyspaces() {
	counts := t.stats.Keyspaces
	if len(counts) != 2 || counts[0].Name != "" || counts[1].Name != "redis-3" {
		t.Fatalf("keyspaces: %+v", counts)
	}
	if main := counts[0]; main.Keys != 3 || main.Expiring != 1 || main.AverageTTL <= 0 {
		t.Errorf("%+v", main)
	}
	t.wantInfo("db0:keys=%d,expires=%d,", counts[0].Keys, counts[0].Expiring)
	t.wantInfo("db3:keys=%d,expires=%d,", counts[1].Keys, counts[1].Expiring)
}

// TestASnapshotNeedsTheDatabase: without its figures there are none.
func TestASnapshotNeedsTheDatabase(t *testing.T) {
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	all := figures.NewCollector("", server.NewLocal(db))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := all.Snapshot(context.Background()); err == nil {
		t.Error("a snapshot of a closed database")
	}
	if _, err := all.CountKeys(context.Background(), db.DefaultKeyspace()); err == nil {
		t.Error("a count of a closed database")
	}
}
