// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"errors"
	"slices"
	"testing"

	"stacksweep/emu"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
)

// A machine that runs ahead hands over the chunks in order, each as it was recorded; and it is still when the last one
// has been taken, or when one isn't taken.
func TestStreamAhead(t *testing.T) {
	target := corpustest.Target(t, "fgraph/nested")
	run := runtest.Build(t, target.Scenario, target.Variant, scenarios.Options{})
	want := runtest.Record(t, run, emu.RunOptions{Mode: emu.Sparse, ChunkSteps: 7})
	enough := errors.New("enough")
	for _, jobs := range []int{1, 2} {
		for _, most := range []int{0, 3, len(want.Chunks)} {
			m, err := run.Machine()
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			r := newRunner(run, &Options{Jobs: jobs})
			cursor, taken := emu.NewCursor(m.Snapshot()), 0
			o := emu.RunOptions{Until: run.Until, Mode: emu.Sparse, ChunkSteps: 7}
			err = r.stream(m, o, func(c *emu.Chunk) error {
				if taken == most {
					return enough
				}
				if !slices.Equal(c.PC, want.Chunks[taken].PC) {
					t.Errorf("chunk %d is another one", taken)
				}
				taken++
				return cursor.Load(c)
			})
			if all := most == len(want.Chunks); all && err != nil || !all && err != enough || taken != most {
				t.Errorf("%d goroutines: %v after %d chunks, want %d", jobs, err, taken, most)
			}
			if _, err := m.Regs(); err != nil {
				t.Error(err)
			}
			if most < len(want.Chunks) {
				continue
			}
			for cursor.Next() {
			}
			if err := m.Compare(cursor.Memory()); err != nil {
				t.Error(err)
			}
		}
	}
}

// A run that fails does so after all that was executed has been taken.
func TestStreamAheadOfFault(t *testing.T) {
	target := corpustest.Target(t, "fgraph/nested")
	run := runtest.Build(t, target.Scenario, target.Variant, scenarios.Options{})
	for _, jobs := range []int{1, 2} {
		m, err := run.Machine()
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		steps := 0
		err = newRunner(run, &Options{Jobs: jobs}).stream(m,
			emu.RunOptions{Until: emu.NoAddress, Mode: emu.Sparse, ChunkSteps: 7}, func(c *emu.Chunk) error {
				steps += c.Steps
				return nil
			})
		var failed *emu.RunError
		if !errors.As(err, &failed) || failed.Step != steps || steps < 100 {
			t.Errorf("%d goroutines: %v, %d steps taken", jobs, err, steps)
		}
	}
}
