//go:build linux

package clustertest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ledger is what clients have put under keys that each are put once and never deleted. What
// was acknowledged must be there in the end. Each client has pages of its own.
type ledger struct {
	name  string
	pages []page
}

// page is what one client has put: under keys with the numbers below written.
type page struct {
	written      int
	acknowledged []acknowledgement
}

// acknowledgement is that of a number, and when it came.
type acknowledgement struct {
	number int
	at     time.Time
}

func newLedger(name string, clients int) *ledger {
	return &ledger{name, make([]page, clients)}
}

// key is that of a number of a client. The number is also the value.
func (l *ledger) key(client, number int) string {
	return fmt.Sprintf("%s/%d/%d", l.name, client, number)
}

// write has a client put its next key, and notes whether that was acknowledged.
func (l *ledger) write(client int, put func(key, value string) error) error {
	page := &l.pages[client]
	number := page.written
	page.written++
	err := put(l.key(client, number), strconv.Itoa(number))
	if err == nil {
		page.acknowledged = append(page.acknowledged, acknowledgement{number, time.Now()})
	}
	return err
}

func (l *ledger) acknowledged() (n int) {
	for _, page := range l.pages {
		n += len(page.acknowledged)
	}
	return n
}

// check tells what is wrong with what was found in the end.
func (l *ledger) check(found map[string]string) error {
	var wrong []error
	lost := 0
	for client, page := range l.pages {
		for _, put := range page.acknowledged {
			number := put.number
			key := l.key(client, number)
			value, ok := found[key]
			switch {
			case !ok && lost == 0:
				wrong = append(wrong, fmt.Errorf("%s was acknowledged and is not there", key))
				fallthrough
			case !ok:
				lost++
			case value != strconv.Itoa(number):
				wrong = append(wrong, fmt.Errorf("%s has the value %q", key, value))
			}
		}
	}
	for key := range found {
		if !l.wrote(key) {
			wrong = append(wrong, fmt.Errorf("nobody put %s", key))
		}
	}
	if lost > 0 {
		wrong = append(wrong, fmt.Errorf("%d acknowledged writes of %d are lost", lost, l.acknowledged()))
	}
	return errors.Join(wrong...)
}

// wrote tells whether a client has put a key, or tried to.
func (l *ledger) wrote(key string) bool {
	words := strings.Split(strings.TrimPrefix(key, l.name+"/"), "/")
	if len(words) != 2 {
		return false
	}
	client, err := strconv.Atoi(words[0])
	number, err2 := strconv.Atoi(words[1])
	return err == nil && err2 == nil && client < len(l.pages) && number < l.pages[client].written
}
