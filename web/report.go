package web

import (
	"bytes"
	"fmt"
)

// reportFile is a page that has its scripts and styles in it, and shows what a benchmark
// measured.
const reportFile = "dist/report.html"

// reportMark stands in reportFile where the figures belong.
const reportMark = "@REPORT@"

// Report is the page that shows a benchmark's figures, in two parts: between them the figures
// belong, as JSON that is safe in a script element. Both are nil if the dashboard was not
// built.
func Report() (before, after []byte, err error) {
	page, err := dist.ReadFile(reportFile)
	if err != nil {
		return nil, nil, nil
	}
	before, after, found := bytes.Cut(page, []byte(reportMark))
	if !found || bytes.Contains(after, []byte(reportMark)) {
		return nil, nil, fmt.Errorf("%s is not as it was built: it does not have %s once", reportFile, reportMark)
	}
	return before, after, nil
}
