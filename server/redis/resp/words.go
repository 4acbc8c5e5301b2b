package resp

import "strconv"

// SplitWords parts a line into words as Redis does: at spaces, with "..." in which
// \n, \r, \t, \b, \a, \xHH and any escaped character stand for what they name, and
// '...' in which only \' does. It writes the words over the line, which is theirs then.
// It is not ok if a quote has no end, or something follows right behind one.
func SplitWords(line []byte) (words [][]byte, ok bool) {
	spans, ok := appendWords(nil, line, 0)
	for _, s := range spans {
		words = append(words, line[s.from:s.to:s.to])
	}
	return words, ok
}

// appendWords is SplitWords that appends where the words are, the line beginning at an
// offset.
func appendWords(words []span, line []byte, offset int) (longer []span, ok bool) {
	in, out := 0, 0
	for {
		for in < len(line) && isSpace(line[in]) {
			in++
		}
		if in == len(line) {
			return words, true
		}
		out = in
		from := out
		for in < len(line) && !isSpace(line[in]) {
			switch line[in] {
			case '"', '\'':
				if in, out, ok = unquote(line, in, out); !ok {
					return words, false
				}
			default:
				line[out] = line[in]
				in, out = in+1, out+1
			}
		}
		words = append(words, span{offset + from, offset + out})
	}
}

// unquote moves what is between quotes from in to out, and tells where both are then.
func unquote(line []byte, in, out int) (int, int, bool) {
	quote := line[in]
	for in++; in < len(line); in++ {
		switch c := line[in]; {
		case c == quote:
			in++
			return in, out, in == len(line) || isSpace(line[in])
		case c == '\\' && quote == '"' && in+3 < len(line) && line[in+1] == 'x' && isHex(line[in+2]) && isHex(line[in+3]):
			n, _ := strconv.ParseUint(string(line[in+2:in+4]), 16, 8)
			line[out] = byte(n)
			in += 3
		case c == '\\' && quote == '"' && in+1 < len(line):
			in++
			line[out] = escaped(line[in])
		case c == '\\' && quote == '\'' && in+1 < len(line) && line[in+1] == '\'':
			in++
			line[out] = '\''
		default:
			line[out] = c
		}
		out++
	}
	return in, out, false
}

// escaped is what a character stands for behind a backslash.
func escaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' || c == 0 }

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
