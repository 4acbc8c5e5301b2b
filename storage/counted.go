package storage

import "fmt"

// counted is a number with its noun: "1 file", "2 files".
func counted[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
