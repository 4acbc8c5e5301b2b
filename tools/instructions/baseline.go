package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// A Baseline is what counts are compared with.
type Baseline struct {
	Toolchain Toolchain `json:"toolchain"`
	// Counts are instructions a round.
	Counts map[string]float64 `json:"counts"`
}

// A Toolchain is what counts hang on besides the source.
type Toolchain struct {
	Architecture string `json:"architecture"`
	Rust         string `json:"rust"`
	Go           string `json:"go"`
	Valgrind     string `json:"valgrind"`
}

// currentToolchain asks the tools for their versions.
func currentToolchain() (Toolchain, error) {
	toolchain := Toolchain{Architecture: runtime.GOARCH, Go: runtime.Version()}
	for tool, version := range map[string]*string{"rustc": &toolchain.Rust, "valgrind": &toolchain.Valgrind} {
		output, err := exec.Command(tool, "--version").Output()
		if err != nil {
			return toolchain, fmt.Errorf("%s: %w", tool, err)
		}
		*version = strings.TrimSpace(string(output))
	}
	return toolchain, nil
}

func readBaseline(path string) (baseline Baseline, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return baseline, err
	}
	if err := json.Unmarshal(text, &baseline); err != nil {
		return baseline, fmt.Errorf("%s: %w", path, err)
	}
	return baseline, nil
}

func (b Baseline) write(path string) error {
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// only is the baseline of one case.
func (b Baseline) only(name string) Baseline {
	counts := make(map[string]float64)
	if count, ok := b.Counts[name]; ok {
		counts[name] = count
	}
	return Baseline{b.Toolchain, counts}
}
