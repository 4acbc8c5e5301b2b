package redis

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb"
)

func (i *info) server() {
	i.line("redis_version", redisVersion)
	i.line("mantisdb_version", i.Server.Version)
	i.line("mantisdb_engine", i.Engine)
	i.line("redis_mode", i.r.server.mode())
	i.line("os", runtime.GOOS+" "+runtime.GOARCH)
	i.line("arch_bits", strconv.IntSize)
	i.line("go_version", runtime.Version())
	i.line("process_id", os.Getpid())
	i.line("run_id", i.Server.RunID)
	i.line("tcp_port", i.r.port())
	i.line("server_time_usec", i.Server.Now.UnixMicro())
	i.line("uptime_in_seconds", wholeSeconds(i.Server.Uptime))
	i.line("uptime_in_days", wholeSeconds(i.Server.Uptime)/(24*3600))
	executable, _ := os.Executable() // not known is empty, as Redis has it
	i.line("executable", executable)
	i.line("config_file", "")
}

func (i *info) clients() {
	c := &i.Redis.Clients
	i.line("connected_clients", c.Connected)
	i.line("maxclients", c.Most)
	i.line("client_recent_max_input_buffer", c.LongestQuery)
	i.line("client_recent_max_output_buffer", c.LongestReply)
	i.line("blocked_clients", c.Blocked)
	i.line("tracking_clients", 0)
}

func (i *info) memory() {
	m := &i.Process.Memory
	i.line("used_memory", m.Used)
	i.line("used_memory_human", human(m.Used))
	if m.Resident > 0 {
		i.line("used_memory_rss", m.Resident)
		i.line("used_memory_rss_human", human(m.Resident))
	}
	i.line("used_memory_peak", m.Peak)
	i.line("used_memory_peak_human", human(m.Peak))
	i.line("used_memory_peak_perc", fmt.Sprintf("%.2f%%", 100*float64(m.Used)/float64(max(m.Peak, 1))))
	i.line("used_memory_dataset", i.Stats.MemoryBytes)
	i.line("used_memory_heap", m.Heap)
	i.line("used_memory_allocator", m.Allocator)
	i.line("maxmemory", i.Stats.MemoryLimit)
	i.line("maxmemory_human", human(i.Stats.MemoryLimit))
	i.line("maxmemory_policy", memoryPolicy(i.Engine))
	if m.Resident > 0 {
		i.line("mem_fragmentation_ratio", fmt.Sprintf("%.2f", float64(m.Resident)/float64(max(m.Used, 1))))
		i.line("mem_fragmentation_bytes", int64(m.Resident)-int64(m.Used))
	}
	i.line("mem_clients_normal", i.Redis.Clients.Memory)
}

// memoryPolicy is what happens when memory is full: entries of a cache leave for good,
// the cold ones first; of other engines none does.
func memoryPolicy(engine string) string {
	if engine == mantisdb.EngineCache {
		return "allkeys-lfu"
	}
	return "noeviction"
}

func (i *info) persistence() {
	s := &i.Redis.Saves
	durable := i.Stats.Durability != mantisdb.DurabilityMemory
	i.line("loading", 0)
	i.line("async_loading", 0)
	i.line("rdb_changes_since_last_save", since(i.changes(), s.Changes))
	i.line("rdb_bgsave_in_progress", flag(s.Running))
	i.line("rdb_last_save_time", s.Last.Unix())
	i.line("rdb_last_bgsave_status", okOrErr(s.Failed))
	i.line("rdb_last_bgsave_time_sec", lastSaveSeconds(s))
	i.line("rdb_current_bgsave_time_sec", currentSaveSeconds(s, i.Server.Now))
	i.line("rdb_saves", s.Done)
	i.line("aof_enabled", flag(durable))
	i.line("aof_rewrite_in_progress", flag(s.Compacting))
	i.line("aof_rewrite_scheduled", 0)
	i.line("aof_last_bgrewrite_status", okOrErr(s.CompactionFailed))
	if durable {
		i.line("aof_current_size", i.Stats.LogBytes)
	}
}

// changes is how many writes the database has seen.
func (i *info) changes() uint64 { return changesOf(&i.Stats) }

func okOrErr(failed bool) string {
	if failed {
		return "err"
	}
	return "ok"
}

