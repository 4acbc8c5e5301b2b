package servers

import (
	"fmt"
	"os/user"
	"strconv"
	"strings"

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
	place: func(d durability, at process.Place) []string {
		flags := []string{"--log-level=error", "--port=" + strconv.Itoa(at.Port)}
		if d == inMemory {
			return flags
		}
		return append(flags, "--data-dir="+at.Dir)
	},
	member: func(all []process.Place, i int) []string {
		var nodes []string
		for n, at := range all {
			nodes = append(nodes, fmt.Sprintf("%d=127.0.0.1:%d", n+1, at.Peers[0]))
		}
		return []string{fmt.Sprintf("--cluster-node=%d", i+1), "--cluster-peers=" + strings.Join(nodes, ",")}
	},
	dial:      dialRedis,
	scenarios: []string{protocol, protocolLog, protocolSync, clientsMemory, clientsSync, overHTTP, clusterOfOne, clusterOfThree},
}

// mantisDBAlone is a server of no cluster beside a cluster of one.
var mantisDBAlone = system{
	name: "mantisdb-rust-alone", language: mantisDB.language,
	program: mantisDB.program, flags: mantisDB.flags, place: mantisDB.place, dial: mantisDB.dial,
	scenarios: []string{clusterOfOne},
}

// mantisDBStale is a cluster whose clients are content with what the node that they ask has.
var mantisDBStale = system{
	name: "mantisdb-rust-stale", language: mantisDB.language,
	program: mantisDB.program, flags: mantisDB.flags, place: mantisDB.place, member: mantisDB.member, dial: dialReadOnly,
	scenarios: []string{clusterOfThree},
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
	place: func(_ durability, at process.Place) []string {
		return []string{"--save", "", "--loglevel", "warning", "--bind", "127.0.0.1", "--port", strconv.Itoa(at.Port), "--dir", at.Dir}
	},
	dial:      dialRedis,
	scenarios: []string{protocol, protocolLog, protocolSync, clientsMemory, clientsSync},
}

var memcachedServer = system{
	name: "memcached", language: "c",
	program: fixed("memcached"),
	// The default of 64 MiB would drop keys.
	flags: func(durability) []string { return []string{"-m", "8192"} },
	place: func(_ durability, at process.Place) []string {
		flags := []string{"-l", "127.0.0.1", "-p", strconv.Itoa(at.Port)}
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
	place: func(_ durability, at process.Place) []string {
		clients := fmt.Sprintf("http://127.0.0.1:%d", at.Port)
		peers := etcdPeers(at)
		return []string{"--logger=zap", "--log-level=error", "--name=" + etcdName(at), "--data-dir=" + at.Dir,
			"--listen-client-urls=" + clients, "--advertise-client-urls=" + clients,
			"--listen-peer-urls=" + peers, "--initial-advertise-peer-urls=" + peers, "--initial-cluster=" + etcdName(at) + "=" + peers}
	},
	// Of a flag that is given twice, the last one counts.
	member: func(all []process.Place, _ int) []string {
		var nodes []string
		for _, at := range all {
			nodes = append(nodes, etcdName(at)+"="+etcdPeers(at))
		}
		return []string{"--initial-cluster=" + strings.Join(nodes, ",")}
	},
	dial:      dialEtcd,
	scenarios: []string{clientsSync, clusterOfOne, clusterOfThree},
}

func etcdName(at process.Place) string { return "at" + strconv.Itoa(at.Port) }

func etcdPeers(at process.Place) string { return fmt.Sprintf("http://127.0.0.1:%d", at.Peers[0]) }

// emptyHandler is a handler of net/http that does nothing: what a request costs beyond its
// is the other server's own.
var emptyHandler = system{
	name: "net-http", language: "go",
	program: self,
	flags:   func(durability) []string { return []string{ServeEmpty} },
	place: func(_ durability, at process.Place) []string {
		return []string{strconv.Itoa(at.Port)}
	},
	scenarios: []string{overHTTP},
}
