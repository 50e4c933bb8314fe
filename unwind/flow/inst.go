// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"encoding/binary"

	"stacksweep/internal/arm64"
)

// An op is what an instruction does, as far as frames are concerned.
type op uint8

const (
	opOther     op = iota // overwrites the registers in clobbers with something unknown, and nothing else
	opAddImm              // rd = rn + imm
	opAddReg              // rd = rn ± (rm << imm)
	opMove                // rd = rm
	opConst               // rd = imm
	opAddress             // rd = an address near PC (ADR, ADRP)
	opInsert              // rd = rd with 16 bits replaced (MOVK)
	opLoad                // of regs registers, from rn + imm
	opStore               // of regs registers, to rn + imm
	opSign                // X30 is signed with SP as the modifier
	opAuth                // X30 is authenticated with SP as the modifier
	opStrip               // the authentication code of X30 is removed
	opPushSCS             // X30 is pushed to the shadow call stack
	opPopSCS              // and popped
	opBranch              // goes to the target
	opCond                // goes to the target or on
	opCall                // BL
	opCallReg             // BLR and kin
	opGrow                // a call after which X30 is what rm was; see markGrowth
	opJumpReg             // BR and kin
	opReturn              // RET and kin, to rn
	opReturnPAC           // RETAA, RETAB: authenticate X30, then return
	opEret                // exception return
	opBreak               // BRK: goes on if it is a warning or a breakpoint
	opSVC                 // system call
	opSMC                 // call of a hypervisor or secure monitor
	opStop                // undefined instruction, HLT: execution ends
	opInvalid             // not an instruction that is known
)

// Register numbers beyond X30. Fields that hold 31 mean one or the other, according to the instruction.
const (
	regFP = 29
	regLR = 30
	regSP = 31
	regZR = 32
)

// mode is how a load or store computes its address and changes its base.
type mode uint8

const (
	modeOffset mode = iota // at base + imm
	modePre                // the same, and the base becomes that address
	modePost               // at base, which becomes base + imm
	modeFar                // at an address that can't be followed; the base doesn't change
)

// An inst is a decoded instruction.
type inst struct {
	op       op
	mode     mode
	rd, rn   uint8
	rm       uint8 // second register of a pair, or operand of opAddReg and opMove
	regs     uint8 // general registers loaded or stored as 64 bits: 0, 1 (rd) or 2 (rd, rm)
	negative bool  // opAddReg subtracts
	clobbers uint32
	bytes    int32 // accessed by a load or store
	imm      int32 // bytes; of branches from the instruction to the target
}

// writes is the set of registers that the instruction itself may change, one bit each, bit 31 for SP. What a called
// function changes is left out, X30 of the call is not.
func (in *inst) writes() uint32 {
	w := in.clobbers
	switch in.op {
	case opAddImm, opAddReg, opMove, opConst, opAddress, opInsert:
		w |= bitOf(in.rd)
	case opLoad:
		if in.regs > 0 {
			w |= bitOf(in.rd)
		}
		if in.regs > 1 {
			w |= bitOf(in.rm)
		}
	case opSign, opAuth, opStrip, opPopSCS, opCall, opCallReg, opGrow, opReturnPAC:
		w |= 1 << regLR
	}
	if (in.op == opLoad || in.op == opStore) && (in.mode == modePre || in.mode == modePost) {
		w |= bitOf(in.rn)
	}
	return w
}

func bitOf(reg uint8) uint32 {
	if reg == regZR {
		return 0
	}
	return 1 << reg
}

// ends reports whether execution never goes on to the next instruction.
func (in *inst) ends() bool {
	switch in.op {
	case opBranch, opJumpReg, opReturn, opReturnPAC, opEret, opStop, opInvalid:
		return true
	}
	return false
}

// nextOnly reports whether a call is one of the next instruction: nothing is called, X30 becomes its address.
func (in *inst) nextOnly() bool { return in.op == opCall && in.imm == 4 }

// padding reports whether a word is what toolchains fill gaps with.
func padding(word uint32) bool { return word == arm64.NOP || word == 0 }

// filler reports whether a word is what may stand where nothing is executed: padding, a barrier against speculation
// after a branch (-mharden-sls), or a trap after a call that doesn't return.
func filler(word uint32) bool {
	return padding(word) || word == arm64.DSB || word == arm64.ISB || word == arm64.SB || arm64.IsBRK(word) ||
		word>>16 == 0
}

// fillerRun returns how the unreached instructions from one index up to another begin: as filler, which follows an
// instruction from which execution doesn't go on, or as what nothing is known of. end is where that changes.
func (a *analyzer) fillerRun(from, to int) (how How, end int) {
	idle := func(i int) bool { return filler(a.words[i]) && a.how[i] == Unreached }
	behindEnd := func(i int) bool { // what is before it doesn't go on here
		return i > 0 && (a.insts[i-1].ends() || a.how[i-1] != Unreached || filler(a.words[i-1]))
	}
	end = from
	if idle(from) && (behindEnd(from) || a.isTail(from)) {
		for end < to && idle(end) {
			end++
		}
		return Filler, end
	}
	for end++; end < to && !(idle(end) && behindEnd(end)); end++ {
	}
	return Unreached, end
}

// isTail reports whether from an instruction on there is but padding.
func (a *analyzer) isTail(i int) bool { return i >= a.end }

// IsPadding reports whether code is nothing but what toolchains fill gaps with.
func IsPadding(code []byte) bool {
	for i := 0; i+4 <= len(code); i += 4 {
		if !padding(binary.LittleEndian.Uint32(code[i:])) {
			return false
		}
	}
	return true
}

func bits(word uint32, high, low int) uint32 { return word >> low & (1<<(high-low+1) - 1) }
func bit(word uint32, n int) bool            { return word>>n&1 != 0 }

// Register fields: in x 31 is the zero register, in sp it is SP.
func x(field uint32) uint8 {
	if field == 31 {
		return regZR
	}
	return uint8(field)
}
func sp(field uint32) uint8 { return uint8(field) }

func rd(word uint32) uint32  { return bits(word, 4, 0) }
func rn(word uint32) uint32  { return bits(word, 9, 5) }
func rt2(word uint32) uint32 { return bits(word, 14, 10) }
func rm(word uint32) uint32  { return bits(word, 20, 16) }

// signed reads a field as a two's complement number.
func signed(word uint32, high, low int) int32 {
	return int32(word<<(31-high)) >> (31 - high + low)
}

// clobber is an instruction that overwrites registers with something unknown.
func clobber(regs ...uint8) inst {
	var in inst
	for _, r := range regs {
		in.clobbers |= bitOf(r)
	}
	return in
}
