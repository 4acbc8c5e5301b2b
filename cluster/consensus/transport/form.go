package transport

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Dragonboat's decoders take what they are given for what their encoders have written: of other
// bytes some let them reach out of bounds, and short ones can be made to take much memory. So the
// form of a payload is checked before they see it: it has no fields but those that the encoders
// write, each as long as it says and of the type that the decoder expects, and no more parts.

// field is what a field of a message has to be; zero: there is none of its number.
type field struct {
	known  bool
	wire   protowire.Type // VarintType or BytesType
	isPart bool
	within fields // of a part; nil: it is not in the form of Protocol Buffers
}

// fields are those of a message, by number.
type fields []field

func part(within fields) field {
	return field{known: true, wire: protowire.BytesType, isPart: true, within: within}
}

var (
	absent  = field{}
	number  = field{known: true, wire: protowire.VarintType}
	content = field{known: true, wire: protowire.BytesType}
	// An entry of the log has an encoding of its own, whose decoder checks what it reads.
	logEntry = part(nil)

	text    = part(fields{absent, number, content}) // of a map from numbers
	flag    = part(fields{absent, number, number})  // of a map from numbers
	members = part(fields{absent, number, text, flag, text, text})
	file    = part(fields{absent, absent, content, number, number, content})

	snapshot = part(fields{absent, absent, content, number, number, number, members, file, content, number, number,
		number, number, number, number})
	message = part(fields{absent, number, number, number, number, number, number, number, number, number, number,
		logEntry, snapshot, number})

	batchFields = fields{absent, message, number, content, number}
	chunkFields = fields{absent, number, number, number, number, number, number, content, number, number, members,
		absent, content, number, number, number, number, number, file, number, number, number}
	changeFields = fields{absent, number, number, number, content, number}
)

// bytesPerPart is how long a payload of the longest kind is for each part that it may have.
// Dragonboat counts 212 bytes of a batch's 64 MiB for a message, which has three parts, and 144 for
// an entry, which is one.
const bytesPerPart = 64

// checkForm returns nil if a payload can be decoded.
func (k kind) checkForm(payload []byte) error {
	expected := batchFields
	if k == chunkFrame {
		expected = chunkFields
	}
	parts := k.maxLen() / bytesPerPart
	if err := expected.check(payload, &parts); err != nil {
		return fmt.Errorf("%w: a frame of kind %d and %d bytes: %w", errMalformed, k, len(payload), err)
	}
	return nil
}

// check checks the fields of a message, and takes its parts from those that may still come. It is
// called for all that arrives.
func (f fields) check(b []byte, parts *int) error {
	for len(b) > 0 {
		tag, n := varint(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		number, wire := protowire.DecodeTag(tag)
		if number <= 0 || int(number) >= len(f) || !f[number].known || f[number].wire != wire {
			return fmt.Errorf("field %d is of type %d", number, wire)
		}
		value, n := consume(b, wire)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if expected := &f[number]; expected.isPart {
			if err := expected.checkPart(value, parts); err != nil {
				return err
			}
		}
		b = b[n:]
	}
	return nil
}

// varint is protowire.ConsumeVarint, with its usual case, one byte, in line.
func varint(b []byte) (uint64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	return protowire.ConsumeVarint(b)
}

// consume returns the length of a field's value at the beginning of b, or an error of protowire's,
// and the value itself if it is one of bytes.
func consume(b []byte, wire protowire.Type) (value []byte, n int) {
	if wire == protowire.BytesType {
		return protowire.ConsumeBytes(b)
	}
	_, n = varint(b)
	return nil, n
}

func (f *field) checkPart(value []byte, parts *int) error {
	if *parts--; *parts < 0 {
		return errors.New("it has too many parts")
	}
	if f.within == nil {
		return nil
	}
	return f.within.check(value, parts)
}
