package resp

import (
	"bytes"
	"math"
	"slices"
)

// Limits bound what a Parser takes in.
type Limits struct {
	MaxBulk    int // bytes of one argument
	MaxArgs    int // arguments of one command
	MaxRequest int // bytes of one command, with its framing
}

// Bounds that are Redis's own: of a command that is typed as a line, and of the line
// before an argument. Before a client has authenticated, Redis holds it to the last two.
const (
	maxInline  = 64 << 10
	UnauthArgs = 10
	UnauthBulk = 16 << 10
)

// A ProtocolError ends a connection: what follows cannot be told apart any more.
type ProtocolError string

// Error is the text as Redis replies it, without its leading "ERR ".
func (e ProtocolError) Error() string { return "Protocol error: " + string(e) }

// Parser takes commands out of a stream of bytes that arrives in any pieces. It keeps
// what it has found of a command that is incomplete, so that no byte is looked at twice
// however small the pieces are.
type Parser struct {
	limits Limits
	buf    []byte
	start  int // of the command that is being parsed
	pos    int // from here on nothing was looked at
	// missing are the arguments that a command still lacks, if inArray.
	missing int
	inArray bool
	bulk    int // the length of the argument that comes next, or noBulk
	spans   []span
	args    [][]byte
}

// span is where an argument lies, from the command's start.
type span struct{ from, to int }

const noBulk = -1

// smallBuffer is what a connection keeps between commands, and largeBuffer what it may
// keep while it is busy.
const (
	smallBuffer = 16 << 10
	largeBuffer = 256 << 10
)

// keepArgs is for how many arguments a connection keeps room between commands.
const keepArgs = 1 << 12

// NewParser makes a parser that has seen nothing.
func NewParser(limits Limits) *Parser { return &Parser{limits: limits, bulk: noBulk} }

// SetLimits changes the limits for what was not yet looked at.
func (p *Parser) SetLimits(limits Limits) { p.limits = limits }

// Buffered is how many bytes wait to be parsed or completed.
func (p *Parser) Buffered() int { return len(p.buf) - p.start }

// Held is how many bytes the buffer has, those of the command under way included, and
// how many it has room for behind them.
func (p *Parser) Held() (used, free int) { return len(p.buf), cap(p.buf) - len(p.buf) }

// Room is where the next bytes of the stream are to be read to: at least one byte. What
// Next returned before is not valid any more.
func (p *Parser) Room() []byte {
	p.compact()
	if cap(p.args) > keepArgs {
		p.args = nil
	}
	if len(p.buf) == cap(p.buf) {
		p.grow()
	}
	return p.buf[len(p.buf):cap(p.buf)]
}

// Reset has the parser begin with bytes that came elsewhere, and forget all others. They are
// borrowed until the next Reset, and Room must not be called before one of nil.
func (p *Parser) Reset(bytes []byte) {
	p.buf, p.start, p.pos = bytes, 0, 0
	p.missing, p.inArray, p.bulk, p.spans = 0, false, noBulk, p.spans[:0]
	if cap(p.args) > keepArgs {
		p.args = nil
	}
}

// Filled tells that n bytes were read into Room.
func (p *Parser) Filled(n int) { p.buf = p.buf[:len(p.buf)+n] }

// compact moves what is left to the buffer's beginning, which costs nothing most often:
// a pipeline is parsed whole before more is read.
func (p *Parser) compact() {
	if p.start == 0 {
		return
	}
	n := copy(p.buf, p.buf[p.start:])
	p.buf, p.pos, p.start = p.buf[:n], p.pos-p.start, 0
	if n == 0 && cap(p.buf) > largeBuffer {
		p.buf = nil
	}
}

// grow doubles the buffer, or makes it as long as the argument under way needs, but no
// more than twice what has come: a length that is announced alone takes no memory.
func (p *Parser) grow() {
	size := max(2*cap(p.buf), smallBuffer)
	if p.bulk != noBulk {
		if need := p.pos + p.bulk + 2; need > cap(p.buf) {
			size = min(size, max(need, smallBuffer))
		}
	}
	p.buf = append(make([]byte, 0, size), p.buf...)
}

