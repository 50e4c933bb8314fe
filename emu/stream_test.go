// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// Streaming: a cursor that is given chunks is where a cursor of the recording is.
func TestStreamedCursor(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		for _, size := range []int{1, 2, 7, 1000} {
			want := run.record(t, Sparse, 0).Cursor()
			m := run.machine(t)
			c := NewCursor(m.Snapshot())
			steps := 0
			err := m.Stream(RunOptions{Until: run.until, ChunkSteps: size}, func(chunk *Chunk) error {
				if err := c.Load(chunk); err != nil {
					return err
				}
				for more := true; more; more = c.Next() {
					if c.PC() != want.PC() || c.SP() != want.SP() || c.FP() != want.FP() || c.LR() != want.LR() ||
						c.PState() != want.PState() || c.Step() != want.Step() {
						t.Fatalf("step %d differs", want.Step())
					}
					for addr := uint64(stackTop - 0x100); addr < stackTop; addr += 8 {
						a, _ := want.Memory().Word(addr)
						if b, ok := c.Memory().Word(addr); a != b || !ok {
							t.Fatalf("step %d, address %#x: %#x, want %#x", want.Step(), addr, b, a)
						}
					}
					want.Next()
					steps++
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Compare(c.Memory()); err != nil {
				t.Error(err)
			}
			if steps != want.Step() {
				t.Errorf("%d steps, want %d", steps, want.Step())
			}
		}
	})
}

// A cursor that is not moved within its chunk is finished by the next Load: a chunk outlives its sink call by one.
func TestStreamedCursorThatSkips(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		m := run.machine(t)
		c := NewCursor(m.Snapshot())
		err := m.Stream(RunOptions{Until: run.until, ChunkSteps: 4}, func(chunk *Chunk) error { return c.Load(chunk) })
		if err != nil {
			t.Fatal(err)
		}
		for c.Next() {
		}
		if err := m.Compare(c.Memory()); err != nil {
			t.Error(err)
		}
	})
}

// A chunk stays valid until sink returns from the second chunk after it, so that a cursor may be one chunk behind.
func TestStreamedCursorThatLags(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		m := run.machine(t)
		c := NewCursor(m.Snapshot())
		var last *Chunk
		load := func(next *Chunk) (err error) {
			if last != nil {
				err = c.Load(last)
			}
			last = next
			return err
		}
		err := m.Stream(RunOptions{Until: run.until, ChunkSteps: 4}, load)
		if err := errors.Join(err, load(nil)); err != nil {
			t.Fatal(err)
		}
		for c.Next() {
		}
		if err := m.Compare(c.Memory()); err != nil {
			t.Error(err)
		}
	})
}

// Chunks that are lent are those that would be copied, and stay as they are while the machine runs on.
func TestLentChunks(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		want := run.record(t, Full, 5)
		m := run.machine(t)
		got, err := m.Record(RunOptions{Until: run.until, Mode: Full, ChunkSteps: 5, Lend: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.SetRegs(want.Start); err != nil {
			t.Fatal(err)
		}
		m.Run(run.until, 50)
		if diff := cmp.Diff(want.Chunks, got.Chunks); diff != "" {
			t.Errorf("-copied +lent:\n%s", diff)
		}
	})
}

// However many stores the instructions do, a chunk ends before its room for them does.
func TestManyStoresPerStep(t *testing.T) {
	for name, test := range map[string]struct {
		code   []byte
		stores int // in three steps, at least
	}{
		"dc zva, x0; st4 {v0.16b-v3.16b}, [x0]; b -8": {words(0xd50b7420, 0x4c000000, 0x17fffffe), 8 + 8},
		"stp x0, x1, [x0]; stp x0, x1, [x0]; b -8":    {words(0xa9000400, 0xa9000400, 0x17fffffe), 4},
	} {
		whole := 0
		for _, size := range []int{0, 10, 1000} {
			r, err := newMachine(t, config(test.code), startRegs()).Record(
				RunOptions{Until: NoAddress, Limit: 20_000, ChunkSteps: size, Verify: true})
			if !errors.Is(err, ErrLimit) || r.Len() != 20_000 {
				t.Fatalf("%s: %v after %d steps", name, err, r.Len())
			}
			n := len(flatten(r).Stores)
			if whole == 0 {
				whole = n
			}
			if n != whole || n < 20_000/3*test.stores {
				t.Errorf("%s: chunks of %d: %d stores, want %d", name, size, n, whole)
			}
		}
	}
}

// A run that is short enough is one chunk, exceptions or not.
func TestShortRunIsOneChunk(t *testing.T) {
	forEachRun(t, func(t *testing.T, run testRun) {
		if n := len(run.record(t, Sparse, 0).Chunks); n != 1 {
			t.Errorf("%d chunks", n)
		}
	})
}

func TestLoadWantsConsecutiveChunks(t *testing.T) {
	run := testRuns(t)[0]
	r := run.record(t, Sparse, 10)
	c := NewCursor(r.Initial.Clone())
	if err := c.Load(r.Chunks[0]); err != nil {
		t.Fatal(err)
	}
	if err := c.Load(r.Chunks[2]); err == nil {
		t.Error("a gap was accepted")
	}
}

func TestSinkEndsTheStream(t *testing.T) {
	enough := errors.New("enough")
	run := testRuns(t)[0]
	chunks := 0
	err := run.machine(t).Stream(RunOptions{Until: run.until, ChunkSteps: 5}, func(*Chunk) error {
		chunks++
		return enough
	})
	if err != enough || chunks != 1 {
		t.Errorf("%v after %d chunks", err, chunks)
	}
}
