package httpapi

import (
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
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
	return &progressReader{w: w, body: http.MaxBytesReader(w, r.Body, limit)}, nil
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
	case errors.Is(err, os.ErrDeadlineExceeded):
		return newProblem(requestTimeout, "the body came too slowly: at least %d KiB every %v are expected", progressBytes>>10, stallTimeout)
	}
	return newProblem(malformedRequest, "the body could not be read: %v", err)
}

func tooLarge(limit int64) error {
	return newProblem(bodyTooLarge, "the body is longer than the %d bytes allowed", limit)
}

// writeChunk bounds what is written under one deadline.
const writeChunk = 1 << 20

// writeBody writes b, with a new deadline for each chunk of a long one.
func writeBody(w http.ResponseWriter, b []byte) error {
	for len(b) > writeChunk {
		if err := writeProgress(w, b[:writeChunk]); err != nil {
			return err
		}
		b = b[writeChunk:]
	}
	_, err := w.Write(b)
	return err
}

// writeProgress writes b, for which the client has the time of a stall.
func writeProgress(w http.ResponseWriter, b []byte) error {
	// A writer without deadlines, as in tests, has none to move.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(stallTimeout))
	_, err := w.Write(b)
	return err
}
