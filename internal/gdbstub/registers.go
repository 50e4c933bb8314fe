// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"stacksweep/emu"
)

// The registers in the order of the target description, which is also the order of the g packet. Their numbers are
// positions in that order. (gdb manual, "AArch64 Features": org.gnu.gdb.aarch64.core.)
const (
	regX0 = 0
	regFP = 29
	regLR = 30
	regSP = 31
	regPC = 32
	// regCPSR is PSTATE in the format of SPSR, of 32 bits; the other registers have 64.
	regCPSR   = 33
	registers = 34
)

// description is target.xml.
var description = func() string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
  <architecture>aarch64</architecture>
  <osabi>none</osabi>
  <feature name="org.gnu.gdb.aarch64.core">
    <flags id="cpsr_flags" size="4">
      <field name="SP" start="0" end="0"/>
      <field name="EL" start="2" end="3"/>
      <field name="nRW" start="4" end="4"/>
      <field name="F" start="6" end="6"/>
      <field name="I" start="7" end="7"/>
      <field name="A" start="8" end="8"/>
      <field name="D" start="9" end="9"/>
      <field name="V" start="28" end="28"/>
      <field name="C" start="29" end="29"/>
      <field name="Z" start="30" end="30"/>
      <field name="N" start="31" end="31"/>
    </flags>
`)
	for i := range regSP {
		fmt.Fprintf(&b, "    <reg name=\"x%d\" bitsize=\"64\"/>\n", i)
	}
	b.WriteString(`    <reg name="sp" bitsize="64" type="data_ptr"/>
    <reg name="pc" bitsize="64" type="code_ptr"/>
    <reg name="cpsr" bitsize="32" type="cpsr_flags"/>
  </feature>
</target>
`)
	return b.String()
}()

// register returns a register as the protocol has it: hexadecimal bytes in the target's order, or x's where the
// recording doesn't know the value.
func register(c *emu.Cursor, n int) string {
	all, full := c.Regs()
	var value uint64
	switch {
	case n == regPC:
		value = c.PC()
	case n == regSP:
		value = c.SP()
	case n == regFP:
		value = c.FP()
	case n == regLR:
		value = c.LR()
	case !full && n == regCPSR: // the flags are missing
		return strings.Repeat("x", 8)
	case !full:
		return strings.Repeat("x", 16)
	case n == regCPSR:
		value = all.PState
	default:
		value = all.X[n-regX0]
	}
	b := binary.LittleEndian.AppendUint64(nil, value)
	if n == regCPSR {
		b = b[:4]
	}
	return hex.EncodeToString(b)
}

// allRegisters is the answer to the g packet.
func allRegisters(c *emu.Cursor) string {
	var b strings.Builder
	for n := range registers {
		b.WriteString(register(c, n))
	}
	return b.String()
}
