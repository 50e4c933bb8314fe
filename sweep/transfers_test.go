// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/internal/testkit"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/userfile"
	"stacksweep/sweep/truth"
)

// The truth of what calls without BL and returns without RET is right at a place inside, or there is a conflict that
// names the instruction.
func TestUnusualTransfers(t *testing.T) {
	cc := testkit.Tool(t, "aarch64-linux-gnu-gcc")
	object := filepath.Join(t.TempDir(), "transfers.o")
	if out, err := exec.Command(cc, "-c", "-o", object, "testdata/transfers.S").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, tt := range []struct {
		program string
		callers string // of the place NAME_here when it is first reached; empty: it isn't known
		names   string // the instruction that the conflict names
	}{
		{"ret_other", "ret_other+0xc", ""},
		{"br_return", "", ""},
		{"adr_br", "adr_br+0x14", ""},
		{"adr_b", "adr_b+0x18", ""},
		{"twice", "twice_callee+0xc twice+0x18", ""},
		{"trampoline", "call_original+0x1c traced+0x8 trampoline+0xc", ""},
		{"redirect", "redirect+0xc", ""},
		{"jump_back", "", ""},
		{"ret_jump", "", ""},
		{"lost", "", "lost_callee+0x4"},
		{"lost_ret", "", "lost_ret_callee+0x4"},
	} {
		t.Run(tt.program, func(t *testing.T) {
			file, err := userfile.Load(object, userfile.Options{Limit: 10_000})
			if err != nil {
				t.Fatal(err)
			}
			s, err := file.Scenario(tt.program)
			if err != nil {
				t.Fatal(err)
			}
			run := runtest.Build(t, s, "", scenarios.Options{})
			r := runtest.Record(t, run, emu.RunOptions{})
			found, err := truth.Find(truth.LogOf(r), FactsOf(run), nil)
			if tt.names != "" {
				at, _ := run.Image.Symbols.Lookup(strings.Split(tt.names, "+")[0])
				if want := fmt.Sprintf("at %#x", at.Addr+4); !errors.Is(err, truth.ErrConflict) ||
					!strings.Contains(err.Error(), want) {
					t.Errorf("error %v; want a conflict %s, %s", err, want, tt.names)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			here, _ := run.Image.Symbols.Lookup(tt.program + "_here")
			cursor := found.Cursor()
			cursor.Seek(stepAt(r, here.Addr))
			stack := cursor.Stack()
			var callers []string
			for _, a := range stack.Append(nil) {
				if name := run.Image.Symbols.Name(a); !strings.HasPrefix(name, "start+") {
					callers = append(callers, name)
				}
			}
			if diff := cmp.Diff(strings.Fields(tt.callers), callers); diff != "" && len(tt.callers)+len(callers) > 0 {
				t.Errorf("callers (-want +got):\n%s", diff)
			}
		})
	}
}

// stepAt is the first step at an address.
func stepAt(r *emu.Recording, pc uint64) int {
	for _, c := range r.Chunks {
		if i := slices.Index(c.PC, pc); i >= 0 {
			return c.First + i
		}
	}
	return -1
}
