package server

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/internal/loglimit"
)

// certificateCheck is how long a certificate that was looked at is taken without another
// look at its files.
const certificateCheck = time.Second

// Certificate is that of the server, read anew when its files change, so that a renewed one
// is served without a restart.
type Certificate struct {
	certFile, keyFile string
	check             func(tls.Certificate) error // nil: none
	logger            *slog.Logger
	limited           *loglimit.Logger // of what comes back with each connection

	mu      sync.Mutex
	current *tls.Certificate
	stamp   [2]time.Time // of the files that current is from
	checked time.Time
}

// LoadCertificate reads a certificate, with those of who issued it behind, and its key, both
// in PEM.
func LoadCertificate(certFile, keyFile string, logger *slog.Logger) (*Certificate, error) {
	return LoadCheckedCertificate(certFile, keyFile, nil, logger)
}

// LoadCheckedCertificate is LoadCertificate of one that check is to return nil for, also when it
// was renewed.
func LoadCheckedCertificate(certFile, keyFile string, check func(tls.Certificate) error, logger *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, check: check, logger: logger, limited: loglimit.New(logger)}
	stamp, err := c.filesStamp()
	if err == nil {
		err = c.load(stamp)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot use the certificate %s: %w", certFile, err)
	}
	c.checked = time.Now()
	return c, nil
}

// Config is for servers that have the certificate.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.newest(), nil },
	}
}

// MutualConfig is for who shows the certificate whether it dials or is dialled, and takes those of
// some issuers alone.
func (c *Certificate) MutualConfig(issuers *x509.CertPool) *tls.Config {
	return &tls.Config{
		MinVersion:           tls.VersionTLS13,
		GetCertificate:       func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.newest(), nil },
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.newest(), nil },
		RootCAs:              issuers, ClientCAs: issuers, ClientAuth: tls.RequireAndVerifyClientCert,
	}
}

// newest is the certificate of the files as they are now; the one before if they cannot be
// read, do not fit each other, as while they are being replaced, or do not pass the check.
func (c *Certificate) newest() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.checked) < certificateCheck {
		return c.current
	}
	c.checked = now
	stamp, err := c.filesStamp()
	if err == nil && stamp != c.stamp {
		if err = c.load(stamp); err == nil {
			c.logger.Info("the certificate was read anew", "file", c.certFile)
		}
	}
	if err != nil {
		c.limited.Warn("the certificate could not be read anew; the one before stays", "error", err.Error())
	}
	return c.current
}

func (c *Certificate) load(stamp [2]time.Time) error {
	loaded, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	if c.check != nil {
		if err := c.check(loaded); err != nil {
			return err
		}
	}
	c.current, c.stamp = &loaded, stamp
	return nil
}

// filesStamp tells when the files were last changed.
func (c *Certificate) filesStamp() (stamp [2]time.Time, err error) {
	for i, path := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(path)
		if err != nil {
			return stamp, err
		}
		stamp[i] = info.ModTime()
	}
	return stamp, nil
}
