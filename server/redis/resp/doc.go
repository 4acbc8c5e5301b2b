// Package resp is the codec of the Redis protocol, versions 2 and 3, from the server's
// side: a Parser takes commands out of what a client sent, and a Writer builds replies.
//
// The protocol is that of https://redis.io/docs/latest/develop/reference/protocol-spec/.
package resp
