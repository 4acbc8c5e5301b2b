package redis

import (
	"crypto/sha256"
	"crypto/subtle"
)

// defaultUser is the one that there is.
const defaultUser = "default"

// password is what a client must know.
type password struct {
	text string
	sum  [sha256.Size]byte
}

// setPassword is what clients that connect from now on are asked for; empty is nothing.
// Those that are connected go on as they are. It may be called from any goroutine.
func (s *Server) setPassword(text string) {
	if text == "" {
		s.password.Store(nil)
		return
	}
	s.password.Store(&password{text, sha256.Sum256([]byte(text))})
}

// passwordText is the password, empty if there is none.
func (s *Server) passwordText() string {
	if p := s.password.Load(); p != nil {
		return p.text
	}
	return ""
}

// is tells whether it is that, in a time that tells nothing.
func (p *password) is(given []byte) bool {
	sum := sha256.Sum256(given)
	return subtle.ConstantTimeCompare(p.sum[:], sum[:]) == 1
}
