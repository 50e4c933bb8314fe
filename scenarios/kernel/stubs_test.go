// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/testkit"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep/verdict"
)

// The committed stubs are what their source gives.
func TestStubsAreBuilt(t *testing.T) {
	gcc := testkit.Tool(t, "aarch64-linux-gnu-gcc")
	built := filepath.Join(t.TempDir(), "stubs.o")
	if out, err := exec.Command(gcc, "-c", "-o", built, "src/stubs.S").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want, err := image.Load(built)
	if err != nil {
		t.Fatal(err)
	}
	got, err := image.Load("stubs.o")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Segments) != len(want.Segments) {
		t.Fatalf("%d segments, want %d: run go generate", len(got.Segments), len(want.Segments))
	}
	for i, s := range want.Segments {
		if string(s.Data) != string(got.Segments[i].Data) {
			t.Errorf("segment %s differs: run go generate", s.Name)
		}
	}
}

// The kernel's own fault handler leads every access that faults to the fix-up of its exception table: that the table
// was read rightly is what the kernel says. Without aborts the first of them ends the run.
func TestFaultsAreFixedUp(t *testing.T) {
	forEachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		i := slices.IndexFunc(k.Scenarios(), func(s *scenarios.Scenario) bool {
			return strings.HasSuffix(s.Name, "/uaccess")
		})
		if i < 0 {
			t.Skip("it has no symbols for its exception table")
		}
		run, recording := record(t, verdict.Target{Scenario: k.Scenarios()[i], Variant: "plain"})
		faults, faulting := 0, uint64(0)
		for _, c := range recording.Chunks {
			for _, x := range c.Transfers {
				pc := c.PC[x.Step]
				switch x.Kind {
				case emu.Exception:
					faults, faulting = faults+1, pc
					if run.Fixups[pc] == 0 {
						t.Errorf("%#x faults, and is not in the table of %d entries", pc, len(run.Fixups))
					}
				case emu.ExceptionReturn:
					if x.To != run.Fixups[faulting] {
						t.Errorf("%#x goes on at %#x, not at %#x", faulting, x.To, run.Fixups[faulting])
					}
				}
			}
		}
		if faults != 3*4 {
			t.Errorf("%d faults", faults)
		}
		run.Config.DataAborts = false
		m := runtest.Machine(t, run)
		if err := m.Run(run.Until, run.Limit); !errors.Is(err, emu.ErrFault) {
			t.Errorf("without aborts: %v", err)
		}
	})
}
