package bench

import (
	"encoding/json"
	"io"
)

// WriteReport writes one report as a JSON object.
func WriteReport(out io.Writer, report *Report) error { return writeJSON(out, report) }

// WriteReports writes reports as a JSON list of objects.
func WriteReports(out io.Writer, reports []Report) error { return writeJSON(out, reports) }

func writeJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
