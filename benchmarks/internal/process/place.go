package process

import (
	"fmt"
	"net"
	"os"
)

// newPlace is a place that nobody uses.
func newPlace() (p Place, err error) {
	if p.Port, err = freePort(); err != nil {
		return p, err
	}
	if p.Peers, err = freePair(); err != nil {
		return p, err
	}
	p.Dir, err = os.MkdirTemp("", "server-*")
	return p, err
}

// freePort is a port of 127.0.0.1 that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// freePair is two of them, one behind the other.
func freePair() (pair [2]int, err error) {
	const tries = 100
	for range tries {
		if pair[0], err = freePort(); err != nil {
			return pair, err
		}
		pair[1] = pair[0] + 1
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", pair[1])); err == nil {
			return pair, l.Close()
		}
	}
	return pair, err
}
