package acl

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Users are users by their names.
type Users map[string]*User

// List is the users that a running server has. Its methods may be called from any number
// of goroutines.
type List struct {
	changes atomic.Uint64 // how often the users have changed

	mu       sync.RWMutex
	users    Users
	path     string        // of the file; empty: there is none
	password string        // of DefaultName, if it was given as a text
	changed  chan struct{} // closed with the next change; nil if nobody waits for it
}

// NewList is a list of one user, DefaultName, who may do everything with a password; an
// empty one is none.
func NewList(password string) *List {
	l := &List{users: Users{}}
	l.set(Everybody())
	l.SetPassword(password)
	return l
}

// SetPassword gives DefaultName one password in place of those there are; an empty one
// asks for none.
func (l *List) SetPassword(password string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	user := l.users[DefaultName]
	if user == nil {
		user = Everybody()
	}
	l.set(user.WithPassword(password))
	l.password = password
}

// Password is what SetPassword was given last.
func (l *List) Password() string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.password
}

// Changes counts how often users have changed: whoever keeps a user finds it again when
// that has.
func (l *List) Changes() uint64 { return l.changes.Load() }

// Changed is closed with the next change of the users.
func (l *List) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
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
	l.users, l.password = users, ""
	l.announce()
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

// set is called with mu.
func (l *List) set(user *User) {
	users := maps.Clone(l.users)
	users[user.Name] = user
	l.users = users
	l.announce()
}

// announce tells that users have changed. It is called with mu.
func (l *List) announce() {
	l.changes.Add(1)
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
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
