// SPDX-License-Identifier: GPL-2.0-only

package inspect

// A Watch is a piece of memory whose changes are looked for.
type Watch struct {
	Name string
	Addr uint64
	Size uint64 // bytes: 1, 2, 4 or 8
}

// Value returns the watched memory at the current step, little-endian.
func (in *Inspector) Value(w Watch) (value uint64, ok bool) {
	var p [8]byte
	if !in.At().Memory().Read(w.Addr, p[:w.Size]) {
		return 0, false
	}
	for i, b := range p {
		value |= uint64(b) << (8 * i)
	}
	return value, true
}

// A Change is an instruction that gave watched memory another value.
type Change struct {
	Step     int // of the instruction: the memory is New from Step+1 on
	Old, New uint64
}

// Change finds the nearest point beyond from at which watched memory differs from the point before, so that Change.Step
// is one less than the point.
func (in *Inspector) Change(w Watch, from int, d Direction) (c Change, ok bool) {
	here := in.At().Step()
	defer func() { _ = in.Seek(here) }() // it was just there
	chunks := in.Recording.Chunks
	for i := range chunks {
		if d == Backwards {
			i = len(chunks) - 1 - i
		}
		chunk := chunks[i]
		for j := range chunk.Stores {
			if d == Backwards {
				j = len(chunk.Stores) - 1 - j
			}
			s := &chunk.Stores[j]
			step := chunk.First + int(s.Step)
			if (step+1-from)*int(d) <= 0 || s.Old == s.New || s.Addr >= w.Addr+w.Size ||
				w.Addr >= s.Addr+uint64(s.Size) {
				continue
			}
			if c, ok := in.changeAt(w, step); ok {
				return c, true
			}
		}
	}
	return Change{}, false
}

// changeAt compares watched memory before and after the instruction of a step. It moves the session.
func (in *Inspector) changeAt(w Watch, step int) (c Change, ok bool) {
	c.Step = step
	if in.Seek(step) != nil {
		return Change{}, false
	}
	c.Old, _ = in.Value(w)
	if in.Seek(step+1) != nil {
		return Change{}, false
	}
	c.New, ok = in.Value(w)
	return c, ok && c.Old != c.New
}
