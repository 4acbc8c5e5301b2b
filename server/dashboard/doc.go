// Package dashboard serves the page that shows a server in a browser, and the files that the
// page loads. They hold nothing of the database and need no login: the page asks the API for
// all that it shows, as the user who has logged in there.
package dashboard
