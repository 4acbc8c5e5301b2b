package server

import (
	"errors"
	"net"
	"strings"
	"testing"
)

func TestAddressCheck(t *testing.T) {
	for _, c := range []struct {
		address Address
		want    error
	}{
		{Address{Bind: "127.0.0.1"}, nil},
		{Address{Bind: "127.9.9.9", Port: 65535}, nil},
		{Address{Bind: "::1"}, nil},
		{Address{Bind: "::ffff:127.0.0.1"}, nil},
		{Address{Bind: "localhost"}, nil},
		{Address{Bind: "0.0.0.0"}, ErrPublicBind},
		{Address{Bind: "::"}, ErrPublicBind},
		{Address{Bind: "192.0.2.1"}, ErrPublicBind},
		{Address{Bind: "0.0.0.0", AllowPublic: true}, nil},
		{Address{Bind: "", AllowPublic: true}, ErrBadAddress},
		{Address{Bind: "db.example", AllowPublic: true}, ErrBadAddress},
		{Address{Bind: "127.0.0.1:80"}, ErrBadAddress},
		{Address{Bind: "127.0.0.1", Port: -1}, ErrBadAddress},
		{Address{Bind: "127.0.0.1", Port: 65536}, ErrBadAddress},
	} {
		if err := c.address.Check(); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%+v: %v, want %v", c.address, err, c.want)
		}
	}
}

func TestListen(t *testing.T) {
	l, err := Listen(t.Context(), Address{Bind: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := Address{Bind: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}
	if _, err := Listen(t.Context(), taken); err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Errorf("a taken port: %v", err)
	}
	if _, err := Listen(t.Context(), Address{Bind: "0.0.0.0"}); !errors.Is(err, ErrPublicBind) {
		t.Errorf("a public address: %v", err)
	}
	// TEST-NET-1 belongs to no machine.
	if _, err := Listen(t.Context(), Address{Bind: "192.0.2.1", AllowPublic: true}); !errors.Is(err, ErrBadAddress) {
		t.Errorf("another machine's address: %v", err)
	}
}

// TestIPv4IsIPv4Alone: without a socket, since 0.0.0.0 would be public.
func TestIPv4IsIPv4Alone(t *testing.T) {
	for bind, want := range map[string]string{
		"0.0.0.0": "tcp4", "127.0.0.1": "tcp4", "::": "tcp", "::1": "tcp", "::ffff:127.0.0.1": "tcp", "localhost": "tcp",
	} {
		if got := (Address{Bind: bind}).network(); got != want {
			t.Errorf("%s: %s, want %s", bind, got, want)
		}
	}
}
