// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"stacksweep/emu"
)

// Regs returns the general registers of the CPU that stopped.
func (t *Target) Regs() (emu.Regs, error) {
	answer, err := t.conn.ask("g")
	if err != nil {
		return emu.Regs{}, err
	}
	return parseRegs(answer)
}

// parseRegs reads the answer to g. CPSR is what emu.Regs calls PState.
func parseRegs(answer []byte) (r emu.Regs, err error) {
	var p [coreSize]byte
	if len(answer) < 2*coreSize || !parseHex(p[:], answer[:2*coreSize]) {
		return r, nonsense("g", answer)
	}
	for i := range r.X {
		r.X[i] = binary.LittleEndian.Uint64(p[8*i:])
	}
	r.SP = binary.LittleEndian.Uint64(p[8*regSP:])
	r.PC = binary.LittleEndian.Uint64(p[8*regPC:])
	r.PState = uint64(binary.LittleEndian.Uint32(p[8*regCPSR:])) & (emu.PStateNZCV | emu.PStateDAIF | emu.PStateMode)
	return r, nil
}

// SetRegs sets the general registers, SP and PC of the CPU that stopped, and PSTATE, whose bits that emu.Regs doesn't
// have stay as they are.
func (t *Target) SetRegs(r emu.Regs) error {
	state, err := t.Register("CPSR")
	if err != nil {
		return err
	}
	const known = emu.PStateNZCV | emu.PStateDAIF | emu.PStateMode
	state = state&^known | r.PState&known
	for i, x := range r.X {
		if err := t.set(i, 8, x); err != nil {
			return err
		}
	}
	return errors.Join(t.set(regSP, 8, r.SP), t.set(regPC, 8, r.PC), t.set(regCPSR, 4, state))
}

func (t *Target) set(number, size int, value uint64) error {
	p := binary.LittleEndian.AppendUint64(nil, value)[:size]
	return t.conn.order(fmt.Sprintf("P%x=%s", number, hex.EncodeToString(p)))
}

// Register returns any register that the stub has, by the name that its target description gives it, such as
// "VBAR_EL1", of the CPU that stopped.
func (t *Target) Register(name string) (uint64, error) {
	r, ok := t.registers[strings.ToUpper(name)]
	if !ok || r.size > 8 {
		return 0, fmt.Errorf("the GDB stub has no register %s", name)
	}
	request := fmt.Sprintf("p%x", r.number)
	answer, err := t.conn.ask(request)
	if err != nil {
		return 0, err
	}
	var p [8]byte
	if !parseHex(p[:r.size], answer) {
		return 0, nonsense(request, answer)
	}
	return binary.LittleEndian.Uint64(p[:]), nil
}

// Read fills p with the memory at a virtual address.
func (t *Target) Read(addr uint64, p []byte) error {
	const ahead = 8 // requests under way
	var pending [][]byte
	for len(p) > 0 || len(pending) > 0 {
		var requests []string
		for len(p) > 0 && len(pending) < ahead {
			n := min(len(p), t.packet, int(0x800-addr&0x7ff))
			requests = append(requests, readRequest(addr, n))
			pending = append(pending, p[:n])
			p, addr = p[n:], addr+uint64(n)
		}
		if err := t.conn.send(requests...); err != nil {
			return err
		}
		for _, part := range pending {
			if err := t.receiveMemory(part); err != nil {
				return err
			}
		}
		pending = pending[:0]
	}
	return nil
}

func readRequest(addr uint64, n int) string { return fmt.Sprintf("m%x,%x", addr, n) }

// receiveMemory receives the answer to a readRequest.
func (t *Target) receiveMemory(p []byte) error {
	answer, err := t.conn.receive(t.conn.timeout)
	if err != nil {
		return err
	}
	if err := refusal("m", answer); err != nil {
		return err
	}
	if !parseHex(p, answer) {
		return nonsense("m", answer)
	}
	return nil
}

// Word returns the 64-bit word at a virtual address.
func (t *Target) Word(addr uint64) (uint64, error) {
	var p [8]byte
	err := t.Read(addr, p[:])
	return binary.LittleEndian.Uint64(p[:]), err
}

// Write changes memory.
func (t *Target) Write(addr uint64, p []byte) error {
	for len(p) > 0 {
		n := min(len(p), t.packet-16)
		if err := t.conn.order(fmt.Sprintf("M%x,%x:%s", addr, n, hex.EncodeToString(p[:n]))); err != nil {
			return err
		}
		p, addr = p[n:], addr+uint64(n)
	}
	return nil
}
