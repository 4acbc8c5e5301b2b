// Command go takes a tour of the Redis protocol with go-redis, against a running server.
//
//	go server      of a server
//	go cluster     of a cluster
//	go load        of a cluster that changes, until the standard input ends
//
// Where the servers are, is told in variables TOUR_* by scripts/test-clients.sh and
// scripts/test-cluster-clients.sh. The first step that fails ends the tour.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// patience is how long what must come may take.
const patience = 20 * time.Second

// tour is the client under test, of one version of the protocol.
type tour struct {
	context.Context
	*redis.Client
	protocol int
}

// step is a part of the tour.
type step struct {
	name string
	run  func(*tour) error
}

var steps = []step{
	{"strings", (*tour).strings},
	{"bits", (*tour).bits},
	{"expiry", (*tour).expiry},
	{"scan", (*tour).scan},
	{"transactions", (*tour).transactions},
	{"pipelines", (*tour).pipelines},
	{"messages", (*tour).messages},
	{"keyspace notifications", (*tour).keyspaceNotifications},
	{"large and binary", (*tour).largeAndBinary},
	{"errors", (*tour).errors},
	{"introspection", (*tour).introspection},
	{"access", (*tour).access},
	{"Unix socket", (*tour).unixSocket},
	{"goroutines", (*tour).goroutines},
	{"restart", (*tour).restart},
}

func main() {
	log.SetFlags(0)
	switch strings.Join(os.Args[1:], " ") {
	case "server":
		takeTours()
	case "cluster":
		steps, err := takeClusterTour()
		if err != nil {
			log.Fatalf("go-redis, cluster, %v", err)
		}
		fmt.Printf("go-redis %s: %d steps\n", redis.Version(), steps)
	case "load":
		l := newLoad()
		if err := l.run(os.Stdin); err != nil {
			log.Fatalf("go-redis, load: %v", err)
		}
		fmt.Printf("go-redis %s: %v\n", redis.Version(), l)
	default:
		log.Fatal("usage: go server|cluster|load")
	}
}

// takeTours takes the tour of one server with both versions of the protocol.
func takeTours() {
	for _, protocol := range []int{2, 3} {
		if err := take(protocol); err != nil {
			log.Fatalf("go-redis, protocol %d: %v", protocol, err)
		}
	}
	fmt.Printf("go-redis %s: %d steps\n", redis.Version(), 2*len(steps))
}

// take takes the tour with one version of the protocol.
func take(protocol int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 6*patience)
	defer cancel()
	t := &tour{ctx, redis.NewClient(options(protocol)), protocol}
	defer t.Close()
	if err := t.FlushAll(ctx).Err(); err != nil {
		return err
	}
	for _, s := range steps {
		if err := s.run(t); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func options(protocol int) *redis.Options {
	return &redis.Options{
		Addr: "127.0.0.1:" + os.Getenv("TOUR_PORT"), Protocol: protocol,
		ReadTimeout: patience, WriteTimeout: patience,
	}
}

// same returns an error unless two things are deeply equal.
func same(got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("got %.1000s, want %.1000s", fmt.Sprintf("%#v", got), fmt.Sprintf("%#v", want))
	}
	return nil
}

// is returns an error unless a command was answered by want. Of several in one call, the
// commands are carried out from left to right.
func is[T any](command interface{ Result() (T, error) }, want T) error {
	got, err := command.Result()
	if err != nil {
		return err
	}
	return same(got, want)
}

// fails returns an error unless a command was answered by an error with these words.
func fails(command redis.Cmder, words string) error {
	if err := command.Err(); err == nil || !strings.Contains(err.Error(), words) {
		return fmt.Errorf("%v: error %v, want %q", command.Args()[0], err, words)
	}
	return nil
}
