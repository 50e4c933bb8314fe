// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"slices"

	"stacksweep/internal/arm64"
)

// Class is how a function treats its stack frame.
type Class uint8

const (
	// Leaf never changes SP, X29 and X30 and calls nothing: at every instruction the caller is where X30 points, and
	// the CFA is SP. It may be annotated as such. It may leave by a jump to another function, which then returns for
	// it.
	Leaf Class = iota + 1
	// LeafMovingSP never changes X29 and X30 and calls nothing, but moves SP, always by known amounts.
	LeafMovingSP
	// Framed keeps a frame record (the caller's X29 and the return address, with X29 pointing at them) wherever X30
	// isn't the return address, and takes it down before it leaves.
	Framed
	// Other is anything else.
	Other
	// NoCode has no instruction that can be executed.
	NoCode
)

// String is a short name, for tables and JSON.
func (c Class) String() string {
	return [...]string{"", "leaf", "leaf-moves-sp", "framed", "other", "no-code"}[c]
}

// Classification is the class of a function, and why.
type Classification struct {
	Class Class
	// At is the instruction that decides, in bytes from the function's start: the first that makes it what it is, or
	// AtEntry for a leaf. Why says what that instruction does.
	At  int32
	Why string

	WritesSP, WritesX29, WritesX30 bool
	Calls                          int  // call instructions
	TailJumps                      int  // branches to other functions with the frame as on entry
	Computed                       int  // computed branches of which no table says where they lead
	KeepsFrame                     bool // there is an instruction at which X29 points at a frame record
	RestoresApart                  bool // restores X29, then X30: between the two neither leads to the caller
	GrowsStack                     bool // has a call that makes its stack larger before there is a frame, as in Go
	Patchable                      bool // begins with a pair of NOPs that ftrace patches
	Unreached                      int  // instructions (or data, but not padding) that nothing is known of
}

// A finding is an instruction with a reason.
type finding struct {
	at  int32
	why string
}

// first keeps the finding with the lowest address.
func (f *finding) first(i int, why string) {
	if f.why == "" {
		*f = finding{int32(i * 4), why}
	}
}

// classifier collects what matters of all instructions.
type classifier struct {
	c             Classification
	movesSP       finding
	frame         finding
	odd           finding // makes it Other
	x29, x30      finding // written
	framelessCall finding
	part          finding // jumps to where its code goes on
	lost          finding
	reached       int
}

// summarize fills in the exits and the class, and writes down the rows.
func (a *analyzer) summarize(f *Function) {
	var k classifier
	falls := finding{}
	noReturn := true
	rows := a.newRows()
	a.each(func(i int, s *state) {
		rows.add(i, s)
		in := &a.insts[i]
		k.reached++
		k.look(a, i, in, s)
		if exit, ok := a.exit(i, in, s); ok {
			f.Exits = append(f.Exits, exit)
			if exit.Kind == Jump && a.inPart != nil && a.inPart(exit.Target) {
				k.part.first(i, "goes on in a part that is elsewhere")
			} else {
				k.leave(i, &exit)
			}
			if exit.Kind != Jump || a.returns == nil || a.returns(exit.Target) {
				noReturn = false
			}
			if exit.Kind == FallThrough {
				falls.first(i, "falls through")
			}
		}
		if in.op == opCall || in.op == opCallReg {
			f.pads = append(f.pads, a.padsElsewhere(i, s)...)
		}
	})
	rows.end()
	f.NoReturn = noReturn && k.reached > 0
	k.c.Patchable = a.patchable()
	for i, h := range a.how {
		if h == Unreached && !filler(a.words[i]) {
			k.c.Unreached++
		}
	}
	f.Class = k.decide()
}

// exit says how an instruction leaves the function, if it does.
func (a *analyzer) exit(i int, in *inst, s *state) (Exit, bool) {
	exit := Exit{At: uint32(i * 4)}
	switch in.op {
	case opReturn, opReturnPAC:
		exit.Kind, exit.Untouched = Return, a.returnsRight(in, s)
	case opBranch, opCond:
		_, inside := a.target(i)
		if _, _, isVeneer := a.veneer(i); !inside && !isVeneer {
			exit.Kind, exit.Target, exit.Untouched = Jump, a.destination(i), s.untouched()
		}
	case opJumpReg:
		if len(a.tables[i]) > 0 {
			return exit, false
		}
		exit.Kind, exit.Untouched = Computed, s.untouched()
	case opEret:
		exit.Kind = ExceptionReturn
	case opCall, opCallReg, opBreak:
		return exit, false // after the last instruction: it doesn't return
	}
	if exit.Kind == 0 && i == len(a.insts)-1 && !in.ends() {
		exit.Kind, exit.Untouched = FallThrough, s.untouched()
	}
	if exit.Kind != 0 && !exit.Untouched {
		exit.State = s.asState(nil)
	}
	return exit, exit.Kind != 0
}

