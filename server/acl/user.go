package acl

import (
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb/internal/glob"
)

// DefaultName is the user that a client is who has not named one.
const DefaultName = "default"

// User is what one user may do. It is not changed once it was made.
type User struct {
	Name       string
	Enabled    bool
	NoPassword bool // any password does

	passwords []digest
	keys      []keyPattern
	channels  []string
	commands  []commandRule
}

type digest [sha256.Size]byte

// keyPattern is which keys may be read, or written.
type keyPattern struct {
	pattern     string
	read, write bool
}

// commandRule allows or forbids a command, a category, or all: the last one that is about
// a command says whether it is allowed.
type commandRule struct {
	allow    bool
	category bool
	name     string // in small letters; of a category without its @
}

const allCategory = "all"

// Command is what a rule may be about.
type Command struct {
	Name       string // in small letters; of a subcommand "command|subcommand"
	Categories []string
}

// Everybody is a user who may do everything without a password.
func Everybody() *User {
	return &User{
		Name: DefaultName, Enabled: true, NoPassword: true,
		keys: []keyPattern{{"*", true, true}}, channels: []string{"*"},
		commands: []commandRule{{true, true, allCategory}},
	}
}

// WithPassword is the user with one password in place of those there are; an empty one
// asks for none.
func (u *User) WithPassword(password string) *User {
	changed := *u
	changed.NoPassword, changed.passwords = password == "", nil
	if password != "" {
		changed.passwords = []digest{sha256.Sum256([]byte(password))}
	}
	return &changed
}

// accepts tells whether a password is one of the user's, in a time that tells nothing of
// which, or how much of it is right.
func (u *User) accepts(password string) bool {
	given := sha256.Sum256([]byte(password))
	right := 0
	for i := range u.passwords {
		right |= subtle.ConstantTimeCompare(u.passwords[i][:], given[:])
	}
	return u.Enabled && (u.NoPassword || right == 1)
}

// Unrestricted tells whether the user may run every command on every key and channel.
func (u *User) Unrestricted() bool {
	return len(u.commands) == 1 && u.commands[0] == commandRule{true, true, allCategory} &&
		u.AllKeys() && u.AllChannels()
}

// AllKeys tells whether the user may read and write every key.
func (u *User) AllKeys() bool {
	return slices.Contains(u.keys, keyPattern{"*", true, true})
}

// AllChannels tells whether the user may use every channel.
func (u *User) AllChannels() bool { return slices.Contains(u.channels, "*") }

// MayRun tells whether the user may run a command.
func (u *User) MayRun(c Command) bool {
	for _, rule := range slices.Backward(u.commands) {
		if rule.isAbout(c) {
			return rule.allow
		}
	}
	return false
}

func (r commandRule) isAbout(c Command) bool {
	switch {
	case r.category && r.name == allCategory:
		return true
	case r.category:
		return slices.Contains(c.Categories, r.name)
	case r.name == c.Name:
		return true
	}
	parent, _, isSub := strings.Cut(c.Name, "|")
	return isSub && r.name == parent
}

// MayRead tells whether the user may read a key.
func (u *User) MayRead(key string) bool {
	return slices.ContainsFunc(u.keys, func(k keyPattern) bool { return k.read && glob.Match(k.pattern, key) })
}

// MayWrite tells whether the user may write a key.
func (u *User) MayWrite(key string) bool {
	return slices.ContainsFunc(u.keys, func(k keyPattern) bool { return k.write && glob.Match(k.pattern, key) })
}

// MayReadPrefix and MayWritePrefix tell whether the user may read, or write, every key
// that begins with a prefix, by one pattern that says so: a literal beginning and a star.
func (u *User) MayReadPrefix(prefix string) bool {
	return slices.ContainsFunc(u.keys, func(k keyPattern) bool { return k.read && k.covers(prefix) })
}

// MayWritePrefix is described with MayReadPrefix.
func (u *User) MayWritePrefix(prefix string) bool {
	return slices.ContainsFunc(u.keys, func(k keyPattern) bool { return k.write && k.covers(prefix) })
}

// covers tells whether a pattern is a literal beginning of prefix, and a star.
func (k keyPattern) covers(prefix string) bool {
	literal, isPrefix := glob.LiteralPrefix(k.pattern)
	return isPrefix && strings.HasPrefix(prefix, literal)
}

// MayUse tells whether the user may publish to a channel, and listen to it.
func (u *User) MayUse(channel string) bool {
	return slices.ContainsFunc(u.channels, func(pattern string) bool { return glob.Match(pattern, channel) })
}

// MayUsePattern tells whether the user may listen to a pattern of channels: only one that
// was allowed as it stands.
func (u *User) MayUsePattern(pattern string) bool {
	return u.AllChannels() || slices.Contains(u.channels, pattern)
}
