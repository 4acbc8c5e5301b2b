// Package clustertest runs clusters of the real program and has them meet what may happen to
// one: processes that are killed or stand still, links that are cut, disks that are slow or
// full, nodes that come and go. Clients of both protocols work meanwhile. What they were told
// must fit one order of all operations on each key, reads that may be stale must have what their
// age tells, nothing that was acknowledged may be missing in the end, and the replicas must be
// equal.
//
// Where links are cut each process runs in a network namespace of its own, which takes root;
// what needs no cut runs on addresses of the loopback network, for everybody. All of it is
// tests.
package clustertest
