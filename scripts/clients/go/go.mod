// A tour of the Redis protocol with go-redis: a module of its own, so that what the client
// brings along never reaches the go.sum of a program that uses the library.
module github.com/mantisdb/mantisdb/scripts/clients/go

go 1.26.0

require github.com/redis/go-redis/v9 v9.23.0

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
)
