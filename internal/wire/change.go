package wire

import "github.com/mantisdb/mantisdb"

// ChangeNames are the kinds of change, as the events of a watch are named.
var ChangeNames = map[mantisdb.ChangeKind]string{
	mantisdb.ChangePut:         "put",
	mantisdb.ChangeDelete:      "delete",
	mantisdb.ChangeDeleteRange: "delete-range",
}

// AppendChange appends c as one JSON object, without a line end: a put as AppendEntry
// does, without the value if keysOnly is set; a deletion as its key; that of a range as
// start and end, either left out if it is unbounded. All have their version.
func AppendChange(dst []byte, enc Encoding, c mantisdb.Change, keysOnly bool) []byte {
	meta := mantisdb.Meta{Version: c.Version, ExpiresAt: c.ExpiresAt}
	switch entry := (mantisdb.Entry{Key: c.Key, Value: c.Value, Meta: meta}); {
	case c.Kind == mantisdb.ChangeDeleteRange:
		return appendRange(dst, enc, c)
	case c.Kind == mantisdb.ChangePut && !keysOnly:
		return AppendEntry(dst, enc, entry)
	default:
		return AppendKey(dst, enc, entry)
	}
}

func appendRange(dst []byte, enc Encoding, c mantisdb.Change) []byte {
	dst = append(dst, '{')
	begin := len(dst)
	if len(c.Key) > 0 {
		dst = appendBytes(dst, enc, "start", c.Key)
	}
	if c.End != nil {
		if len(dst) > begin {
			dst = append(dst, ',')
		}
		dst = appendBytes(dst, enc, "end", c.End)
	}
	if len(dst) == begin { // appendMeta begins with a comma
		dst = append(dst, `"all":true`...)
	}
	return appendMeta(dst, mantisdb.Meta{Version: c.Version})
}
