// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"cmp"
	"encoding/binary"
	"fmt"

	"stacksweep/emu"
	"stacksweep/scenarios"
)

// returnCallbacks are the stubs that stand in for a tracer's return callback.
var returnCallbacks = []string{"stub_tracer_return", "stub_tracer_nothing", "stub_tracer_tick"}

// Arrivals executes a scenario of the function graph tracer and returns what its return callback is given, each time
// that it is called: the traced function and its result, depth and overrun, the registers that it returned with, where
// it returns to, and the task's shadow stack. Addresses of code are given by name, so that kernels can be compared.
func (k *Kernel) Arrivals(run *scenarios.Run) (arrivals [][]string, err error) {
	l := k.layout()
	callbacks := map[uint64]bool{}
	for _, name := range returnCallbacks {
		callbacks[l.Symbol(name)] = true
	}
	m, err := run.Machine()
	if err != nil {
		return nil, err
	}
	defer m.Close()
	recording, err := m.Record(emu.RunOptions{Until: run.Until, Limit: run.Limit})
	if err != nil {
		return nil, err
	}
	again, err := run.Machine()
	if err != nil {
		return nil, err
	}
	defer again.Close()
	at := 0
	for _, c := range recording.Chunks {
		for i, pc := range c.PC {
			if !callbacks[pc] {
				continue
			}
			if err := again.Advance(c.First + i - at); err != nil {
				return nil, err
			}
			at = c.First + i
			a := &arrival{layout: l, machine: again}
			if err := a.read(); err != nil {
				return nil, err
			}
			arrivals = append(arrivals, a.lines)
		}
	}
	return arrivals, l.Err()
}

// arrival reads what a return callback is given.
type arrival struct {
	*layout
	machine *emu.Machine
	lines   []string
}

// note adds a value by name.
func (a *arrival) note(what string, value uint64) {
	text := fmt.Sprintf("%#x", value)
	if value >= a.image.Segments[0].Addr && value < a.writable {
		text = cmp.Or(a.image.Symbols.Name(value), text)
	}
	a.lines = append(a.lines, what+" "+text)
}

// word notes a word of memory, of 4 or 8 bytes.
func (a *arrival) word(what string, addr uint64, size int) error {
	p := make([]byte, 8)
	if err := a.machine.Read(addr, p[:size]); err != nil {
		return err
	}
	a.note(what, binary.LittleEndian.Uint64(p))
	return nil
}

func (a *arrival) read() error {
	r, err := a.machine.Regs()
	if err != nil {
		return err
	}
	trace, regs := r.X[0], r.X[2]
	if err := a.word("func", trace+a.Offset("ftrace_graph_ret", "func"), 8); err != nil {
		return err
	}
	for _, field := range []struct {
		name string
		size int
	}{{"retval", 8}, {"depth", 4}, {"overrun", 4}} {
		if a.Has("ftrace_graph_ret", field.name) {
			if err := a.word(field.name, trace+a.Offset("ftrace_graph_ret", field.name), field.size); err != nil {
				return err
			}
		}
	}
	a.note("fgraph_ops", r.X[1])
	const frameRegs = "__arch_ftrace_regs"
	for i := range uint64(8) {
		if err := a.word(fmt.Sprintf("x%d", i), regs+a.Offset(frameRegs, "regs")+8*i, 8); err != nil {
			return err
		}
	}
	for _, name := range []string{"fp", "pc"} {
		if err := a.word(name, regs+a.Offset(frameRegs, name), 8); err != nil {
			return err
		}
	}
	return a.shadow()
}

// shadow notes the task's shadow stack.
func (a *arrival) shadow() error {
	depth, err := a.machine.Word(taskStruct + a.Offset("task_struct", "curr_ret_stack"))
	if err != nil {
		return err
	}
	a.note("curr_ret_stack", depth&0xffffffff)
	for i := range depth & 0xffffffff {
		if err := a.word(fmt.Sprintf("ret_stack[%d]", i), shadowStack+8*i, 8); err != nil {
			return err
		}
	}
	return nil
}
