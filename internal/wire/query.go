package wire

import (
	"net/url"
	"strconv"

	"github.com/mantisdb/mantisdb"
)

// ScanQuery is the query of a scan over a range, with its question mark unless it is empty.
func ScanQuery(r mantisdb.Range) string {
	query := boundsQuery(r)
	if r.Reverse {
		query.Set("reverse", "true")
	}
	if r.KeysOnly {
		query.Set("keys_only", "true")
	}
	if r.Limit > 0 {
		query.Set("limit", strconv.Itoa(r.Limit))
	}
	return queryOf(query)
}

// WatchQuery is the query of a watch of a range behind a position, empty for the changes to come,
// with its question mark unless it is empty.
func WatchQuery(r mantisdb.Range, after string) string {
	query := boundsQuery(r)
	if r.KeysOnly {
		query.Set("keys_only", "true")
	}
	if after != "" {
		query.Set("after", after)
	}
	return queryOf(query)
}

// DeletionQuery is the query of the deletion of a range, with its question mark.
func DeletionQuery(r mantisdb.Range, o mantisdb.WriteOptions) string {
	query := boundsQuery(r)
	if len(query) == 0 {
		query.Set("all", "true")
	}
	addOptions(query, o)
	return queryOf(query)
}

// WriteQuery is the query of a write of a key, with its question mark unless it is empty.
func WriteQuery(o mantisdb.WriteOptions) string {
	query := url.Values{}
	addOptions(query, o)
	return queryOf(query)
}

// boundsQuery are the bounds of a range.
func boundsQuery(r mantisdb.Range) url.Values {
	query := url.Values{}
	if len(r.Start) > 0 {
		query.Set("start", string(r.Start))
	}
	if r.End != nil {
		query.Set("end", string(r.End))
	}
	return query
}

func addOptions(query url.Values, o mantisdb.WriteOptions) {
	if o.TTL != 0 {
		query.Set("ttl", o.TTL.String())
	}
	if o.Durability != mantisdb.DurabilityDefault {
		query.Set("durability", o.Durability.String())
	}
}

func queryOf(query url.Values) string {
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}
