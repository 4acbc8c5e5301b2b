package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb/server/acl"
)

const (
	defaultServer = "http://127.0.0.1:8080"
	unixScheme    = "unix"
)

// serverUsage is the text of the flag --server.
const serverUsage = "URL of a running server, or unix:// and the path of its socket; as http://user@host:8080 for another user than \"default\"; the password is MANTISDB_PASSWORD's, or in the file of MANTISDB_PASSWORD_FILE"

// trustFlags say which certificates of servers are good.
type trustFlags struct {
	caFile     string
	skipVerify bool
}

func (f *trustFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.caFile, "tls-ca", "", "file of certificates (PEM) to trust in place of the system's, for an https URL")
	flags.BoolVar(&f.skipVerify, "tls-skip-verify", false, "take any certificate for an https URL: whoever is in between can read and change everything")
}

func (f *trustFlags) isGiven() bool { return f.caFile != "" || f.skipVerify }

// config is the configuration of TLS.
func (f *trustFlags) config() (*tls.Config, error) {
	config := &tls.Config{InsecureSkipVerify: f.skipVerify}
	if f.caFile == "" {
		return config, nil
	}
	if f.skipVerify {
		return nil, usageError{errors.New("--tls-ca and --tls-skip-verify exclude each other")}
	}
	certificates, err := os.ReadFile(f.caFile)
	if err != nil {
		return nil, usageError{fmt.Errorf("cannot read the certificates to trust: %w", err)}
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(certificates) {
		return nil, usageError{fmt.Errorf("%s has no certificate in the form of PEM", f.caFile)}
	}
	return config, nil
}

// openRemote makes sure that a MantisDB server answers at the URL.
func openRemote(ctx context.Context, server string, trust trustFlags) (*remote, error) {
	r, err := newRemote(server, trust)
	if err != nil {
		return nil, err
	}
	var about struct {
		Version, Engine string
		Shards          int
	}
	if err := r.ask(ctx, http.MethodGet, apiPath+"/version", &about); errors.Is(err, errNoSense) || err == nil && about.Engine == "" {
		return nil, fmt.Errorf("what answers at %s is not a MantisDB server", r.name)
	} else if err != nil {
		return nil, err
	}
	r.shards = max(1, about.Shards)
	return r, nil
}

// newRemote is the server at a URL, to which it does not yet speak.
func newRemote(server string, trust trustFlags) (*remote, error) {
	r, err := connectionTo(server, trust)
	if err != nil {
		return nil, err
	}
	r.user, err = withPassword(r.user)
	return r, err
}

// connectionTo is newRemote with what the URL alone tells of the user.
func connectionTo(server string, trust trustFlags) (*remote, error) {
	at, err := url.Parse(server)
	if err != nil || !isServer(at) {
		return nil, usageError{fmt.Errorf("%q is no URL of a server: it looks like %s, https://db.example.com or unix:///run/mantisdb/mantisdb.sock", withoutPassword(server), defaultServer)}
	}
	if trust.isGiven() && at.Scheme != "https" {
		return nil, usageError{errors.New("--tls-ca and --tls-skip-verify need an https URL in --server")}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = answerTimeout
	transport.MaxIdleConnsPerHost = requestsAtOnce
	if transport.TLSClientConfig, err = trust.config(); err != nil {
		return nil, err
	}
	r := &remote{user: at.User, client: &http.Client{Transport: transport}}
	at.User = nil // errors tell the URL, and not the password
	r.base = strings.TrimSuffix(at.String(), "/")
	r.name = r.base
	if at.Scheme == unixScheme {
		r.base = "http://localhost"
		transport.Proxy = nil
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", at.Path)
		}
	}
	return r, nil
}

// isServer tells whether a URL may be that of a server.
func isServer(at *url.URL) bool {
	switch {
	case at.RawQuery != "" || at.Fragment != "" || at.Opaque != "":
		return false
	case at.Scheme == unixScheme:
		return at.Host == "" && at.Path != ""
	}
	return (at.Scheme == "http" || at.Scheme == "https") && at.Host != ""
}

// isUnix tells whether the server is spoken to over a Unix socket.
func (r *remote) isUnix() bool { return strings.HasPrefix(r.name, unixScheme+":") }

// withPassword is the user whom a URL names, or else the user "default", with the password
// of the URL, or else the one that a server would find in its variables. Without any, it is
// the user as the URL has it, who may be none.
func withPassword(user *url.Userinfo) (*url.Userinfo, error) {
	name := acl.DefaultName
	if user != nil {
		if _, given := user.Password(); given {
			return user, nil
		}
		name = user.Username()
	}
	password, err := passwordOfVariables()
	if err != nil || password == "" {
		return user, err
	}
	return url.UserPassword(name, password), nil
}

// withoutPassword is a URL as it may be shown.
func withoutPassword(server string) string {
	if at, err := url.Parse(server); err == nil {
		at.User = nil
		return at.String()
	}
	if i := strings.LastIndexByte(server, '@'); i >= 0 {
		return server[i+1:] // it does not parse, and may hold a password all the same
	}
	return server
}
