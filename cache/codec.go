package cache

import (
	"encoding"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// Codec turns values of a type into bytes and back. It may be used from many goroutines
// at once.
type Codec[T any] interface {
	// Append appends the bytes of v to dst. Equal values have equal bytes, if they are
	// to be keys.
	Append(dst []byte, v T) ([]byte, error)
	// Decode is the value of bytes, which are borrowed: it keeps none of them.
	Decode(src []byte) (T, error)
}

// ErrCodec: bytes in the cache are not those of a value of the type.
var ErrCodec = errors.New("cache: cannot decode")

// String is the codec of strings: their bytes.
type String struct{}

// Append implements Codec.
func (String) Append(dst []byte, v string) ([]byte, error) { return append(dst, v...), nil }

// Decode implements Codec.
func (String) Decode(src []byte) (string, error) { return string(src), nil }

// Bytes is the codec of byte slices, which it copies. What it decodes is never nil.
type Bytes struct{}

// Append implements Codec.
func (Bytes) Append(dst []byte, v []byte) ([]byte, error) { return append(dst, v...), nil }

// Decode implements Codec.
func (Bytes) Decode(src []byte) ([]byte, error) {
	return append(make([]byte, 0, len(src)), src...), nil
}

// Integer is what Int is the codec of.
type Integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

// Int is the codec of an integer type: 8 bytes, the most significant first, so that
// integers with equal beginnings have a prefix in common; those of int64 for types with a
// sign.
type Int[T Integer] struct{}

// Append implements Codec.
func (Int[T]) Append(dst []byte, v T) ([]byte, error) {
	return binary.BigEndian.AppendUint64(dst, uint64(v)), nil
}

// Decode implements Codec.
func (Int[T]) Decode(src []byte) (T, error) {
	if len(src) != 8 {
		return 0, fmt.Errorf("%w an integer: %d bytes, not 8", ErrCodec, len(src))
	}
	u := binary.BigEndian.Uint64(src)
	if v := T(u); uint64(v) == u {
		return v, nil
	}
	return 0, fmt.Errorf("%w an integer: %d does not fit into %T", ErrCodec, u, T(0))
}

// Binary is the codec of a type T whose pointer marshals itself, as encoding says: P is
// *T. encoding.BinaryAppender is used where there is one.
type Binary[T any, P interface {
	*T
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}] struct{}

// Append implements Codec.
func (Binary[T, P]) Append(dst []byte, v T) ([]byte, error) {
	if a, can := any(&v).(encoding.BinaryAppender); can {
		return a.AppendBinary(dst)
	}
	p, err := P(&v).MarshalBinary()
	return append(dst, p...), err
}

// Decode implements Codec.
func (Binary[T, P]) Decode(src []byte) (T, error) {
	var v T
	err := P(&v).UnmarshalBinary(src)
	if err != nil {
		err = fmt.Errorf("%w a %T: %w", ErrCodec, v, err)
	}
	return v, err
}

// JSON is the codec of any type that encoding/json can write and read.
type JSON[T any] struct{}

// Append implements Codec.
func (JSON[T]) Append(dst []byte, v T) ([]byte, error) {
	p, err := json.Marshal(v)
	return append(dst, p...), err
}

// Decode implements Codec.
func (JSON[T]) Decode(src []byte) (T, error) {
	var v T
	err := json.Unmarshal(src, &v)
	if err != nil {
		err = fmt.Errorf("%w a %T: %w", ErrCodec, v, err)
	}
	return v, err
}

// Prefixed puts the same bytes before all that another codec makes, so that several Typed
// can share a Cache: its DeletePrefix of those bytes empties one of them.
type Prefixed[T any] struct {
	Prefix string
	Codec  Codec[T]
}

// Append implements Codec.
func (p Prefixed[T]) Append(dst []byte, v T) ([]byte, error) {
	return p.Codec.Append(append(dst, p.Prefix...), v)
}

// Decode implements Codec.
func (p Prefixed[T]) Decode(src []byte) (T, error) {
	if len(src) < len(p.Prefix) || string(src[:len(p.Prefix)]) != p.Prefix {
		var none T
		return none, fmt.Errorf("%w: it does not begin with %q", ErrCodec, p.Prefix)
	}
	return p.Codec.Decode(src[len(p.Prefix):])
}
