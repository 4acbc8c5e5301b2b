package main

import "strconv"

// server is one that is measured.
type server struct {
	name string
	// command starts it on a port, with a directory of its own.
	command func(port int, dir string) []string
}

func mantisdb(binary string, durable bool) server {
	return server{"mantisdb", func(port int, dir string) []string {
		args := []string{binary, "--port=" + strconv.Itoa(port), "--log-level=error"}
		if durable {
			args = append(args, "--data-dir="+dir, "--durability=buffered")
		}
		return args
	}}
}

func redis(durable bool) server {
	appendOnly := "no"
	if durable {
		appendOnly = "yes"
	}
	return server{"redis", func(port int, dir string) []string {
		return []string{"redis-server", "--port", strconv.Itoa(port), "--dir", dir, "--save", "",
			"--appendonly", appendOnly, "--appendfsync", "everysec", "--loglevel", "warning"}
	}}
}
