package placement

import "math"

// zoneCap is how many replicas of a shard one zone may have: the least number with which all
// zones together can hold them. It is 1 where there are zones enough. sizes are the numbers of
// nodes of the zones, which are replicas or more together.
func zoneCap(sizes []int, replicas int) int {
	for most := 1; ; most++ {
		room := 0
		for _, size := range sizes {
			room += min(size, most)
		}
		if room >= replicas {
			return most
		}
	}
}

// shares divides total replicas among nodes in proportion to their weights, such that no node
// has more than perNode and no zone more than perZone. A node's zone is its number from 0 to
// zones-1. The result is what is levelled out like water: whoever is below both bounds has the
// same level, its share over its weight.
func shares(total float64, weights []float64, zone []int, zones int, perNode, perZone float64) []float64 {
	held := make([]float64, zones)
	fill := func(at float64) (sum float64) {
		clear(held)
		for i, weight := range weights {
			held[zone[i]] += min(weight*at, perNode)
		}
		for _, amount := range held {
			sum += min(amount, perZone)
		}
		return sum
	}
	level := levelOf(total, fill)
	fill(level)
	levels := make([]float64, zones)
	for z, amount := range held {
		levels[z] = level
		if amount > perZone {
			levels[z] = levelOf(perZone, func(at float64) (sum float64) {
				for i, weight := range weights {
					if zone[i] == z {
						sum += min(weight*at, perNode)
					}
				}
				return sum
			})
		}
	}
	result := make([]float64, len(weights))
	for i, weight := range weights {
		result[i] = min(weight*levels[zone[i]], perNode)
	}
	return result
}

// levelOf is the least level at which fill, which grows with it, reaches total.
func levelOf(total float64, fill func(level float64) float64) float64 {
	high := 1.0
	for fill(high) < total && high < math.MaxFloat64/2 {
		high *= 2
	}
	low := 0.0
	for range 64 {
		if middle := (low + high) / 2; fill(middle) < total {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
