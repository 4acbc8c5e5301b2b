package httpapi

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// kvPrefix comes before the key in a path.
const kvPrefix = apiPath + "/kv/"

// expiresAtHeader tells when a value expires, in Unix milliseconds. It is
// absent from one that never does.
const expiresAtHeader = "Mantisdb-Expires-At"

// Header values that are always the same, shared so that none is made for each
// answer. net/http does not change them.
var (
	octetStream     = []string{"application/octet-stream"}
	applicationJSON = []string{"application/json"}
	noSniff         = []string{"nosniff"} // a value is data: no browser may run it
	noCache         = []string{"no-cache"}
	noStore         = []string{"no-store"}
	varyAccept      = []string{"Accept"}
)

// entryPath is what the path of an entry tells.
type entryPath struct {
	isNamed  bool
	keyspace string // if it is named
	key      []byte
}

// entryPathOf is what a path tells, if it is that of an entry. The key is all that
// follows kvPrefix, or that of a keyspace, decoded and otherwise untouched.
func entryPathOf(u *url.URL) (p entryPath, ok bool) {
	if key, ok := strings.CutPrefix(u.Path, kvPrefix); ok {
		return entryPath{key: []byte(key)}, true
	}
	if !strings.HasPrefix(u.Path, keyspacesPath+"/") {
		return entryPath{}, false
	}
	// A name may have slashes, which the path as it came tells from that behind it.
	rest, ok := strings.CutPrefix(u.EscapedPath(), keyspacesPath+"/")
	if !ok {
		return entryPath{}, false
	}
	name, rest, _ := strings.Cut(rest, "/")
	escaped, ok := strings.CutPrefix(rest, "kv/")
	if !ok {
		return entryPath{}, false
	}
	name, nameErr := url.PathUnescape(name)
	key, keyErr := url.PathUnescape(escaped)
	return entryPath{true, name, []byte(key)}, nameErr == nil && keyErr == nil
}

// entry is the one that a request is for.
type entry struct {
	ks  server.Table
	key []byte
}

// serveKey answers a request for an entry.
func (h *Handler) serveKey(w http.ResponseWriter, r *http.Request, e entry) error {
	if err := mantisdb.CheckKey(e.key); err != nil {
		return err
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return h.getKey(w, r, e)
	case http.MethodPut:
		return h.putKey(w, r, e)
	case http.MethodPost:
		return h.modifyKey(w, r, e)
	case http.MethodDelete:
		return h.deleteKey(w, r, e)
	}
	return refuseMethod(w, r, "GET, HEAD, PUT, POST, DELETE")
}

// getKey answers GET and HEAD; net/http leaves out the body of the latter.
func (h *Handler) getKey(w http.ResponseWriter, r *http.Request, e entry) error {
	query := parseParams(r.URL.RawQuery, "encoding", consistencyParam, maxStalenessParam)
	encoding := parsed(&query, "encoding", wire.ParseEncoding)
	parseConsistency(&query) // which decides who serves this
	if err := query.err(); err != nil {
		return err
	}
	buf := getBuffer()
	defer buf.release()
	var meta mantisdb.Meta
	var err error
	buf.b, meta, err = e.ks.Get(r.Context(), buf.b[:0], e.key)
	if err != nil {
		return err
	}
	if len(buf.b) > progressBytes {
		if err := take(w, len(buf.b)); err != nil {
			return err
		}
	}
	writeEntry(w, r, encoding, mantisdb.Entry{Key: e.key, Value: buf.b, Meta: meta})
	return nil
}

// writeEntry answers with the value of e, or with all of it in JSON if that is what
// the client prefers.
func writeEntry(w http.ResponseWriter, r *http.Request, encoding wire.Encoding, e mantisdb.Entry) {
	setEntryHeaders(w.Header(), e.Meta)
	if !wantsJSON(r.Header["Accept"]) {
		w.Header()["Content-Type"] = octetStream
		writeWhole(w, e.Value)
		return
	}
	object := getBuffer()
	defer object.release()
	object.b = wire.AppendEntry(object.b[:0], encoding, e)
	object.b = append(object.b, '\n')
	w.Header()["Content-Type"] = applicationJSON
	writeWhole(w, object.b)
}

