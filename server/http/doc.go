// Package httpapi is the HTTP interface of a server.Database, or of a cluster's: a small API under
// /api/v1, described by the OpenAPI file that it serves itself.
//
// Keys are any bytes, so the path of an entry is taken as it came: the request
// never passes through a mux that would clean it.
package httpapi
