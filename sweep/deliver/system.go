// SPDX-License-Identifier: GPL-2.0-only

package deliver

import "stacksweep/emu"

// system are the system registers that the entry code uses. An exception overwrites the first two.
type system struct{ elr, spsr, spEL0 uint64 }

func saveSystem(m *emu.Machine) (s system, err error) {
	for _, f := range [...]struct {
		reg emu.SysReg
		to  *uint64
	}{{emu.ELR_EL1, &s.elr}, {emu.SPSR_EL1, &s.spsr}, {emu.SP_EL0, &s.spEL0}} {
		if *f.to, err = m.SysReg(f.reg); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *system) restore(m *emu.Machine) error {
	if err := m.SetSysReg(emu.ELR_EL1, s.elr); err != nil {
		return err
	}
	return m.SetSysReg(emu.SPSR_EL1, s.spsr)
}
