package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate makes a certificate of a name for 127.0.0.1 in a directory.
func writeCertificate(t *testing.T, dir, name string) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyBytes, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certText := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	for path, text := range map[string][]byte{certFile: certText, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyBytes})} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certText)
	return certFile, keyFile, pool
}

func TestBothProtocolsEncrypted(t *testing.T) {
	certFile, keyFile, pool := writeCertificate(t, t.TempDir(), "a")
	certificate, err := LoadCertificate(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen(t.Context(), Address{Bind: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "s")
	unix, err := ListenUnix(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	serveOn(t, certificate.Config(), l, unix)
	for sent, want := range map[string]string{"*1\r\nmore": "redis:*1\r\n", "GET / HTTP/1.0\r\n\r\n": "HTTP/1.0 2"} {
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool})
		if err != nil {
			t.Fatal(err)
		}
		if got := answerOn(t, conn, 10, sent); got != want {
			t.Errorf("%q encrypted: %q, want %q", sent, got, want)
		}
		// The socket is the machine's own.
		if got := answerTo(t, socket, 10, sent); got != want {
			t.Errorf("%q on the socket: %q, want %q", sent, got, want)
		}
	}
	plain, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	plain.Write([]byte("*1\r\n$4\r\nPING\r\n"))
	plain.SetReadDeadline(time.Now().Add(20 * time.Second))
	answer := make([]byte, 64)
	if n, _ := plain.Read(answer); strings.Contains(string(answer[:n]), "redis") {
		t.Errorf("without encryption: %q", answer[:n])
	}
}

func TestARenewedCertificateIsServed(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile, _ := writeCertificate(t, dir, "first")
	c, err := LoadCertificate(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	// look is the name on the certificate, after the files were looked at.
	look := func() string {
		c.mu.Lock()
		c.checked = time.Time{}
		c.mu.Unlock()
		leaf, err := x509.ParseCertificate(c.newest().Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.Subject.CommonName
	}
	if got := look(); got != "first" {
		t.Errorf("at first: %q", got)
	}
	// Half of it is there.
	if err := os.WriteFile(certFile, []byte("-----BEGIN"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := look(); got != "first" {
		t.Errorf("while it is replaced: %q", got)
	}
	writeCertificate(t, dir, "second")
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(certFile, later, later); err != nil {
		t.Fatal(err)
	}
	if got := look(); got != "second" {
		t.Errorf("after that: %q", got)
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	first, err := ListenUnix(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ListenUnix(t.Context(), path); err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Errorf("a socket in use: %v", err)
	}
	// A process that is killed leaves its socket.
	first.Listener.(*net.UnixListener).SetUnlinkOnClose(false)
	first.Close()
	second, err := ListenUnix(t.Context(), path)
	if err != nil {
		t.Fatalf("an abandoned socket: %v", err)
	}
	second.Close()
	if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenUnix(t.Context(), path); err == nil {
		t.Error("a file was taken for a socket")
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "data" {
		t.Errorf("the file: %q, %v", data, err)
	}
}