// look takes note of an instruction.
func (k *classifier) look(a *analyzer, i int, in *inst, s *state) {
	if w := in.writes(); w&(1<<regSP|1<<regFP|1<<regLR) != 0 {
		if w&(1<<regSP) != 0 {
			k.movesSP.first(i, "moves SP")
		}
		if w&(1<<regFP) != 0 {
			k.x29.first(i, "writes X29")
		}
		if w&(1<<regLR) != 0 {
			why := "writes X30"
			if in.op == opSign {
				why = "signs X30"
			}
			k.x30.first(i, why)
		}
	}
	hasRecord := s.hasRecord()
	if hasRecord && k.frame.why == "" {
		k.c.KeepsFrame = true
		why := "makes a frame record"
		if sp := s.regs[regSP]; sp.Kind == CFA && s.regs[regFP].Offset < sp.Offset {
			why = "makes a frame record that begins below SP"
		}
		k.frame.first(max(0, int(s.regs[regFP].By)/4), why)
	}
	switch in.op {
	case opCall, opCallReg:
		k.c.Calls++
		if !hasRecord {
			k.framelessCall.first(i, "calls without a frame record")
		}
	case opGrow:
		k.c.Calls++
		k.c.GrowsStack = true
	case opInvalid:
		k.odd.first(i, "is not a known instruction")
	}
	ra, _ := s.recoverable()
	if !ra {
		at := int(s.regs[regLR].By) / 4
		k.lost.first(max(0, at), "loses the return address")
	}
	// Of code that nothing leads to it may be known where the caller is found, but not whether X29 points there yet.
	isGuess := a.how[i] == Inferred && s.regs[regFP].Merged && ra
	switch {
	case s.regs[regLR].isRA() || hasRecord || isGuess:
	case in.op == opLoad && in.writes()&(1<<regLR) != 0 && s.regs[regFP].Kind == CallerFP && ra:
		k.c.RestoresApart = true
	default:
		switch v := s.regs[regLR]; {
		case v.By == AtEntry:
			k.lost.first(i, "is reached by no branch, and X30 may be overwritten without a frame record")
		case v.Merged:
			k.lost.first(int(v.By)/4, "is reached with X30 overwritten or not, and no frame record")
		default:
			k.lost.first(int(v.By)/4, "overwrites X30 without a frame record")
		}
	}
	if s.regs[regSP].Kind != CFA && !hasRecord {
		k.odd.first(max(0, int(s.regs[regSP].By)/4), "makes SP unknown")
	}
}

// leave takes note of an exit.
func (k *classifier) leave(i int, exit *Exit) {
	switch exit.Kind {
	case Return:
		if !exit.Untouched {
			k.odd.first(i, "returns in another state than on entry")
		}
	case Jump:
		k.c.TailJumps++
		if !exit.Untouched {
			k.odd.first(i, "jumps away with its frame")
		}
	case Computed:
		k.c.Computed++
	case FallThrough:
		if !exit.Untouched {
			k.odd.first(i, "runs beyond its end with its frame")
		}
	case ExceptionReturn:
		k.odd.first(i, "returns from an exception")
	}
}

// hasRecord reports whether X29 points at a frame record that leads to the caller.
func (s *state) hasRecord() bool {
	at := s.regs[regFP]
	if at.Kind != CFA {
		return false
	}
	fp, okFP := s.slot(at.Offset)
	ra, okRA := s.slot(at.Offset + 8)
	return okFP && okRA && fp.Kind == CallerFP && ra.isRA()
}

// decide chooses the class.
func (k *classifier) decide() Classification {
	c := k.c
	c.WritesSP, c.WritesX29, c.WritesX30 = k.movesSP.why != "", k.x29.why != "", k.x30.why != ""
	as := func(class Class, f finding) Classification {
		c.Class, c.At, c.Why = class, f.at, f.why
		return c
	}
	switch {
	case k.reached == 0:
		return as(NoCode, finding{AtEntry, "has no code"})
	case k.odd.why != "":
		return as(Other, k.odd)
	case k.part.why != "" && c.Calls == 0 && !c.KeepsFrame:
		return as(Other, k.part)
	case c.Calls == 0 && !c.WritesSP && !c.WritesX29 && !c.WritesX30:
		return as(Leaf, finding{AtEntry, ""})
	case c.Calls == 0 && !c.WritesX29 && !c.WritesX30:
		return as(LeafMovingSP, k.movesSP)
	case k.framelessCall.why != "":
		return as(Other, k.framelessCall)
	case k.lost.why != "":
		return as(Other, k.lost)
	case c.KeepsFrame:
		return as(Framed, k.frame)
	case k.x30.why != "":
		return as(Other, k.x30)
	}
	return as(Other, k.x29)
}

// patchable reports whether the function begins with the pair of NOPs that ftrace patches, perhaps after a landing pad.
func (a *analyzer) patchable() bool {
	i := 0
	for i < len(a.words) && (a.words[i] == arm64.BTIC || a.words[i] == arm64.PACIASP || a.words[i] == arm64.PACIBSP) {
		i++
	}
	return i+1 < len(a.words) && a.words[i] == arm64.NOP && a.words[i+1] == arm64.NOP && !a.isReplaced(i) &&
		!a.isReplaced(i+1)
}

// isReplaced reports whether the file says that instruction i is replaced by another.
func (a *analyzer) isReplaced(i int) bool {
	_, found := slices.BinarySearchFunc(a.patches, a.addr+uint64(4*i), comparePatch)
	return found
}
