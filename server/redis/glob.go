package redis

import "github.com/mantisdb/mantisdb/internal/glob"

// matches tells whether text is of a pattern as Redis has them.
func matches(pattern, text string) bool { return glob.Match(pattern, text) }
