package results

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// Machine is where the results are from.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory uint64 `json:"memory"` // bytes
	Kernel string `json:"kernel"`
	FS     string `json:"fs"` // the type of the file system with the data
}

// ThisMachine describes the machine, with the file system of an existing directory.
func ThisMachine(dir string) (Machine, error) {
	m := Machine{Cores: runtime.NumCPU()}
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m, err
	}
	m.CPU = field(string(cpu), `(?m)^model name\s*:\s*(.*)$`)
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return m, err
	}
	kib, err := strconv.ParseUint(field(string(memory), `(?m)^MemTotal:\s*(\d+) kB$`), 10, 64)
	if err != nil {
		return m, fmt.Errorf("/proc/meminfo: %w", err)
	}
	m.Memory = kib << 10
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return m, err
	}
	m.Kernel = strings.TrimSpace(string(kernel))
	m.FS, err = fileSystem(dir)
	return m, err
}

// field is what the expression's group matches, or nothing.
func field(text, expression string) string {
	if match := regexp.MustCompile(expression).FindStringSubmatch(text); match != nil {
		return match[1]
	}
	return ""
}

// fileSystem is the type of the mount with the longest path above dir.
func fileSystem(dir string) (string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	longest, kind := "", ""
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		mount := fields[1]
		if strings.HasPrefix(dir+"/", strings.TrimSuffix(mount, "/")+"/") && len(mount) >= len(longest) {
			longest, kind = mount, fields[2]
		}
	}
	return kind, nil
}

var noWord = regexp.MustCompile(`[^a-z0-9]+`)

// Name is a short name for files: the cores and the processor.
func (m Machine) Name() string {
	cpu := noWord.ReplaceAllString(strings.ToLower(m.CPU), "-")
	words := strings.Split(strings.Trim(cpu, "-"), "-")
	const enough = 3
	return strings.Trim(fmt.Sprintf("%dcpu-%s", m.Cores, strings.Join(words[:min(enough, len(words))], "-")), "-")
}

// String implements fmt.Stringer.
func (m Machine) String() string {
	return fmt.Sprintf("%d processors (%s), %.0f GiB of memory, Linux %s, the data on %s",
		m.Cores, m.CPU, float64(m.Memory)/(1<<30), m.Kernel, m.FS)
}
