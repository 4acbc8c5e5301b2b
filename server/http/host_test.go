package httpapi

import (
	"net"
	"net/http"
	"strings"
	"testing"
)

// askedAs asks as somebody who names the host so.
func (s *testServer) askedAs(host, method, target string, headers ...string) answer {
	s.t.Helper()
	r := s.request(method, target, strings.NewReader("v"), headers...)
	r.Host = host
	return s.send(r)
}

// TestNamesThatOthersMayHave: a page whose name was let point to this machine gets nothing
// without a password, and who brings one is no such page.
func TestNamesThatOthersMayHave(t *testing.T) {
	s := newServerWith(t, "user default on nopass ~* &* +@all\nuser a on >p ~* &* +@all\n")
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "[::1]", "localhost", "LocalHost", "db.localhost", "db", "127.0.0.1."} {
		for _, host := range []string{host, host + ":" + port} {
			if got := s.askedAs(host, "PUT", "/api/v1/kv/k"); got.status != http.StatusNoContent {
				t.Errorf("%s: %d %s", host, got.status, got.body)
			}
		}
	}
	for _, host := range []string{"elsewhere.example", "127.0.0.1.elsewhere.example", "localhost.elsewhere.example", "elsewhere.example.", "notlocalhost.example", ".localhost"} {
		for _, host := range []string{host, host + ":" + port} {
			own := []string{"Origin", "http://" + host} // as a browser has it
			for _, c := range []struct{ method, target string }{
				{"PUT", "/api/v1/kv/k"}, {"GET", "/api/v1/kv/k"}, {"GET", "/api/v1/scan"}, {"GET", "/api/v1/whoami"},
				{"GET", "/api/v1/figures"}, {"GET", "/api/v1/backup"},
			} {
				wantProblem(t, s.askedAs(host, c.method, c.target, own...), crossOrigin)
			}
			if got := s.askedAs(host, "PUT", "/api/v1/kv/k", "Authorization", basic("a", "p")); got.status != http.StatusNoContent {
				t.Errorf("%s with a password: %d %s", host, got.status, got.body)
			}
			if got := s.askedAs(host, "GET", "/health"); got.status != http.StatusOK {
				t.Errorf("%s for the health: %d %s", host, got.status, got.body)
			}
		}
	}
}
