// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"fmt"

	"stacksweep/emu/internal/uc"
)

// A SysReg is a system register that can be read and written from outside.
type SysReg uint8

// The system registers, by their architectural names.
const (
	SP_EL0 SysReg = iota
	TPIDR_EL0
	TPIDR_EL1
	ELR_EL1
	SPSR_EL1
	ESR_EL1
	FAR_EL1
	VBAR_EL1
	TCR_EL1
)

var sysRegs = [...]struct {
	name string
	uc.SysReg
}{
	SP_EL0:    {"SP_EL0", uc.SysReg{Op0: 3, Op1: 0, CRn: 4, CRm: 1, Op2: 0}},
	TPIDR_EL0: {"TPIDR_EL0", uc.SysReg{Op0: 3, Op1: 3, CRn: 13, CRm: 0, Op2: 2}},
	TPIDR_EL1: {"TPIDR_EL1", uc.SysReg{Op0: 3, Op1: 0, CRn: 13, CRm: 0, Op2: 4}},
	ELR_EL1:   {"ELR_EL1", uc.SysReg{Op0: 3, Op1: 0, CRn: 4, CRm: 0, Op2: 1}},
	SPSR_EL1:  {"SPSR_EL1", uc.SysReg{Op0: 3, Op1: 0, CRn: 4, CRm: 0, Op2: 0}},
	ESR_EL1:   {"ESR_EL1", uc.SysReg{Op0: 3, Op1: 0, CRn: 5, CRm: 2, Op2: 0}},
	FAR_EL1:   {"FAR_EL1", uc.SysReg{Op0: 3, Op1: 0, CRn: 6, CRm: 0, Op2: 0}},
	VBAR_EL1:  {"VBAR_EL1", uc.SysReg{Op0: 3, Op1: 0, CRn: 12, CRm: 0, Op2: 0}},
	TCR_EL1:   {"TCR_EL1", uc.SysReg{Op0: 3, Op1: 0, CRn: 2, CRm: 0, Op2: 2}},
}

// ErrSysReg says that a value is not one of the SysReg constants.
var ErrSysReg = errors.New("unknown system register")

func (s SysReg) String() string {
	if int(s) < len(sysRegs) {
		return sysRegs[s].name
	}
	return fmt.Sprintf("SysReg(%d)", uint8(s))
}

// SysReg reads a system register.
func (m *Machine) SysReg(s SysReg) (uint64, error) {
	if m.engine == nil {
		return 0, ErrClosed
	}
	if int(s) >= len(sysRegs) {
		return 0, fmt.Errorf("%w: %v", ErrSysReg, s)
	}
	v, err := m.engine.SysReg(sysRegs[s].SysReg)
	if err != nil {
		return 0, fmt.Errorf("%v: %w", s, err)
	}
	return v, nil
}

// SetSysReg writes a system register.
func (m *Machine) SetSysReg(s SysReg, value uint64) error {
	if m.engine == nil {
		return ErrClosed
	}
	if int(s) >= len(sysRegs) {
		return fmt.Errorf("%w: %v", ErrSysReg, s)
	}
	if err := m.engine.SetSysReg(sysRegs[s].SysReg, value); err != nil {
		return fmt.Errorf("%v: %w", s, err)
	}
	return nil
}

// Enter takes an exception, such as an interrupt, before the next instruction: ELR_EL1 becomes PC, SPSR_EL1 becomes
// PSTATE, DAIF is masked, and the next instruction is the one at vector. The registers stay as they are. The CPU must
// be in EL1h. (Arm ARM, D1.3 "Exceptions".)
func (m *Machine) Enter(vector uint64) error {
	if m.engine == nil {
		return ErrClosed
	}
	if err := m.engine.Enter(vector); err != nil {
		return err
	}
	return nil
}
