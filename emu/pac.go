// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"fmt"

	"stacksweep/emu/internal/uc"
	"stacksweep/internal/arm64"
)

// PACKeys are the keys of pointer authentication for instruction addresses.
type PACKeys struct {
	IA, IB PACKey
}

// A PACKey is one 128-bit key.
type PACKey struct{ Lo, Hi uint64 }

// permitPAC lets EL1 use pointer authentication. Every machine needs it: the CPU model starts in secure EL1, where an
// MSR to a key register, which a kernel has in its entry code, makes the engine abort the whole process.
//
// SCR_EL3 becomes NS|RW|APK|API and HCR_EL2 APK|API. HCR_EL2.RW must stay clear, or nothing can be fetched any more.
func (m *Machine) permitPAC() error {
	const (
		scrNonSecureWithPAC = 0x30431
		hcrWithPAC          = 0x300_0000_0000
	)
	scrEL3 := uc.SysReg{Op0: 3, Op1: 6, CRn: 1, CRm: 1, Op2: 0}
	hcrEL2 := uc.SysReg{Op0: 3, Op1: 4, CRn: 1, CRm: 1, Op2: 0}
	if err := m.engine.SetSysReg(scrEL3, scrNonSecureWithPAC); err != nil {
		return fmt.Errorf("SCR_EL3: %w", err)
	}
	if err := m.engine.SetSysReg(hcrEL2, hcrWithPAC); err != nil {
		return fmt.Errorf("HCR_EL2: %w", err)
	}
	return nil
}

// enablePAC sets the keys and makes PACIA, PACIB and their kin sign. SCTLR_EL1 is written by an instruction that is
// executed, since translated code depends on it.
func (m *Machine) enablePAC(k PACKeys) error {
	const enIAEnIB = 1<<31 | 1<<30
	sctlr, err := m.engine.SysReg(uc.SysReg{Op0: 3, Op1: 0, CRn: 1, CRm: 0, Op2: 0})
	if err != nil {
		return fmt.Errorf("SCTLR_EL1: %w", err)
	}
	stub := []uint32{
		0xd5182100, // msr apiakeylo_el1, x0
		0xd5182121, // msr apiakeyhi_el1, x1
		0xd5182142, // msr apibkeylo_el1, x2
		0xd5182163, // msr apibkeyhi_el1, x3
		0xd5181004, // msr sctlr_el1, x4
		arm64.ISB,
	}
	if err := m.engine.RunStub(stub, k.IA.Lo, k.IA.Hi, k.IB.Lo, k.IB.Hi, sctlr|enIAEnIB); err != nil {
		return fmt.Errorf("enable pointer authentication: %w", err)
	}
	return nil
}
