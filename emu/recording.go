// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"unsafe"

	"stacksweep/emu/internal/uc"
)

// Mode says what a run logs.
type Mode uint8

const (
	// Sparse logs what a stack walker needs: PCs, stores, changes of the frame registers, transfers.
	Sparse Mode = iota
	// Full logs all general registers at every step as well, at about ten times the cost.
	Full
	// Transfers logs calls, returns and exceptions only; in a Fork, stores too. There are no PCs, and no cursor can be
	// made. Should an instruction fault after a part of its stores, that part stays, but in a Fork.
	Transfers
)

// The entries of a Chunk. Steps count from the start of the chunk.

// A Store is one write to memory by instruction Step: at Addr, Size bytes (1, 2, 4 or 8) held Old and then New, both
// little-endian. An instruction that writes more has several, in order.
type Store struct {
	Step     uint32
	Size     uint8
	Addr     uint64
	Old, New uint64
}

// FrameRegs are the registers that frames hang on, as they are before instruction Step and until the next FrameRegs.
// PState holds DAIF and the mode; the flags NZCV are not tracked.
type FrameRegs struct {
	Step   uint32
	PState uint32
	SP     uint64
	FP     uint64 // X29
	LR     uint64 // X30
}

// A Transfer is a change of control flow that matters to a stack: instruction Step went to To, where it arrived with
// the given registers.
type Transfer struct {
	Step uint32
	Kind TransferKind
	To   uint64
	SP   uint64
	FP   uint64 // X29
	LR   uint64 // X30
}

// TransferKind tells transfers apart.
type TransferKind uint8

// The kinds of transfers. Branches that neither go to a register nor follow a Link (B, CBZ, B.cond and so on) are none
// of them.
const (
	Call            TransferKind = uc.Call            // BL, BLR and the authenticating forms
	Return          TransferKind = uc.Return          // RET, RETAA, RETAB
	ExceptionReturn TransferKind = uc.ExceptionReturn // ERET, ERETAA, ERETAB
	Exception       TransferKind = uc.Exception       // an instruction that went to the exception vectors
	// BR and kin; and any branch that is taken while X30 is as a Link has set it
	Jump TransferKind = uc.Jump
	// none: an instruction that computed X30, as ADR or MOV do, perhaps for a call by Jump
	Link TransferKind = uc.Link
)

// Calls reports whether a transfer of the kind calls or returns by what its instruction is, an exception included.
// Whether a Jump or a Link has to do with a call is seen only from what follows.
func (k TransferKind) Calls() bool { return k >= Call && k <= Exception }

func (k TransferKind) String() string {
	switch k {
	case Call:
		return "call"
	case Return:
		return "return"
	case ExceptionReturn:
		return "exception return"
	case Exception:
		return "exception"
	case Jump:
		return "jump"
	case Link:
		return "link"
	default:
		return "no transfer"
	}
}

// These compile only while the types have the layout of those that the recorder fills (see cast).
var (
	_ = uc.Store(Store{})
	_ = uc.FrameRegs(FrameRegs{})
	_ = uc.Regs(Regs{})

	_ [unsafe.Sizeof(uc.Transfer{})]byte      = [unsafe.Sizeof(Transfer{})]byte{} // its Kind has a type of its own
	_ [unsafe.Offsetof(uc.Transfer{}.To)]byte = [unsafe.Offsetof(Transfer{}.To)]byte{}
)

// A Chunk is the log of consecutive steps. Which slices are filled depends on the Mode.
type Chunk struct {
	First     int         // number of its first step in the run
	Steps     int         // how many steps
	PC        []uint64    // one per step
	Stores    []Store     // in order of execution
	Frames    []FrameRegs // in order; the first one is for step 0
	Transfers []Transfer  // in order
	Full      []Regs      // one per step
}

// A Recording is a run that was kept in memory.
type Recording struct {
	Mode       Mode
	Start, End Regs    // before the first and after the last step
	Initial    *Memory // at the start; nil in Transfers mode. Not to be used directly: make a Cursor
	Chunks     []*Chunk
	len        int
}

// Len returns the number of instructions that were executed.
func (r *Recording) Len() int { return r.len }

// PC returns the address of instruction n, or where the run ended for n = Len(). It needs PCs to have been logged.
func (r *Recording) PC(n int) uint64 {
	if n == r.len {
		return r.End.PC
	}
	c := r.Chunks[r.chunkOf(n)]
	return c.PC[n-c.First]
}

// chunkOf returns the index of the chunk that holds step n < Len().
func (r *Recording) chunkOf(n int) int {
	low, high := 0, len(r.Chunks)-1
	for low < high {
		middle := (low + high + 1) / 2
		if r.Chunks[middle].First <= n {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
}

// Join appends a recording that was made where r ended, with the same machine and mode, perhaps after an exception was
// entered in between. It takes over the other's chunks.
func (r *Recording) Join(next *Recording) {
	for _, c := range next.Chunks {
		c.First += r.len
		r.Chunks = append(r.Chunks, c)
	}
	r.len += next.len
	r.End = next.End
}

// Verify checks that the logged stores turn the memory from before the run into the machine's present memory, so that
// nothing was changed unseen. It must be called before the machine runs on. The error names the address.
func (r *Recording) Verify(m *Machine) error {
	if r.Initial == nil {
		return nil
	}
	for _, c := range r.Chunks {
		for i := range c.Stores {
			r.Initial.apply(&c.Stores[i])
		}
	}
	err := m.Compare(r.Initial)
	for i := len(r.Chunks) - 1; i >= 0; i-- {
		undoStores(r.Initial, r.Chunks[i].Stores)
	}
	return err
}

func undoStores(m *Memory, stores []Store) {
	for i := len(stores) - 1; i >= 0; i-- {
		m.undo(&stores[i])
	}
}
