// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// patch overwrites the n-th instruction of a kind in a function; it is the same as before in everything but that.
func patch(t *testing.T, run *scenarios.Run, function string, old, by uint32) {
	t.Helper()
	s, ok := run.Image.Symbols.Lookup(function)
	if !ok {
		t.Fatalf("no function %s", function)
	}
	code := memoryOf(t, run, s.Addr, s.Size)
	found := 0
	for off := 0; off < len(code); off += 4 {
		if binary.LittleEndian.Uint32(code[off:]) == old {
			binary.LittleEndian.PutUint32(code[off:], by)
			found++
		}
	}
	if found == 0 {
		t.Fatalf("%s has no instruction %#x", function, old)
	}
}

// memoryOf returns the run's initial memory at an address, to be changed.
func memoryOf(t *testing.T, run *scenarios.Run, addr, size uint64) []byte {
	t.Helper()
	for _, r := range run.Config.Regions {
		if off := addr - r.Base; off < uint64(len(r.Data)) && size <= uint64(len(r.Data))-off {
			return r.Data[off : off+size]
		}
	}
	t.Fatalf("no memory at %#x", addr)
	return nil
}

// Instructions of the corpus's entry code.
const (
	insnNOP          = 0xd503201f
	ldpX20FromEvent  = 0xa94a5434 // ldp x20, x21, [x1, #160]
	ldpX28FromEvent  = 0xa94e743c // ldp x28, x29, [x1, #224]
	stpX22ToEvent    = 0xa90b5c36 // stp x22, x23, [x1, #176]
	movSPFromX5      = 0x910000bf // mov sp, x5
	movSPFromX4      = 0x9100009f // mov sp, x4
	movkEventStatus  = 0xf2b88000 // movk x0, #0xc400, lsl #16
	stpRecord        = 0xa9bf0bfd // stp x29, x2, [sp, #-16]!
	stpRecordOfLR    = 0xa9bf7bfd // stp x29, x30, [sp, #-16]!
	ldpX0FromSP      = 0xa94007e0 // ldp x0, x1, [sp]
	cselPC           = 0x9a9f0042 // csel x2, x2, xzr, eq
	msrELRFromX2     = 0xd5184022 // msr elr_el1, x2
	mrsX0FromTPIDRRO = 0xd53bd060 // mrs x0, tpidrro_el0
	strX0ToSavedSP   = 0xf9007fe0 // str x0, [sp, #248]
	movSPFromX0      = 0x9100001f // mov sp, x0
	tbnzX0Bit14      = 0x37700080 // tbnz x0, #14, .+16
)

// Every mistake in SDEI's entry code and in what saves an overflow is noticed, wherever it goes through.
func TestBrokenWaysAreNoticed(t *testing.T) {
	for _, tt := range []struct {
		name     string
		scenario string
		mode     verdict.Mode
		function string
		old, by  uint32
		want     string
		points   int
	}{
		{"SDEI doesn't restore registers", "exception/masked:all", verdict.NMI, "sdei_asm_handler", ldpX20FromEvent,
			insnNOP, "X20 was ", 500},
		{"SDEI doesn't restore X28 and X29", "exception/masked:all", verdict.NMI, "sdei_asm_handler", ldpX28FromEvent,
			insnNOP, "X28 was ", 500},
		{"SDEI doesn't save registers", "exception/masked:all", verdict.NMI, "sdei_asm_handler", stpX22ToEvent, insnNOP,
			"X22 was ", 500},
		{"SDEI stays on the interrupted stack", "exception/masked:all", verdict.NMI, "sdei_asm_handler", movSPFromX5,
			insnNOP, "doesn't run on the SDEI normal stack", 500},
		{"SDEI doesn't go back to the stack", "exception/masked:all", verdict.NMI, "sdei_asm_handler", movSPFromX4,
			insnNOP, "SP was ", 500},
		{"SDEI writes another record", "exception/masked:all", verdict.NMI, "sdei_asm_handler", stpRecord,
			stpRecordOfLR, "with an overlay", 500},
		{"SDEI isn't completed", "exception/masked:all", verdict.NMI, "sdei_asm_handler", movkEventStatus, insnNOP,
			"not completed", 500},
		{"SDEI overwrites ELR", "exception/masked:all", verdict.NMI, "sdei_asm_handler", cselPC, msrELRFromX2,
			"ELR_EL1", 500},
		{"X0 isn't recovered after an overflow", "exception/overflow:described", verdict.IRQ, "bad_stack_async",
			mrsX0FromTPIDRRO, insnNOP, "X0 was ", 10},
		{"SP isn't recovered after an overflow", "exception/overflow:described", verdict.IRQ, "bad_stack_async",
			strX0ToSavedSP, insnNOP, "", 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &Options{Walkers: reliableWalkers(t), Modes: []verdict.Mode{tt.mode}, Jobs: 1, Deliver: verdict.Taken}
			r, err := trySweep(t, tt.scenario, o, func(run *scenarios.Run) {
				patch(t, run, tt.function, tt.old, tt.by)
			})
			if err != nil {
				t.Fatal(err)
			}
			noticed := map[int]bool{}
			for _, d := range r.Deviations {
				if !strings.Contains(d.What, tt.want) {
					t.Fatalf("step %d: %s; want %q", d.Step, d.What, tt.want)
				}
				noticed[d.Step] = true
			}
			if len(noticed) < tt.points {
				t.Errorf("noticed at %d points, want %d at least", len(noticed), tt.points)
			}
		})
	}
}

