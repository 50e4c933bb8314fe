// SPDX-License-Identifier: GPL-2.0-only

package vectors

import (
	"encoding/binary"
	"fmt"

	"stacksweep/unwind"
	"stacksweep/unwind/external"
)

// A capture is a walker that doesn't walk: it keeps what it is shown.
type capture struct {
	task  unwind.Task
	regs  unwind.Registers
	found []unwind.Frame // what it says that it found
}

func (c *capture) Name() string { return "capture" }

func (c *capture) Walk(task *unwind.Task, t *unwind.Trace) {
	t.Reset()
	t.Frames = append(t.Frames, c.found...)
	t.Failure = unwind.Failure{Reason: unwind.ForeignFailure, Detail: "nothing was walked"}
	c.task, c.regs = *task, unwind.Registers{}
	if task.Interrupted != nil {
		c.regs = *task.Interrupted
	}
}

// An area is readable memory, as the file's reader has it.
type area struct {
	start uint64
	data  []byte // nil: it has nothing yet
	size  uint64
}

// areasOf lists the stacks and the other ranges that aren't part of one.
func areasOf(stacks []unwind.Stack, others []unwind.Range) (areas []area) {
	add := func(start, end uint64) {
		for _, a := range areas {
			if start >= a.start && end <= a.start+a.size {
				return
			}
		}
		areas = append(areas, area{start: start, size: end - start})
	}
	for _, s := range stacks {
		add(s.Low, s.High)
	}
	for _, r := range others {
		add(r.Start, r.End)
	}
	return areas
}

// update reads the area and returns what the file's reader has yet to learn.
func (a *area) update(mem unwind.Memory) ([]external.Bytes, error) {
	now := make([]byte, a.size)
	for off := uint64(0); off < a.size; off += 8 {
		at := min(off, a.size-8)
		w, ok := mem.Word(a.start + at)
		if !ok {
			return nil, fmt.Errorf("memory at %#x can't be read", a.start+at)
		}
		binary.LittleEndian.PutUint64(now[at:], w)
	}
	before := a.data
	a.data = now
	if before == nil {
		return []external.Bytes{{Addr: external.Hex(a.start), Data: now}}, nil
	}
	return external.Diff(a.start, before, now), nil
}
