// Package web holds the dashboard, as `make build-frontend` has left it in dist when the
// program was built. Without Node on the building machine there is none, and the program
// is built all the same.
package web

import (
	"embed"
	"io/fs"
)

// The folder has a file of git's own, so that there is something to embed.
//
//go:embed all:dist
var dist embed.FS

// indexFile is the page, without which there is no dashboard.
const indexFile = "index.html"

// Dashboard is the page, index.html, with the files that it loads, each also compressed under
// its name and .gz. It is nil if the dashboard was not built.
func Dashboard() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil
	}
	if _, err := fs.Stat(files, indexFile); err != nil {
		return nil
	}
	return files
}
