package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb/internal/wire"
)

// healthFlags say which server is asked whether it can serve.
type healthFlags struct {
	server   string // its URL; empty: the one of this machine that has the settings
	trust    trustFlags
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
	flags.StringVar(&f.server, "server", "", "URL of the server to ask, or unix:// and the path of its socket, in place of the one with these settings")
	f.trust.add(flags)
	flags.DurationVar(&f.timeout, "timeout", 5*time.Second, "how long the answer may take")
}

// run asks, and tells that all is well.
func (f *healthFlags) run(ctx context.Context, out io.Writer) error {
	if f.timeout <= 0 {
		return usageError{fmt.Errorf("--timeout is %v: it must be positive", f.timeout)}
	}
	at, err := f.target()
	if err != nil {
		return err
	}
	defer at.Close()
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	err = at.ready(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the server at %s did not answer within %v", at.name, f.timeout)
	}
	if err != nil {
		return told(err)
	}
	_, err = fmt.Fprintln(out, "ok")
	return err
}

// target is the server to ask, without a user: nobody is asked for one here.
func (f *healthFlags) target() (*remote, error) {
	server, trust := f.server, f.trust
	switch {
	case server != "":
	case trust.isGiven():
		return nil, usageError{errors.New("--tls-ca and --tls-skip-verify go with --server alone")}
	case f.settings.address.Port == 0:
		return nil, usageError{errors.New("--port is 0: give the one that the server picked, or --server")}
	default:
		// The certificate is for the name that clients use, which this one does not: it asks
		// the machine itself, and sends nothing that is secret.
		server, trust.skipVerify = f.settings.ownURL(), f.settings.access.isEncrypted()
	}
	at, err := connectionTo(server, trust)
	if err != nil {
		return nil, err
	}
	at.user = nil
	if f.server == "" {
		at.client.Transport.(*http.Transport).Proxy = nil
	}
	return at, nil
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

// ready is nil if the server can serve.
func (r *remote) ready(ctx context.Context) error {
	resp, err := r.send(ctx, http.MethodGet, "/health/ready", http.Header{}, nil)
	var problem *wire.Problem
	if errors.As(err, &problem) {
		return fmt.Errorf("the server at %s is not ready: %w", r.name, problem)
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var health struct{ Status string }
	err = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&health)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil || health.Status != "ok":
		return fmt.Errorf("what answers at %s is not a MantisDB server", r.name)
	}
	return nil
}
