package wire

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mantisdb/mantisdb"
)

// Resolver finds the keyspace that an operation or a condition names; the name is empty
// if it names none.
type Resolver func(name string) (*mantisdb.Keyspace, error)

// Keyspace is a keyspace as JSON has it.
type Keyspace struct {
	Name       string `json:"name"`
	TTL        string `json:"ttl,omitempty"` // a duration; empty is none
	MemoryOnly bool   `json:"memory_only,omitempty"`
	// Compression is none, lz4 or zstd; empty is the engine's own choice.
	Compression string `json:"compression,omitempty"`
}

// KeyspaceList is all keyspaces.
type KeyspaceList struct {
	Keyspaces []Keyspace `json:"keyspaces"`
}

// KeyspaceOf is a keyspace in the form of JSON.
func KeyspaceOf(name string, o mantisdb.KeyspaceOptions) Keyspace {
	k := Keyspace{Name: name, MemoryOnly: o.MemoryOnly}
	if o.TTL != 0 {
		k.TTL = o.TTL.String()
	}
	if o.Compression != mantisdb.CompressionDefault {
		k.Compression = o.Compression.String()
	}
	return k
}

// Info is the keyspace as the library has it.
func (k *Keyspace) Info() (info mantisdb.KeyspaceInfo, err error) {
	info = mantisdb.KeyspaceInfo{Name: k.Name, Options: mantisdb.KeyspaceOptions{MemoryOnly: k.MemoryOnly}}
	if k.TTL != "" {
		if info.Options.TTL, err = ParseTTL(k.TTL); err != nil {
			return info, err
		}
	}
	if k.Compression != "" {
		info.Options.Compression, err = mantisdb.ParseCompression(k.Compression)
	}
	return info, err
}

// ReadKeyspace reads what keyspace is to be made, and nothing else, from r:
//
//	{"name":"...","ttl":"30m","memory_only":true,"compression":"zstd"}
//
// All but the name may be left out. An error of r is found with errors.As.
func ReadKeyspace(r io.Reader) (name string, o mantisdb.KeyspaceOptions, err error) {
	var d Decoder
	d.json.Reset(r)
	if err := d.expect('{', "an object"); err != nil {
		return "", o, err
	}
	for d.json.PeekKind() != '}' {
		member, err := d.json.ReadValue()
		if err != nil {
			return "", o, syntaxError(err)
		}
		switch string(member) {
		case `"name"`:
			var text []byte
			text, err = d.string("name")
			name = string(text)
		case `"ttl"`:
			o.TTL, err = d.ttl()
		case `"memory_only"`:
			o.MemoryOnly, err = d.bool("memory_only")
		case `"compression"`:
			o.Compression, err = d.compression()
		default:
			err = fmt.Errorf("unknown member %s", shorten(string(member)))
		}
		if err != nil {
			return "", o, err
		}
	}
	if err := d.end("the object"); err != nil {
		return "", o, err
	}
	if name == "" {
		return "", o, errors.New(`"name" is missing: name the keyspace`)
	}
	return name, o, nil
}

// compression reads the kind of compression at hand.
func (d *Decoder) compression() (mantisdb.Compression, error) {
	text, err := d.string("compression")
	if err != nil {
		return 0, err
	}
	return mantisdb.ParseCompression(string(text))
}

// ttl reads the time to live at hand.
func (d *Decoder) ttl() (time.Duration, error) {
	text, err := d.string("ttl")
	if err != nil {
		return 0, err
	}
	return ParseTTL(string(text))
}
