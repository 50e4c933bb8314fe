// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"fmt"

	"stacksweep/emu/internal/uc"
	"stacksweep/internal/perm"
)

// PageSize is the alignment of regions in bytes.
const PageSize = uc.PageSize

// Perm says what the guest may do with a region. The host may always read and write.
type Perm = perm.Perm

// The permissions.
const (
	Read  = perm.Read
	Write = perm.Write
	Exec  = perm.Exec
)

// Unicorn has the same bits, or this doesn't compile.
var _ = [1]struct{}{}[uc.PermRead-int(Read)|uc.PermWrite-int(Write)|uc.PermExec-int(Exec)]

// A Region is a stretch of guest memory.
type Region struct {
	Name string // for messages
	Base uint64 // guest address of the first byte, a multiple of PageSize
	Size uint64 // in bytes, a multiple of PageSize
	Data []byte // initial contents, not longer than Size; the rest is zero. Must not be changed afterwards
	Perm Perm

	// Backing, if not nil, holds Data, which may be a part of it, so that it isn't copied as a whole.
	Backing *Backing
}

// String gives name, addresses and permissions.
func (r Region) String() string {
	return fmt.Sprintf("%q [%#x, %#x) %v", r.Name, r.Base, r.Base+r.Size, r.Perm)
}

// A Config describes a machine.
type Config struct {
	Regions []Region // in any order, not overlapping

	// Vectors is the address of the exception vectors (VBAR_EL1). With 0, BRK ends the run with ErrException;
	// otherwise it enters at Vectors+0x200 as on hardware, with ESR_EL1, ELR_EL1 and SPSR_EL1 set.
	Vectors uint64

	// DataAborts: a load or store that finds no memory, or may not do what it wants to, enters at Vectors+0x200, too,
	// with FAR_EL1 as well. The instruction has then had no effect: it may be executed again. (LD1 to LD4 may have
	// changed some of the SIMD registers that they load, as the architecture allows.) Without it, and without Vectors,
	// the run ends with ErrFault, as it always does where an instruction can't be fetched.
	DataAborts bool

	SPEL0    uint64 // SP_EL0, where the Linux kernel keeps the current task
	TPIDREL0 uint64 // TPIDR_EL0, the thread pointer of user code
	TPIDREL1 uint64 // TPIDR_EL1, the Linux kernel's per-CPU offset
	TCREL1   uint64 // TCR_EL1, in which the Linux kernel looks for the size of addresses; the MMU stays off

	Loads int // how many loads to note at the most, for Machine.Loads

	PAC *PACKeys // nil: pointer authentication is off and its instructions do nothing
}

// A Machine is an emulated arm64 CPU with its memory. It may be used by one goroutine at a time.
type Machine struct {
	engine  *uc.Engine
	regions []Region // sorted by Base; Data is dropped
	memory  []guestRegion
	last    int // index of the region that was accessed last

	aborts bool // Config.DataAborts

	scratch [3]*buffers // log buffers, used in turn; nil until they are needed
	turn    int
	lent    []*buffers // others, whose chunks stay valid until the machine is closed

	forks    int           // depth of Fork
	contexts []*uc.Context // where each fork began; kept for the next one of its depth
	journal  []Store       // what has to be undone at the end of the forks
}

// ErrClosed is returned by a machine that was closed.
var ErrClosed = errors.New("machine is closed")

// New makes a machine. Its CPU is in EL1h with nothing masked, and all registers are zero. Close must be called to
// release its memory.
func New(c Config) (*Machine, error) {
	regions, err := sortedRegions(c.Regions)
	if err != nil {
		return nil, err
	}
	m := &Machine{regions: regions}
	layout := make([]uc.Region, len(regions))
	for i, r := range regions {
		layout[i] = uc.Region{Base: r.Base, Size: r.Size, Perms: uint32(r.Perm), Data: r.Data, Mapped: r.mapped()}
	}
	m.engine, err = uc.Open(layout, c.Loads)
	keepBackings(regions)
	if err != nil {
		return nil, err
	}
	for i := range regions {
		m.memory = append(m.memory, newGuestRegion(&regions[i], m.engine.Host(i)))
	}
	if err := m.configure(c); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

func (m *Machine) configure(c Config) error {
	m.engine.SetVectors(c.Vectors)
	m.engine.SetDataAborts(c.DataAborts)
	m.aborts = c.DataAborts
	if err := m.permitPAC(); err != nil {
		return err
	}
	if c.PAC != nil {
		if err := m.enablePAC(*c.PAC); err != nil {
			return err
		}
	}
	for _, s := range []struct {
		reg   SysReg
		value uint64
	}{{VBAR_EL1, c.Vectors}, {SP_EL0, c.SPEL0}, {TPIDR_EL0, c.TPIDREL0}, {TPIDR_EL1, c.TPIDREL1}, {TCR_EL1, c.TCREL1}} {
		if err := m.SetSysReg(s.reg, s.value); err != nil {
			return err
		}
	}
	return nil
}

// Close releases the machine's memory. Recordings and Memory values stay valid, but for what was lent.
func (m *Machine) Close() {
	if m.engine == nil {
		return
	}
	m.engine.Close()
	for _, b := range append(m.lent, m.scratch[:]...) {
		if b != nil {
			spare.Put(b)
		}
	}
	*m = Machine{}
}

// Loads returns the addresses of the words, multiples of 8, that instructions have loaded from since the last call, in
// order; a load that isn't aligned is from two words. It is valid until the machine runs on. all is false if there were
// more than Config.Loads.
func (m *Machine) Loads() (addrs []uint64, all bool) { return m.engine.Loads() }

// Regions returns the machine's regions sorted by address, without their contents.
func (m *Machine) Regions() []Region { return m.regions }

// Regs are the general registers, SP of the current mode, PC and PSTATE. Of PSTATE there are the flags NZCV
// (bits 31:28), the masks DAIF (bits 9:6) and the mode (bits 4:0; EL1h is 5).
type Regs struct {
	X              [31]uint64 // X29 is the frame pointer, X30 the link register
	SP, PC, PState uint64
}

// Bits of PSTATE in Regs and FrameRegs.
const (
	PStateD    = 1 << 9    // debug exceptions are masked
	PStateA    = 1 << 8    // SError is masked
	PStateI    = 1 << 7    // IRQ is masked
	PStateF    = 1 << 6    // FIQ is masked
	PStateDAIF = 0x3c0     // all four
	PStateNZCV = 0xf << 28 // the condition flags
	PStateMode = 0x1f      // PSTATE.M
	ModeEL1h   = 5         // PSTATE.M: EL1 with its own stack pointer
)

// Regs returns the CPU's registers. PC is the next instruction.
func (m *Machine) Regs() (Regs, error) {
	if m.engine == nil {
		return Regs{}, ErrClosed
	}
	r, err := m.engine.Regs()
	return Regs(r), err
}

// SetRegs sets the CPU's registers. Of PState, NZCV and DAIF are taken; the mode cannot be changed.
func (m *Machine) SetRegs(r Regs) error {
	if m.engine == nil {
		return ErrClosed
	}
	return m.engine.SetRegs((*uc.Regs)(&r))
}

// PC returns the address of the next instruction, 0 after Close.
func (m *Machine) PC() uint64 {
	if m.engine == nil {
		return 0
	}
	return m.engine.PC()
}
