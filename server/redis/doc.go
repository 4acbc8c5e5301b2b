// Package redis serves a database by the Redis protocol: the commands of Redis 7.0 on
// strings and keys, with its replies and the texts of its errors.
//
// A Server is given connections, and runs a Client for each. A client reads whole
// pipelines, executes their commands one after the other, and answers with one write.
// Commands are listed in tables, a file for each family: what a command is called, what it
// takes, and the function that runs it on a Request.
//
// A command that reads or writes keys runs in a transaction, alone or with the others
// between MULTI and EXEC, so there is one implementation for both. What is hot has a
// second one that goes to the engine directly, and is used outside of EXEC.
//
// EXEC runs what touches keys in one transaction, and all else after its commit: see
// execution. Messages of others go to a client through its sink, which keeps the order in
// which a subscriber must see them and lets nobody wait for it. Keys that expire are told
// of by expiries, only while somebody wants to know.
//
// Databases 0 to 15 are keyspaces: see databases.
package redis
