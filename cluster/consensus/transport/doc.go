// Package transport carries what the replicas of different nodes tell each other, for Dragonboat,
// in the form in which its own transport does. It differs in what becomes of a connection that
// breaks: Dragonboat's own finds out when it next sends something over it, and then sends nothing
// to that node at all for half a second or longer; and as there are several connections to each
// node, that happens several times when the node has started again, while its replicas are missed
// in elections. Here a connection that breaks is noticed at once, and made again at once. And a
// node at which nobody listens any more has gone: that is told, and nobody has to wait for it.
package transport
