package figures

import "time"

// HTTP is what the HTTP API has to tell.
type HTTP struct {
	// Routes are those that were asked for, in the order of their paths and methods.
	Routes []Route `json:"routes"`
	// Connections are those that are open; 0 if whoever serves them does not tell.
	Connections int `json:"connections"`
}

// Route is what was answered to requests of one route with statuses of one class.
type Route struct {
	Method   string        `json:"method"`
	Path     string        `json:"path"`   // with the names of what varies in braces
	Status   string        `json:"status"` // the class, as "2xx"
	Requests int64         `json:"requests"`
	Sent     int64         `json:"sent_bytes"` // of bodies
	Time     time.Duration `json:"time_nanos"` // of all requests
	// Latencies are how many answers took how long, until the last byte was written: of a
	// watch, as long as it lasted.
	Latencies Latencies `json:"latencies"`
	// Streams tells that answers go on until somebody ends them, so that their time tells
	// nothing of the server.
	Streams bool `json:"-"`
}
