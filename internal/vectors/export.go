// SPDX-License-Identifier: GPL-2.0-only

// Package vectors writes a scenario as a file of test vectors: every point with its registers, its memory and the true
// call stack. The module in testkit reads them, and describes their format.
package vectors

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// modes are those that a file may have points of, with their numbers in it.
var modes = map[verdict.Mode]uint32{verdict.Sync: 0, verdict.Blocked: 1, verdict.IRQ: 2, verdict.NMI: 3}

// An exporter goes through a run's points and writes them.
type exporter struct {
	*writer
	session *session.Session
	capture *capture
	areas   []area

	interrupted []unwind.Frame // every instruction of the run at which an exception was taken
}

// Write records a target and writes its points in some modes. madeBy is what the file names as its author. It returns
// how many points there are. Runs that are too long to be kept with all registers are refused.
func Write(w io.Writer, t verdict.Target, o scenarios.Options, wanted []verdict.Mode,
	madeBy string) (points int, err error) {
	e := &exporter{writer: newWriter(w), capture: &capture{}}
	spec := registry.Spec{Name: "capture", NeedsRegisters: true, New: func(*scenarios.Run) unwind.Walker {
		return e.capture
	}}
	if e.session, err = session.Open(t, []registry.Spec{spec}, o); err != nil {
		return 0, err
	}
	defer e.session.Close()
	if e.session.Recording.Mode != emu.Full {
		return 0, fmt.Errorf("%s: %d steps are too many to be kept with all registers", t, e.session.Len())
	}
	e.head(t, madeBy)
	for _, c := range e.session.Recording.Chunks {
		for _, x := range c.Transfers {
			if x.Kind == emu.Exception {
				e.interrupted = append(e.interrupted, unwind.Frame{PC: c.PC[x.Step]})
			}
		}
	}
	for step := range e.session.Len() {
		if err := e.session.Seek(step); err != nil {
			return 0, err
		}
		for _, m := range wanted {
			if err := e.point(m); err != nil {
				return 0, fmt.Errorf("%s@%d: %w", t, step, err)
			}
		}
	}
	return int(e.points), e.close()
}

// head writes what all points share.
func (e *exporter) head(t verdict.Target, madeBy string) {
	run := e.session.Run
	about := registry.About(run)
	e.record(kindInfo, fmt.Appendf(nil, "scenario=%s\nvariant=%s\narch=aarch64\nmade_by=%s\nimage_sha256=%x\n",
		t.Scenario.Name, t.Variant, madeBy, sha256.Sum256(about.ELF)))
	if about.ELF != nil {
		e.record(kindImage, about.ELF)
	}
	for _, p := range about.Image.Patches {
		e.record(kindPatch, words(uint64(p.Addr)), p.Data)
	}
	e.record(kindHooks, words(run.Hooks...))
	e.areas = areasOf(run.Task.Stacks, about.Memory)
}

// point writes the point of a mode at the session's step, if there is one.
func (e *exporter) point(m verdict.Mode) error {
	number, ok := modes[m]
	if !ok {
		return fmt.Errorf("mode %v has no place in a file of test vectors", m)
	}
	e.capture.found = nil
	p, ok := e.session.Walk(m, 0)
	if !ok {
		return nil
	}
	truth, others := p.Truth, p.Truth
	if len(e.interrupted) > 0 {
		e.capture.found = e.interrupted
		p, _ = e.session.Walk(m, 0)
		others = p.Truth
	}
	task, regs := &e.capture.task, &e.capture.regs
	for i := range e.areas {
		changes, err := e.areas[i].update(task.Mem)
		if err != nil {
			return err
		}
		for _, c := range changes {
			e.record(kindMemory, words(uint64(c.Addr)), c.Data)
		}
	}
	head := words(uint64(e.session.At().Step()), uint64(number), task.Struct, task.PtRegs, task.Start.PC, task.Start.FP)
	lists := binary.LittleEndian.AppendUint32(nil, uint32(len(task.Stacks)))
	lists = binary.LittleEndian.AppendUint32(lists, uint32(len(truth)))
	for _, s := range task.Stacks {
		lists = append(lists, words(s.Low, s.High)...)
	}
	for i, addr := range truth {
		other := others[i]
		if other == addr {
			other = 0
		}
		lists = append(lists, words(addr, other)...)
	}
	e.record(kindPoint, head, words(slices.Concat(regs.X[:], []uint64{regs.SP, regs.PC})...), lists)
	return e.err
}
