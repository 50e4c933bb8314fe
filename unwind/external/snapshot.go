// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"stacksweep/unwind"
)

// A snapshot is the readable memory as the program knows it.
type snapshot struct {
	extra []unwind.Range // besides the task's stacks
	areas []area
}

// area is a range of memory with the contents that were sent last.
type area struct {
	unwind.Range
	data  []byte
	known bool // whether the program has data
}

// forget makes the next update complete, for a new program.
func (s *snapshot) forget() { s.areas = nil }

// update reads all readable memory and returns what the program has yet to learn: everything, unless it keeps memory.
func (s *snapshot) update(task *unwind.Task, keeps bool) ([]Bytes, error) {
	if s.areas == nil {
		s.layOut(task.Stacks)
	}
	var news []Bytes
	for i := range s.areas {
		a := &s.areas[i]
		now, err := a.read(task.Mem)
		if err != nil {
			return nil, err
		}
		if keeps && a.known {
			news = append(news, Diff(a.Start, a.data, now)...)
		} else {
			news = append(news, Bytes{Hex(a.Start), now})
		}
		a.data, a.known = now, true
	}
	return news, nil
}

// layOut lists the areas: the stacks, and the other ranges that aren't part of one.
func (s *snapshot) layOut(stacks []unwind.Stack) {
	add := func(start, end uint64) {
		for _, a := range s.areas {
			if start >= a.Start && end <= a.End {
				return
			}
		}
		s.areas = append(s.areas, area{Range: unwind.Range{Start: start, End: end}})
	}
	for _, st := range stacks {
		add(st.Low, st.High)
	}
	for _, r := range s.extra {
		add(r.Start, r.End)
	}
}

// read returns the area's present contents. Its length in bytes needn't be a multiple of a word, but is at least one.
func (a *area) read(mem unwind.Memory) ([]byte, error) {
	size := a.End - a.Start
	if a.End < a.Start || size < 8 {
		return nil, fmt.Errorf("range %#x..%#x holds no word", a.Start, a.End)
	}
	now := make([]byte, size)
	for off := uint64(0); off < size; off += 8 {
		at := min(off, size-8)
		w, ok := mem.Word(a.Start + at)
		if !ok {
			return nil, fmt.Errorf("memory at %#x can't be read", a.Start+at)
		}
		binary.LittleEndian.PutUint64(now[at:], w)
	}
	return now, nil
}

// Diff returns the pieces of now, memory at addr, that differ from before, which is as long. Pieces are words of eight
// bytes, counted from addr, and neighbours are joined.
func Diff(addr uint64, before, now []byte) []Bytes {
	var pieces []Bytes
	joined := false // whether the word before was different too
	for off := 0; off < len(now); off += 8 {
		end := min(off+8, len(now))
		if bytes.Equal(before[off:end], now[off:end]) {
			joined = false
			continue
		}
		if !joined {
			pieces = append(pieces, Bytes{Addr: Hex(addr + uint64(off))})
		}
		last := &pieces[len(pieces)-1]
		last.Data = append(last.Data, now[off:end]...)
		joined = true
	}
	return pieces
}