// A run that overflows doesn't come to its end, or not to the right one, if what saves it is broken. Without the check
// in the vectors, the registers of the exception go where there is no memory.
func TestBrokenOverflowIsNoticed(t *testing.T) {
	o := &Options{Walkers: reliableWalkers(t), Modes: []verdict.Mode{verdict.Sync}, Jobs: 1}
	for _, tt := range []struct {
		name, function string
		old            uint32
	}{
		{"no check", "vectors", tbnzX0Bit14},
		{"X0 isn't recovered", "bad_stack_sync", mrsX0FromTPIDRRO},
		{"SP isn't recovered", "bad_stack_sync", strX0ToSavedSP},
		{"the way out stays on the overflow stack", "ret_from_bad_stack", movSPFromX0},
		{"the way out forgets registers", "ret_from_bad_stack", ldpX0FromSP},
	} {
		_, err := trySweep(t, "exception/overflow:described", o, func(run *scenarios.Run) {
			run.Limit = 100_000
			patch(t, run, tt.function, tt.old, insnNOP)
		})
		var failed *emu.RunError
		if !errors.As(err, &failed) && !errors.Is(err, truth.ErrConflict) &&
			!strings.Contains(errText(err), "the run went wrong") {
			t.Errorf("%s: got %v, want a run that fails", tt.name, err)
		}
	}
}

// exceptionTable returns the table in the run's memory.
func exceptionTable(t *testing.T, run *scenarios.Run) []byte {
	t.Helper()
	addr, table, ok := run.Image.Section("__ex_table")
	if !ok {
		t.Fatal("no exception table")
	}
	return memoryOf(t, run, addr, uint64(len(table)))
}

// A fix-up that leads anywhere but where the image's own table says is a conflict of the oracles: the handler went
// wrong, and no truth can be told.
func TestWrongFixupIsAConflict(t *testing.T) {
	o := &Options{Walkers: reliableWalkers(t), Modes: verdict.StepModes(), Jobs: 1}
	for what, distance := range map[string]int32{"the next instruction": 4, "the one before": -4} {
		conflicts := 0
		for _, name := range []string{"exception/fixup:leaf", "exception/fixup:framed", "leaf/copy_to_user:bare",
			"exception/overflow:described"} {
			_, err := trySweep(t, name, o, func(run *scenarios.Run) {
				run.Limit, run.Checks = 100_000, nil
				table := exceptionTable(t, run)
				for at := 4; at < len(table); at += 8 {
					fixup := int32(binary.LittleEndian.Uint32(table[at:]))
					binary.LittleEndian.PutUint32(table[at:], uint32(fixup+distance))
				}
			})
			// After a fix-up that is off by one, a run may not even come to an end.
			var failed *emu.RunError
			switch {
			case errors.Is(err, truth.ErrConflict):
				conflicts++
			case !errors.As(err, &failed):
				t.Errorf("%s, %s: got %v, want a conflict", name, what, err)
			}
		}
		if conflicts < 2 {
			t.Errorf("%s: %d conflicts", what, conflicts)
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// An unexpected fault is an error, with its place: without an entry in the table, and in a scenario that has no
// business faulting.
func TestUnexpectedFaultIsAnError(t *testing.T) {
	o := &Options{Walkers: reliableWalkers(t), Modes: []verdict.Mode{verdict.Sync}, Jobs: 1}
	_, err := trySweep(t, "exception/fixup:leaf", o, func(run *scenarios.Run) { run.Config.DataAborts = false })
	if !errors.Is(err, emu.ErrFault) || !strings.Contains(err.Error(), "sum_leaf+0x8") {
		t.Errorf("without data aborts: %v", err)
	}
	_, err = trySweep(t, "exception/fixup:leaf", o, func(run *scenarios.Run) { clear(exceptionTable(t, run)) })
	if !errors.Is(err, emu.ErrInstruction) || !strings.Contains(err.Error(), "do_mem_abort") {
		t.Errorf("without a table: %v", err)
	}
}
