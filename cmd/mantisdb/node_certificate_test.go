package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// issuer issues certificates, which it writes to a directory.
type issuer struct {
	t           *testing.T
	dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, dir: t.TempDir()}
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	i.certificate, i.key = template, i.newKey()
	i.certificate = i.sign("ca", template, i.key)
	return i
}

func (i *issuer) newKey() *ecdsa.PrivateKey {
	i.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	return key
}

// issue writes NAME.pem and NAME.key.
func (i *issuer) issue(name string, template *x509.Certificate) {
	i.t.Helper()
	template.IPAddresses = append(template.IPAddresses, net.IPv4(127, 0, 0, 1))
	i.sign(name, template, i.newKey())
}

func (i *issuer) sign(name string, template *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	i.t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, i.certificate, key.Public(), i.key)
	if err != nil {
		i.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		i.t.Fatal(err)
	}
	i.write(name+".pem", "CERTIFICATE", der)
	i.write(name+".key", "PRIVATE KEY", keyDER)
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		i.t.Fatal(err)
	}
	return certificate
}

func (i *issuer) write(name, kind string, der []byte) {
	i.t.Helper()
	if err := os.WriteFile(i.file(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

func (i *issuer) file(name string) string { return filepath.Join(i.dir, name) }

// TestNodeCertificate has a node refuse to start with a certificate that others would turn down.
func TestNodeCertificate(t *testing.T) {
	own, other := newIssuer(t), newIssuer(t)
	own.issue("node", &x509.Certificate{})
	own.issue("old", &x509.Certificate{NotAfter: time.Now().Add(-time.Minute)})
	own.issue("client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	own.issue("server", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	for _, test := range []struct {
		name    string
		issuer  *issuer
		address string
		fails   string // part of the error; none is expected without
	}{
		{"node", own, "127.0.0.1:7000", ""},
		{"node", own, "127.0.0.2:7000", "valid for 127.0.0.1, not 127.0.0.2"},
		{"node", other, "127.0.0.1:7000", "unknown authority"},
		{"old", own, "127.0.0.1:7000", "expired"},
		{"client", own, "127.0.0.1:7000", "key usage"},
		{"server", own, "127.0.0.1:7000", "key usage"},
	} {
		_, err := nodeTLS(own.file(test.name+".pem"), own.file(test.name+".key"), test.issuer.file("ca.pem"), test.address, slog.New(slog.DiscardHandler))
		switch {
		case test.fails == "" && err != nil:
			t.Errorf("%s at %s: %v", test.name, test.address, err)
		case test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)):
			t.Errorf("%s at %s: got %v, want an error with %q", test.name, test.address, err, test.fails)
		}
	}
}

// TestRenewedNodeCertificate has both sides of connections between nodes show a certificate that was
// renewed, and not one that others would turn down.
func TestRenewedNodeCertificate(t *testing.T) {
	own, other := newIssuer(t), newIssuer(t)
	issue := func(by *issuer, name string) {
		by.issue("node", &x509.Certificate{Subject: pkix.Name{CommonName: name}})
	}
	issue(own, "first")
	config, err := nodeTLS(own.file("node.pem"), own.file("node.key"), own.file("ca.pem"), "127.0.0.1:7000", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	// shown are the names on the certificates of the one who is dialled and of the one who dials.
	shown := func() (names [2]string) {
		t.Helper()
		here, there := net.Pipe()
		within := time.Now().Add(10 * time.Second) // who is left by the other side would wait
		if err := errors.Join(here.SetDeadline(within), there.SetDeadline(within)); err != nil {
			t.Fatal(err)
		}
		dialling, dialled := config.Clone(), tls.Server(there, config)
		dialling.ServerName = "127.0.0.1"
		failed := make(chan error, 1)
		go func() { failed <- dialled.Handshake() }()
		dials := tls.Client(here, dialling)
		if err := errors.Join(dials.Handshake(), <-failed); err != nil {
			t.Fatal(err)
		}
		for i, conn := range []*tls.Conn{dials, dialled} {
			names[i] = conn.ConnectionState().PeerCertificates[0].Subject.CommonName
		}
		return names
	}
	both := func(name string) [2]string { return [2]string{name, name} }
	if got := shown(); got != both("first") {
		t.Errorf("at first: %q", got)
	}
	issue(own, "second")
	for deadline := time.Now().Add(20 * time.Second); shown() != both("second"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("long after it was renewed: %q", shown())
		}
	}
	issue(other, "third")
	for _, name := range []string{"node.pem", "node.key"} {
		text, err := os.ReadFile(other.file(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(own.file(name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(1500 * time.Millisecond) // the files are looked at once a second
	if got := shown(); got != both("second") {
		t.Errorf("after one of another issuer: %q", got)
	}
}
