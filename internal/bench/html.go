package bench

import (
	"encoding/json"
	"io"
	"time"
)

// Page is a page of HTML that shows reports, in two parts: what comes before the figures,
// and what comes behind them.
type Page struct {
	Before, After []byte
}

// pageContent is what the page reads: web/src/report/ReportFile.tsx.
type pageContent struct {
	Version string    `json:"version"` // of MantisDB
	Created time.Time `json:"created"`
	Reports []Report  `json:"reports"`
}

// WriteHTML writes a page with reports in it, one for each engine.
func WriteHTML(out io.Writer, page Page, version string, created time.Time, reports []Report) error {
	// Marshal writes <, > and & as escapes, so that no text can end the element it is in.
	content, err := json.Marshal(pageContent{version, created.UTC(), reports})
	if err != nil {
		return err
	}
	for _, part := range [][]byte{page.Before, content, page.After} {
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	return nil
}
