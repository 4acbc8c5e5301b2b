package httpapi

import "testing"

func TestWantsJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                  false,
		"*/*":                               false,
		"application/octet-stream":          false,
		"text/plain":                        false,
		"application/json":                  true,
		"Application/JSON; charset=utf-8":   true,
		"application/json, text/plain, */*": true,
		"application/json;q=0":              false,
		"application/json;q=0.5, */*":       false,
		"application/json;q=0.5, */*;q=0.1": true,
		"application/octet-stream, application/json;q=0.9":          false,
		"application/octet-stream;q=0, application/json;q=0.1, */*": true,
		"application/*":                             false,
		"application/*;q=0.5, application/json":     true,
		"text/html,application/xhtml+xml,*/*;q=0.8": false,
		"application/json;q=2":                      false,
		"application/json;q=NaN":                    false,
		"garbage/;;, application/json":              true,
		"application/problem+json":                  false,
	} {
		var header []string
		if accept != "" {
			header = []string{accept}
		}
		if got := wantsJSON(header); got != want {
			t.Errorf("%q: %v", accept, got)
		}
	}
	if !wantsJSON([]string{"text/plain", "application/json"}) {
		t.Error("two headers are not one list")
	}
}

func TestWantsPage(t *testing.T) {
	for accept, want := range map[string]bool{
		"":    true,
		"*/*": true,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": true,
		"text/*":                                true,
		"text/html":                             true,
		"text/plain, text/html":                 true,
		"text/plain, text/html;q=0.9":           false,
		"text/plain, */*":                       true,
		"text/plain, */*;q=0.1":                 false,
		"text/plain":                            false,
		"application/json":                      false,
		"application/json, */*;q=0.5":           false,
		"application/json;q=0.1, text/html;q=0": false,
		"image/png":                             false,
	} {
		var header []string
		if accept != "" {
			header = []string{accept}
		}
		if got := wantsPage(header); got != want {
			t.Errorf("%q: %v", accept, got)
		}
	}
}
