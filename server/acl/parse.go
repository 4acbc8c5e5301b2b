package acl

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Categories are those that rules may name, in small letters.
var Categories = []string{
	"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap",
	"hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous",
	"connection", "transaction", "scripting",
}

// ReadFile makes users of a file. An error names the file and the line.
func ReadFile(path string) (Users, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the file of users: %w", err)
	}
	defer file.Close()
	users, err := Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return users, nil
}

// Read makes users of what a file has in it. An error names the line.
func Read(r io.Reader) (Users, error) {
	users := Users{DefaultName: Everybody()}
	named := map[string]bool{}
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) < 2 || fields[0] != "user" {
			return nil, fmt.Errorf("line %d: a line is \"user NAME RULE...\"", number)
		}
		user, err := NewUser(fields[1], fields[2:])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if named[user.Name] {
			return nil, fmt.Errorf("line %d: the user %q is in the file twice", number, user.Name)
		}
		named[user.Name] = true
		users[user.Name] = user
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return users, nil
}

// NewUser makes a user of rules.
func NewUser(name string, rules []string) (*User, error) {
	user := &User{Name: name}
	for _, rule := range rules {
		if err := user.apply(rule); err != nil {
			return nil, fmt.Errorf("user %q, rule %q: %w", name, hidden(rule), err)
		}
	}
	return user, nil
}

// hidden is a rule without the password in it.
func hidden(rule string) string {
	if strings.HasPrefix(rule, ">") || strings.HasPrefix(rule, "<") {
		return rule[:1] + "..."
	}
	return rule
}

// words are the rules without an argument.
var words = map[string]func(*User){
	"on":            func(u *User) { u.Enabled = true },
	"off":           func(u *User) { u.Enabled = false },
	"nopass":        func(u *User) { u.NoPassword, u.passwords = true, nil },
	"resetpass":     func(u *User) { u.NoPassword, u.passwords = false, nil },
	"allkeys":       func(u *User) { u.keys = []keyPattern{{"*", true, true}} },
	"resetkeys":     func(u *User) { u.keys = nil },
	"allchannels":   func(u *User) { u.channels = []string{"*"} },
	"resetchannels": func(u *User) { u.channels = nil },
	"allcommands":   func(u *User) { u.commands = []commandRule{{true, true, allCategory}} },
	"nocommands":    func(u *User) { u.commands = nil },
	"reset":         func(u *User) { *u = User{Name: u.Name} },
}

// apply changes the user as a rule says.
func (u *User) apply(rule string) error {
	if change, ok := words[strings.ToLower(rule)]; ok {
		change(u)
		return nil
	}
	if len(rule) < 2 {
		return fmt.Errorf("there is no such rule")
	}
	switch rest := rule[1:]; rule[0] {
	case '>', '<':
		u.setPassword(sha256.Sum256([]byte(rest)), rule[0] == '>')
		return nil
	case '#', '!':
		return u.setHash(rest, rule[0] == '#')
	case '~':
		u.keys = append(u.keys, keyPattern{rest, true, true})
		return nil
	case '%':
		return u.addKeys(rest)
	case '&':
		u.channels = append(u.channels, rest)
		return nil
	case '+', '-':
		return u.addCommand(strings.ToLower(rest), rule[0] == '+')
	}
	return fmt.Errorf("there is no such rule")
}

func (u *User) setPassword(password digest, add bool) {
	u.passwords = slices.DeleteFunc(u.passwords, func(d digest) bool { return d == password })
	if add {
		u.passwords = append(u.passwords, password)
		u.NoPassword = false
	}
}

func (u *User) setHash(text string, add bool) error {
	hash, err := hex.DecodeString(text)
	if err != nil || len(hash) != sha256.Size {
		return fmt.Errorf("a hash is the SHA-256 of a password, in %d hexadecimal digits", 2*sha256.Size)
	}
	u.setPassword(digest(hash), add)
	return nil
}

// addKeys reads what stands behind % of a pattern for keys that may only be read, or
// written.
func (u *User) addKeys(rule string) error {
	rights, pattern, ok := strings.Cut(rule, "~")
	k := keyPattern{pattern: pattern}
	for _, right := range rights {
		switch right {
		case 'R', 'r':
			k.read = true
		case 'W', 'w':
			k.write = true
		default:
			ok = false
		}
	}
	if !ok || pattern == "" || rights == "" {
		return fmt.Errorf("it is %%R~, %%W~ or %%RW~ and a pattern")
	}
	u.keys = append(u.keys, k)
	return nil
}

func (u *User) addCommand(name string, allow bool) error {
	category, isCategory := strings.CutPrefix(name, "@")
	switch {
	case isCategory && category == allCategory:
		// What was said before makes no difference any more.
		u.commands = nil
		if !allow {
			return nil
		}
	case isCategory && !slices.Contains(Categories, category):
		return fmt.Errorf("there is no category %q; there are @%s and @%s", category, strings.Join(Categories, ", @"), allCategory)
	case strings.Trim(name, "|") != name || strings.Count(name, "|") > 1:
		return fmt.Errorf("a command is COMMAND, or COMMAND|SUBCOMMAND")
	}
	if isCategory {
		name = category
	}
	u.commands = append(u.commands, commandRule{allow, isCategory, name})
	return nil
}

// Rules are the user's rules as a file has them, with hashes in place of passwords.
func (u *User) Rules() string {
	rules := []string{"off"}
	if u.Enabled {
		rules[0] = "on"
	}
	if u.NoPassword {
		rules = append(rules, "nopass")
	}
	for _, password := range u.passwords {
		rules = append(rules, "#"+hex.EncodeToString(password[:]))
	}
	rules = append(rules, u.KeyRules()...)
	rules = append(rules, u.ChannelRules()...)
	return strings.Join(append(rules, u.CommandRules()), " ")
}

// KeyRules are the rules of keys.
func (u *User) KeyRules() []string {
	var rules []string
	for _, k := range u.keys {
		switch {
		case k.read && k.write:
			rules = append(rules, "~"+k.pattern)
		case k.read:
			rules = append(rules, "%R~"+k.pattern)
		default:
			rules = append(rules, "%W~"+k.pattern)
		}
	}
	return rules
}

// ChannelRules are the rules of channels.
func (u *User) ChannelRules() []string {
	if len(u.channels) == 0 {
		return []string{"resetchannels"}
	}
	var rules []string
	for _, pattern := range u.channels {
		rules = append(rules, "&"+pattern)
	}
	return rules
}

// CommandRules are the rules of commands.
func (u *User) CommandRules() string {
	var rules []string
	if len(u.commands) == 0 || u.commands[0] != (commandRule{true, true, allCategory}) {
		rules = append(rules, "-@all")
	}
	for _, c := range u.commands {
		rule := "-"
		if c.allow {
			rule = "+"
		}
		if c.category {
			rule += "@"
		}
		rules = append(rules, rule+c.name)
	}
	return strings.Join(rules, " ")
}

// Passwords are the SHA-256 of the user's passwords, in hexadecimal.
func (u *User) Passwords() []string {
	var hashes []string
	for _, password := range u.passwords {
		hashes = append(hashes, hex.EncodeToString(password[:]))
	}
	return hashes
}
