// SPDX-License-Identifier: GPL-2.0-only

package corpus_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
	"stacksweep/unwind/kunwind"
)

// The instructions that sign LR with SP.
const (
	paciasp = 0xd503233f
	pacibsp = 0xd503237f
)

// plain reports whether an address has no authentication code in it.
func plain(addr uint64) bool { return addr>>48 == 0xffff }

// The mask that kernels strip with is what the CPU itself strips: XPACLRI of an address that has bit 55 alone sets all
// bits that a code may take.
func TestPACMask(t *testing.T) {
	run, err := familyTargets(t, "pac/gcc")[0].Scenario.Build("", scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const base, selector, xpaclri = 0x10000, 1 << 55, 0xd50320ff
	code := binary.LittleEndian.AppendUint32(nil, xpaclri)
	m, err := emu.New(emu.Config{
		Regions: []emu.Region{{Name: "code", Base: base, Size: emu.PageSize, Data: code, Perm: emu.Read | emu.Exec}},
		PAC:     run.Config.PAC,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	regs := emu.Regs{PC: base}
	regs.X[30] = selector
	if err := m.SetRegs(regs); err != nil {
		t.Fatal(err)
	}
	if err := m.Advance(1); err != nil {
		t.Fatal(err)
	}
	if regs, err = m.Regs(); err != nil {
		t.Fatal(err)
	}
	if want := run.Kernel.PACMask; regs.X[30]&^selector != want {
		t.Errorf("the CPU strips %#x, the kernel %#x", regs.X[30]&^selector, want)
	}
}

// Return addresses are really signed: LR and the frame record hold something else than the address, which stripping
// brings back, while calls and returns, which the truth is made of, go to plain addresses.
func TestReturnAddressesAreSigned(t *testing.T) {
	for _, target := range familyTargets(t, "pac/") {
		t.Run(target.String(), func(t *testing.T) {
			run, recording := record(t, target)
			signed, stored := 0, 0
			c := recording.Cursor()
			for more := true; more; {
				var word [4]byte
				c.Memory().Read(c.PC(), word[:])
				insn := binary.LittleEndian.Uint32(word[:])
				before, fp := c.LR(), c.FP()
				more = c.Next()
				if insn == paciasp || insn == pacibsp {
					signed++
					if got := c.LR(); got == before || got|run.Kernel.PACMask != before {
						t.Errorf("step %d: %#x signed is %#x", c.Step()-1, before, got)
					}
				}
				if c.FP() != fp {
					if lr, ok := c.Memory().Word(c.FP() + 8); ok && lr != 0 && !plain(lr) {
						stored++
					}
				}
			}
			if signed == 0 {
				t.Error("no return address was signed")
			}
			if stored == 0 && target.Variant != "leaf" {
				t.Error("no frame record has a signed return address")
			}
			for _, chunk := range recording.Chunks {
				for _, transfer := range chunk.Transfers {
					if !plain(transfer.To) {
						t.Errorf("step %d goes to %#x", chunk.First+int(transfer.Step), transfer.To)
					}
				}
			}
		})
	}
}

// With a signed return address in LR or in a frame record, walks are as good as without: at every instruction.
func TestPACVerdicts(t *testing.T) {
	sweepAll(t, familyTargets(t, "pac/"), kernelWalkers(t), func(t *testing.T, r *sweep.RunResult) {
		inside := 0
		for _, p := range r.Points {
			name, offset := r.Symbols.Locate(p.PC)
			if !strings.HasPrefix(name, "pac_") {
				continue
			}
			for _, f := range p.Trace.Frames {
				if !plain(f.PC) {
					t.Errorf("%s %v, %s+%#x: frame %#x", p.Walker, p.Mode, name, offset, f.PC)
				}
			}
			switch {
			case p.Mode == verdict.Sync && p.Verdict != verdict.Exact && !isCallOfTracer(r, offset):
				t.Errorf("%s sync, %s+%#x: %v, want exact", p.Walker, name, offset, p.Verdict)
			case p.Mode == verdict.IRQ && p.Walker == "sframe":
				inside++
				want := verdict.Exact
				if r.Variant == "asm_bare" {
					want = verdict.Refused
				}
				// What is patched for tracing lies before a compiled function's unwind information.
				patchable := p.Trace.Failure.Reason == unwind.NoTable && offset <= 8
				if p.Verdict != want && !patchable {
					t.Errorf("%s+%#x, step %d: %v, %v, want %v", name, offset, p.Step, p.Verdict, p.Trace.Failure, want)
				}
			}
		}
		if inside == 0 {
			t.Error("no point is inside")
		}
	})
}

// isCallOfTracer reports whether the instruction at an offset in a traced function is the call of ftrace_caller.
func isCallOfTracer(r *sweep.RunResult, offset uint64) bool {
	return strings.HasSuffix(r.Scenario, "/traced") && offset == 4
}

// An unwinder that forgets to strip is found out: it reports signed addresses, or doesn't see that one is
// return_to_handler's.
func TestForgottenStripIsFound(t *testing.T) {
	forgetful := func(run *scenarios.Run) unwind.Walker {
		kernel := *run.Kernel
		kernel.PACMask = 0
		for _, p := range kunwind.Profiles() {
			if p.Name == "sframe" {
				return kunwind.New(p, &kernel)
			}
		}
		panic("no profile sframe")
	}
	walkers := []registry.Spec{{Name: "forgetful", New: forgetful}}
	sweepAll(t, familyTargets(t, "pac/"), walkers, func(t *testing.T, r *sweep.RunResult) {
		counts := map[verdict.Verdict]int{}
		for _, p := range r.Points {
			counts[p.Verdict]++
		}
		if counts[verdict.Wrong] == 0 {
			t.Errorf("got %v, want wrong somewhere", counts)
		}
	})
}

func TestPACCoverage(t *testing.T) {
	checkCoverage(t, familyTargets(t, "pac/"), "pac_", "run_pac_traced")
}
