package redis

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/control"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// A visitor is a client without a connection of this protocol: none of the clients that
// are listed, counted or bounded, but one to the commands that it sends. They find its
// user and its addresses where they look for those of any client.

// visit makes a client of a visitor, who is to leave.
func (s *Server) visit(by control.Visitor) *Client {
	near, far := net.Pipe()
	c := s.newClient(&visitorConn{Conn: near, far: far, remote: by.Remote, local: by.Local})
	user := by.User
	if user == nil {
		user = acl.Everybody()
	}
	c.letIn(user, s.users.Changes())
	c.publishView()
	return c
}

// visiting is a request of a visitor, for what is no command. Its client is to leave.
func (s *Server) visiting(by control.Visitor) *Request {
	c := s.visit(by)
	return &Request{client: c, server: s, out: &c.out, now: c.request.now}
}

// visitorConn is the connection of a visitor, which brings nothing: a command that waits
// reads of it whether the visitor has gone.
type visitorConn struct {
	net.Conn
	far           net.Conn
	remote, local net.Addr // nil where they are not known
}

// RemoteAddr implements net.Conn.
func (c *visitorConn) RemoteAddr() net.Addr {
	if c.remote == nil {
		return c.Conn.RemoteAddr()
	}
	return c.remote
}

// LocalAddr implements net.Conn.
func (c *visitorConn) LocalAddr() net.Addr {
	if c.local == nil {
		return c.Conn.LocalAddr()
	}
	return c.local
}

// Close implements net.Conn.
func (c *visitorConn) Close() error {
	c.far.Close()
	return c.Conn.Close()
}

// needConnection are the commands that change what a connection is, of which a visitor has
// none.
var needConnection = map[string]bool{
	"subscribe": true, "unsubscribe": true, "psubscribe": true, "punsubscribe": true,
	"multi": true, "exec": true, "discard": true, "watch": true, "unwatch": true,
	"hello": true, "auth": true, "reset": true, "quit": true, "client|reply": true, "monitor": true,
}

// Run implements control.Server.
func (s *Server) Run(ctx context.Context, by control.Visitor, line control.Line) (control.Outcome, error) {
	args, err := s.parseLine(line)
	if err != nil {
		return control.Outcome{}, err
	}
	if s.ending.Load() {
		return control.Outcome{}, control.ErrEnding
	}
	c := s.visit(by)
	defer c.leave()
	defer context.AfterFunc(ctx, func() { c.conn.Close() })()
	c.setProto(line.Protocol)
	if line.Database != 0 { // where each client begins
		c.runAlone([][]byte{[]byte("SELECT"), strconv.AppendInt(nil, int64(line.Database), 10)})
	}
	took := time.Duration(0)
	if c.database == line.Database {
		took = c.runAlone(args)
	}
	if c.closing && len(c.out.Buf) == 0 && ctx.Err() != nil {
		return control.Outcome{}, ctx.Err()
	}
	return control.Outcome{Reply: c.replied(), Took: took, Database: c.database}, nil
}

// runAlone runs a command whose reply is all that is in out afterwards.
func (c *Client) runAlone(args [][]byte) time.Duration {
	began := time.Now()
	c.out.Buf, c.request.now = c.out.Buf[:0], began
	c.execute(args)
	if c.hasWritten {
		c.settle(c.server.db.SyncLog())
	}
	return time.Since(began)
}

// parseLine is a line's words, if it can be run.
func (s *Server) parseLine(line control.Line) ([][]byte, error) {
	args, ok := resp.SplitWords([]byte(line.Text))
	switch {
	case !ok:
		return nil, lineError("the quotes in the command are not balanced")
	case len(args) == 0:
		return nil, lineError("there is no command")
	case line.Database < 0 || line.Database >= databaseCount:
		return nil, lineError("there is no database %d: they are 0 to %d", line.Database, databaseCount-1)
	case line.Protocol != 2 && line.Protocol != 3:
		return nil, lineError("the version of the protocol is 2 or 3, not %d", line.Protocol)
	}
	limits := s.limits()
	if len(args) > limits.MaxArgs {
		return nil, lineError("the command has %d words, and %d are the most", len(args), limits.MaxArgs)
	}
	for _, arg := range args {
		if len(arg) > limits.MaxBulk {
			return nil, lineError("a word of the command has %d bytes, and %d are the most", len(arg), limits.MaxBulk)
		}
	}
	name := lower(args[0])
	if len(args) > 1 && name == "client" {
		name += "|" + lower(args[1])
	}
	if needConnection[name] {
		return nil, lineError("%s changes the state of a connection, and here each command stands alone", strings.ToUpper(strings.ReplaceAll(name, "|", " ")))
	}
	return args, nil
}

func lineError(format string, args ...any) error {
	return &control.LineError{Reason: fmt.Sprintf(format, args...)}
}

// replied is what a visitor's command has replied.
func (c *Client) replied() control.Reply {
	if c.out.Overflowed {
		return control.Reply{Type: "error", Text: []byte(errReplyTooLong)}
	}
	if len(c.out.Buf) == 0 { // as SHUTDOWN, which does not reply
		return control.Reply{Type: "null"}
	}
	return newReplyReader(c.out.Buf).read()
}
