// SPDX-License-Identifier: GPL-2.0-only

package generated

// A Frame is the shape of a function's stack frame.
//
//	higher addresses   CFA
//	                   ...       blocks: the frame record, saved pairs of registers, locals; in any order
//	                   SP        the frame's Size below the CFA
//	                   ...       if it is Dynamic: as much again as was asked for at run time
type Frame struct {
	Record  bool  // there is a frame record, and X29 is made to point at it
	At      int   // offset of the record from SP, in bytes, a multiple of 8
	Saved   []int // offsets of the saved pairs X19/X20, X21/X22, ...
	Locals  []int // offsets of words for local data
	Size    int   // in bytes, a multiple of 16
	Push    bool  // the record is pushed: one instruction stores it and moves SP
	Dynamic bool  // SP moves by an amount known at run time only
	FromFP  bool  // the tables count from X29 once it is set, as they must if Dynamic
	Signed  bool  // the return address is signed
	Early   bool  // there is a way out before the frame is made
	Tail    bool  // it ends in a jump to another function
}

const (
	recordSize = 16
	maxPairs   = 3
	maxLocals  = 5
)

// chooseFrame makes a frame, with a frame record or as a leaf has it.
func chooseFrame(src Source, record bool) (f Frame) {
	f.Record = record
	f.Signed = src.Choose(3) == 2
	pairs, locals := 0, src.Choose(maxLocals+1)
	if f.Record {
		pairs = src.Choose(maxPairs + 1)
		f.Push = src.Choose(2) == 1
		f.Dynamic = src.Choose(4) == 3
		f.FromFP = f.Dynamic || src.Choose(2) == 1
		f.Early = src.Choose(3) == 2
		f.Tail = src.Choose(4) == 3
	}
	f.place(src, pairs, locals)
	return f
}

// place lays out the frame's blocks, upwards from SP. What is pushed is at the bottom; or at the top, when SP moves
// further down afterwards.
func (f *Frame) place(src Source, pairs, locals int) {
	above, pushedAtTop := 0, false
	if f.Record {
		above = src.Choose(pairs + locals + 1)
		if f.Push {
			pushedAtTop = src.Choose(2) == 1
			above = pairs + locals
		}
	}
	offset := 0
	record := func() {
		f.At = offset
		offset += recordSize
	}
	if f.Record && above == pairs+locals && !pushedAtTop {
		record()
	}
	for n := pairs + locals; n > 0; n-- {
		if n <= locals {
			f.Locals = append(f.Locals, offset)
			offset += 8
		} else {
			f.Saved = append(f.Saved, offset)
			offset += 16
		}
		if f.Record && !f.Push && n-1 == above && above < pairs+locals {
			record()
		}
	}
	f.Size = (offset + 15) &^ 15
	if pushedAtTop {
		f.At = f.Size
		f.Size += recordSize
	}
}
