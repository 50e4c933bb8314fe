package emu

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
)

// residentKiB returns the process's memory in use, of Go and C together.
func residentKiB(t *testing.T) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Skip("no VmRSS")
	return 0
}

// A streamed run needs the same little memory however long it is.
func TestLongStreamNeedsLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("runs ten million instructions")
	}
	const steps, allowedKiB = 10_000_000, 40 << 10
	start := startRegs()
	start.PC += 0x200 // calls
	m := newMachine(t, config(program(t, "loop")), start)
	before := residentKiB(t)
	c := NewCursor(m.Snapshot())
	seen := 0
	err := m.Stream(RunOptions{Until: NoAddress, Limit: steps}, func(chunk *Chunk) error {
		seen += chunk.Steps
		if err := c.Load(chunk); err != nil {
			return err
		}
		for c.Next() {
		}
		return nil
	})
	if !errors.Is(err, ErrLimit) || seen != steps {
		t.Errorf("%v after %d steps", err, seen)
	}
	if err := m.Compare(c.Memory()); err != nil {
		t.Error(err)
	}
	if used := residentKiB(t) - before; used > allowedKiB {
		t.Errorf("%d KiB more than before", used)
	} else {
		t.Logf("%d KiB more than before", used)
	}
}
