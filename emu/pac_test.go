// SPDX-License-Identifier: GPL-2.0-only

package emu

import "testing"

var testKeys = PACKeys{
	IA: PACKey{0x0123456789abcdef, 0xfedcba9876543210},
	IB: PACKey{0x1111111122222222, 0x3333333344444444},
}

// signedReturn runs the first instructions of testdata/pac.s and returns X30 before and after PACIASP.
func signedReturn(t *testing.T, keys *PACKeys) (plain, signed uint64) {
	c := config(program(t, "pac"))
	c.PAC = keys
	m := newMachine(t, c, startRegs())
	for range 2 { // b main; bl fa
		if err := m.Advance(1); err != nil {
			t.Fatal(err)
		}
	}
	r, _ := m.Regs()
	plain = r.X[30]
	if err := m.Advance(1); err != nil {
		t.Fatal(err)
	}
	r, _ = m.Regs()
	return plain, r.X[30]
}

func TestPointerAuthenticationSigns(t *testing.T) {
	other := testKeys
	other.IA.Lo++
	plain, off := signedReturn(t, nil)
	_, on := signedReturn(t, &testKeys)
	_, again := signedReturn(t, &testKeys)
	_, different := signedReturn(t, &other)
	const addressBits = 1<<48 - 1
	switch {
	case off != plain:
		t.Errorf("signed without keys: %#x", off)
	case on == plain || on&addressBits != plain&addressBits:
		t.Errorf("not signed: %#x", on)
	case again != on:
		t.Errorf("the same key gives %#x and %#x", on, again)
	case different == on:
		t.Errorf("different keys give %#x", on)
	}
}

// Where keys are not configured, guest code may still write them; that must not hurt the process.
func TestGuestWritesKeys(t *testing.T) {
	// msr apiakeylo_el1, x0; msr apiakeyhi_el1, x1
	m := newMachine(t, config(words(0xd5182100, 0xd5182121)), startRegs())
	if err := m.Advance(2); err != nil {
		t.Error(err)
	}
}

// An address that was changed between signing and authentication does not return.
func TestAuthenticationFails(t *testing.T) {
	code := words(
		0xd503233f, // paciasp
		0x910013de, // add x30, x30, #4
		0xd50323bf, // autiasp
		ret,
	)
	c := config(code)
	c.PAC = &testKeys
	start := startRegs()
	start.X[30] = codeBase + 0x100
	m := newMachine(t, c, start)
	err := m.Run(NoAddress, 100)
	if err == nil || m.PC() == codeBase+0x104 {
		t.Errorf("it returned to %#x: %v", m.PC(), err)
	}
}
