package caches

import "runtime/debug"

// budgetFor tries out which budget in bytes holds so many entries, in caches that count
// what an entry takes beside its key and value. It begins with a guess, and gives the memory of
// the caches that it tried back to the system.
func budgetFor(room, guess uint64, open func(budget uint64) (Cache, error)) (uint64, error) {
	for range 3 {
		held, err := heldBy(guess, room, open)
		if err != nil {
			return 0, err
		}
		guess = uint64(float64(guess) * float64(room) / float64(held))
	}
	debug.FreeOSMemory()
	return guess, nil
}

// heldBy is how many entries a budget holds when others have left for them.
func heldBy(budget, room uint64, open func(budget uint64) (Cache, error)) (uint64, error) {
	c, err := open(budget)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	v := newValue()
	for id := range uint32(2 * room) {
		if err := c.Put(id, v.of(id)); err != nil {
			return 0, err
		}
	}
	held, err := c.Entries()
	return max(held, 1), err
}
