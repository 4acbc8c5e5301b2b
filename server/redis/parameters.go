package redis

import (
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/control"
)

// leastBulk is the least that Redis lets proto-max-bulk-len be.
const leastBulk = 1 << 20

// newParameters are those of CONFIG, in the order of their names. Parameters of Redis for
// what there is not here are not among them.
func (s *Server) newParameters() []*parameter {
	list := slices.Concat(s.limitParameters(), s.behaviourParameters(), s.storageParameters(), placeParameters())
	slices.SortFunc(list, func(a, b *parameter) int { return strings.Compare(a.name, b.name) })
	return list
}

// limitParameters are the server's limits.
func (s *Server) limitParameters() []*parameter {
	return []*parameter{
		integer("maxclients", "connections of the Redis protocol at once", 1, math.MaxUint32,
			func() int64 { return int64(s.limits().MaxClients) },
			func(n int64) { s.changeLimits(func(l *Limits) { l.MaxClients = int(n) }) }),
		integer("timeout", "seconds that a client may send nothing before it is disconnected; 0 is for ever", 0, math.MaxInt32,
			func() int64 { return int64(s.limits().IdleTimeout / time.Second) },
			func(n int64) { s.setIdleTimeout(time.Duration(n) * time.Second) }),
		memory("proto-max-bulk-len", "the longest argument that a client may send", leastBulk, mantisdb.MaxValueLen,
			func() int64 { return int64(s.limits().MaxBulk) },
			func(n int64) { s.changeLimits(func(l *Limits) { l.MaxBulk = int(n) }) }),
		memory("client-query-buffer-limit", "the longest command that a client may send", leastBulk, math.MaxInt64,
			func() int64 { return int64(s.limits().MaxRequest) },
			func(n int64) { s.changeLimits(func(l *Limits) { l.MaxRequest = int(n) }) }),
		memory("maxmemory-clients", "what all clients may take together of memory, before the largest are disconnected; 0 is any amount", 0, math.MaxInt64,
			func() int64 { return s.memory.Limit() }, s.setClientMemory),
		s.outputLimitParameter(),
	}
}

// setClientMemory is what clients may take together, of whom some may take too much now.
func (s *Server) setClientMemory(bytes int64) {
	s.memory.SetLimit(bytes)
	if s.memory.Excess() > 0 {
		s.evictClients()
	}
}

// setIdleTimeout is how long clients may be idle, those included that are so now.
func (s *Server) setIdleTimeout(timeout time.Duration) {
	s.changeLimits(func(l *Limits) { l.IdleTimeout = timeout })
	deadline := time.Time{}
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	s.clients.each(func(c *Client) {
		if !s.ending.Load() && !c.shown.Load().isPubSub() {
			c.conn.SetReadDeadline(deadline)
		}
	})
}

// outputLimitParameter is client-output-buffer-limit: for each class of clients, hard and
// soft limit in bytes and the seconds that a client may be beyond the soft one. There is
// one hard limit here, which is for what others publish to a client.
func (s *Server) outputLimitParameter() *parameter {
	return &parameter{
		name: "client-output-buffer-limit", kind: control.TypeText,
		about: "bytes that may wait for a client that does not read: class, hard and soft limit, seconds",
		get: func(*Request) string {
			return "normal 0 0 0 pubsub " + strconv.Itoa(s.limits().OutputBuffer) + " 0 0"
		},
		set: func(_ *Request, value string) error {
			fields := strings.Fields(value)
			if len(fields) == 0 || len(fields)%4 != 0 {
				return Error("Wrong number of arguments in buffer limit configuration.")
			}
			limit := s.limits().OutputBuffer
			for f := range slices.Chunk(fields, 4) {
				n, err := outputLimit(f)
				if err != nil {
					return err
				}
				if f[0] == clientPubSub {
					limit = n
				}
			}
			s.changeLimits(func(l *Limits) { l.OutputBuffer = limit })
			return nil
		},
	}
}

