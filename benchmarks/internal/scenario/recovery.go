package scenario

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"

	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// recovery: a process writes a given number of bytes, buffered, with a write
// buffer that holds them all, and is killed; then the open is timed, and what
// was acknowledged last is looked for.
func (r *runner) recovery() error {
	written, err := r.fillAndKill()
	if err != nil {
		return err
	}
	watch, err := measure.StartWatch()
	if err != nil {
		return err
	}
	r.configureFill()
	start := measure.Now()
	if err := r.open(); err != nil {
		return err
	}
	// A store that puts off its recovery does it for the first read.
	_, err = r.findKey(&client{}, r.fillKey(written-1))
	seconds := float64(measure.Now()-start) / 1e9
	if err != nil {
		return r.closeAfter(err)
	}
	record := r.record("open_after_kill", 1, seconds)
	record.Keys, record.OpenSeconds, record.LogBytes = written, seconds, written*r.entryBytes()
	if record.Lost, err = r.countLost(written); err != nil {
		return r.closeAfter(err)
	}
	if store, ok := r.store.(engine.Recovered); ok {
		replayed, err := store.Replayed()
		if err != nil {
			return r.closeAfter(err)
		}
		record.Replayed = &replayed
	}
	return r.closeAfter(r.finish(watch, record))
}

// configureFill sets a write buffer that holds all that is written, with what
// stores keep beside it.
func (r *runner) configureFill() {
	limit := r.Limit
	if limit == 0 {
		limit = 1 << 30
	}
	r.config = engine.Config{Dir: r.Dir, Limit: limit, WriteBuffer: 3*r.LogBytes + 64<<20}
}

// fillAndKill has a child write and kills it, and returns how many writes it had
// been acknowledged.
func (r *runner) fillAndKill() (uint64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	child := exec.Command(self, "run", "-engine="+r.Engine, "-scenario=fill", "-keep-dir", "-dir="+r.Dir,
		"-value-size="+strconv.Itoa(r.ValueBytes), "-log-bytes="+strconv.FormatUint(r.LogBytes, 10),
		"-memory-limit="+strconv.FormatUint(r.Limit, 10), "-seed="+strconv.FormatUint(r.Seed, 10))
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe() // held open: the child ends when this process does
	if err != nil {
		return 0, err
	}
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := child.Start(); err != nil {
		return 0, err
	}
	line, readErr := bufio.NewReader(stdout).ReadString('\n')
	killErr := child.Process.Kill()
	_ = child.Wait() // says that it was killed
	var written uint64
	if _, err := fmt.Sscanf(line, "written %d", &written); err != nil {
		return 0, fmt.Errorf("the child said %q: %w", line, errors.Join(err, readErr))
	}
	return written, killErr
}

// fill writes, says how much was acknowledged, and waits to be killed.
func (r *runner) fill() error {
	r.configureFill()
	if err := r.open(); err != nil {
		return err
	}
	count := r.fillCount()
	_, err := r.run(load{threads: 1, steps: int64(count)}, func(c *client, i int64) (int64, error) {
		id := r.fillKey(uint64(i))
		work.Value(c.value, id, firstGeneration)
		return 1, r.store.Put(work.Key(&c.key, id), c.value)
	})
	if err != nil {
		return err
	}
	fmt.Printf("written %d\n", count)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func (r *runner) fillCount() uint64 { return max(1, r.LogBytes/r.entryBytes()) }

// fillKey is the key of write i.
func (r *runner) fillKey(i uint64) uint64 {
	order := work.NewPermutation(r.fillCount(), r.Seed^saltLoad)
	return order.At(i)
}

// countLost counts acknowledged writes that are gone, from the last one back
// until a thousand in a row are there: logs lose their end.
func (r *runner) countLost(written uint64) (*uint64, error) {
	var lost uint64
	c := &client{}
	for i, found := written, 0; i > 0 && found < 1000; i-- {
		there, err := r.findKey(c, r.fillKey(i-1))
		if err != nil {
			return nil, err
		}
		found++
		if !there {
			lost, found = lost+1, 0
		}
	}
	return &lost, nil
}
