// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGDBState compares all registers, and the stack, at some points that monitor goto leads to.
func TestGDBState(t *testing.T) {
	steps := []int{0, 137, 3000, 585, 12000}
	var script []string
	for _, step := range steps {
		script = append(script, fmt.Sprintf("monitor goto %d", step), "info registers", "x/8gx $sp")
	}
	s, answers := findGDB(t).at("fgraph/return@0", script...)
	for i, step := range steps {
		if err := s.Run.Seek(step); err != nil {
			t.Fatal(err)
		}
		regs, ok := s.Run.At().Regs()
		if !ok {
			t.Fatal("not all registers are known")
		}
		want := map[string]uint64{"sp": regs.SP, "pc": regs.PC, "cpsr": regs.PState}
		for n, x := range regs.X {
			want[fmt.Sprintf("x%d", n)] = x
		}
		got := map[string]uint64{}
		for line := range strings.Lines(answers[3*i+1]) {
			f := strings.Fields(line)
			v, err := strconv.ParseUint(f[1], 0, 64)
			if err != nil {
				t.Fatal(err)
			}
			got[f[0]] = v
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("registers at step %d: %s", step, diff)
		}

		var words []string
		for n := range uint64(8) {
			w, ok := s.Run.At().Memory().Word(regs.SP + 8*n)
			if !ok && step == 0 {
				w = 0
			}
			words = append(words, fmt.Sprintf("0x%016x", w))
		}
		var shown []string
		for line := range strings.Lines(answers[3*i+2]) {
			_, values, _ := strings.Cut(line, ":")
			shown = append(shown, strings.Fields(values)...)
		}
		if diff := cmp.Diff(words, shown); diff != "" {
			t.Errorf("stack at step %d: %s", step, diff)
		}
	}
}

// TestGDBReadOnly checks what one gets to see who tries to change something.
func TestGDBReadOnly(t *testing.T) {
	_, answers := findGDB(t).at("fgraph/return@100", "set $x0 = 1", "jump *finish", "print chain_leaf(1)",
		"signal SIGINT",
		"set var chain_sink = 1", "x/gx 0", pc)
	for _, i := range []int{0, 1, 2} {
		contains(t, answers[i], readOnly)
	}
	contains(t, answers[3], "a recorded run can't be given a signal")
	// Of a refused write to memory gdb says this, whatever the reason it was given.
	contains(t, answers[4], "Cannot access memory at address")
	contains(t, answers[5], "Cannot access memory at address 0x0")
}
