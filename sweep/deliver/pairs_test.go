// SPDX-License-Identifier: GPL-2.0-only

package deliver

import (
	"errors"
	"testing"

	"stacksweep/emu"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
)

// While the vectors test for an overflow, SP is what it was less the size of the registers, plus X0. With a small
// number in X0 that is an aligned address among the frames of the interrupted code, which a second exception must not
// write over.
func TestSecondExceptionAmongFrames(t *testing.T) {
	run := runtest.Build(t, corpustest.Target(t, "chain/plain").Scenario, "", scenarios.Options{})
	for _, tt := range []struct {
		name    string
		x0      uint64
		untaken int // instructions of the vectors at which there is no stack
	}{
		{"below the frames", run.Kernel.Regs.Size, 0},
		{"among the frames", run.Kernel.Regs.Size + 32, 4},
		{"misaligned", run.Kernel.Regs.Size + 8, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i, err := New(run, nil, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer i.Close()
			const step = 100
			if err := i.goTo(step); err != nil {
				t.Fatal(err)
			}
			regs, err := i.m.Regs()
			if err != nil {
				t.Fatal(err)
			}
			regs.X[0] = tt.x0
			if err := i.m.SetRegs(regs); err != nil {
				t.Fatal(err)
			}
			var first emu.Chunk
			if err := i.TakeFirst(step, &run.IRQ, &first); err != nil {
				t.Fatal(err)
			}
			second, untaken := 0, 0
			err = i.InsideFirst(&run.IRQ, &first, func() error {
				err := i.TakeSecond(&first, second, &run.IRQ, false, func() {})
				if errors.Is(err, ErrNotTaken) {
					untaken++
					err = nil
				}
				second++
				return err
			})
			if err != nil {
				t.Errorf("second exception at instruction %d of the first one: %v", second-1, err)
			}
			if untaken != tt.untaken || second != first.Steps {
				t.Errorf("%d of %d second exceptions are not taken, want %d", untaken, second, tt.untaken)
			}
		})
	}
}
