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
	var json, octets, application, any quality
	for _, ranges := range accept {
		for _, mediaRange := range strings.Split(ranges, ",") {
			mediaType, params, err := mime.ParseMediaType(mediaRange)
			if err != nil {
				continue // a recipient ignores what it does not understand
			}
			switch mediaType {
			case "application/json":
				json.see(params)
			case "application/octet-stream":
				octets.see(params)
			case "application/*":
				application.see(params)
			case "*/*":
				any.see(params)
			}
		}
	}
	return json.value > 0 && json.value >= octets.or(application.or(any.value))
}

// quality is the weight of a media range; seen tells it from an absent one.
type quality struct {
	value float64
	seen  bool
}

func (q *quality) see(params map[string]string) {
	value := 1.0
	if s, ok := params["q"]; ok {
		parsed, err := strconv.ParseFloat(s, 64)
		if err != nil || !(parsed >= 0 && parsed <= 1) {
			return
		}
		value = parsed
	}
	q.value, q.seen = max(q.value, value), true
}

func (q quality) or(fallback float64) float64 {
	if q.seen {
		return q.value
	}
	return fallback
}
