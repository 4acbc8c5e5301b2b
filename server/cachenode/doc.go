// Package cachenode serves a node of a distributed cache to clients: Server speaks the Redis
// protocol, and Store is the database that the HTTP API answers from. Both do what a cache of
// several nodes can do key by key; all else they refuse, and say what.
package cachenode
