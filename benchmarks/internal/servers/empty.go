package servers

import (
	"fmt"
	"net/http"
	"strconv"
)

// ServeEmpty is the command by which a program runs the handler that does nothing.
const ServeEmpty = "serve-empty"

// RunEmpty serves it on a port of 127.0.0.1, until the process ends.
func RunEmpty(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s takes a port", ServeEmpty)
	}
	port, err := strconv.ParseUint(args[0], 10, 16)
	if err != nil {
		return fmt.Errorf("%s: %w", ServeEmpty, err)
	}
	empty := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	return http.ListenAndServe(fmt.Sprintf("127.0.0.1:%d", port), empty)
}
