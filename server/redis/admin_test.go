package redis

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

func TestInfoSections(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.want("OK", "SET", "k", "text")
	c.want("OK", "SET", "soon", "text", "EX", "100")
	for _, x := range []struct {
		args, has, hasNot string
	}{
		{"INFO", "# Server,redis_version:7.0.15,# Keyspace,db0:keys=2,expires=1,# MantisDB", "# Commandstats,# Latencystats"},
		{"INFO all", "# Server,# Commandstats,cmdstat_set:calls=2,# Latencystats,latency_percentiles_usec_set:p50=", ""},
		{"INFO CPU keyspace", "# CPU,db0:keys=2", "# Server,# Memory"},
		{"INFO cpu default", "# CPU,# Server", "# Commandstats"},
		{"INFO nosuch", "", "#"},
		{"INFO replication", "role:master,connected_slaves:0", ""},
	} {
		text := c.do(strings.Fields(x.args)...).(string)
		for _, part := range strings.Split(x.has, ",") {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %q:\n%s", x.args, part, text)
			}
		}
		for _, part := range strings.Split(x.hasNot, ",") {
			if part != "" && strings.Contains(text, part) {
				t.Errorf("%s has %q:\n%s", x.args, part, text)
			}
		}
		if strings.Count(text, "# CPU") > 1 {
			t.Errorf("%s has a section twice", x.args)
		}
	}
}

func TestHumanBytes(t *testing.T) {
	for n, want := range map[uint64]string{0: "0B", 1023: "1023B", 1024: "1.00K", 1536: "1.50K", 1 << 20: "1.00M", 1 << 63: "8.00E"} {
		if got := human(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// savingServer serves a database in a directory.
func savingServer(t *testing.T, c Config) *testServer {
	t.Helper()
	db, err := mantisdb.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return newTestServerOf(t, db, c)
}

func TestSaves(t *testing.T) {
	var names []string
	var failure error
	s := savingServer(t, Config{Checkpoint: func(name string) error {
		names = append(names, name)
		return failure
	}})
	c := s.dial(t)
	s.saves.last.Store(1)
	c.want(int64(1), "LASTSAVE")
	c.want("OK", "SET", "k", "text")
	c.want("OK", "SAVE")
	if last := c.do("LASTSAVE").(int64); time.Now().Unix()-last > 5 {
		t.Errorf("saved at %d", last)
	}
	if info := c.do("INFO", "persistence").(string); !strings.Contains(info, "rdb_changes_since_last_save:0\r\n") || !strings.Contains(info, "rdb_saves:1\r\n") {
		t.Errorf("%s", info)
	}
	c.want("Background saving started", "BGSAVE")
	for s.saves.snapshot().Running {
		time.Sleep(time.Millisecond)
	}
	if len(names) != 2 || names[0] == names[1] || !strings.HasPrefix(names[0], "redis-") {
		t.Errorf("checkpoints %v", names)
	}
	failure = errors.New("no space")
	c.want(replyError("ERR no space"), "SAVE")
	if info := c.do("INFO", "persistence").(string); !strings.Contains(info, "rdb_last_bgsave_status:err\r\n") {
		t.Errorf("%s", info)
	}
	c.want("Background append only file rewriting started", "BGREWRITEAOF")
	for s.saves.snapshot().Compacting {
		time.Sleep(time.Millisecond)
	}
	if s.saves.snapshot().CompactionFailed {
		t.Error("the compaction failed")
	}
}

func TestOneSaveAtATime(t *testing.T) {
	release := make(chan struct{})
	s := savingServer(t, Config{Checkpoint: func(string) error {
		<-release
		return nil
	}})
	c := s.dial(t)
	c.want("Background saving started", "BGSAVE")
	c.want(replyError(errSaveRunning), "BGSAVE")
	c.want(replyError(errSaveRunning), "SAVE")
	close(release)
	for s.saves.snapshot().Running {
		time.Sleep(time.Millisecond)
	}
	c.want("OK", "SAVE")
}

func TestWhatIsInMemoryIsNotSaved(t *testing.T) {
	c := newTestServer(t).dial(t)
	for _, command := range []string{"SAVE", "BGSAVE"} {
		if reply, failed := c.do(command).(replyError); !failed || !strings.Contains(string(reply), "in memory alone") {
			t.Errorf("%s: %v", command, reply)
		}
	}
}

// TestWhatIsOnlyAcknowledgedInMemoryIsSaved: there are files, though no write waits for them.
func TestWhatIsOnlyAcknowledgedInMemoryIsSaved(t *testing.T) {
	db, err := mantisdb.Open(t.TempDir(), &mantisdb.Options{Durability: mantisdb.DurabilityMemory})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c := newTestServerOf(t, db, Config{}).dial(t)
	c.want("OK", "SAVE")
	c.want("OK", "SET", "k", "v")
	c.want("OK", "SAVE")
}

func TestShutdown(t *testing.T) {
	var quits atomic.Int64
	s := newTestServerWith(t, Config{Quit: func() { quits.Add(1) }})
	c := s.dial(t)
	c.want(replyError("ERR syntax error"), "SHUTDOWN", "SAVE", "NOSAVE")
	c.want(replyError("ERR No shutdown in progress."), "SHUTDOWN", "ABORT")
	if quits.Load() != 0 {
		t.Fatal("it has ended")
	}
	c.send("SHUTDOWN", "NOSAVE")
	c.wantClosed()
	if quits.Load() != 1 {
		t.Error("it has not ended")
	}
	newTestServer(t).dial(t).want(replyError("ERR Clients may not end this server"), "SHUTDOWN")
}

func TestDebugNeedsLeave(t *testing.T) {
	reply, _ := newTestServer(t).dial(t).do("DEBUG", "SLEEP", "0").(replyError)
	if !strings.HasPrefix(string(reply), "ERR DEBUG command not allowed") {
		t.Errorf("%v", reply)
	}
	c := newTestServerWith(t, Config{EnableDebug: true}).dial(t)
	c.want("OK", "DEBUG", "SLEEP", "0")
	c.want("OK", "DEBUG", "RELOAD")
	c.want(replyError("ERR no such key"), "DEBUG", "OBJECT", "k")
	c.want("OK", "SET", "k", "12")
	if reply := fmt.Sprint(c.do("DEBUG", "OBJECT", "k")); !strings.Contains(reply, " encoding:int serializedlength:2 ") {
		t.Errorf("%s", reply)
	}
}

func TestSmallAdminCommands(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.want([]any{"master", int64(0), []any{}}, "ROLE")
	c.want(int64(0), "WAIT", "3", "0")
	c.want(replyError("ERR timeout is negative"), "WAIT", "0", "-1")
	c.want("OK", "FUNCTION", "FLUSH")
	c.want(nil, "MEMORY", "USAGE", "k")
	c.want("OK", "SET", "k", "12345")
	c.want(int64(6+entryOverhead), "MEMORY", "USAGE", "k", "SAMPLES", "0")
	stats := c.do("MEMORY", "STATS").([]any)
	if len(stats) != 20 || stats[0] != "peak.allocated" || stats[1].(int64) <= 0 {
		t.Errorf("%v", stats)
	}
	now := c.do("TIME").([]any)
	if fmt.Sprint(time.Now().Unix())[:8] != now[0].(string)[:8] {
		t.Errorf("%v", now)
	}
}
