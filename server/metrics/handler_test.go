package metrics

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/figures"
	httpapi "github.com/mantisdb/mantisdb/server/http"
	"github.com/mantisdb/mantisdb/server/redis"
)

// serverOf serves a database in memory by the Redis protocol.
func serverOf(t *testing.T) (*redis.Server, *figures.Collector, *mantisdb.DB) {
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	all := figures.NewCollector("1.2.3", server.NewLocal(db))
	s, err := redis.New(redis.Config{Database: db, Figures: all})
	if err != nil {
		t.Fatal(err)
	}
	return s, all, db
}

// send sends commands and waits for the last reply.
func send(t *testing.T, s *redis.Server, commands, last string) {
	near, far := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeConn(far)
	}()
	defer func() {
		near.Close()
		<-done
	}()
	go io.WriteString(near, commands)
	var replies strings.Builder
	buffer := make([]byte, 1024)
	for !strings.HasSuffix(replies.String(), last) {
		n, err := near.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		replies.Write(buffer[:n])
	}
}

func get(t *testing.T, h http.Handler) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestFigures(t *testing.T) {
	s, all, db := serverOf(t)
	send(t, s, "SET a 1\r\nINCR a\r\nGET a\r\nINCR none none\r\nSETRANGE a -1 x\r\nPING end\r\n", "end\r\n")
	body := get(t, NewHandler(all, slog.New(slog.DiscardHandler)))
	for _, want := range []string{
		"mantisdb_up 1\n", `mantisdb_info{engine="go",version="1.2.3"} 1`,
		`mantisdb_command_duration_seconds_count{command="get"} 1`,
		`mantisdb_command_duration_seconds_bucket{command="set",le="+Inf"} 1`,
		`mantisdb_command_rejections_total{command="incr"} 1`,
		`mantisdb_command_errors_total{command="setrange"} 1`,
		"mantisdb_redis_connections_total 1\n", "mantisdb_redis_clients 0\n",
		"go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	// Once the database does not answer, that is told.
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if body := get(t, NewHandler(all, slog.New(slog.DiscardHandler))); !strings.Contains(body, "mantisdb_up 0\n") {
		t.Errorf("after the close: %s", body)
	}
}

// TestNamesAreAsTheFieldHasThem: names, units and help of all metrics are as Prometheus's
// own linter wants them.
func TestNamesAreAsTheFieldHasThem(t *testing.T) {
	s, all, db := serverOf(t)
	send(t, s, "SET a 1\r\nINCR a b\r\nPING end\r\n", "end\r\n")
	h := httpapi.NewHandler(server.NewLocal(db), slog.New(slog.DiscardHandler), httpapi.About{}).WithFigures(all)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/api/v1/kv/a", nil))
	registry := newRegistry(all)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	// Each part of the server has its own.
	for _, name := range []string{
		"mantisdb_http_request_duration_seconds", "mantisdb_command_duration_seconds", "mantisdb_redis_error_replies_total",
		"mantisdb_keys", "mantisdb_log_bytes", "mantisdb_syncs_total", "mantisdb_compactions_total", "mantisdb_block_cache_hits_total",
		"mantisdb_allocator_bytes", "go_sched_latencies_seconds", "go_gc_pauses_seconds", "go_memstats_heap_alloc_bytes", "process_cpu_seconds_total",
	} {
		if n, err := testutil.GatherAndCount(registry, name); n == 0 || err != nil {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

// TestEveryFigureOfTheDatabaseIsShown: a figure that the database gains is not forgotten.
func TestEveryFigureOfTheDatabaseIsShown(t *testing.T) {
	// Those that are no number, or a label of others.
	elsewhere := []string{"Engine", "KeysEstimated", "Durability"}
	figure := reflect.TypeFor[mantisdb.Stats]()
	for i := range figure.NumField() {
		name := figure.Field(i).Name
		if slices.Contains(elsewhere, name) {
			continue
		}
		var s figures.Snapshot
		switch field := reflect.ValueOf(&s.Stats).Elem().Field(i); field.Kind() {
		case reflect.Bool:
			field.SetBool(true)
		default:
			field.SetUint(1e9)
		}
		if !slices.ContainsFunc(table, func(r row) bool { return r.of(&s) > 0 }) {
			t.Errorf("no metric shows %s", name)
		}
	}
}

// broken is a database that does not answer.
type broken struct{ server.Store }

func (broken) Stats(context.Context) (mantisdb.Stats, error) {
	return mantisdb.Stats{}, mantisdb.ErrClosed
}

func TestAFailureIsToldAlone(t *testing.T) {
	c := collector{figures.NewCollector("", broken{})}
	if n := testutil.CollectAndCount(c); n != 1 {
		t.Errorf("%d metrics", n)
	}
	if err := prometheus.NewPedanticRegistry().Register(c); err != nil {
		t.Error(err)
	}
}
