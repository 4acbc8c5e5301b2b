// Package tunnel carries what nodes say to each other beside gossip, over TLS between those that
// know the same secret.
//
// Olric's server knows no TLS, and reads what comes before it asks for a password: a few bytes
// from anybody can end its process. So with a secret it listens on loopback alone, at the inner
// address, and a [Tunnel] at the address that the node is reached at. Whoever cannot prove
// that it knows the secret gets no byte through.
//
// Olric calls a node by the address at which it listens, and asks for a connection by that name.
// The inner address is a function of the address, and gossip tells the addresses of all nodes, so
// that a Tunnel knows where the node of a name is.
package tunnel
