package figures

import (
	"slices"
	"time"
)

// ring keeps the newest samples. They are numbered from 0 in the order in which they came.
type ring struct {
	samples []sample
	added   int // so many have come
}

func (r *ring) add(s *sample) {
	*r.at(r.added) = *s
	r.added++
}

// at is a sample that is kept, by its number.
func (r *ring) at(number int) *sample { return &r.samples[number%len(r.samples)] }

// last is what was done in so many of the last steps, or as many as there are.
func (r *ring) last(steps int) difference {
	before, now := r.at(max(r.oldest(), r.added-1-steps)), r.at(r.added-1)
	return difference{before, now, now.at.Sub(before.at)}
}

// oldest is the number of the oldest sample that is kept.
func (r *ring) oldest() int { return max(0, r.added-len(r.samples)) }

// reaches tells whether nothing is missing from a moment on: it was kept, or there was
// nothing before.
func (r *ring) reaches(from time.Time) bool {
	return r.added <= len(r.samples) || !r.at(r.oldest()).at.After(from)
}

// firstFrom is the number of the first sample that is later than a moment.
func (r *ring) firstFrom(from time.Time) (number int, ok bool) {
	oldest := r.oldest()
	// Samples are in the order of their times, unless somebody sets the clock.
	for number = oldest; number < r.added; number++ {
		if r.at(number).at.After(from) {
			return number, true
		}
	}
	return 0, false
}

// points are the points that end after a moment at samples whose numbers are multiples of
// the stride, the newest of them, at most so many.
func (r *ring) points(from time.Time, stride, most int) []Point {
	points := []Point{}
	last := (r.added - 1) / stride * stride
	for number := last; number-stride >= r.oldest() && len(points) < most; number -= stride {
		now := r.at(number)
		if !now.at.After(from) {
			break
		}
		points = append(points, pointBetween(r.at(number-stride), now))
	}
	slices.Reverse(points)
	return points
}