func (i *info) stats() {
	d, b := &i.Stats, &i.Redis.Baseline
	errors := int64(0)
	for _, n := range i.Redis.Errors {
		errors += n
	}
	i.line("total_connections_received", i.Redis.Clients.Accepted)
	i.line("total_commands_processed", i.Redis.Traffic.Commands)
	i.line("instantaneous_ops_per_sec", int64(i.Redis.Rates.Commands))
	i.line("total_net_input_bytes", i.Redis.Traffic.Received)
	i.line("total_net_output_bytes", i.Redis.Traffic.Sent)
	i.line("instantaneous_input_kbps", fmt.Sprintf("%.2f", i.Redis.Rates.Received/1024))
	i.line("instantaneous_output_kbps", fmt.Sprintf("%.2f", i.Redis.Rates.Sent/1024))
	i.line("rejected_connections", i.Redis.Clients.Refused)
	i.line("expired_keys", since(d.Expired, b.Expired))
	i.line("evicted_keys", i.evicted())
	i.line("evicted_clients", i.Redis.Clients.Evicted)
	i.line("keyspace_hits", since(d.GetHits, b.GetHits))
	i.line("keyspace_misses", since(d.Gets-d.GetHits, b.Gets-b.GetHits))
	i.line("pubsub_channels", i.Redis.Channels)
	i.line("pubsub_patterns", i.Redis.Patterns)
	i.line("pubsubshard_channels", 0)
	i.line("total_error_replies", errors)
	i.line("total_reads_processed", i.Redis.Traffic.Reads)
	i.line("total_writes_processed", i.Redis.Traffic.Writes)
}

// evicted is how many entries have gone for want of memory. Those of an engine with
// segments have only moved to these.
func (i *info) evicted() uint64 {
	if i.Engine != mantisdb.EngineCache {
		return 0
	}
	return since(i.Stats.Evicted, i.Redis.Baseline.Evicted)
}

func (i *info) replication() {
	i.line("role", "master")
	i.line("connected_slaves", 0)
	i.line("master_failover_state", "no-failover")
	i.line("master_replid", i.Server.RunID)
	i.line("master_repl_offset", 0)
	i.line("second_repl_offset", -1)
	i.line("repl_backlog_active", 0)
}

func (i *info) cpu() {
	i.seconds("used_cpu_sys", i.Process.CPU.System.Seconds())
	i.seconds("used_cpu_user", i.Process.CPU.User.Seconds())
	i.seconds("used_cpu_sys_children", i.Process.CPU.ChildrenSystem.Seconds())
	i.seconds("used_cpu_user_children", i.Process.CPU.ChildrenUser.Seconds())
}

func (i *info) commandStats() {
	for _, c := range i.Redis.Commands {
		micros := c.Time.Microseconds()
		fmt.Fprintf(&i.text, "cmdstat_%s:calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d\r\n",
			c.Name, c.Calls, micros, float64(c.Time)/float64(time.Microsecond)/float64(max(c.Calls, 1)), c.Rejected, c.Failed)
	}
}

func (i *info) errorStats() {
	for _, code := range slices.Sorted(maps.Keys(i.Redis.Errors)) {
		fmt.Fprintf(&i.text, "errorstat_%s:count=%d\r\n", code, i.Redis.Errors[code])
	}
}

func (i *info) latencyStats() {
	for _, c := range i.Redis.Commands {
		if c.Calls == 0 {
			continue
		}
		micros := func(p float64) float64 {
			return float64(c.Latencies.Percentile(p)) / float64(time.Microsecond)
		}
		fmt.Fprintf(&i.text, "latency_percentiles_usec_%s:p50=%.3f,p99=%.3f,p99.9=%.3f\r\n", c.Name, micros(50), micros(99), micros(99.9))
	}
}

func (i *info) cluster() {
	i.line("cluster_enabled", flag(i.r.server.routing != nil))
	if i.r.server.routing != nil {
		i.line("stale_reads_local", i.StaleReads.Local)
		i.line("stale_reads_passed_on", i.StaleReads.PassedOn)
	}
}

func (i *info) keyspace() {
	for _, d := range i.databases {
		fmt.Fprintf(&i.text, "db%d:keys=%d,expires=%d,avg_ttl=%d\r\n", d.number, d.Keys, d.Expiring, d.AverageTTL.Milliseconds())
	}
}

// engine are the figures of the database itself, since it was opened.
func (i *info) engine() {
	d := &i.Stats
	i.line("keys", d.Keys)
	i.line("keys_estimated", flag(d.KeysEstimated))
	i.line("durability", d.Durability)
	i.line("disk_bytes", d.DiskBytes)
	i.line("writes_failed", flag(d.WritesFailed))
	i.line("dirty_bytes", d.DirtyBytes)
	i.line("log_bytes", d.LogBytes)
	i.line("segments", d.Segments)
	i.line("last_version", d.LastVersion)
	i.line("open_snapshots", d.OpenSnapshots)
	i.line("puts", d.Puts)
	i.line("deletes", d.Deletes)
	i.line("range_deletes", d.RangeDeletes)
	i.line("batches", d.Batches)
	i.line("scans", d.Scans)
	i.line("syncs", d.Syncs)
	i.line("sync_usec", d.SyncNanos/1000)
	i.line("flushes", d.Flushes)
	i.line("compactions", d.Compactions)
	i.line("stall_usec", d.StallNanos/1000)
	i.line("background_errors", d.BackgroundErrors)
}

// since is how much a counter of the database has grown since CONFIG RESETSTAT.
func since(now, before uint64) uint64 { return now - min(before, now) }
