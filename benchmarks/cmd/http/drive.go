package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"

	"github.com/mantisdb/mantisdb/benchmarks/internal/process"
)

// load puts every key.
func load(p *process.Process, w workload) error {
	return drive(p, w, w.keys, http.MethodPut, func(n int) int { return n })
}

// measure sends requests for keys at random, and returns the server's processor time for
// each, in microseconds.
func measure(p *process.Process, w workload, method string) (float64, error) {
	before, err := p.CPU()
	if err != nil {
		return 0, err
	}
	if err := drive(p, w, w.requests, method, func(int) int { return rand.IntN(w.keys) }); err != nil {
		return 0, err
	}
	after, err := p.CPU()
	return float64((after - before).Microseconds()) / float64(w.requests), err
}

// drive shares so many requests out to the clients, each of which has a connection.
func drive(p *process.Process, w workload, requests int, method string, key func(n int) int) error {
	failed := make(chan error, w.clients)
	for client := range w.clients {
		go func() { failed <- drivePart(p.Port, w, client, requests, method, key) }()
	}
	var all error
	for range w.clients {
		all = errors.Join(all, <-failed)
	}
	return all
}

// drivePart is what one client does.
func drivePart(port int, w workload, client, requests int, method string, key func(n int) int) error {
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	body := ""
	if method == http.MethodPut {
		body = fmt.Sprintf("Content-Length: %d\r\n\r\n%s", w.length, strings.Repeat("x", w.length))
	} else {
		body = "\r\n"
	}
	var request []byte
	for n := client; n < requests; n += w.clients {
		request = fmt.Appendf(request[:0], "%s /api/v1/kv/key:%012d HTTP/1.1\r\nHost: localhost\r\n%s", method, key(n), body)
		if _, err := conn.Write(request); err != nil {
			return err
		}
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return err
		}
		if answer.StatusCode >= 300 {
			return fmt.Errorf("%s: %s", method, answer.Status)
		}
	}
	return nil
}
