package resp

import (
	"math"
	"slices"
	"strconv"
)

// Writer builds replies in a buffer. Its zero value speaks version 2. What version 3
// has beyond that is written to a client of version 2 as Redis does: a map as an array of
// keys and values, a double as a bulk string, and so on.
type Writer struct {
	Buf   []byte
	Proto int // 2 or 3; 0 is 2
	// Limit is how long Buf may become by strings; 0 is any length. One that would make
	// it longer is left out and Overflowed set: what is in Buf makes no sense then.
	Limit      int
	Overflowed bool
}

func (w *Writer) is3() bool { return w.Proto == 3 }

func (w *Writer) header(kind byte, n int64) {
	w.Buf = append(w.Buf, kind)
	w.Buf = strconv.AppendInt(w.Buf, n, 10)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Simple writes a status, which must have no line end in it.
func (w *Writer) Simple(status string) {
	w.Buf = append(w.Buf, '+')
	w.Buf = append(w.Buf, status...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// OK writes the usual status.
func (w *Writer) OK() { w.Buf = append(w.Buf, "+OK\r\n"...) }

// Error writes an error, the code in capitals first. Line ends in it become spaces.
func (w *Writer) Error(text string) {
	w.Buf = append(w.Buf, '-')
	for i := range len(text) {
		c := text[i]
		if c == '\r' || c == '\n' {
			c = ' '
		}
		w.Buf = append(w.Buf, c)
	}
	w.Buf = append(w.Buf, '\r', '\n')
}

// Int writes a number.
func (w *Writer) Int(n int64) { w.header(':', n) }

// fits tells whether so many bytes may be added.
func (w *Writer) fits(n int) bool {
	w.Overflowed = w.Overflowed || w.Limit > 0 && len(w.Buf)+n > w.Limit
	return !w.Overflowed
}

// Bulk writes a string of bytes.
func (w *Writer) Bulk(value []byte) {
	if !w.fits(len(value)) {
		return
	}
	w.header('$', int64(len(value)))
	w.Buf = append(w.Buf, value...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// BulkString is Bulk of a string.
func (w *Writer) BulkString(value string) {
	if !w.fits(len(value)) {
		return
	}
	w.header('$', int64(len(value)))
	w.Buf = append(w.Buf, value...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// BulkInt writes a number as a string of bytes.
func (w *Writer) BulkInt(n int64) {
	var digits [20]byte
	w.Bulk(strconv.AppendInt(digits[:0], n, 10))
}

// Verbatim writes a text that is meant for people, of a format of three letters.
func (w *Writer) Verbatim(format, text string) {
	if !w.is3() {
		w.BulkString(text)
		return
	}
	w.header('=', int64(len(format)+1+len(text)))
	w.Buf = append(w.Buf, format...)
	w.Buf = append(w.Buf, ':')
	w.Buf = append(w.Buf, text...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Null writes that there is no value.
func (w *Writer) Null() {
	if w.is3() {
		w.Buf = append(w.Buf, "_\r\n"...)
	} else {
		w.Buf = append(w.Buf, "$-1\r\n"...)
	}
}

// NullArray writes that there is no array.
func (w *Writer) NullArray() {
	if w.is3() {
		w.Buf = append(w.Buf, "_\r\n"...)
	} else {
		w.Buf = append(w.Buf, "*-1\r\n"...)
	}
}

// Array begins an array of n replies, which follow.
func (w *Writer) Array(n int) { w.header('*', int64(n)) }

// InsertArray begins an array of n replies, which were written from a place in Buf on, as
// it is known only then how many there are.
func (w *Writer) InsertArray(at, n int) {
	header := strconv.AppendInt([]byte{'*'}, int64(n), 10)
	w.Buf = slices.Insert(w.Buf, at, append(header, '\r', '\n')...)
}

// InsertBulk writes a string of bytes before what was written from a place in Buf on.
func (w *Writer) InsertBulk(at int, value []byte) {
	end := len(w.Buf)
	w.Bulk(value)
	bulk := slices.Clone(w.Buf[end:])
	w.Buf = slices.Insert(w.Buf[:end], at, bulk...)
}

// Map begins a map of n pairs of replies, which follow.
func (w *Writer) Map(n int) {
	if w.is3() {
		w.header('%', int64(n))
	} else {
		w.header('*', 2*int64(n))
	}
}

// Set begins a set of n replies, which follow.
func (w *Writer) Set(n int) {
	if w.is3() {
		w.header('~', int64(n))
	} else {
		w.Array(n)
	}
}

// Push begins a message of n replies that is no answer to a command.
func (w *Writer) Push(n int) {
	if w.is3() {
		w.header('>', int64(n))
	} else {
		w.Array(n)
	}
}

// Bool writes a truth value; in version 2, 1 or 0.
func (w *Writer) Bool(b bool) {
	switch {
	case w.is3() && b:
		w.Buf = append(w.Buf, "#t\r\n"...)
	case w.is3():
		w.Buf = append(w.Buf, "#f\r\n"...)
	case b:
		w.Int(1)
	default:
		w.Int(0)
	}
}

// Double writes a number with a fraction.
func (w *Writer) Double(f float64) {
	if !w.is3() {
		w.BulkString(formatDouble(f))
		return
	}
	w.Buf = append(w.Buf, ',')
	w.Buf = append(w.Buf, formatDouble(f)...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// BigNumber writes an integer of any length, in decimal.
func (w *Writer) BigNumber(digits string) {
	if !w.is3() {
		w.BulkString(digits)
		return
	}
	w.Buf = append(w.Buf, '(')
	w.Buf = append(w.Buf, digits...)
	w.Buf = append(w.Buf, '\r', '\n')
}

func formatDouble(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	return strconv.FormatFloat(f, 'g', 17, 64)
}
