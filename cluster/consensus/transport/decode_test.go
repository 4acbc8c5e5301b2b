package transport

import (
	"errors"
	"testing"

	"github.com/lni/dragonboat/v4/raftpb"
)

// lies are contents in which a length is greater than what follows.
var lies = map[string][]byte{
	"a number that is cut off behind a message": {1<<3 | 2, 0, 0x80},
	"a message of endless length":               {1<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	"an entry of endless length":                {1<<3 | 2, 10, 11<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	"a message that is cut off":                 {1<<3 | 2, 9, 1},
}

func TestLiesAreRefused(t *testing.T) {
	for name, content := range lies {
		if err := decode(new(raftpb.MessageBatch), content); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, content := range lies {
		f.Add(true, content)
		f.Add(false, content)
	}
	f.Fuzz(func(t *testing.T, isBatch bool, content []byte) {
		var into message = new(raftpb.Chunk)
		if isBatch {
			into = new(raftpb.MessageBatch)
		}
		if err := decode(into, content); err != nil && !errors.Is(err, errMalformed) {
			t.Error(err)
		}
	})
}
