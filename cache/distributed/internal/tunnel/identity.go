package tunnel

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
)

// SeedLen is the length of what an identity is made of, in bytes.
const SeedLen = ed25519.SeedSize

var errStranger = errors.New("the other side does not know the secret")

// newConfig is the configuration of both sides of a connection, which have the same key and
// take no other.
func newConfig(seed []byte) (*tls.Config, error) {
	key := ed25519.NewKeyFromSeed(seed)
	// TLS wants a certificate. The key in it is all that counts.
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("cannot make the certificate of a node: %w", err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}},
		MinVersion:   tls.VersionTLS13,
		ClientAuth:   tls.RequireAnyClientCert,
		// There is no authority and no name to check: VerifyConnection checks the key.
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || !key.Public().(ed25519.PublicKey).Equal(s.PeerCertificates[0].PublicKey) {
				return errStranger
			}
			return nil
		},
		SessionTicketsDisabled: true,
	}, nil
}

// to is the configuration of connections to the node at an address. Both sides name it, so that
// nobody in between can lead a connection to another node, which knows the secret as well.
func to(config *tls.Config, address string) *tls.Config {
	config = config.Clone()
	config.NextProtos = []string{"mantisdb-cache/" + address}
	return config
}
