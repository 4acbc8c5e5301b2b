package replica

// A version, as users see it, is
//
//	term, 24 bits | written in the term, 1 bit | number, 39 bits
//
// The engines of replicas count versions each for itself, and those differ, after a crash for one. But
// of what is written within a term they count alike: each entry takes one for its record, and one for
// each of its operations. So what was written in the present term has the number of versions since the
// term began, which all replicas know, and keeps it as long as it is told of: a change has the same
// version whoever tells it, greater than all before, so that a version is a place in the history of a
// group. Values that were written in earlier terms are given the numbers of the leader's own engine in
// the present term: a version that was read from an earlier leader is that of no value any more, and
// never that of another, as long as fewer than 2^39 versions lie between them.
const (
	termShift     = 40
	writtenInTerm = 1 << (termShift - 1)
	// mostInTerm is from which number on a leader ends its term, long before there are no more.
	mostInTerm = writtenInTerm / 2
)

// versionIn is that of what was written in a term, by its number, from 1 on.
func versionIn(term, number uint64) uint64 { return term<<termShift | writtenInTerm | number }

// ownVersion is that of what was written before a term, by the version of the leader's engine, of which
// there is room for the last 39 bits.
func ownVersion(term, version uint64) uint64 {
	return term<<termShift | version&(writtenInTerm-1)
}

// firstChange is the first version from another one on that a change can have: what was written before a
// term is not told in it.
func firstChange(from uint64) uint64 {
	if from&writtenInTerm == 0 {
		return versionIn(from>>termShift, 1)
	}
	return from
}