func setEntryHeaders(header http.Header, meta mantisdb.Meta) {
	header["Etag"] = []string{etag(meta.Version)}
	if meta.ExpiresAt != 0 {
		header[expiresAtHeader] = []string{strconv.FormatInt(meta.ExpiresAt, 10)}
	}
	header["Cache-Control"] = noCache
	header["Vary"] = varyAccept
	header["X-Content-Type-Options"] = noSniff
}

// etag is a version as an entity tag.
func etag(version uint64) string {
	var b [22]byte
	tag := append(b[:0], '"')
	tag = strconv.AppendUint(tag, version, 10)
	return string(append(tag, '"'))
}

// putKey stores the body: 204, or 201 if it was asked that the key be absent.
// Without a condition it is not looked up whether the key had a value.
func (h *Handler) putKey(w http.ResponseWriter, r *http.Request, e entry) error {
	query := parseParams(r.URL.RawQuery, "ttl", "durability")
	o := writeOptions(&query)
	o.TTL = parsed(&query, "ttl", wire.ParseTTL)
	if err := query.err(); err != nil {
		return err
	}
	condition, err := conditionOf(r.Header)
	if err != nil {
		return err
	}
	buf := getBuffer()
	defer buf.release()
	if buf.b, err = readBody(buf.b[:0], w, r, maxValueBody); err != nil {
		return err
	}
	switch {
	case condition.absent:
		return putAbsent(w, r, e, buf.b, o)
	case condition.version != 0:
		return putVersion(w, r, e, condition.version, buf.b, o)
	}
	if err := e.ks.Put(r.Context(), e.key, buf.b, o); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func putAbsent(w http.ResponseWriter, r *http.Request, e entry, value []byte, o mantisdb.WriteOptions) error {
	stored, err := e.ks.PutIfAbsent(r.Context(), e.key, value, o)
	if err != nil {
		return err
	}
	if !stored {
		return problemKeyExists
	}
	w.WriteHeader(http.StatusCreated)
	return nil
}

// putVersion stores a value only in place of the one that has a version.
func putVersion(w http.ResponseWriter, r *http.Request, e entry, version uint64, value []byte, o mantisdb.WriteOptions) error {
	m := mantisdb.Modification{Kind: mantisdb.ModifyCompareVersion, Version: version, Value: value}
	_, done, err := e.ks.Modify(r.Context(), e.key, m, o)
	switch {
	case err != nil:
		return err
	case !done.Existed:
		return newProblem(versionDiffers, "the key is absent, and If-Match asks for a value of the version %d", version)
	case done.Version == 0:
		return newProblem(versionDiffers, "the key's value has the version %d, and If-Match asks for %d: read it anew", done.Before.Version, version)
	}
	answerVersion(w, done.Version)
	return nil
}

// answerVersion answers 204 with the version of what was written.
func answerVersion(w http.ResponseWriter, version uint64) {
	w.Header()["Etag"] = []string{etag(version)}
	w.WriteHeader(http.StatusNoContent)
}

// deleteKey removes the key, or leaves it absent: 204 either way.
func (h *Handler) deleteKey(w http.ResponseWriter, r *http.Request, e entry) error {
	query := parseParams(r.URL.RawQuery, "durability")
	o := writeOptions(&query)
	if err := query.err(); err != nil {
		return err
	}
	if err := refuseAllConditions(r.Header); err != nil {
		return err
	}
	if err := e.ks.Delete(r.Context(), e.key, o); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// writeOptions are those of a write that its query tells, but for a time to live.
func writeOptions(query *params) mantisdb.WriteOptions {
	return mantisdb.WriteOptions{Durability: parsed(query, "durability", func(s string) (mantisdb.Durability, error) {
		d, err := mantisdb.ParseDurability(s)
		if err != nil {
			return 0, errors.New("it must be sync, buffered or memory")
		}
		return d, nil
	})}
}
