package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// isRebound tells a request that a page of another site may have sent as one to its own:
// it came to this machine by itself, and names a host by a name that anybody may have bought
// and let point to it. A browser takes the two for one site then, and adds nothing by which
// they could be told apart.
func isRebound(r *http.Request) bool {
	if isOwnHost(r.Host) {
		return false
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.IP.IsLoopback()
}

// isOwnHost tells a host that nobody elsewhere can let point to this machine: an address,
// localhost and what is below it, or a word without a dot. It is empty in requests of no
// browser.
func isOwnHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(host, ".")
	if !strings.Contains(host, ".") && !strings.Contains(host, ":") {
		return true
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	const below = ".localhost"
	return len(host) > len(below) && strings.EqualFold(host[len(host)-len(below):], below)
}
