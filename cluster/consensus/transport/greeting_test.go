package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/internal/porttest"
)

// newIssuer makes an issuer of certificates, and returns what makes the configuration of a node
// with one for some hosts.
func newIssuer(t *testing.T) func(hosts ...string) *tls.Config {
	t.Helper()
	sign := func(template, issuer *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if issuer == nil {
			issuer, by = template, key
		}
		template.NotAfter = time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), by)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return certificate, key
	}
	root, rootKey := sign(&x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return func(hosts ...string) *tls.Config {
		template := &x509.Certificate{SerialNumber: big.NewInt(2)}
		for _, host := range hosts {
			if ip := net.ParseIP(host); ip != nil {
				template.IPAddresses = append(template.IPAddresses, ip)
			} else {
				template.DNSNames = append(template.DNSNames, host)
			}
		}
		leaf, key := sign(template, root, rootKey)
		return &tls.Config{
			MinVersion:   tls.VersionTLS13,
			Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}},
			RootCAs:      pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		}
	}
}

// TestCertificates has nodes connect that may be who they say to be, and others: of the right issuer but
// for another node, of another issuer, without any. These are turned away with a line in the log, and
// the node serves on.
func TestCertificates(t *testing.T) {
	t.Parallel()
	issue, other := newIssuer(t), newIssuer(t)
	optional := issue("127.0.0.1")
	optional.ClientAuth = tls.VerifyClientCertIfGiven
	nobody := &tls.Config{RootCAs: optional.RootCAs}
	for _, test := range []struct {
		name     string
		from, to *tls.Config
		source   string
		taken    bool
		told     string
	}{
		{"both right", issue("127.0.0.1"), issue("127.0.0.1"), "127.0.0.1:1", true, ""},
		{"a name", issue("one.example"), issue("127.0.0.1"), "one.example:1", true, ""},
		{"another source", issue("127.0.0.9"), issue("127.0.0.1"), "127.0.0.1:1", false, "another address"},
		{"another issuer of the source", other("127.0.0.1"), issue("127.0.0.1"), "127.0.0.1:1", false, "certificate"},
		{"no certificate", nobody, issue("127.0.0.1"), "127.0.0.1:1", false, "certificate"},
		{"no certificate where none is demanded", nobody, optional, "127.0.0.1:1", false, "no certificate"},
		{"no address", issue("127.0.0.1"), issue("127.0.0.1"), "127.0.0.1", false, "says to be found"},
		{"plain", nil, issue("127.0.0.1"), "127.0.0.1:1", false, "TLS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			from := openWith(t, porttest.Pair(t), test.source, test.from)
			address := porttest.Pair(t)
			to := openWith(t, address, address, test.to)
			if test.taken {
				connect(t, from, to)
				return
			}
			c, err := from.GetConnection(t.Context(), to.address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			await(t, "line in the log of who is dialled", func() bool {
				if err := c.SendMessageBatch(batchWith(test.source, "content")); err != nil {
					t.Fatal(err)
				}
				return to.logged(test.told)
			})
			if _, err := from.GetSnapshotConnection(t.Context(), to.address); err == nil {
				t.Error("a snapshot would be sent")
			}
			if n := to.came(); n > 0 {
				t.Errorf("%d batches were taken", n)
			}
			connect(t, openWith(t, porttest.Pair(t), "127.0.0.1:3", issue("127.0.0.1")), to)
		})
	}
}

// TestWhoDialsTellsWhy has nodes dial that turn the other side away, or are turned away: both tell it
// in their log.
func TestWhoDialsTellsWhy(t *testing.T) {
	t.Parallel()
	issue := newIssuer(t)
	for name, test := range map[string]struct{ from, to *tls.Config }{
		"another target": {issue("127.0.0.1"), issue("127.0.0.9")},
		"another source": {issue("127.0.0.9"), issue("127.0.0.1")},
		"no certificate": {&tls.Config{RootCAs: issue().RootCAs}, issue("127.0.0.1")},
		"plain":          {nil, issue("127.0.0.1")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := porttest.Pair(t)
			to := openWith(t, address, address, test.to)
			from := openWith(t, porttest.Pair(t), "127.0.0.1:1", test.from)
			c, err := from.GetConnection(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			await(t, "line in the log", func() bool {
				if err := c.SendMessageBatch(batchWith("127.0.0.1:1", "content")); err != nil {
					t.Fatal(err)
				}
				return from.logged("a node cannot be connected to")
			})
			if n := to.came(); n > 0 {
				t.Errorf("%d batches were taken", n)
			}
		})
	}
}

// TestForeigners has others connect than nodes.
func TestForeigners(t *testing.T) {
	t.Parallel()
	const source = "127.0.0.1:1"
	good := string(greeting{deployment, source}.append(nil))
	for _, test := range []struct {
		name, sent string
		answered   bool
		told       string
	}{
		{"a node", good, true, ""},
		{"HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false, "no node of a cluster"},
		{"another version", magic + "\x02" + good[len(answer):], false, "version 2"},
		{"another cluster", string(greeting{deployment + 1, source}.append(nil)), false, "another cluster"},
		{"no address", string(greeting{deployment, ""}.append(nil)), false, "says to be found"},
		{"no port", string(greeting{deployment, "127.0.0.1"}.append(nil)), false, "says to be found"},
		{"a long address", string(greeting{deployment, strings.Repeat("a", 1<<16-1)}.append(nil)), false, "65535 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			to := open(t, porttest.Pair(t))
			conn, err := net.Dial("tcp", to.address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, test.sent); err != nil {
				t.Fatal(err)
			}
			if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if got := readAnswer(conn) == nil; got != test.answered {
				t.Errorf("answered: %v", got)
			}
			await(t, "line in the log", func() bool { return to.logged(test.told) })
			stillServes(t, to)
		})
	}
}

// TestForeignServers has a node connect to others than nodes.
func TestForeignServers(t *testing.T) {
	t.Parallel()
	for _, said := range []string{"", "mdb", magic + "\x02", "HTTP/1.1 400 Bad Request\r\n\r\n"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			if conn, err := l.Accept(); err == nil {
				_, _ = readGreeting(conn)
				_, _ = io.WriteString(conn, said)
				conn.Close()
			}
		}()
		if _, err := open(t, porttest.Pair(t)).dial(t.Context(), l.Addr().String(), messageSilence); err == nil {
			t.Errorf("who says %q is no node", said)
		}
	}
}
