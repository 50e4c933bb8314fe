// SPDX-License-Identifier: GPL-2.0-only

package generated

import "stacksweep/unwind/sframe"

// An emitter writes a function. Its row is how the caller is found before the next instruction; what an instruction
// does to the frame is said right after it.
type emitter struct {
	program *Program
	src     Source
	start   int
	frame   Frame
	row     sframe.Row
	rows    []sframe.Row
	steps   int
	exits   []int // instructions that branch to the early way out
}

// atEntry is how the caller is found before a function's first instruction: its frame is empty, nothing is saved.
func atEntry() sframe.Row { return sframe.Row{CFABase: sframe.SP} }

// emit appends instructions, all of which have the present row.
func (e *emitter) emit(words ...uint32) {
	row := e.row
	row.Start = uint32(e.here()) * 4
	if n := len(e.rows); n > 0 {
		last := e.rows[n-1]
		last.Start = row.Start
		if last != row {
			e.rows = append(e.rows, row)
		}
	} else {
		e.rows = append(e.rows, row)
	}
	e.program.Code = append(e.program.Code, words...)
	e.steps += len(words)
}

// here is the index of the next instruction in the function.
func (e *emitter) here() int { return len(e.program.Code) - e.start }

func (e *emitter) function() {
	e.row = atEntry()
	if e.frame.Early {
		e.exits = append(e.exits, e.here())
		e.emit(0)
	}
	e.prologue()
	e.body(3 + e.src.Choose(6))
	e.epilogue()
	for _, at := range e.exits {
		e.program.Code[e.start+at] = cbz(x0, e.here()-at)
	}
	if len(e.exits) > 0 {
		e.row = atEntry()
		e.emit(movz(x0, 1), ret)
	}
}

// recorded notes that the record is stored at an offset from the CFA.
func (e *emitter) recorded(offset int) {
	e.row.FP = sframe.Rule{Kind: sframe.AtCFA, Offset: int64(offset)}
	e.row.RA = sframe.Rule{Kind: sframe.AtCFA, Offset: int64(offset) + 8}
}

// moved notes that SP has been moved down by so many bytes.
func (e *emitter) moved(bytes int) {
	if e.row.CFABase == sframe.SP {
		e.row.CFAOffset += int64(bytes)
	}
}

func (e *emitter) prologue() {
	f := &e.frame
	if f.Signed {
		e.emit(paciasp)
		e.row.Mangled = true
	}
	switch {
	case f.Push && f.At > 0: // at the top
		e.emit(stpPre(fp, lr, recordSize))
		e.moved(recordSize)
		e.recorded(-recordSize)
		e.pointAt(0)
		if rest := f.Size - recordSize; rest > 0 {
			e.emit(subImm(sp, sp, uint32(rest)))
			e.moved(rest)
		}
	case f.Push:
		e.emit(stpPre(fp, lr, int32(f.Size)))
		e.moved(f.Size)
		e.recorded(-f.Size)
		e.pointAt(0)
	default:
		if f.Size > 0 {
			e.emit(subImm(sp, sp, uint32(f.Size)))
			e.moved(f.Size)
		}
		if f.Record {
			e.emit(stp(fp, lr, int32(f.At)))
			e.recorded(f.At - f.Size)
			e.pointAt(f.At)
		}
	}
	for i, at := range f.Saved {
		e.emit(stp(x19+2*uint32(i), x19+2*uint32(i)+1, int32(at)))
	}
	if f.Dynamic {
		e.emit(movz(x9, 16*uint32(1+e.src.Choose(8))), subSP(x9))
	}
}

// pointAt makes X29 point at the record, which is so many bytes above SP.
func (e *emitter) pointAt(offset int) {
	e.emit(addImm(fp, sp, uint32(offset)))
	if e.frame.FromFP {
		e.row.CFABase = sframe.FP
		e.row.CFAOffset -= int64(offset)
	}
}

// epilogue takes the frame down and leaves.
func (e *emitter) epilogue() {
	f := &e.frame
	if f.Dynamic {
		e.emit(subImm(sp, fp, uint32(f.At)))
	}
	if f.Record {
		e.row.CFABase, e.row.CFAOffset = sframe.SP, int64(f.Size)
	}
	for i, at := range f.Saved {
		e.emit(ldp(x19+2*uint32(i), x19+2*uint32(i)+1, int32(at)))
	}
	retained := func() { e.row.FP, e.row.RA = sframe.Rule{}, sframe.Rule{} }
	switch {
	case f.Push && f.At > 0:
		if rest := f.Size - recordSize; rest > 0 {
			e.emit(addImm(sp, sp, uint32(rest)))
			e.moved(-rest)
		}
		e.emit(ldpPost(fp, lr, recordSize))
		e.moved(-recordSize)
		retained()
	case f.Push:
		e.emit(ldpPost(fp, lr, int32(f.Size)))
		e.moved(-f.Size)
		retained()
	default:
		if f.Record {
			e.emit(ldp(fp, lr, int32(f.At)))
			retained()
		}
		if f.Size > 0 {
			e.emit(addImm(sp, sp, uint32(f.Size)))
			e.moved(-f.Size)
		}
	}
	e.leave()
}

// leave returns, or jumps to another function that will.
func (e *emitter) leave() {
	callee := -1
	if e.frame.Tail {
		callee = e.callee()
	}
	if e.frame.Signed && callee < 0 && e.src.Choose(2) == 1 {
		e.emit(retaa)
		return
	}
	if e.frame.Signed {
		e.emit(autiasp)
		e.row.Mangled = false
	}
	if callee < 0 {
		e.emit(ret)
		return
	}
	e.emit(b(e.distance(callee)))
	e.steps += e.program.Functions[callee].steps
}

// callee chooses a function to call, -1 if that would take too long.
func (e *emitter) callee() int {
	n := e.src.Choose(len(e.program.Functions))
	if e.steps+e.program.Functions[n].steps > maxSteps {
		return -1
	}
	return n
}

// distance is how far away a function is from the next instruction.
func (e *emitter) distance(function int) int {
	return e.program.Functions[function].Start - len(e.program.Code)
}
