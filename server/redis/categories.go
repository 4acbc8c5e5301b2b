package redis

import "slices"

// category is one of commands, as ACL rules have them behind @.
type category string

// The categories that commands here can have.
const (
	categoryKeyspace    category = "keyspace"
	categoryRead        category = "read"
	categoryWrite       category = "write"
	categoryString      category = "string"
	categoryBitmap      category = "bitmap"
	categoryPubSub      category = "pubsub"
	categoryAdmin       category = "admin"
	categoryFast        category = "fast"
	categorySlow        category = "slow"
	categoryDangerous   category = "dangerous"
	categoryConnection  category = "connection"
	categoryTransaction category = "transaction"
	categoryScripting   category = "scripting"
)

// groupCategories are those that all commands of a group have, as far as they are not
// containers of others.
var groupCategories = map[string]category{
	"generic": categoryKeyspace, "string": categoryString, "bitmap": categoryBitmap, "pubsub": categoryPubSub,
	"connection": categoryConnection, "transactions": categoryTransaction, "scripting": categoryScripting,
}

// extraCategories are those of commands that neither flags nor group tell.
var extraCategories = map[string][]category{
	"dbsize":   {categoryKeyspace},
	"flushall": {categoryKeyspace, categoryDangerous},
	"flushdb":  {categoryKeyspace, categoryDangerous},
	"swapdb":   {categoryKeyspace, categoryDangerous},
	"keys":     {categoryDangerous},
	"restore":  {categoryDangerous},
	"info":     {categoryDangerous},
	"role":     {categoryAdmin, categoryDangerous},
	"lastsave": {categoryAdmin, categoryDangerous},
	"command":  {categoryConnection},
}

// categories are those of a command, in the order in which Redis has them.
func (c *Command) categories() []category {
	has := c.flagCategories()
	if group, ok := groupCategories[c.Group]; ok && c.run != nil && c.fullName() != "pubsub|help" {
		has = append(has, group)
	}
	has = append(has, extraCategories[c.fullName()]...)
	if c.parent == "command" {
		has = append(has, categoryConnection)
	}
	if c.fullName() == "wait" {
		has = append(slices.DeleteFunc(has, func(x category) bool { return x == categoryKeyspace }), categoryConnection)
	}
	var ordered []category
	for _, x := range categoryOrder {
		if slices.Contains(has, x) {
			ordered = append(ordered, x)
		}
	}
	return ordered
}

var categoryOrder = []category{
	categoryKeyspace, categoryRead, categoryWrite, categoryString, categoryBitmap, categoryPubSub, categoryAdmin,
	categoryFast, categorySlow, categoryDangerous, categoryConnection, categoryTransaction, categoryScripting,
}

// flagCategories are those that a command has by its flags.
func (c *Command) flagCategories() []category {
	var has []category
	if c.has(flagWrite) {
		has = append(has, categoryWrite)
	}
	if c.has(flagReadonly) && c.Group != "scripting" {
		has = append(has, categoryRead)
	}
	if c.has(flagAdmin) {
		has = append(has, categoryAdmin, categoryDangerous)
	}
	if c.has(flagPubSub) {
		has = append(has, categoryPubSub)
	}
	if c.has(flagFast) {
		return append(has, categoryFast)
	}
	return append(has, categorySlow)
}
