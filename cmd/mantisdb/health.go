package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// healthFlags say which server is asked whether it can serve.
type healthFlags struct {
	server   string // its URL; empty: the one of this machine that has the settings
	settings serveFlags
	timeout  time.Duration
}

func newHealthCommand() *cobra.Command {
	var f healthFlags
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a running server whether it can serve",
		Long: "Asks the server of this machine whether it can serve: the one that was started with\n" +
			"the same settings, which are found as the server finds them, in the flags, in\n" +
			"variables (MANTISDB_PORT) and in the file of MANTISDB_CONFIG. With --server, that one.\n" +
			"The exit code is 0 if it can, and 1 if it cannot or does not answer in time: what\n" +
			"supervisors of containers ask for.",
		Example: "  mantisdb health\n  mantisdb health --server=https://db.example.org:8080 --timeout=2s",
		Args:    usageArgs(cobra.NoArgs),
		PreRunE: applySettings,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	f.add(cmd.Flags())
	return cmd
}

// shownByHealth are the settings of a server that say where it is. The others are known,
// so that the same file and the same variables serve, and of no interest.
var shownByHealth = map[string]bool{"port": true, "bind": true, "tls-cert": true, configFlag: true}

func (f *healthFlags) add(flags *pflag.FlagSet) {
	f.settings.add(flags)
	flags.VisitAll(func(flag *pflag.Flag) { flag.Hidden = !shownByHealth[flag.Name] })
	flags.StringVar(&f.server, "server", "", "URL of the server to ask, in place of the one with these settings")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Second, "how long the answer may take")
}

// run asks, and tells that all is well.
func (f *healthFlags) run(ctx context.Context, out io.Writer) error {
	base, client, err := f.target()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	err = askReady(ctx, base, client)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the server at %s did not answer within %v", base, f.timeout)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "ok")
	return err
}

// target is the URL to ask, and by what.
func (f *healthFlags) target() (string, *http.Client, error) {
	if f.server != "" {
		at, err := url.Parse(f.server)
		if err != nil {
			return "", nil, usageError{errors.New("--server is no URL")} // which may have a password in it
		}
		at.User = nil // nobody is asked for one here, and no error tells it
		if at.Scheme != "http" && at.Scheme != "https" || at.Host == "" || at.RawQuery != "" {
			return "", nil, usageError{fmt.Errorf("%q is no URL of a server: it looks like %s", at, defaultServer)}
		}
		return strings.TrimSuffix(at.String(), "/"), &http.Client{}, nil
	}
	if f.settings.address.Port == 0 {
		return "", nil, usageError{errors.New("--port is 0: give the one that the server picked, or --server")}
	}
	// The certificate is for the name that clients use, which this one does not: it asks the
	// machine itself, and sends nothing that is secret.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	return f.settings.ownURL(), &http.Client{Transport: transport}, nil
}

// ownURL is where a server with these settings can be reached from its machine.
func (f *serveFlags) ownURL() string {
	scheme, host := "http", f.address.Bind
	if f.access.isEncrypted() {
		scheme = "https"
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.Is6() {
			host = "::1"
		}
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(f.address.Port))
}

// askReady is nil if the server can serve.
func askReady(ctx context.Context, base string, client *http.Client) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/health/ready", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no server listens at %s", base)
	case err != nil:
		return err // tells the URL
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server at %s is not ready: %w", base, refusal(resp))
	}
	var health struct{ Status string }
	err = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&health)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil || health.Status != "ok":
		return fmt.Errorf("what answers at %s is not a MantisDB server", base)
	}
	return nil
}
