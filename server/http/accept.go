package httpapi

import (
	"mime"
	"strconv"
	"strings"
)

// wantsJSON tells whether the Accept headers ask for application/json: they
// must name it, and rank it no lower than application/octet-stream, which is
// what everyone else gets.
func wantsJSON(accept []string) bool {
	if len(accept) == 0 || len(accept) == 1 && accept[0] == "*/*" {
		return false // as nearly all clients have it
	}
	weights := parseAccept(accept)
	json := weights["application/json"]
	return json > 0 && json >= weights.of("application/octet-stream")
}

// wantsPage tells whether the Accept headers ask for a page, as everyone gets but for who
// names plain text or JSON and ranks it higher.
func wantsPage(accept []string) bool {
	if len(accept) == 0 {
		return true
	}
	weights := parseAccept(accept)
	html := weights.of("text/html")
	return html > 0 && html >= max(weights["text/plain"], weights["application/json"])
}

// weights are those of the media ranges that Accept headers name.
type weights map[string]float64

// parseAccept reads Accept headers. What it does not understand it ignores, as a recipient
// shall.
func parseAccept(accept []string) weights {
	named := make(weights)
	for _, ranges := range accept {
		for mediaRange := range strings.SplitSeq(ranges, ",") {
			mediaType, params, err := mime.ParseMediaType(mediaRange)
			if err != nil {
				continue
			}
			if quality, ok := qualityOf(params); ok {
				named[mediaType] = max(named[mediaType], quality)
			}
		}
	}
	return named
}

// qualityOf is the weight among a media range's parameters, 1 if there is none.
func qualityOf(params map[string]string) (quality float64, ok bool) {
	q, given := params["q"]
	if !given {
		return 1, true
	}
	quality, err := strconv.ParseFloat(q, 64)
	return quality, err == nil && quality >= 0 && quality <= 1
}

// of is the weight of a media type: that of the closest range that has it.
func (w weights) of(mediaType string) float64 {
	kind, _, _ := strings.Cut(mediaType, "/")
	for _, mediaRange := range []string{mediaType, kind + "/*", "*/*"} {
		if weight, named := w[mediaRange]; named {
			return weight
		}
	}
	return 0
}
