package transport

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// magic begins a connection, and version tells the form of what follows.
const (
	magic         = "mdbraft"
	version       = 1
	answer        = magic + string(rune(version))
	maxAddressLen = 512
)

// errRefused says that one side turns the other one away.
var errRefused = errors.New("refused")

// greeting is what who dials says of itself.
type greeting struct {
	deployment uint64 // Dragonboat's number of the cluster
	source     string // the address at which it is found itself
}

// append appends the form in which a greeting is sent.
func (g greeting) append(b []byte) []byte {
	b = append(b, answer...)
	b = binary.LittleEndian.AppendUint64(b, g.deployment)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(g.source)))
	return append(b, g.source...)
}

// readGreeting reads what the other side says of itself.
func readGreeting(in io.Reader) (g greeting, err error) {
	var head [len(answer) + 8 + 2]byte
	if _, err := io.ReadFull(in, head[:len(answer)]); err != nil {
		return g, err
	}
	if string(head[:len(magic)]) != magic {
		return g, fmt.Errorf("%w: it is no node of a cluster", errRefused)
	}
	if v := head[len(magic)]; v != version {
		return g, fmt.Errorf("%w: it speaks version %d, and this node version %d", errRefused, v, version)
	}
	if _, err := io.ReadFull(in, head[len(answer):]); err != nil {
		return g, noEOF(err)
	}
	g.deployment = binary.LittleEndian.Uint64(head[len(answer):])
	length := binary.LittleEndian.Uint16(head[len(answer)+8:])
	if length > maxAddressLen {
		return g, fmt.Errorf("%w: its address has %d bytes", errRefused, length)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(in, text); err != nil {
		return g, noEOF(err)
	}
	if g.source = string(text); !validAddress(g.source) {
		return g, fmt.Errorf("%w: it says to be found at %q", errRefused, g.source)
	}
	return g, nil
}

// readAnswer returns nil if the other side takes frames. Who does not take them gives no answer.
func readAnswer(in io.Reader) error {
	var got [len(answer)]byte
	switch _, err := io.ReadFull(in, got[:]); {
	case errors.Is(noEOF(err), io.ErrUnexpectedEOF) || turnsAway(err):
		return fmt.Errorf("%w: it did not answer the greeting, its log tells why: %w", errRefused, err)
	case err != nil:
		return err
	case string(got[:]) != answer:
		return fmt.Errorf("%w: it is no node of a cluster, or one of another version", errRefused)
	}
	return nil
}

// mayBe returns nil if who shows a certificate may be the node at an address.
func mayBe(state tls.ConnectionState, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if len(state.PeerCertificates) == 0 {
		return fmt.Errorf("%w: who says to be the node at %s shows no certificate", errRefused, address)
	}
	if err := state.PeerCertificates[0].VerifyHostname(host); err != nil {
		return fmt.Errorf("%w: who says to be the node at %s has a certificate for another address: %w", errRefused, address, err)
	}
	return nil
}

// turnsAway tells whether an error of TLS is that one side does not take the other one, for its
// certificate say, and not that the network broke.
func turnsAway(err error) bool {
	var here *tls.CertificateVerificationError
	var there *net.OpError
	return errors.As(err, &here) || errors.As(err, &there) && there.Op == "remote error"
}
