// Package glob matches texts with patterns as Redis has them.
package glob

// Match tells whether text is of a pattern: * for any bytes, ? for
// any one, [abc], [a-z] and [^a] for one of or not of a set, \ before a character that
// stands for itself.
//
// It takes time that is at most the product of the lengths: of several stars, only the
// last one passed has to be tried again.
func Match[T string | []byte](pattern string, text T) bool {
	p, t := 0, 0
	star, retry := -1, 0 // behind the last star, and where its text ended
	for t < len(text) || p < len(pattern) {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			star, retry = p, t
			continue
		}
		if p < len(pattern) && t < len(text) {
			if next, ok := matchOne(pattern, p, text[t]); ok {
				p, t = next, t+1
				continue
			}
		}
		if star < 0 || retry >= len(text) {
			return false
		}
		retry++
		p, t = star, retry
	}
	return true
}

// matchOne tells whether a byte is of the pattern's next element, and where that ends.
func matchOne(pattern string, p int, c byte) (next int, ok bool) {
	switch pattern[p] {
	case '?':
		return p + 1, true
	case '[':
		return matchSet(pattern, p+1, c)
	case '\\':
		if p+1 < len(pattern) {
			p++
		}
	}
	return p + 1, pattern[p] == c
}

// matchSet is matchOne of a set, from behind its bracket. A set without an end has it at
// the pattern's.
func matchSet(pattern string, p int, c byte) (next int, ok bool) {
	negated := p < len(pattern) && pattern[p] == '^'
	if negated {
		p++
	}
	for p < len(pattern) && pattern[p] != ']' {
		switch {
		case pattern[p] == '\\' && p+1 < len(pattern):
			ok = ok || pattern[p+1] == c
			p += 2
		case p+2 < len(pattern) && pattern[p+1] == '-':
			low, high := pattern[p], pattern[p+2]
			if low > high {
				low, high = high, low
			}
			ok = ok || low <= c && c <= high
			p += 3
		default:
			ok = ok || pattern[p] == c
			p++
		}
	}
	return min(p+1, len(pattern)), ok != negated
}

// LiteralPrefix is what every text of a pattern begins with, as far as it stands there
// literally, and whether the pattern is that and a star, which is any text that so begins.
func LiteralPrefix(pattern string) (prefix string, isPrefix bool) {
	literal := make([]byte, 0, len(pattern))
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '*':
			return string(literal), i == len(pattern)-1
		case '?', '[':
			return string(literal), false
		case '\\':
			if i+1 < len(pattern) {
				i++
			}
		}
		literal = append(literal, pattern[i])
	}
	return string(literal), false
}
