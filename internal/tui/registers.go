// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"slices"

	"stacksweep/internal/inspect"
)

// key are the registers that a return address may be in, shown where there is no room for all.
var key = []string{"x0", "x9", "x29", "x30", "sp"}

// gridColumn is the width of a register in a grid.
const gridColumn = 23

// registersPane shows all registers in a grid if there is room, and otherwise the important ones and those that the
// last instruction changed, with what they point at. An asterisk marks the changed ones.
func (m *Model) registersPane(w, h int) []line {
	regs := m.look.registers
	columns := max(1, w/gridColumn)
	rows := (len(regs) + columns - 1) / columns
	if rows+1 > h {
		return block("registers", w, h, m.keyRegisters(h-1))
	}
	lines := make([]line, rows)
	for i, r := range regs {
		at := &lines[i%rows]
		at.column(registerRole(r), registerValue(r), gridColumn)
	}
	if room := h - 1 - rows; room >= len(key) {
		lines = append(lines, m.keyRegisters(room)...)
	}
	return block("registers", w, h, lines)
}

// keyRegisters describes up to n registers: those that changed, and the key ones.
func (m *Model) keyRegisters(n int) []line {
	chosen := slices.DeleteFunc(slices.Clone(m.look.registers), func(r inspect.Register) bool {
		return r.Name == "pc" || !r.Changed && !slices.Contains(key, r.Name)
	})
	for i := len(chosen) - 1; i >= 0 && len(chosen) > n; i-- {
		if !chosen[i].Changed {
			chosen = slices.Delete(chosen, i, i+1)
		}
	}
	var lines []line
	for _, r := range chosen {
		l := text(registerRole(r), registerValue(r))
		l.add(faint, " "+r.Note)
		lines = append(lines, l)
	}
	return lines
}

func registerValue(r inspect.Register) string {
	mark := " "
	if r.Changed {
		mark = "*"
	}
	return fmt.Sprintf("%s%-4s %016x", mark, r.Name, r.Value)
}

func registerRole(r inspect.Register) role {
	if r.Changed {
		return changed
	}
	return plain
}
