// SPDX-License-Identifier: GPL-2.0-only

package vectors

import (
	"debug/elf"
	"fmt"
	"io"

	"stacksweep/emu"
	"stacksweep/internal/elfcore"
	"stacksweep/sweep/session"
)

// WriteCore writes the machine at the session's step as an ELF core file: the registers, and all memory. It fails if
// the recording doesn't hold all registers.
func WriteCore(w io.Writer, s *session.Session) error {
	at := s.At()
	regs, ok := at.Regs()
	if !ok {
		return fmt.Errorf("%s: the run is too long to be kept with all registers", s.Target)
	}
	c := &elfcore.Core{
		X: regs.X, SP: regs.SP, PC: regs.PC, PSTATE: uint64(at.PState()),
		Command: fmt.Sprintf("%s@%d", s.Target, at.Step()),
		Info:    "OSRELEASE=stacksweep\nPAGESIZE=4096\nKERNELOFFSET=0\n",
	}
	for _, r := range at.Memory().Regions() {
		c.Segments = append(c.Segments, elfcore.Segment{Addr: r.Base, Data: r.Data, Perm: flags(r.Perm)})
	}
	return elfcore.Write(w, c)
}

func flags(p emu.Perm) (f elf.ProgFlag) {
	for _, bit := range []struct {
		perm emu.Perm
		flag elf.ProgFlag
	}{{emu.Read, elf.PF_R}, {emu.Write, elf.PF_W}, {emu.Exec, elf.PF_X}} {
		if p&bit.perm != 0 {
			f |= bit.flag
		}
	}
	return f
}
