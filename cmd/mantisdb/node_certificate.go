package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
)

// nodeTLS has nodes show each other certificates of the same issuer. It fails if others would turn
// down the one of this node, which they reach at address: they could not be asked why.
func nodeTLS(certFile, keyFile, caFile, address string) (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read the node's certificate: %w", err)
	}
	text, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read the issuer's certificate: %w", err)
	}
	issuers := x509.NewCertPool()
	if !issuers.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate", caFile)
	}
	if err := verify(certificate, issuers, address); err != nil {
		return nil, fmt.Errorf("other nodes would turn down the certificate in %s: %w", certFile, err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate},
		RootCAs: issuers, ClientCAs: issuers, ClientAuth: tls.RequireAndVerifyClientCert,
	}, nil
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
