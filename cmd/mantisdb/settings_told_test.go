package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/server/control"
)

func TestSettingsAreTold(t *testing.T) {
	t.Parallel()
	cmd := program(t, "--port=0", "--engine=go", "--max-clients=77", "--client-idle-timeout=90s")
	cmd.Env = append(cmd.Env, "MANTISDB_PASSWORD=s3cret")
	s := start(t, cmd)
	s.authorization = "Bearer s3cret"
	code, body := s.do("GET", "/api/v1/config", "")
	var got struct{ Parameters []control.Parameter }
	if err := json.Unmarshal([]byte(body), &got); err != nil || code != 200 {
		t.Fatalf("%d %s: %v", code, body, err)
	}
	if strings.Contains(body, "s3cret") || strings.Contains(body, "--benchmark-seed") || strings.Contains(body, "debug-commands") {
		t.Errorf("it tells what it is not to tell: %s", body)
	}
	for _, want := range []control.Parameter{
		{Name: "--max-clients", Value: "77", Type: control.TypeNumber},
		{Name: "maxclients", Value: "77", Type: control.TypeNumber, Live: true},
		{Name: "--client-idle-timeout", Value: "1m30s", Type: control.TypeDuration},
		{Name: "--engine", Value: "go", Type: control.TypeChoice, Choices: []string{"rust", "go", "cache"}},
		{Name: "--memory-limit", Type: control.TypeSize},
		{Name: "--allow-public", Value: "false", Type: control.TypeChoice, Choices: []string{"true", "false"}},
		{Name: "--unix-socket", Type: control.TypeText},
		{Name: "--benchmark-dir", Type: control.TypeText},
	} {
		i := slices.IndexFunc(got.Parameters, func(p control.Parameter) bool { return p.Name == want.Name })
		if i < 0 {
			t.Errorf("%s is not told", want.Name)
			continue
		}
		p := got.Parameters[i]
		if p.Value != want.Value || p.Type != want.Type || p.Live != want.Live || p.About == "" || !slices.Equal(p.Choices, want.Choices) {
			t.Errorf("%+v, want %+v", p, want)
		}
	}
	if code, body := s.do("POST", "/api/v1/console", `{"command":"CONFIG GET port"}`); code != 200 || !strings.Contains(body, s.url[strings.LastIndex(s.url, ":")+1:]) {
		t.Errorf("%d %s", code, body)
	}
}
