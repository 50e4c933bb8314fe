// SPDX-License-Identifier: GPL-2.0-only

package flow

import "encoding/binary"

// FramePointers says at which instructions of a function unwinding by frame pointers finds the caller.
//
// Interrupted at an instruction, such an unwinder takes PC, then the return address of the record that X29 points at.
// That is right where X29 points at the function's own record. Where X29 is still, or again, the caller's, the record
// is the caller's: the caller is left out. There a walk that takes X30 first is right, if X30 is the return address.
//
// The record may begin below SP, as it does in Go: profilers interrupt from another stack, and read it before anything
// overwrites it.
type FramePointers struct {
	Instructions int // that are executed, as far as is known
	Unknown      int // of which nothing is known; not among Instructions
	Wrong        int // where the plain walk is wrong
	// HeuristicWrong is where a walk is wrong that tells prologues and epilogues by the code around PC, as profilers
	// do: it takes X30 up to the first instruction that sets X29 from SP, throughout a function that has none, and
	// where between PC and the next RET there is neither a branch nor a load of X29 and X30 within a few instructions.
	HeuristicWrong int
	Runs           []PointerRun // by address: where either is wrong
}

// A PointerRun is a run of instructions, in bytes from the function's start, with the same outcome.
type PointerRun struct {
	From, To        uint32
	ByFramePointers bool // the plain walk is right
	Heuristic       bool // the walk with the heuristic is right
	CallerReachable bool // X30 or the record at X29 leads to the caller; else neither does
}

// FramePointers judges the function's instructions; code is that which it was made of.
func (f *Function) FramePointers(code []byte) FramePointers {
	var out FramePointers
	setAt, hasFrame := frameSetup(code)
	for offset := uint32(0); offset < f.Size; offset += 4 {
		row := f.Row(offset)
		switch row.How {
		case Filler:
			continue
		case Unreached:
			out.Unknown++
			continue
		}
		out.Instructions++
		byFramePointers := row.Record
		viaLR := row.X29.Kind == CallerFP && row.X30.isRA()
		usesLR := !hasFrame || offset <= setAt || inEpilogue(code[offset:])
		heuristic := byFramePointers
		if usesLR {
			heuristic = viaLR
		}
		if !byFramePointers {
			out.Wrong++
		}
		if !heuristic {
			out.HeuristicWrong++
		}
		if byFramePointers && heuristic {
			continue
		}
		run := PointerRun{offset, offset + 4, byFramePointers, heuristic, byFramePointers || viaLR}
		if n := len(out.Runs); n > 0 && out.Runs[n-1].continues(&run) {
			out.Runs[n-1].To = run.To
		} else {
			out.Runs = append(out.Runs, run)
		}
	}
	return out
}

func (r *PointerRun) continues(next *PointerRun) bool {
	return r.To == next.From && r.ByFramePointers == next.ByFramePointers && r.Heuristic == next.Heuristic &&
		r.CallerReachable == next.CallerReachable
}

// PointsAtRecord reports whether X29 points at the function's record, and an interrupt on the same stack leaves it
// alone: no word of it is below SP.
func (row *Row) PointsAtRecord() bool {
	if row.X29.Kind != CFA {
		return false
	}
	ra, okRA := row.at(Place{Saved: true, Offset: int64(row.X29.Offset) + 8}, Value{})
	fp, okFP := row.at(Place{Saved: true, Offset: int64(row.X29.Offset)}, Value{})
	return okRA && okFP && ra.isRA() && fp.Kind == CallerFP
}

// frameSetup finds the first instruction that sets X29 to SP and a number.
func frameSetup(code []byte) (at uint32, found bool) {
	for i := 0; i+4 <= len(code); i += 4 {
		in := decode(binary.LittleEndian.Uint32(code[i:]))
		if in.op == opAddImm && in.rd == regFP && in.rn == regSP {
			return uint32(i), true
		}
	}
	return 0, false
}

// inEpilogue reports whether code looks like what follows the load of X29 and X30 before a return.
func inEpilogue(code []byte) bool {
	const most = 8 // instructions
	for i := 0; i+4 <= len(code) && i < 4*most; i += 4 {
		in := decode(binary.LittleEndian.Uint32(code[i:]))
		switch {
		case in.op == opReturn || in.op == opReturnPAC:
			return true
		case in.op == opLoad && (in.rd == regLR || in.regs == 2 && in.rm == regLR), in.ends(), in.op == opCond,
			in.op == opCall, in.op == opCallReg, in.op == opGrow:
			return false
		}
	}
	return false
}
