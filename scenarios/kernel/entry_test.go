// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
)

// The corpus's entry code, and what an overlay shows, is what the kernels' own entry code does.
func TestEntryCode(t *testing.T) {
	cached, err := kernels.List()
	if err != nil {
		t.Fatal(err)
	}
	if len(cached) == 0 {
		t.Skip("no kernel is in the cache: 'stacksweep kernel fetch' gets some")
	}
	for _, c := range cached {
		k, err := Load(c.Series, c.Image)
		if err != nil {
			t.Errorf("%s: %v", c.Series, err)
			continue
		}
		for _, tt := range []struct {
			name    string
			test    func(*testing.T, *Kernel)
			symbols []string
		}{
			{"SDEI", testSDEIEntry, []string{"__sdei_asm_handler", "__sdei_handler", "sdei_stack_normal_ptr",
				"sdei_stack_critical_ptr", "__entry_task"}},
			{"overflow", testOverflowEntry, []string{"overflow_stack", "handle_bad_stack"}},
		} {
			t.Run(c.Series+"/"+tt.name, func(t *testing.T) {
				for _, name := range tt.symbols {
					if _, ok := k.lookup(name); !ok {
						t.Skipf("it has no symbol %s", name)
					}
				}
				tt.test(t, k)
			})
		}
	}
}

// entryMachine makes a machine with the kernel, and the registers of something that is interrupted.
func entryMachine(t *testing.T, k *Kernel, set func(*builder)) (*emu.Machine, emu.Regs) {
	t.Helper()
	s := k.scenario("entry", "", []scenarios.Variant{{}}, func(b *builder, _ string) { set(b) })
	run, err := s.Build("", scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := emu.New(run.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	interrupted := emu.Regs{SP: run.Start.SP - 64, PC: run.Start.PC, PState: emu.ModeEL1h}
	for i := range interrupted.X {
		interrupted.X[i] = 0x1000 + uint64(i)
	}
	return m, interrupted
}

// An SDEI event's entry writes an ordinary record of the interrupted X29 and PC at the top of the stack of the event's
// priority, with X29 at it, and when the event is completed all that firmware doesn't keep is as it was.
func testSDEIEntry(t *testing.T, k *Kernel) {
	for priority := range uint64(2) {
		testSDEIPriority(t, k, priority)
	}
}

func testSDEIPriority(t *testing.T, k *Kernel, priority uint64) {
	const normal, critical = 0xffff8000a0038000, 0xffff8000a0048000
	var event, handler uint64
	m, interrupted := entryMachine(t, k, func(b *builder) {
		b.Map("SDEI normal stack", normal, guest.StackSize)
		b.Map("SDEI critical stack", critical, guest.StackSize)
		b.SetWord(b.Symbol("sdei_stack_normal_ptr"), normal)
		b.SetWord(b.Symbol("sdei_stack_critical_ptr"), critical)
		b.SetWord(b.Symbol("__entry_task"), taskStruct)
		event = b.alloc(b.Size("sdei_registered_event"))
		b.Write(event+b.Offset("sdei_registered_event", "priority"), []byte{byte(priority)})
		// The C code is left out: it says that the event was handled, by which it is complete.
		handler = b.Symbol("__sdei_handler")
		b.SetWord32(handler, 0xd2800000)   // mov x0, #0
		b.SetWord32(handler+4, 0xd65f03c0) // ret
	})
	entry, _ := k.lookup("__sdei_asm_handler")
	regs := interrupted
	regs.X[0], regs.X[1], regs.X[2], regs.X[3] = 0, event, interrupted.PC, interrupted.PState
	regs.PC, regs.PState = entry, regs.PState|emu.PStateDAIF
	if err := m.SetRegs(regs); err != nil {
		t.Fatal(err)
	}
	if err := m.Run(handler, 1000); err != nil {
		t.Fatalf("on the way in: %v", err)
	}
	in, _ := m.Regs()
	top := uint64(normal + guest.StackSize)
	if priority == 1 {
		top = critical + guest.StackSize
	}
	fp, _ := m.Word(top - 16)
	pc, _ := m.Word(top - 8)
	type arrival struct{ SP, X29, RecordFP, RecordPC uint64 }
	want := arrival{top - 16, top - 16, interrupted.X[29], interrupted.PC}
	if diff := cmp.Diff(want, arrival{in.SP, in.X[29], fp, pc}); diff != "" {
		t.Errorf("priority %d: (-want +got)\n%s", priority, diff)
	}
	// It ends with a call of firmware, which the machine doesn't know.
	err := m.Run(emu.NoAddress, 1000)
	out, _ := m.Regs()
	const complete = 0xc400_0025
	if out.X[0] != complete {
		t.Errorf("priority %d: X0 is %#x at the end (%v), want %#x", priority, out.X[0], err, uint64(complete))
	}
	copy(out.X[:18], interrupted.X[:18]) // by firmware
	out.PC, out.PState = interrupted.PC, interrupted.PState
	if diff := cmp.Diff(interrupted, out); diff != "" {
		t.Errorf("priority %d: (-interrupted +completed)\n%s", priority, diff)
	}
}

// An exception that finds no room on the interrupted stack ends up on the overflow stack, with all registers in pt_regs
// at its top, and the record of the kernel's generation among them, at which X29 points.
func testOverflowEntry(t *testing.T, k *Kernel) {
	for _, slot := range []uint64{0x200, guest.SlotIRQ} {
		m, interrupted := entryMachine(t, k, func(*builder) {})
		interrupted.SP = taskStack + 0x20
		if err := m.SetRegs(interrupted); err != nil {
			t.Fatal(err)
		}
		vectors, _ := k.lookup("vectors")
		handler, _ := k.lookup("handle_bad_stack")
		if err := m.Enter(vectors + slot); err != nil {
			t.Fatal(err)
		}
		if err := m.Run(handler, 1000); err != nil {
			t.Fatalf("%#x: %v", slot, err)
		}
		stack, _ := k.lookup("overflow_stack")
		const overflowStackSize = 4 << 10
		low := stack + overflowStackSize - k.regs.Size
		got := emu.Regs{PState: interrupted.PState}
		for i := range got.X {
			got.X[i], _ = m.Word(low + 8*uint64(i))
		}
		got.SP, _ = m.Word(low + k.regs.SP)
		got.PC, _ = m.Word(low + k.regs.PC)
		if diff := cmp.Diff(interrupted, got); diff != "" {
			t.Errorf("%#x: (-interrupted +saved)\n%s", slot, diff)
		}
		var record [3]uint64
		for i := range record {
			record[i], _ = m.Word(low + k.regs.FrameRecord + 8*uint64(i))
		}
		want := [3]uint64{0, 0, unwind.MetaPtRegs}
		if !k.meta {
			want = [3]uint64{interrupted.X[29], interrupted.PC, record[2]}
		}
		if at, _ := m.Regs(); record != want || at.X[29] != low+k.regs.FrameRecord || at.SP != low {
			t.Errorf("%#x: record %#x, want %#x; X29 %#x, SP %#x, want %#x, %#x", slot, record, want, at.X[29], at.SP,
				low+k.regs.FrameRecord, low)
		}
	}
}
