package cachesim

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
)

// DefaultSizes is a sweep over sizes of caches that suits any trace.
const DefaultSizes = "0.5%,1%,2%,5%,10%,20%,35%,50%"

// Size is the size of a cache, before it is known what a trace holds: a number of
// entries or bytes, or a part of the footprint.
type Size struct {
	text    string
	percent float64 // of the footprint; 0 if it is a number
	number  uint64
	isBytes bool // it has a unit of bytes
}

// ParseSize reads a size: 1000, 5% or 64MiB. A number without a unit is one of
// entries, or of bytes if the trace has sizes.
func ParseSize(text string) (Size, error) {
	size := Size{text: text}
	var err error
	if part, isPart := strings.CutSuffix(text, "%"); isPart {
		size.percent, err = strconv.ParseFloat(part, 64)
		if err != nil || !(size.percent > 0 && size.percent <= 100) {
			return Size{}, fmt.Errorf("%q is no size: a part of the footprint is above 0%% and at most 100%%", text)
		}
		return size, nil
	}
	if size.number, err = strconv.ParseUint(text, 10, 64); err != nil {
		size.isBytes = true
		size.number, err = humanize.ParseBytes(text)
	}
	if err != nil || size.number == 0 {
		return Size{}, fmt.Errorf("%q is no size: use a number of entries such as 1000, a part of the footprint such as 5%%, or bytes such as 64MiB", text)
	}
	return size, nil
}

// ParseSizes reads several sizes.
func ParseSizes(texts []string) ([]Size, error) {
	sizes := make([]Size, 0, len(texts))
	for _, text := range texts {
		size, err := ParseSize(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, size)
	}
	if len(sizes) == 0 {
		return nil, errors.New("no size of a cache is given")
	}
	return sizes, nil
}

// Capacities is what the sizes are for this trace, in entries or bytes, in order and
// each once.
func (t *Trace) Capacities(sizes []Size) ([]uint64, error) {
	var capacities []uint64
	for _, size := range sizes {
		switch {
		case size.percent > 0:
			part := math.Round(size.percent / 100 * float64(t.Footprint))
			capacities = append(capacities, max(uint64(part), 1))
		case size.isBytes && t.Sizes == nil:
			return nil, fmt.Errorf("the size %s is in bytes, and %s has no sizes of entries: use a number of entries or a percentage", size.text, t.Name)
		default:
			capacities = append(capacities, size.number)
		}
	}
	slices.Sort(capacities)
	return slices.Compact(capacities), nil
}
