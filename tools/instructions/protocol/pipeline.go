package main

import (
	"fmt"

	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// limits are wider than what comes.
var limits = resp.Limits{MaxBulk: 1 << 20, MaxArgs: 1 << 10, MaxRequest: 4 << 20}

// run parses the case's pipeline so many times, as a connection does that has read it whole.
func (c testCase) run(rounds int) error {
	stream := pipeline(c.commands)
	parser := resp.NewParser(limits)
	for range rounds {
		found, err := parse(parser, stream)
		if err != nil {
			return err
		}
		if found != c.commands {
			return fmt.Errorf("%d commands of %d", found, c.commands)
		}
	}
	return nil
}

// pipeline is so many commands, by turns SET and GET.
func pipeline(commands int) (stream []byte) {
	for i := range commands {
		if i%2 == 0 {
			stream = fmt.Appendf(stream, "*3\r\n$3\r\nSET\r\n$16\r\nkey/%012d\r\n$100\r\n%0100d\r\n", i, i)
		} else {
			stream = fmt.Appendf(stream, "*2\r\n$3\r\nGET\r\n$16\r\nkey/%012d\r\n", i)
		}
	}
	return stream
}

// parse gives the parser a stream, and tells how many commands it found.
func parse(parser *resp.Parser, stream []byte) (found int, err error) {
	parser.Filled(copy(parser.Room(), stream))
	for {
		args, err := parser.Next()
		if args == nil || err != nil {
			return found, err
		}
		found++
	}
}
