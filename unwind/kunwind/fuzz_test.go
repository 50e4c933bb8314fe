// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"encoding/binary"
	"testing"

	"stacksweep/internal/blind"
	"stacksweep/unwind"
)

// bounded is memory of stacks, task and shadow stack filled from a string of bytes; it counts what is read elsewhere.
type bounded struct {
	data    []byte
	outside int
}

func (m *bounded) Word(addr uint64) (uint64, bool) {
	switch {
	case addr >= stackLow && addr <= stackHigh-8, addr >= irqLow && addr <= irqHigh-8:
	case addr >= taskAddr && addr <= taskAddr+0x1000, addr >= shadow && addr <= shadow+0x1000:
	default:
		m.outside++
		return 0, false
	}
	if len(m.data) < 8 {
		return 0, true
	}
	return binary.LittleEndian.Uint64(m.data[int(addr)%(len(m.data)-7):]), true
}

// A walk over any memory ends, in no more frames than the stacks have room for, and never reads a frame that isn't on
// a stack. (The shadow stack's pointer comes from memory, so that reads through it may go anywhere.)
func FuzzWalk(f *testing.F) {
	f.Add([]byte{}, uint64(stackLow), uint64(0x1000), uint8(0))
	f.Add(binary.LittleEndian.AppendUint64(nil, stackLow+0x40), uint64(stackLow), uint64(hook), uint8(3))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x01}, uint64(stackLow+0x400),
		uint64(0x2004), uint8(6))
	k := testKernel(f)
	k.Graph, k.Kretprobe = nil, nil
	withTracers := testKernel(f)
	profiles := Profiles()
	blind.Fuzz(f, func(t *testing.T, data []byte, fp, pc uint64, choice uint8) {
		p := profiles[int(choice)%len(profiles)]
		mem := &bounded{data: data}
		task := testTask(words{}, unwind.StartKind(choice>>7), pc, fp)
		task.Mem = mem
		var trace unwind.Trace
		New(p, k).Walk(task, &trace)
		// Every frame but the first two of a context uses up a record or half of one.
		if most := 2 + (stackHigh-stackLow+irqHigh-irqLow)/8*2; len(trace.Frames) > most {
			t.Errorf("%s: %d frames", p.Name, len(trace.Frames))
		}
		if mem.outside > 0 {
			t.Errorf("%s: %d reads outside the stacks", p.Name, mem.outside)
		}
		if trace.Reliable && trace.Failure.Failed() && p.Claim != Dropped {
			t.Errorf("%s: reliable, and yet %v", p.Name, trace.Failure)
		}
		New(p, withTracers).Walk(task, &trace)
	})
}
