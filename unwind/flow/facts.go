// SPDX-License-Identifier: GPL-2.0-only

package flow

// A Range is the code of one function in a program.
type Range struct {
	Start, End uint64   // addresses
	Entries    []uint64 // further places where it is entered by a call, in [Start, End)
	// Part says that it isn't a function but a part of one that the compiler put elsewhere: it isn't entered
	// by calls but by jumps, in whatever state these are in.
	Part bool
	// Pushed is what is on the stack already where the function starts; zero for one that is called.
	Pushed Pushed
}

// Pushed is what whoever enters a function has pushed, below the CFA: Size bytes, with the return address RA bytes
// above SP. So does the procedure linkage table when it enters a dynamic linker's resolver.
type Pushed struct{ Size, RA int32 }

// A Break says what happens to execution at a BRK.
type Break uint8

const (
	BreakUnknown Break = iota // unknown; the code around it decides
	BreakReturns              // execution goes on after it: a warning, a breakpoint
	BreakEnds                 // it doesn't: a bug
)

// Facts are what a file says of its code that the code itself doesn't show.
type Facts struct {
	Breaks  map[uint64]Break // by address of the BRK
	Patches []Patch          // by address
	Pads    []Pad            // by From
	// Data returns bytes of the file's memory, code or not, as far as it has them; nil: only code is known. Tables of
	// computed branches are read by it.
	Data func(addr, size uint64) ([]byte, bool)
}

// A Pad is where exceptions go on that leave a call in a piece of code.
type Pad struct {
	From, To uint64 // addresses: the piece
	At       uint64 // address of the landing pad
}

// A Patch says that execution may go on in another way than an instruction says: because it is replaced while the
// program runs, or before, or because it faults. What else a replacement does isn't followed.
type Patch struct {
	Addr   uint64
	Target uint64 // where it may go on; 0 if only after the instruction
	Falls  bool   // it may go on after the instruction
}

// BranchTarget returns where an instruction at an address branches to, if it is a direct branch that isn't a call.
func BranchTarget(word uint32, addr uint64) (target uint64, ok bool) {
	in := decode(word)
	if in.op != opBranch && in.op != opCond {
		return 0, false
	}
	return addr + uint64(int64(in.imm)), true
}

// Ends reports whether execution never goes on to what follows an instruction.
func Ends(word uint32) bool {
	in := decode(word)
	return in.ends()
}
