// Package abusetest sends a server what nobody who means well sends: thousands of
// connections that say nothing, requests that never end, replies that nobody reads. The
// server is a process of its own, so that its memory can be told from that of its clients,
// and so is the client that means well and tells how long it waits for its answers.
//
// While a server is abused, it must stay up, its memory must stay below what is stated for
// the abuse, and the 99th percentile of the other client's latency must at most double.
package abusetest