// outputLimit is the hard limit of a class, which must be one that can be kept.
func outputLimit(fields []string) (int, error) {
	hard, err := parseMemory(fields[1])
	if err != nil {
		return 0, Error("Error in hard, soft or soft_seconds setting in buffer limit configuration.")
	}
	switch {
	case fields[2] != "0" || fields[3] != "0":
		return 0, Error("this server has no soft limits")
	case fields[0] == clientNormal && hard != 0:
		return 0, Error("this server has a limit of the class pubsub alone")
	case fields[0] == clientPubSub && hard == 0:
		return 0, Error("this server needs a limit of the class pubsub")
	case fields[0] != clientNormal && fields[0] != clientPubSub:
		return 0, Error("Invalid client class specified in buffer limit configuration.")
	}
	return int(hard), nil
}

// behaviourParameters are what clients may change of what the server does.
func (s *Server) behaviourParameters() []*parameter {
	return []*parameter{
		s.redirectParameter(),
		{name: "requirepass", kind: control.TypeText, about: "the password of the user default", secret: true,
			get: func(*Request) string { return s.passwordText() },
			set: func(_ *Request, value string) error {
				s.setPassword(value)
				return nil
			}},
		{name: "notify-keyspace-events", kind: control.TypeText, about: "which events of keys are published, as letters; empty is none",
			get: func(*Request) string { return s.notifyClasses().String() },
			set: func(_ *Request, value string) error {
				classes, err := parseNotifyFlags(value)
				if err != nil {
					return err
				}
				return s.setNotifications(classes)
			}},
		integer("slowlog-log-slower-than", "microseconds from which on a command goes into the slow log; 0 logs all, -1 none", -1, math.MaxInt64, s.slow.logFrom.Load, s.slow.setLogFrom),
		integer("slowlog-max-len", "how many commands the slow log has at most", 0, math.MaxInt,
			func() int64 { return int64(s.slow.log.maxLength()) },
			func(n int64) { s.slow.log.setLength(int(n)) }),
		integer("latency-monitor-threshold", "milliseconds from which on an event is recorded for LATENCY; 0 records none", 0, math.MaxInt64, s.slow.eventFrom.Load, s.slow.setEventFrom),
		constant("latency-tracking", "yes", "latencies of commands are counted"),
		constant("latency-tracking-info-percentiles", "50 99 99.9", "the percentiles that INFO tells of latencies"),
	}
}

// storageParameters tell how the database keeps its data, in Redis's terms. The database
// is opened so, and stays.
func (s *Server) storageParameters() []*parameter {
	stats := func() mantisdb.Stats {
		stats, _ := s.db.Stats() // of a closed database, nothing is known
		return stats
	}
	return []*parameter{
		ofKind(control.TypeSize, fixed("maxmemory", "bytes that the engine may hold in memory; 0 is no limit", func(*Request) string { return strconv.FormatUint(stats().MemoryLimit, 10) })),
		fixed("maxmemory-policy", "what happens when memory is full", func(*Request) string { return memoryPolicy(s.db.Engine()) }),
		fixed("appendonly", "whether writes are logged", func(*Request) string {
			if stats().Durability == mantisdb.DurabilityMemory {
				return "no"
			}
			return "yes"
		}),
		fixed("appendfsync", "whether a write is on disk when it is acknowledged", func(*Request) string {
			if stats().Durability == mantisdb.DurabilitySync {
				return "always"
			}
			return "no"
		}),
		constant("save", "", "when snapshots are written by themselves: never, since the log has everything"),
		immutable(ofKind(control.TypeNumber, constant("databases", strconv.Itoa(databaseCount), "how many numbered databases there are"))),
		immutable(fixed("cluster-enabled", "whether the server is part of a cluster", func(*Request) string { return yesOrNo(s.routing != nil) })),
		immutable(constant("daemonize", "no", "whether the server has put itself into the background")),
	}
}

// placeParameters tell where the server is, as the one who asks has reached it.
func placeParameters() []*parameter {
	return []*parameter{
		ofKind(control.TypeNumber, fixed("port", "the port by which you have come", func(r *Request) string { return strconv.Itoa(r.port()) })),
		fixed("bind", "the address by which you have come", func(r *Request) string {
			host, _, err := net.SplitHostPort(r.client.conn.LocalAddr().String())
			if err != nil {
				return ""
			}
			return host
		}),
	}
}

// port is the one by which the client has come, 0 if it did not come by TCP.
func (r *Request) port() int {
	if address, ok := r.client.conn.LocalAddr().(*net.TCPAddr); ok {
		return address.Port
	}
	return 0
}
