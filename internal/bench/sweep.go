package bench

// sweep checks a walk over a whole store: that it yields every key once, in
// order, each with exactly the value that was written last.
type sweep struct {
	ledger *ledger
	faults *faults
	next   uint64 // number of the key that should come
}

// visit checks one entry.
func (s *sweep) visit(key, value []byte) {
	number, ok := parseKey(key)
	switch {
	case !ok || number >= s.ledger.keys:
		s.faults.add("scan yields key %q, which was never written", key)
		return
	case number < s.next:
		s.faults.add("scan yields key %q out of order", key)
		return
	case number > s.next:
		s.missing(number)
	}
	s.next = number + 1
	checkGeneration(s.faults, value, number, s.ledger.generation(number))
}

// finish checks that the walk did not end early.
func (s *sweep) finish() { s.missing(s.ledger.keys) }

// missing counts the keys from the next one to before end.
func (s *sweep) missing(end uint64) {
	if s.next < end {
		s.faults.add("scan does not yield key number %d", s.next)
		s.faults.count += end - s.next - 1
	}
	s.next = end
}

// checkGeneration counts a value that is not the one of that generation.
func checkGeneration(f *faults, value []byte, number, want uint64) {
	generation, whole := checkValue(value, number)
	switch {
	case !whole:
		f.add("key number %d: the value is not one that was ever written", number)
	case generation != want:
		f.add("key number %d: the value is of generation %d, not of %d", number, generation, want)
	}
}
