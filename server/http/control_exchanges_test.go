package httpapi

import (
	"net/http"
	"testing"
	"time"
)

// controlExchanges show every documented answer of what WithControl and whoami serve; s is
// a server without clients of Redis.
func controlExchanges(t *testing.T, s *testServer) []exchange {
	c := newControlled(t, nil)
	c.connect(t, "CONFIG SET slowlog-log-slower-than 0")
	ending := newControlled(t, nil)
	if err := ending.redis.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	slow := newControlled(t, nil)
	stalling := serveHandler(t, slow.Config.Handler.(*Handler), func(c *http.Server) { c.ReadTimeout = 50 * time.Millisecond })
	c.Client().Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
	const console, config, slowLog = "/api/v1/console", "/api/v1/config", "/api/v1/slowlog"
	const clients, client = "/api/v1/clients", "/api/v1/clients/{id}"
	json := []string{"Content-Type", "application/json"}
	crossSite := []string{"Content-Type", "application/json", "Sec-Fetch-Site", "cross-site"}
	text := []string{"Content-Type", "text/plain"}
	get := `{"command":"MGET k none","database":1,"protocol":3}`
	change := `{"timeout":"0"}`
	one := c.testServer
	return []exchange{
		{method: "GET", path: "/api/v1/whoami", target: "/api/v1/whoami", server: s, status: 200},
		{method: "POST", path: console, target: console, body: get, header: json, server: one, status: 200},
		{method: "POST", path: console, target: console, body: `{"command":"COMMAND DOCS get","protocol":3}`, header: json, server: one, status: 200},
		{method: "POST", path: console, target: console, body: `{"command":"NOSUCH"}`, header: json, server: one, status: 200},
		{method: "POST", path: console, target: console, body: `{"command":"MULTI"}`, header: json, server: one, status: 400},
		{method: "POST", path: console, target: console, body: `{"command":"PING","protocol":4}`, header: json, server: one, status: 400, wrong: true},
		{method: "POST", path: console, target: console, body: get, header: crossSite, server: one, status: 403},
		{method: "POST", path: console, target: console, stall: true, header: json, server: stalling, status: 408},
		{method: "POST", path: console, target: console, announce: maxControlBody + 1, header: json, server: one, status: 413},
		{method: "POST", path: console, target: console, body: get, header: text, server: one, status: 415, wrong: true},
		{method: "POST", path: console, target: console, body: get, header: json, server: ending.testServer, status: 503},
		{method: "GET", path: "/api/v1/commands", target: "/api/v1/commands", server: one, status: 200},
		{method: "GET", path: clients, target: clients, server: one, status: 200},
		{method: "GET", path: slowLog, target: slowLog + "?limit=1", server: one, status: 200},
		{method: "GET", path: slowLog, target: slowLog + "?limit=0", server: one, status: 400, wrong: true},
		{method: "DELETE", path: slowLog, target: slowLog, header: crossSite, server: one, status: 403},
		{method: "DELETE", path: slowLog, target: slowLog, server: one, status: 204},
		{method: "DELETE", path: client, target: clients + "/1", header: crossSite, server: one, status: 403},
		{method: "DELETE", path: client, target: clients + "/none", server: one, status: 400, wrong: true},
		{method: "DELETE", path: client, target: clients + "/1", server: one, status: 204},
		{method: "DELETE", path: client, target: clients + "/1", server: one, status: 404},
		{method: "GET", path: config, target: config, server: one, status: 200},
		{method: "PATCH", path: config, target: config, body: change, header: json, server: one, status: 204},
		{method: "PATCH", path: config, target: config, body: `{"nosuch":"1"}`, header: json, server: one, status: 400},
		{method: "PATCH", path: config, target: config, body: change, header: crossSite, server: one, status: 403},
		{method: "PATCH", path: config, target: config, stall: true, header: json, server: stalling, status: 408},
		{method: "PATCH", path: config, target: config, announce: maxControlBody + 1, header: json, server: one, status: 413},
		{method: "PATCH", path: config, target: config, body: change, header: text, server: one, status: 415, wrong: true},
	}
}
