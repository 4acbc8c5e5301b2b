// Package metamorphic drives databases with random operations of every kind and
// holds what they answer against a plain ordered map, and the engines against each
// other.
//
// A Script is a database's options and a list of operations, and has a text form. A
// generator makes one of a seed; Run carries it out on one engine or on several in
// lockstep; Reduce makes one that fails as short as it can. So a failure is told as
// a few lines that can be run again.
//
// A kind of operation is an entry of a table (kinds): its name, how often it comes,
// how one is made up, and what it does to a database and must answer.
package metamorphic
