package main

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"os"
	"time"
	"unicode"

	"golang.org/x/term"
)

// Sequences of a terminal, as all of today's understand them.
const (
	screenEnter  = "\x1b[?1049h\x1b[?25l" // the alternate screen, without a cursor
	screenLeave  = "\x1b[?25h\x1b[?1049l"
	screenHome   = "\x1b[H"
	screenRest   = "\x1b[J" // clears all below
	lineRest     = "\x1b[K" // clears the rest of the line
	styleBold    = "\x1b[1m"
	styleReverse = "\x1b[7m"
	styleNone    = "\x1b[0m"
)

const ctrlC = 3

// lookAtSize is how often the size of the terminal is looked at.
const lookAtSize = 200 * time.Millisecond

// attempt is a sample, or what kept it from being taken.
type attempt struct {
	sample *sample
	err    error
}

// showTop shows the figures of a target on a terminal until q or Ctrl-C is pressed, or ctx
// is done.
func showTop(ctx context.Context, in io.Reader, out *os.File, from target, name string, interval time.Duration) error {
	// What is not a server that answers now is an error, and no screen.
	first, err := takeSample(ctx, from)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	keys, restore, err := readKeys(in)
	if err != nil {
		return err
	}
	defer restore()
	if _, err := io.WriteString(out, screenEnter); err != nil {
		return err
	}
	defer io.WriteString(out, screenLeave)

	screen := topScreen{out: out, view: topView{name: name, interval: interval}}
	screen.view.add(first, nil)
	samples := make(chan attempt)
	go takeSamples(ctx, from, interval, samples)
	return screen.run(ctx, keys, samples)
}

// takeSamples takes a sample each interval.
func takeSamples(ctx context.Context, from target, interval time.Duration, to chan<- attempt) {
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		s, err := takeSample(ctx, from)
		select {
		case <-ctx.Done():
			return
		case to <- attempt{s, err}:
		}
	}
}

// readKeys has the terminal give each key as it is pressed, if there is one to read from,
// until restore is called.
func readKeys(in io.Reader) (keys <-chan byte, restore func(), err error) {
	file, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil, func() {}, nil
	}
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return nil, nil, err
	}
	pressed := make(chan byte, 16)
	go func() {
		defer close(pressed)
		for b := make([]byte, 1); ; {
			if _, err := file.Read(b); err != nil {
				return
			}
			pressed <- b[0]
		}
	}()
	return pressed, func() { _ = term.Restore(int(file.Fd()), before) }, nil
}

// topScreen draws a view on a terminal.
type topScreen struct {
	out           *os.File
	view          topView
	width, height int // of the terminal when it was drawn
}

func (s *topScreen) run(ctx context.Context, keys <-chan byte, samples <-chan attempt) error {
	looks := time.NewTicker(lookAtSize)
	defer looks.Stop()
	for {
		width, height, err := terminalSize(s.out)
		if err != nil {
			return err
		}
		if width != s.width || height != s.height {
			s.width, s.height = width, height
			if err := s.draw(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case key, ok := <-keys:
			if !ok || key == 'q' || key == 'Q' || key == ctrlC {
				return nil
			}
		case a := <-samples:
			s.view.add(a.sample, a.err)
			if err := s.draw(); err != nil {
				return err
			}
		case <-looks.C:
		}
	}
}

// terminalSize is the size of a terminal; one that does not know its own, such as a serial
// line, is taken for 80 columns of 24 lines.
func terminalSize(file *os.File) (width, height int, err error) {
	width, height, err = term.GetSize(int(file.Fd()))
	return cmp.Or(width, 80), cmp.Or(height, 24), err
}

func (s *topScreen) draw() error {
	lines, head := s.view.lines()
	_, err := s.out.Write(frame(lines, head, s.width, s.height))
	return err
}

// frame is what makes a terminal show lines, as many and as much of them as it has room for.
// The first one is bold, and head the one that names a table's columns.
func frame(lines []string, head, width, height int) []byte {
	var b bytes.Buffer
	b.WriteString(screenHome)
	for i, line := range lines[:min(len(lines), height)] {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(lineRest)
		line = fit(line, width)
		switch i {
		case 0:
			line = styleBold + line + styleNone
		case head:
			line = styleReverse + line + styleNone
		}
		b.WriteString(line)
	}
	b.WriteString(screenRest)
	return b.Bytes()
}

// fit is the beginning of a line that has room. What does not show is left out: a server
// may not send sequences to the terminal.
func fit(line string, width int) string {
	runes := make([]rune, 0, len(line))
	for _, r := range line {
		if unicode.IsPrint(r) && len(runes) < width {
			runes = append(runes, r)
		}
	}
	return string(runes)
}
