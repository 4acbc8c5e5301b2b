package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"
)

// progressReader reads a request's body and moves the connection's deadlines
// ahead as long as bytes keep coming.
type progressReader struct {
	w       http.ResponseWriter
	body    io.Reader
	pending int // bytes since the deadlines were last moved
}

func (p *progressReader) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	if p.pending += n; p.pending >= progressBytes {
		if err := take(p.w, p.pending); err != nil {
			return n, err
		}
		p.pending = 0
		extend := http.NewResponseController(p.w)
		deadline := time.Now().Add(stallTimeout)
		// A writer without deadlines, as in tests, has none to move.
		_ = extend.SetReadDeadline(deadline)
		_ = extend.SetWriteDeadline(deadline.Add(stallTimeout))
	}
	return n, err
}

// bodyReader is the body of r, at most limit bytes of it; more is an error.
func bodyReader(w http.ResponseWriter, r *http.Request, limit int64) (io.Reader, error) {
	if err := checkContentEncoding(r); err != nil {
		return nil, err
	}
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	return &progressReader{w: w, body: http.MaxBytesReader(unrecorded(w), r.Body, limit)}, nil
}

// checkContentEncoding refuses what would be stored in place of what it stands
// for.
func checkContentEncoding(r *http.Request) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return newProblem(unsupportedMedia, "the body must come without Content-Encoding, not as %q", encoding)
	}
	return nil
}

// readBody appends the body of r, at most limit bytes, to dst.
func readBody(dst []byte, w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength >= 0 && r.ContentLength <= progressBytes {
		return readShortBody(dst, r)
	}
	return readLongBody(dst, w, r, limit)
}

// readShortBody reads a body that is announced, and short enough for the
// connection's own deadline.
func readShortBody(dst []byte, r *http.Request) ([]byte, error) {
	if err := checkContentEncoding(r); err != nil {
		return dst, err
	}
	start, n := len(dst), int(r.ContentLength)
	dst = slices.Grow(dst, n)[:start+n]
	if _, err := io.ReadFull(r.Body, dst[start:]); err != nil {
		return dst[:start], bodyError(err)
	}
	return dst, nil
}

// readLongBody takes memory as bytes arrive, not as the client announces them.
func readLongBody(dst []byte, w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := bodyReader(w, r, limit)
	if err != nil {
		return dst, err
	}
	for {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, max(len(dst), 512))
		}
		n, err := body.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, bodyError(err)
		}
	}
}

// bodyError is what the client is told of an error in reading its body.
func bodyError(err error) error {
	var tooMany *http.MaxBytesError
	switch {
	case errors.As(err, &tooMany):
		return tooLarge(tooMany.Limit)
	case errors.Is(err, problemBusy):
		return problemBusy
	case errors.Is(err, os.ErrDeadlineExceeded):
		return newProblem(requestTimeout, "the body came too slowly: at least %d KiB every %v are expected", progressBytes>>10, stallTimeout)
	}
	return newProblem(malformedRequest, "the body could not be read: %v", err)
}

func tooLarge(limit int64) error {
	return newProblem(bodyTooLarge, "the body is longer than the %d bytes allowed", limit)
}

// writeWhole answers 200 with b. That the client went away meanwhile is nobody's
// business.
func writeWhole(w http.ResponseWriter, b []byte) {
	if len(b) == 0 || len(b) >= keptWhole {
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(b))}
	}
	if len(b) <= progressBytes { // short enough for the connection's own deadline
		_, _ = w.Write(b)
		return
	}
	_ = writeProgress(w, b)
}

// writeProgress writes b, and moves the deadline ahead for each progressBytes.
func writeProgress(w http.ResponseWriter, b []byte) error {
	extend := http.NewResponseController(w)
	for len(b) > 0 {
		// A writer without deadlines, as in tests, has none to move.
		_ = extend.SetWriteDeadline(time.Now().Add(stallTimeout))
		n := min(len(b), progressBytes)
		if _, err := w.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// writeJSON answers 200 with v, on a line of its own.
func writeJSON(w http.ResponseWriter, v any) error { return writeJSONAs(w, http.StatusOK, v) }

// writeJSONAs is writeJSON of any status.
func writeJSONAs(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	header := w.Header()
	header["Content-Type"] = applicationJSON
	header["Cache-Control"] = noStore
	header["X-Content-Type-Options"] = noSniff
	body = append(body, '\n')
	if status != http.StatusOK {
		header["Content-Length"] = []string{strconv.Itoa(len(body))}
		w.WriteHeader(status)
	}
	writeWhole(w, body)
	return nil
}
