package acl

import (
	"maps"
	"slices"
	"sync"
)

// Users are users by their names.
type Users map[string]*User

// List is the users that a running server has. Its methods may be called from any number
// of goroutines.
type List struct {
	mu    sync.RWMutex
	users Users
	path  string // of the file; empty: there is none
}

// NewList is a list of one user, DefaultName, who may do everything with a password; an
// empty one is none.
func NewList(password string) *List {
	return &List{users: Users{DefaultName: Everybody().WithPassword(password)}}
}

// LoadList is the list of a file's users.
func LoadList(path string) (*List, error) {
	l := &List{path: path}
	return l, l.Reload()
}

// Reload reads the file again. After an error the users are those there were.
func (l *List) Reload() error {
	users, err := ReadFile(l.path)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users = users
	return nil
}

// HasFile tells whether there is a file to be read again.
func (l *List) HasFile() bool { return l.path != "" }

// Find is the user of a name, nil without one.
func (l *List) Find(name string) *User {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.users[name]
}

// Authenticate is the user of a name, if the password is right; else nil.
func (l *List) Authenticate(name, password string) *User {
	user := l.Find(name)
	if user == nil {
		// That there is no such user is not to be told by the time it takes.
		(&User{}).accepts(password)
		return nil
	}
	if !user.accepts(password) {
		return nil
	}
	return user
}

// Anonymous is the user of a client who has not authenticated: DefaultName, if that needs
// no password; else nil.
func (l *List) Anonymous() *User {
	if user := l.Find(DefaultName); user != nil && user.Enabled && user.NoPassword {
		return user
	}
	return nil
}

// Set adds a user, or changes the one of the name.
func (l *List) Set(user *User) {
	l.mu.Lock()
	defer l.mu.Unlock()
	users := maps.Clone(l.users)
	users[user.Name] = user
	l.users = users
}

// All are the users by name.
func (l *List) All() []*User {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var list []*User
	for _, name := range slices.Sorted(maps.Keys(l.users)) {
		list = append(list, l.users[name])
	}
	return list
}
