// SPDX-License-Identifier: GPL-2.0-only

package uc

// #include "recorder.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Regs returns the registers between runs.
func (e *Engine) Regs() (Regs, error) {
	err := check(C.recorder_get_regs(e.r, (*C.struct_regs)(unsafe.Pointer(&e.regs))), "read registers")
	return e.regs, err
}

// SetRegs sets the registers. Of PState, NZCV and DAIF are taken and the rest stays.
func (e *Engine) SetRegs(r *Regs) error {
	return check(C.recorder_set_regs(e.r, (*C.struct_regs)(unsafe.Pointer(r))), "write registers")
}

// PC returns the address of the next instruction.
func (e *Engine) PC() uint64 { return uint64(e.r.pc) }

// A SysReg names a system register by the fields of the MRS instruction.
type SysReg struct{ Op0, Op1, CRn, CRm, Op2 uint8 }

func (s SysReg) c() C.struct_sysreg {
	return C.struct_sysreg{op0: C.uint8_t(s.Op0), op1: C.uint8_t(s.Op1), crn: C.uint8_t(s.CRn), crm: C.uint8_t(s.CRm),
		op2: C.uint8_t(s.Op2)}
}

// SysReg reads a system register.
func (e *Engine) SysReg(name SysReg) (uint64, error) {
	var v C.uint64_t
	err := check(C.recorder_get_sysreg(e.r, name.c(), &v), "read system register")
	return uint64(v), err
}

// SetSysReg writes a system register without executing an instruction. It must not be one whose value is cached by the
// translated code, such as SCTLR_EL1: use RunStub for those.
func (e *Engine) SetSysReg(name SysReg, value uint64) error {
	return check(C.recorder_set_sysreg(e.r, name.c(), C.uint64_t(value)), "write system register")
}

// RunStub executes a few instructions outside of every region with x preset in X0, X1, ... and restores the general
// registers afterwards. Nothing is logged.
func (e *Engine) RunStub(words []uint32, x ...uint64) error {
	return check(C.recorder_run_stub(e.r, (*C.uint32_t)(unsafe.SliceData(words)), C.uint32_t(len(words)),
		(*C.uint64_t)(unsafe.SliceData(x)), C.uint32_t(len(x))), "run a stub")
}

// Enter takes an exception to the given vector at the next instruction: ELR_EL1 = PC, SPSR_EL1 = PSTATE, then DAIF is
// masked. The CPU must be in EL1h.
func (e *Engine) Enter(vector uint64) error {
	return check(C.recorder_enter(e.r, C.uint64_t(vector)), "enter the exception vector")
}

// A Context is the complete state of the CPU, without memory.
type Context struct {
	context *C.uc_context
	pc      C.uint64_t
}

// Save returns the state of the CPU. Its memory is freed when the Context becomes unreachable.
func (e *Engine) Save() (*Context, error) {
	c := &Context{}
	if err := check(C.uc_context_alloc(e.r.uc, &c.context), "allocate a CPU context"); err != nil {
		return nil, err
	}
	runtime.AddCleanup(c, func(p *C.uc_context) { C.uc_context_free(p) }, c.context)
	return c, e.SaveTo(c)
}

// SaveTo overwrites a Context of the same engine with the present state.
func (e *Engine) SaveTo(c *Context) error {
	c.pc = e.r.pc
	return check(C.uc_context_save(e.r.uc, c.context), "save the CPU context")
}

// Restore brings a saved state back.
func (e *Engine) Restore(c *Context) error {
	e.r.pc = c.pc
	err := check(C.uc_context_restore(e.r.uc, c.context), "restore the CPU context")
	runtime.KeepAlive(c)
	return err
}
