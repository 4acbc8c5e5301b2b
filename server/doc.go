// Package server serves a database over the network. A Store is what the
// protocols talk to; a Listener is where they listen; a Server runs them until
// it is told to end, and then finishes what is in flight.
package server
