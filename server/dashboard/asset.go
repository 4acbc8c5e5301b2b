package dashboard

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
)

// asset is a file as it is sent.
type asset struct {
	contentType string
	tag         string // of its bytes, in quotes
	plain       []byte
	gzipped     []byte // nil: it is sent as it is alone
}

// contentTypes are those of the files that the page is made of, by the ends of their names.
// The machine's own table is not asked, since it may say anything.
var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".png":   "image/png",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
}

// gzipSuffix names what a file is compressed as.
const gzipSuffix = ".gz"

// readAsset reads a file, and what it is compressed as if that is there.
func readAsset(files fs.FS, name string) (*asset, error) {
	plain, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	gzipped, err := fs.ReadFile(files, name+gzipSuffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	contentType, known := contentTypes[path.Ext(name)]
	if !known {
		contentType = "application/octet-stream"
	}
	sum := sha256.Sum256(plain)
	return &asset{contentType, `"` + hex.EncodeToString(sum[:12]) + `"`, plain, gzipped}, nil
}
