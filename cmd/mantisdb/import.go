package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/storage"
)

// stdio as a file's name is standard input or output.
const stdio = "-"

const (
	// maxLine is the longest line that an entry can take: each byte as a text
	// escape of six, and room for the members' names and numbers.
	maxLine = wire.MaxLine

	// A batch is written once it has so many entries or bytes.
	batchEntries = 4096
	batchBytes   = 4 << 20
)

func newImportCommand() *cobra.Command {
	var flags targetFlags
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Store the entries of an NDJSON file; - is standard input",
		Long: "Stores the entries of a file, one JSON object a line:\n\n" +
			`  {"key":"<base64>","value":"<base64>","expires_at":<Unix ms>}` + "\n" +
			`  {"keyspace":"...","key_text":"...","value_text":"...","ttl":"30s"}` + "\n\n" +
			"keyspace, expires_at and ttl may be left out; a keyspace that does not exist is\n" +
			"created, without options. The output of a scan, with its last line, is\n" +
			"such a file too. A line that is malformed ends the import\n" +
			"with an error that names it; the lines before it are stored, and to import the\n" +
			"mended file again does no harm.",
		Example: "  mantisdb import entries.ndjson\n" +
			"  mantisdb export - --data-dir=old | mantisdb import - --server=http://127.0.0.1:8080",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return runImport(cmd, &flags, args[0]) },
	}
	flags.add(cmd)
	return cmd
}

func runImport(cmd *cobra.Command, flags *targetFlags, path string) error {
	if err := flags.check(cmd); err != nil {
		return err
	}
	in, size, err := openInput(cmd.InOrStdin(), path)
	if err != nil {
		return err
	}
	defer in.Close()
	return flags.use(cmd, true, func(to target) error {
		began := time.Now()
		bar := newProgress(cmd.ErrOrStderr(), "importing", size)
		imported, err := importLines(cmd.Context(), in, to, bar)
		bar.done()
		if err != nil {
			return fmt.Errorf("%w (imported before it: %s)", told(err), entries(imported))
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "imported %s in %v\n", entries(imported), time.Since(began).Round(time.Millisecond))
		return nil
	})
}

// entries is a number of entries in words.
func entries(n uint64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// told is err in words for a person who interrupted the program.
func told(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted")
	}
	return err
}

// openInput opens a file and tells its size, -1 if that is not known.
func openInput(stdin io.Reader, path string) (io.ReadCloser, int64, error) {
	if path == stdio {
		return io.NopCloser(stdin), -1, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory, not a file", path)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return f, -1, nil
	}
	return f, info.Size(), nil
}

// importLines stores the entries of in and returns how many were stored. Lines
// are parsed while the batch before them is written, in order, so that the last
// of several entries with one key wins.
func importLines(ctx context.Context, in io.Reader, to sink, bar *progress) (imported uint64, err error) {
	p := &lineParser{
		in:      in,
		maxLine: maxLine,
		bar:     bar,
		create:  func(keyspace string) error { return to.createKeyspace(ctx, keyspace, mantisdb.KeyspaceOptions{}) },
		free:    make(chan batch, 2),
		full:    make(chan batch),
		done:    ctx.Done(),
	}
	p.free <- to.newBatch()
	p.free <- to.newBatch()
	go p.run()
	for {
		select {
		case <-ctx.Done():
			return imported, ctx.Err()
		case b, ok := <-p.full:
			if !ok {
				return imported, p.err
			}
			if err := b.write(ctx); err != nil {
				return imported, err
			}
			imported += uint64(b.len())
			b.reset()
			p.free <- b
		}
	}
}

// lineParser fills batches with the entries of in. It hands over what it has
// before it ends, be it with an error.
type lineParser struct {
	in      io.Reader
	maxLine int
	bar     *progress
	create  func(keyspace string) error // unless it exists
	exist   map[string]bool             // the keyspaces that surely do
	free    chan batch                  // empty batches
	full    chan batch                  // filled ones; closed at the end
	done    <-chan struct{}
	err     error // what ended it; set before full is closed
}

func (p *lineParser) run() {
	defer close(p.full)
	var b batch
	b, p.err = p.parse(<-p.free)
	if b != nil && b.len() > 0 {
		p.hand(b)
	}
}

// hand gives b away to be written, and tells whether it was taken.
func (p *lineParser) hand(b batch) bool {
	select {
	case p.full <- b:
		return true
	case <-p.done:
		return false
	}
}

// parse fills b and its successors. It returns the batch that is not yet full.
func (p *lineParser) parse(b batch) (batch, error) {
	lines := bufio.NewScanner(p.in)
	lines.Buffer(make([]byte, 0, min(256<<10, p.maxLine)), p.maxLine)
	var d wire.Decoder
	number := 1
	for ; lines.Scan(); number++ {
		ended, err := endOfScan(lines, uint64(number-1))
		if !ended && err == nil {
			err = p.addLine(b, &d, lines.Bytes())
		}
		if err != nil {
			return b, fmt.Errorf("line %d: %w", number, err)
		}
		if ended {
			return b, nil
		}
		p.bar.add(len(lines.Bytes()) + 1)
		if b.len() < batchEntries && b.size() < batchBytes {
			continue
		}
		if !p.hand(b) {
			return nil, nil // the import has ended
		}
		select {
		case b = <-p.free:
		case <-p.done:
			return nil, nil
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return b, fmt.Errorf("line %d: longer than any entry can be, which is %d bytes", number, p.maxLine)
	} else if err != nil {
		return b, fmt.Errorf("line %d: cannot read on: %w", number, err)
	}
	return b, nil
}

// endOfScan tells whether the line at hand is the last of a scan's output, so
// that such output is a file to import. It is an error if the scan failed, if
// the entries before the line are not as many as it says, or if more follows.
func endOfScan(lines *bufio.Scanner, before uint64) (bool, error) {
	end, last, err := wire.ParseScanEnd(lines.Bytes())
	switch {
	case last && err != nil:
		return true, fmt.Errorf("the scan failed here: %w", err)
	case !last || err != nil:
		return false, err
	case !end.End || end.Count != before:
		return true, fmt.Errorf("it ends a scan of %d entries, and %d are before it", end.Count, before)
	case lines.Scan() || errors.Is(lines.Err(), bufio.ErrTooLong):
		return true, errors.New("it ends a scan, and there is more behind it")
	}
	return true, lines.Err()
}

// addLine adds the entry of a line to b.
func (p *lineParser) addLine(b batch, d *wire.Decoder, line []byte) error {
	rec, err := d.Line(line)
	if err != nil {
		return err
	}
	if err := mantisdb.CheckKey(rec.Key); err != nil {
		return err
	}
	if err := storage.CheckValue(rec.Value); err != nil {
		return err
	}
	if err := p.haveKeyspace(rec.Keyspace); err != nil {
		return err
	}
	return b.add(&rec)
}

// haveKeyspace makes a keyspace that a line names, unless it exists.
func (p *lineParser) haveKeyspace(name string) error {
	if name == "" || p.exist[name] {
		return nil
	}
	if err := p.create(name); err != nil {
		return err
	}
	if p.exist == nil {
		p.exist = make(map[string]bool)
	}
	p.exist[name] = true
	return nil
}
