package storage

import (
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// pebbleJobs are the flushes and compactions that run, by Pebble's numbers for them.
type pebbleJobs struct {
	mu      sync.Mutex
	running map[int]pebbleJob
}

type pebbleJob struct {
	Compaction
	inputs []uint64 // the numbers of the segments
}

func (j *pebbleJobs) begin(id int, job pebbleJob) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.running == nil {
		j.running = make(map[int]pebbleJob)
	}
	job.Started = time.Now().UTC()
	j.running[id] = job
}

func (j *pebbleJobs) end(id int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.running, id)
}

// list tells what runs, the oldest first, and which segments it takes.
func (j *pebbleJobs) list() (running []Compaction, inputs map[uint64]bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	running, inputs = []Compaction{}, map[uint64]bool{}
	for _, job := range j.running {
		running = append(running, job.Compaction)
		for _, number := range job.inputs {
			inputs[number] = true
		}
	}
	slices.SortFunc(running, func(a, b Compaction) int { return a.Started.Compare(b.Started) })
	return running, inputs
}

func flushOf(info *pebble.FlushInfo) pebbleJob {
	return pebbleJob{Compaction: Compaction{Kind: KindFlush, FromLevel: -1, InputBytes: info.InputBytes}}
}

func compactionOf(info *pebble.CompactionInfo) pebbleJob {
	job := pebbleJob{Compaction: Compaction{Kind: KindCompaction, ToLevel: info.Output.Level}}
	for i, level := range info.Input {
		if i == 0 {
			job.FromLevel = level.Level
		}
		for _, table := range level.Tables {
			job.InputBytes += table.Size
			job.inputs = append(job.inputs, uint64(table.FileNum))
		}
	}
	return job
}
