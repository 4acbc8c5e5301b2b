package httpapi

import (
	"io"
	"net/http"
	"time"

	"github.com/mantisdb/mantisdb/server"
)

// sync answers once everything acknowledged before is on disk.
func (h *Handler) sync(w http.ResponseWriter, r *http.Request, store server.Store) error {
	query := parseParams(r.URL.RawQuery)
	if err := query.err(); err != nil {
		return err
	}
	if err := store.Sync(r.Context()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// checkpointResult is the answer to a checkpoint that was made.
type checkpointResult struct {
	Path string `json:"path"` // on the server
}

// checkpoint makes a checkpoint of the name that is asked for.
func (h *Handler) checkpoint(w http.ResponseWriter, r *http.Request, store server.Store) error {
	query := parseParams(r.URL.RawQuery, "name")
	if err := query.err(); err != nil {
		return err
	}
	name := query.bytes("name")
	if name == nil {
		return newProblem(malformedRequest, "query parameter \"name\" is missing: name the checkpoint")
	}
	path, err := store.Checkpoint(r.Context(), string(name))
	if err != nil {
		return err
	}
	return writeJSON(w, checkpointResult{Path: path})
}

// backup streams a backup. If it cannot go on, the connection breaks off, and
// what was sent lacks its end.
func (h *Handler) backup(w http.ResponseWriter, r *http.Request, store server.Store) error {
	query := parseParams(r.URL.RawQuery)
	if err := query.err(); err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		backupHeader(w)
		return nil
	}
	return h.streamBackup(r, &progressWriter{w: w}, func(out io.Writer) error {
		_, err := store.Backup(r.Context(), out)
		return err
	})
}

func backupHeader(w http.ResponseWriter) {
	header := w.Header()
	header["Content-Type"] = octetStream
	header["Cache-Control"] = noStore
	header["X-Content-Type-Options"] = noSniff
}

// streamBackup answers with what write writes; its error is the answer if it has written nothing.
func (h *Handler) streamBackup(r *http.Request, out *progressWriter, write func(io.Writer) error) error {
	backupHeader(out.w)
	err := write(out)
	if err == nil || !out.begun {
		return err
	}
	if r.Context().Err() == nil && out.err == nil {
		h.problem(r, err) // for the log
	}
	panic(http.ErrAbortHandler)
}

// progressWriter writes an answer of any length.
type progressWriter struct {
	w       http.ResponseWriter
	patient bool // the reader may read nothing for as long as it is there
	begun   bool
	err     error // of the connection
}

var _ io.Writer = (*progressWriter)(nil)

func (p *progressWriter) Write(b []byte) (int, error) {
	p.begun = true
	if p.patient {
		// A writer without deadlines, as in tests, has none to lift.
		_ = http.NewResponseController(p.w).SetWriteDeadline(time.Time{})
		_, p.err = p.w.Write(b)
	} else {
		p.err = writeProgress(p.w, b)
	}
	if p.err != nil {
		return 0, p.err
	}
	return len(b), nil
}
