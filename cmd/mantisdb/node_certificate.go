package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/mantisdb/mantisdb/server"
)

// nodeTLS has nodes show each other certificates of the same issuer. It fails if others would turn
// down the one of this node, which they reach at address: they could not be asked why. A renewed one
// that they would turn down is not shown.
func nodeTLS(certFile, keyFile, caFile, address string, logger *slog.Logger) (*tls.Config, error) {
	text, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read the issuer's certificate: %w", err)
	}
	issuers := x509.NewCertPool()
	if !issuers.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate", caFile)
	}
	certificate, err := server.LoadCheckedCertificate(certFile, keyFile, func(c tls.Certificate) error {
		if err := verify(c, issuers, address); err != nil {
			return fmt.Errorf("other nodes would turn it down: %w", err)
		}
		return nil
	}, logger)
	if err != nil {
		return nil, err
	}
	return certificate.MutualConfig(issuers), nil
}

// verify checks a node's certificate as other nodes do, whether they dial or are dialled.
func verify(certificate tls.Certificate, issuers *x509.CertPool, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	between := x509.NewCertPool()
	for _, der := range certificate.Certificate[1:] {
		issuer, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		between.AddCert(issuer)
	}
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		if _, err := certificate.Leaf.Verify(x509.VerifyOptions{
			DNSName: host, Roots: issuers, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{usage},
		}); err != nil {
			return err
		}
	}
	return nil
}
