// Package acl knows the users of a server, and what each may do: which commands, by name
// or by category, on which keys and channels. Its rules are a part of those of Redis's
// ACL files, and hold for all protocols.
//
// A file has a line for each user:
//
//	user NAME RULE...
//
// The rules of a line are applied from left to right, to a user who at first may do
// nothing and cannot log in:
//
//	on, off                      may log in, or not
//	>PASSWORD, <PASSWORD         adds a password, removes one
//	#HASH, !HASH                 the same of its SHA-256 in hexadecimal
//	nopass, resetpass            any password does; none does
//	~PATTERN, allkeys            adds keys to read and write
//	%R~PATTERN, %W~PATTERN       adds keys to read, to write
//	resetkeys                    removes all keys
//	&PATTERN, allchannels        adds channels
//	resetchannels                removes all channels
//	+COMMAND, -COMMAND           allows a command, or COMMAND|SUBCOMMAND; forbids it
//	+@CATEGORY, -@CATEGORY       the same of a category
//	allcommands, nocommands      the same of all commands
//	reset                        what the user was at first
//
// Patterns are Redis's: see package glob. Empty lines and those that begin with # say
// nothing. A file without a user "default" has one who may do everything without a
// password, unless the server has a password.
package acl
