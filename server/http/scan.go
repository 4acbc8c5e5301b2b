package httpapi

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// ndjson is one JSON value a line.
var ndjson = []string{"application/x-ndjson"}

// scanChunk is how much of a scan is gathered before it is written.
const scanChunk = 32 << 10

// scanRequest is what a client asks of a scan.
type scanRequest struct {
	ks       server.Keyspace
	bounds   mantisdb.Range // as given: what a cursor belongs to
	rest     mantisdb.Range // what is left of it behind the cursor
	limit    uint64         // entries at most; 0 is all
	encoding wire.Encoding
}

// keyspace is the name of the keyspace, empty for the default one.
func (req *scanRequest) keyspace() string { return req.ks.Info().Name }

func parseScan(ks server.Keyspace, rawQuery string) (scanRequest, error) {
	query := parseParams(rawQuery, "prefix", "start", "end", "limit", "cursor", "reverse", "keys_only", "encoding", consistencyParam, maxStalenessParam)
	req := scanRequest{
		ks:       parseConsistency(&query).of(ks),
		limit:    query.positive("limit"),
		encoding: parsed(&query, "encoding", wire.ParseEncoding),
	}
	bounds := boundsOf(&query)
	req.bounds = bounds.Range()
	req.bounds.Reverse = query.flag("reverse")
	req.bounds.KeysOnly = query.flag("keys_only")
	req.rest = req.bounds
	last := parsed(&query, "cursor", func(s string) ([]byte, error) { return decodeCursor(req.keyspace(), req.bounds, s) })
	if last != nil {
		req.rest = resume(req.bounds, last)
	}
	return req, query.err()
}

// boundsOf are the bounds that a query tells.
func boundsOf(query *params) wire.Bounds {
	return wire.Bounds{Prefix: query.bytes("prefix"), Start: query.bytes("start"), End: query.bytes("end")}
}

// scan streams entries, one a line, and a last line that says whether there are
// more.
func (h *Handler) scan(w http.ResponseWriter, r *http.Request, ks server.Keyspace) error {
	req, err := parseScan(ks, r.URL.RawQuery)
	if err != nil {
		return err
	}
	header := w.Header()
	header["Content-Type"] = ndjson
	header["Cache-Control"] = noStore
	header["X-Content-Type-Options"] = noSniff
	if r.Method == http.MethodHead {
		return nil
	}
	buf := getBuffer()
	defer buf.release()
	s := scanStream{w: w, req: req, buf: buf}
	return s.run(h, r)
}

// scanStream is the answer to one scan.
type scanStream struct {
	w     http.ResponseWriter
	req   scanRequest
	buf   *buffer
	begun bool // whether something was written
	count uint64
	last  []byte // the last key told, kept if there is a limit
}

// run tells an error of the scan by its return value if it comes first, and
// else in the stream.
func (s *scanStream) run(h *Handler, r *http.Request) error {
	rest := s.req.rest
	if limit := s.req.limit; limit > 0 && limit < math.MaxInt {
		rest.Limit = int(limit) + 1 // one more tells whether there are more
	}
	for entry, err := range s.req.ks.Scan(r.Context(), rest) {
		if err != nil {
			return s.fail(h, r, err)
		}
		if s.req.limit != 0 && s.count == s.req.limit {
			return s.end(encodeCursor(s.req.keyspace(), s.req.bounds, s.last))
		}
		s.add(entry)
		if len(s.buf.b) >= scanChunk && !s.flush() {
			return nil
		}
	}
	return s.end("")
}

func (s *scanStream) add(entry mantisdb.Entry) {
	if s.req.bounds.KeysOnly {
		s.buf.b = wire.AppendKey(s.buf.b, s.req.encoding, entry)
	} else {
		s.buf.b = wire.AppendEntry(s.buf.b, s.req.encoding, entry)
	}
	s.buf.b = append(s.buf.b, '\n')
	s.count++
	if s.count == s.req.limit {
		s.last = bytes.Clone(entry.Key)
	}
}

// flush writes what was gathered, and tells whether the client is still there.
func (s *scanStream) flush() bool {
	if !s.begun {
		tellScanned(s.w.Header(), s.req.ks)
	}
	s.begun = true
	err := writeProgress(s.w, s.buf.b)
	s.buf.b = s.buf.b[:0]
	return err == nil
}

// end writes the last line; an empty cursor says that there are no more entries.
func (s *scanStream) end(cursor string) error {
	end := wire.ScanEnd{End: true, Count: s.count}
	if cursor != "" {
		end.NextCursor = &cursor
	}
	return s.line(end)
}

// fail tells err: as the answer if none has begun, else as the last line.
func (s *scanStream) fail(h *Handler, r *http.Request, err error) error {
	if !s.begun {
		return err
	}
	return s.line(wire.ScanFailure{Error: h.problem(r, err)})
}

func (s *scanStream) line(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.buf.b = append(append(s.buf.b, line...), '\n')
	s.flush()
	return nil
}
