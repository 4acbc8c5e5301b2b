package node

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/cluster"
)

// TestClaimants has others say that they are nodes: with a certificate for another address they
// are none that the list has.
func TestClaimants(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 1)
	n := c.nodes[1]
	mux := http.NewServeMux()
	n.Register(mux)
	name := func(names ...string) *tls.ConnectionState {
		certificate := &x509.Certificate{}
		for _, one := range names {
			if ip := net.ParseIP(one); ip != nil {
				certificate.IPAddresses = append(certificate.IPAddresses, ip)
			} else {
				certificate.DNSNames = append(certificate.DNSNames, one)
			}
		}
		return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate}}
	}
	n.list.adopt([]cluster.Node{n.config.Self, {ID: 2, Peer: "127.0.0.2:70"}, {ID: 3, Peer: "three.example:70"}}, 1<<20)
	for i, test := range []struct {
		id    cluster.NodeID
		state *tls.ConnectionState
		taken bool
	}{
		{2, nil, true},
		{2, name("127.0.0.2"), true},
		{2, name("127.0.0.3", "three.example"), false},
		{2, &tls.ConnectionState{}, false},
		{3, name("127.0.0.3", "three.example"), true},
		{3, name("127.0.0.2"), false},
		{4, name("127.0.0.2"), true},
	} {
		ask := func(path, body string) int {
			r := httptest.NewRequest(http.MethodPut, path, strings.NewReader(body))
			r.TLS = test.state
			r.Header.Set(cluster.NumberHeader, n.ClusterNumber())
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			return w.Code
		}
		introduced := ask(introductionPath(1), fmt.Sprintf(`{"node":%d,"incarnation":"same","given":%q}`, test.id, n.introductions.kept.Given))
		if got := introduced == http.StatusOK; got != test.taken {
			t.Errorf("%d: node %d was met: %d", i, test.id, introduced)
		}
		registered := ask(fmt.Sprintf("%s/%d", nodesPath, test.id), fmt.Sprintf(`{"id":%d,"peer":"127.0.0.9:70"}`, test.id))
		if got := registered == http.StatusNoContent; !test.taken && got {
			t.Errorf("%d: node %d was registered", i, test.id)
		}
	}
}
