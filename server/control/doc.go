// Package control has what those who run a server ask of it beside its figures: which
// clients there are, what took long, how it is configured, and to run a command. The
// protocol whose clients and commands these are answers, as a Server; others, as the HTTP
// API, ask it.
package control
