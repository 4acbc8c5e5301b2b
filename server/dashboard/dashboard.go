package dashboard

import (
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
)

// Where the files are, in the file system and on the server alike.
const (
	page         = "index.html"
	assetsFolder = "assets"
)

// What holds for every answer. Nothing is loaded from elsewhere, no script or style stands in
// the page itself, and no other page may frame it: so what is stored in the database cannot
// become a part of the page, whatever it is.
const contentSecurityPolicy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// How long a browser may keep a file: the page until it has asked whether it is still the same,
// what the page loads for ever, since the names of those files have a digest of what is in them.
const (
	cachePage  = "no-cache"
	cacheAsset = "public, max-age=31536000, immutable"
)

// Dashboard is the page and what it loads. It is kept in memory.
type Dashboard struct {
	page   *asset
	assets map[string]*asset // by their names in the folder
}

// New reads the page and its files, each of which may be there compressed as well.
func New(files fs.FS) (*Dashboard, error) {
	d := &Dashboard{assets: make(map[string]*asset)}
	var err error
	if d.page, err = readAsset(files, page); err != nil {
		return nil, fmt.Errorf("the dashboard's page: %w", err)
	}
	listed, err := fs.ReadDir(files, assetsFolder)
	if err != nil {
		return nil, fmt.Errorf("the dashboard's files: %w", err)
	}
	for _, file := range listed {
		name := file.Name()
		if strings.HasSuffix(name, gzipSuffix) {
			continue
		}
		if d.assets[name], err = readAsset(files, assetsFolder+"/"+name); err != nil {
			return nil, fmt.Errorf("the dashboard's file %s: %w", name, err)
		}
	}
	return d, nil
}

// ServePage answers with the page.
func (d *Dashboard) ServePage(w http.ResponseWriter, r *http.Request) {
	d.page.serve(w, r, cachePage)
}

// ServeAsset answers with a file that the page loads. It tells whether there is one of that
// name; if not, nothing was answered.
func (d *Dashboard) ServeAsset(w http.ResponseWriter, r *http.Request, name string) bool {
	file, found := d.assets[name]
	if found {
		file.serve(w, r, cacheAsset)
	}
	return found
}

// serve answers with a file, compressed for who takes that, or says that it is as it was.
func (a *asset) serve(w http.ResponseWriter, r *http.Request, cache string) {
	body, tag := a.plain, a.tag
	header := w.Header()
	if a.gzipped != nil {
		header.Add("Vary", "Accept-Encoding")
		if takesGzip(r.Header.Values("Accept-Encoding")) {
			body, tag = a.gzipped, strings.TrimSuffix(a.tag, `"`)+`-gzip"`
			header.Set("Content-Encoding", "gzip")
		}
	}
	header.Set("Content-Type", a.contentType)
	header.Set("Cache-Control", cache)
	header.Set("Etag", tag)
	header.Set("Content-Security-Policy", contentSecurityPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // that the browser has gone is nobody's business
	}
}

// takesGzip tells whether the Accept-Encoding headers name gzip, and do not refuse it.
func takesGzip(accepted []string) bool {
	for _, codings := range accepted {
		for coding := range strings.SplitSeq(codings, ",") {
			name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			q, ok := strings.CutPrefix(strings.TrimSpace(weight), "q=")
			quality, err := strconv.ParseFloat(q, 64)
			return !ok || err == nil && quality > 0
		}
	}
	return false
}