// Next returns the arguments of the next command, the name first. They are borrowed:
// valid until Room is called. Without a whole command it returns nil, and an error is a
// ProtocolError. What says nothing, as an empty line, is passed over.
func (p *Parser) Next() ([][]byte, error) {
	for p.pos < len(p.buf) {
		done, err := p.step()
		if err != nil {
			return nil, err
		}
		if !done {
			break
		}
		if len(p.spans) > 0 {
			return p.take(), nil
		}
		p.start = p.pos
	}
	if p.Buffered() > p.limits.MaxRequest {
		return nil, ProtocolError("request too large")
	}
	return nil, nil
}

// take is the command that was found; the next one begins behind it.
func (p *Parser) take() [][]byte {
	p.args = slices.Grow(p.args[:0], len(p.spans))
	for _, s := range p.spans {
		p.args = append(p.args, p.buf[p.start+s.from:p.start+s.to:p.start+s.to])
	}
	p.spans = p.spans[:0]
	if cap(p.spans) > keepArgs {
		p.spans = nil
	}
	p.start = p.pos
	return p.args
}

// step goes on with the command under way, and tells whether it is whole.
func (p *Parser) step() (done bool, err error) {
	if p.inArray {
		return p.elements()
	}
	if p.buf[p.pos] != '*' {
		return p.inline()
	}
	line, ok, err := p.line("too big mbulk count string")
	if !ok {
		return false, err
	}
	n, ok := parseInt(line[1:])
	if !ok || n > int64(p.limits.MaxArgs) {
		if ok && p.limits.MaxArgs == UnauthArgs {
			return false, ProtocolError("unauthenticated multibulk length")
		}
		return false, ProtocolError("invalid multibulk length")
	}
	if n <= 0 {
		return true, nil
	}
	p.inArray, p.missing = true, int(n)
	return p.elements()
}

// elements parses the arguments of an array, as far as they are there.
func (p *Parser) elements() (done bool, err error) {
	for p.missing > 0 {
		if p.bulk == noBulk {
			if ok, err := p.bulkLength(); !ok {
				return false, err
			}
		}
		if len(p.buf)-p.pos < p.bulk+2 {
			return false, nil
		}
		p.spans = append(p.spans, span{p.pos - p.start, p.pos - p.start + p.bulk})
		p.pos += p.bulk + 2
		p.bulk = noBulk
		p.missing--
	}
	p.inArray = false
	return true, nil
}

// bulkLength parses the line before an argument.
func (p *Parser) bulkLength() (ok bool, err error) {
	line, ok, err := p.line("too big bulk count string")
	if !ok {
		return false, err
	}
	if len(line) == 0 || line[0] != '$' {
		found := byte(0)
		if len(line) > 0 {
			found = line[0]
		}
		return false, ProtocolError("expected '$', got '" + string(rune(found)) + "'")
	}
	n, ok := parseInt(line[1:])
	if !ok || n < 0 || n > int64(p.limits.MaxBulk) {
		if ok && n >= 0 && p.limits.MaxBulk == UnauthBulk {
			return false, ProtocolError("unauthenticated bulk length")
		}
		return false, ProtocolError("invalid bulk length")
	}
	p.bulk = int(n)
	return true, nil
}

// line takes a line of framing, without its end. It is not ok if it is incomplete.
func (p *Parser) line(tooLong ProtocolError) (line []byte, ok bool, err error) {
	rest := p.buf[p.pos:]
	end := bytes.IndexByte(rest, '\r')
	if end < 0 || end+1 == len(rest) {
		if len(rest) > maxInline {
			return nil, false, tooLong
		}
		return nil, false, nil
	}
	p.pos += end + 2
	return rest[:end], true, nil
}

// inline parses a command that is typed as a line, as in a terminal.
func (p *Parser) inline() (done bool, err error) {
	rest := p.buf[p.pos:]
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		if len(rest) > maxInline {
			return false, ProtocolError("too big inline request")
		}
		return false, nil
	}
	line := rest[:end]
	// Quotes and escapes only ever shorten a word, so words are written over the line.
	var ok bool
	if p.spans, ok = appendWords(p.spans, line, p.pos-p.start); !ok {
		return false, ProtocolError("unbalanced quotes in request")
	}
	if len(p.spans) > p.limits.MaxArgs {
		return false, ProtocolError("invalid multibulk length")
	}
	p.pos += end + 1
	return true, nil
}

// parseInt reads a decimal number as the framing has it.
func parseInt(digits []byte) (int64, bool) {
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false
	}
	var n int64
	for _, digit := range digits {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		n = n*10 + int64(digit-'0')
	}
	if negative {
		n = -n
	}
	return n, n >= math.MinInt32 && n <= math.MaxInt32
}
