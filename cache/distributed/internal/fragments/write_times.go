package fragments

// timeClasses is how many classes of keys a fragment tells apart. A class is for what the
// fragment does not have: the more there are, the less of what another node hands over is
// left out because of another key.
const timeClasses = 4096

// writeTimes are the times of the newest write in each class of keys, Unix nanoseconds; 0 is
// none.
type writeTimes [timeClasses]int64

// classOf takes bits of a hash other than those by which Olric chooses the partition.
func classOf(hkey uint64) uint64 { return hkey >> 32 % timeClasses }

// of is the time of a key's class.
func (t *writeTimes) of(hkey uint64) int64 {
	if t == nil {
		return 0
	}
	return t[classOf(hkey)]
}

// raise notes a write.
func (t *writeTimes) raise(class uint64, at int64) { t[class] = max(t[class], at) }
