package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"

	"github.com/mantisdb/mantisdb"
)

// jsonBody is the body of r, which must be JSON; what names it in a refusal.
func jsonBody(w http.ResponseWriter, r *http.Request, what string) (io.Reader, error) {
	if err := requireJSON(r, what); err != nil {
		return nil, err
	}
	return bodyReader(w, r, maxJSONBody)
}

// requireJSON lets through a body that is JSON, or says nothing of what it is.
func requireJSON(r *http.Request, what string) error {
	contentType := r.Header.Get("Content-Type")
	if contentType == "" {
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "application/json" {
		return newProblem(unsupportedMedia, "%s is application/json, not %q", what, contentType)
	}
	return nil
}

// jsonError is what the client is told of an error in reading JSON. What is neither
// the connection's error nor a refusal of the database is the text's.
func jsonError(err error) error {
	var tooMany *http.MaxBytesError
	if errors.As(err, &tooMany) || errors.Is(err, os.ErrDeadlineExceeded) {
		return bodyError(err)
	}
	if p, internal := problemOf(err); !internal {
		return p
	}
	return newProblem(malformedRequest, "%v", err)
}

// jsonWrite is the body of a request that writes several keys, and how it is to be
// written; what names it in errors.
func jsonWrite(w http.ResponseWriter, r *http.Request, what string) (body io.Reader, o mantisdb.WriteOptions, err error) {
	query := parseParams(r.URL.RawQuery, "durability")
	o = writeOptions(&query)
	if err := query.err(); err != nil {
		return nil, o, err
	}
	if err := refuseAllConditions(r.Header); err != nil {
		return nil, o, err
	}
	body, err = jsonBody(w, r, what)
	return body, o, err
}
