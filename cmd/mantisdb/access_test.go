package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPasswordFile: the password is what is in the file, without the end of its line; with
// one, any address may be served; and the commands for a server take it from there, too.
func TestPasswordFile(t *testing.T) {
	t.Parallel()
	file := passwordFile(t, "correct horse \r\n")
	s := start(t, program(t, "--port=0", "--engine=go", "--password-file="+file))
	for password, want := range map[string]int{"correct horse ": http.StatusOK, "correct horse": http.StatusUnauthorized, "": http.StatusUnauthorized} {
		request, err := http.NewRequest(http.MethodGet, s.url+"/api/v1/stats", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth("default", password)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("with %q: %d, want %d", password, answer.StatusCode, want)
		}
	}
	export := program(t, "export", "-", "--server="+s.url)
	export.Env = append(export.Env, "MANTISDB_PASSWORD_FILE="+file)
	if got := finish(t, export); got.code != 0 {
		t.Errorf("export: %+v", got)
	}
	if got := finish(t, program(t, "export", "-", "--server="+s.url)); got.code != 1 {
		t.Errorf("export without a password: %+v", got)
	}
	s.stop()
}

// TestPasswordFilesThatAreNone: a server never starts without the password that it was meant
// to have.
func TestPasswordFilesThatAreNone(t *testing.T) {
	t.Parallel()
	good, empty := passwordFile(t, "secret\n"), passwordFile(t, "\n")
	missing := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--password-file=" + empty}, 1, "is empty"},
		{[]string{"--password-file=" + missing}, 1, "cannot read the password"},
		{[]string{"--password-file=" + good, "--password=other"}, 2, "exclude each other"},
		{[]string{"--password-file=" + good, "--users=" + missing}, 2, "--users excludes"},
		{[]string{"--password=x", "--users=" + missing}, 2, "--users excludes"},
	} {
		got := finish(t, program(t, append(c.args, "--port=0", "--engine=go")...))
		if got.code != c.code || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%v: %+v; want %d with %q", c.args, got, c.code, c.want)
		}
	}
}

func passwordFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
