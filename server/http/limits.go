package httpapi

import (
	"time"

	"github.com/mantisdb/mantisdb"
)

const (
	// maxValueBody bounds a body that is a value.
	maxValueBody = mantisdb.MaxValueLen
	// maxJSONBody bounds a body that is JSON, such as a batch. It holds one value
	// of the greatest length in base64, and a third as much beside it.
	maxJSONBody = 128 << 20

	// A body may take as long as it needs, so long as it gets ahead: each
	// progressBytes of it must pass within stallTimeout.
	progressBytes = 64 << 10
	stallTimeout  = 30 * time.Second

	// keptWhole is a length from which on net/http sends an answer before it has all of it.
	// Of a shorter one it tells the length by itself, at less cost.
	keptWhole = 2 << 10
)
