package httpapi

import (
	"net/http"
	"strconv"
	"strings"
)

// condition is what a PUT asks of the key; the zero condition asks nothing.
type condition struct {
	absent  bool   // the key must have no value
	version uint64 // that the key's value must have, if not 0
}

// conditionOf is the condition that the headers of a PUT tell.
func conditionOf(header http.Header) (condition, error) {
	if err := refuseConditions(header); err != nil {
		return condition{}, err
	}
	match, noneMatch := header["If-Match"], header["If-None-Match"]
	switch {
	case match != nil && noneMatch != nil:
		return condition{}, newProblem(malformedRequest, "If-Match and If-None-Match exclude each other: no key has a value and has none")
	case match != nil:
		version, err := matchedVersion(match)
		return condition{version: version}, err
	case noneMatch == nil:
		return condition{}, nil
	case len(noneMatch) != 1 || strings.TrimSpace(noneMatch[0]) != "*":
		return condition{}, newProblem(malformedRequest, "If-None-Match takes * alone, which stores only if the key is absent")
	}
	return condition{absent: true}, nil
}

// matchedVersion is the version that If-Match names. Nothing but one entity tag of
// this server is taken: a list and * ask for what the database cannot compare in one
// step, and any other tag is a mistake of the client rather than an old version.
func matchedVersion(match []string) (uint64, error) {
	if len(match) == 1 {
		tag := strings.TrimSpace(match[0])
		version, err := strconv.ParseUint(strings.Trim(tag, `"`), 10, 64)
		if err == nil && version != 0 && tag == etag(version) {
			return version, nil
		}
	}
	return 0, newProblem(malformedRequest, "If-Match takes one version as ETag tells it, such as \"7\" with its quotes, and neither * nor a list; If-None-Match: * stores only if the key is absent")
}

// refuseAllConditions refuses conditions on a write that keeps none.
func refuseAllConditions(header http.Header) error {
	for _, name := range [...]string{"If-Match", "If-None-Match"} {
		if header[name] != nil {
			return newProblem(malformedRequest, "%s is supported by the PUT of a key alone", name)
		}
	}
	return refuseConditions(header)
}

// refuseConditions refuses conditions on a write that are never kept: to ignore
// them would write what the client asked not to.
func refuseConditions(header http.Header) error {
	for _, name := range [...]string{"If-Unmodified-Since", "If-Modified-Since", "Content-Range"} {
		if header[name] != nil {
			return newProblem(malformedRequest, "%s is not supported", name)
		}
	}
	return nil
}
