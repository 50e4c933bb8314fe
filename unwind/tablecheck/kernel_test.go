// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"encoding/binary"
	"os"
	"path"
	"testing"

	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/internal/kernels"
	"stacksweep/unwind/flow"
)

// kernelsWithTables runs a test on each of sframeKernels.
func kernelsWithTables(t *testing.T, test func(t *testing.T, file string)) {
	t.Helper()
	for name, file := range sframeKernels(t) {
		t.Run(name, func(t *testing.T) { test(t, file) })
	}
}

// sframeKernels are the kernels that were built with SFrame tables and are in the cache, or the one that
// STACKSWEEP_VMLINUX names, by name.
func sframeKernels(t testing.TB) map[string]string {
	t.Helper()
	paths := map[string]string{}
	if file := os.Getenv("STACKSWEEP_VMLINUX"); file != "" {
		paths["own"] = file
	} else {
		cached, err := kernels.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cached {
			// One for each compiler: what else is built of them differs in a few functions.
			if ok, _ := path.Match("*-sframe-gcc??", c.Series); ok {
				paths[c.Series] = c.Image
			}
		}
	}
	if len(paths) == 0 {
		t.Skip("no kernel with SFrame tables is in the cache; STACKSWEEP_VMLINUX may name one")
	}
	return paths
}

// Every instruction of a kernel is described by the table, or in one hole, or padding; and of those described by C code
// none is undecided, and none wrong but in the one function whose inline assembly overwrites X30, and what gcc 16 gets
// wrong (see TestEpilogue).
func TestKernel(t *testing.T) {
	kernelsWithTables(t, func(t *testing.T, file string) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		im, err := image.Parse(file, data)
		if err != nil {
			t.Fatal(err)
		}
		origin, err := Origins(im, data)
		if err != nil {
			t.Fatal(err)
		}
		check, err := NewSubject(im, data, 0).Run(Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range check.Disagree {
			d := &check.Disagree[i]
			s, _ := symbolAround(check.symbols, d.From)
			if origin(d.From) != FromAssembly && s.Name != "qcom_link_stack_sanitisation" &&
				!(madeByGCC16(check) && isEarlyReload(d)) {
				t.Errorf("%s: table %v, %s", check.Span(d.From, d.To), d.Rule, check.Reason(d))
			}
		}
		for i := range check.Unknown {
			if d := &check.Unknown[i]; origin(d.From) != FromAssembly {
				t.Errorf("%s is undecided: %s", check.Span(d.From, d.To), check.Reason(d))
			}
		}
		checkPartition(t, check)
		checkKnown(t, im)
		t.Logf("%v %+v", check.Compilers(), check.Counts)
	})
}

// checkPartition finds instructions that are in two places, or in none.
func checkPartition(t *testing.T, check *Check) {
	t.Helper()
	for _, s := range check.Image.CodeSections() {
		in := make([]uint8, len(s.Data)/4)
		note := func(from, to uint64) {
			for pc := max(from, s.Addr); pc < min(to, s.End()&^3); pc += 4 {
				in[(pc-s.Addr)/4]++
			}
		}
		for i := range check.Table {
			note(check.Table[i].Start, check.Table[i].End)
		}
		for i := range check.Holes {
			note(check.Holes[i].From, check.Holes[i].To)
		}
		wrong := 0
		for i, n := range in {
			addr := s.Addr + uint64(4*i)
			from, to := check.Image.Symbols.WithoutData(addr, addr+4)
			if n > 1 || n == 0 && from < to && !flow.IsPadding(s.Data[4*i:4*i+4]) {
				if wrong++; wrong < 5 {
					t.Errorf("%s is in %d FDEs and holes", Place(check.Image, addr), n)
				}
			}
		}
		t.Logf("%s: %d instructions", s.Name, len(in))
	}
}

// checkKnown holds what the kernel's tables say against the instructions that they speak of.
func checkKnown(t *testing.T, im *image.Image) {
	t.Helper()
	known := NewSubject(im, nil, 0).facts()
	word := func(addr uint64) uint32 {
		b, ok := im.Bytes(addr, 4)
		if !ok {
			return 0
		}
		return binary.LittleEndian.Uint32(b)
	}
	kinds := map[flow.Break]int{}
	for addr, is := range known.Breaks {
		kinds[is]++
		if w := word(addr); w != 0xd4210000 {
			t.Errorf("the bug table speaks of %s, which is %#x, not BRK #0x800", Place(im, addr), w)
		}
	}
	if kinds[flow.BreakEnds] == 0 || kinds[flow.BreakReturns] == 0 {
		t.Errorf("bugs and warnings: %v", kinds)
	}
	for _, p := range staticKeys(im) {
		if to, isBranch := flow.BranchTarget(word(p.Addr), p.Addr); word(p.Addr) != arm64.NOP &&
			(!isBranch || to != p.Target) {
			t.Errorf("the static key at %s, to %s, is %s", Place(im, p.Addr), Place(im, p.Target),
				Instruction(im, p.Addr))
		}
	}
	patches := 0
	for name, list := range map[string][]flow.Patch{"static keys": staticKeys(im), "fix-ups": fixups(im),
		"alternatives": patchesOf(im, readAlternatives(im))} {
		if len(list) == 0 {
			t.Errorf("there are no %s", name)
		}
		patches += len(list)
		for _, p := range list {
			if len(Code(im)(p.Addr, p.Addr+4)) == 0 || p.Target != 0 && len(Code(im)(p.Target, p.Target+4)) == 0 {
				t.Errorf("%s: %#x to %#x is outside the code", name, p.Addr, p.Target)
			}
		}
	}
	if len(known.Patches) != patches {
		t.Errorf("%d patches are known, want %d", len(known.Patches), patches)
	}
}
