package servers

import (
	"fmt"
	"os/user"
	"strconv"

	"github.com/mantisdb/mantisdb/benchmarks/internal/process"
)

var mantisDB = system{
	name: "mantisdb-rust", language: "go, rust",
	program: func(o Options) string { return o.MantisDB },
	flags: func(d durability) []string {
		if d == inMemory {
			return nil
		}
		return []string{"--durability=" + string(d)}
	},
	place: func(d durability, port int, dir string) []string {
		flags := []string{"--log-level=error", "--port=" + strconv.Itoa(port)}
		if d == inMemory {
			return flags
		}
		return append(flags, "--data-dir="+dir)
	},
	dial:      dialRedis,
	scenarios: []string{protocol, protocolLog, protocolSync, clientsMemory, clientsSync, overHTTP},
}

var redisServer = system{
	name: "redis", language: "c",
	program: fixed("redis-server"),
	flags: func(d durability) []string {
		switch d {
		case buffered:
			return []string{"--appendonly", "yes", "--appendfsync", "everysec"}
		case synced:
			return []string{"--appendonly", "yes", "--appendfsync", "always"}
		default:
			return []string{"--appendonly", "no"}
		}
	},
	place: func(_ durability, port int, dir string) []string {
		return []string{"--save", "", "--loglevel", "warning", "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir}
	},
	dial:      dialRedis,
	scenarios: []string{protocol, protocolLog, protocolSync, clientsMemory, clientsSync},
}

var memcachedServer = system{
	name: "memcached", language: "c",
	program: fixed("memcached"),
	// The default of 64 MiB would drop keys.
	flags: func(durability) []string { return []string{"-m", "8192"} },
	place: func(_ durability, port int, _ string) []string {
		flags := []string{"-l", "127.0.0.1", "-p", strconv.Itoa(port)}
		if me, err := user.Current(); err == nil && me.Uid == "0" {
			return append(flags, "-u", me.Username) // it takes an order to run as root
		}
		return flags
	},
	dial:      dialMemcached,
	scenarios: []string{clientsMemory},
}

var etcdServer = system{
	name: "etcd", language: "go",
	program: fixed("etcd"),
	// The default of 2 GiB would refuse writes in a long run.
	flags: func(durability) []string { return []string{"--quota-backend-bytes=8589934592"} },
	place: func(_ durability, port int, dir string) []string {
		clients, peers := fmt.Sprintf("http://127.0.0.1:%d", port), "http://127.0.0.1:0"
		if free, err := process.FreePort(); err == nil {
			peers = fmt.Sprintf("http://127.0.0.1:%d", free)
		}
		return []string{"--logger=zap", "--log-level=error", "--name=one", "--data-dir=" + dir,
			"--listen-client-urls=" + clients, "--advertise-client-urls=" + clients,
			"--listen-peer-urls=" + peers, "--initial-advertise-peer-urls=" + peers, "--initial-cluster=one=" + peers}
	},
	dial:      dialEtcd,
	scenarios: []string{clientsSync},
}

// emptyHandler is a handler of net/http that does nothing: what a request costs beyond its
// is the other server's own.
var emptyHandler = system{
	name: "net-http", language: "go",
	program: self,
	flags:   func(durability) []string { return []string{ServeEmpty} },
	place: func(_ durability, port int, _ string) []string {
		return []string{strconv.Itoa(port)}
	},
	scenarios: []string{overHTTP},
}
