package emu

import (
	"encoding/binary"
	"errors"
	"testing"
)

// The memory that most tests use.
const (
	codeBase  = 0xffff800080010000
	dataBase  = 0xffff000010000000
	stackBase = 0xffff8000a0000000
	stackTop  = stackBase + 0x4000
	codeSize  = 0x4000
	dataSize  = 0x4000
)

func words(w ...uint32) []byte {
	var b []byte
	for _, x := range w {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	return b
}

func testConfig(code ...uint32) Config {
	return Config{Regions: []Region{
		{Name: "code", Base: codeBase, Size: codeSize, Data: words(code...), Perm: Read | Exec},
		{Name: "data", Base: dataBase, Size: dataSize, Perm: Read | Write},
		{Name: "stack", Base: stackBase, Size: stackTop - stackBase, Perm: Read | Write},
	}}
}

func newMachine(t testing.TB, c Config) *Machine {
	t.Helper()
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	if err := m.SetRegs(Regs{SP: stackTop, PC: codeBase}); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRecordFirst(t *testing.T) {
	m := newMachine(t, testConfig(
		0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
		0x910003fd, // mov x29, sp
		0x94000004, // bl +16
		0xa8c17bfd, // ldp x29, x30, [sp], #16
		0xd503201f, // nop
		0xd4000001, // svc
		0xd65f03c0, // ret
	))
	r, err := m.Record(RunOptions{Until: codeBase + 16, Mode: Full, Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r.Len(), r.Chunks[0].Stores, r.Chunks[0].Frames, r.Chunks[0].Transfers)
	_, err = m.Record(RunOptions{Until: NoAddress})
	t.Log(err)
	var re *RunError
	if !errors.As(err, &re) || !errors.Is(err, ErrException) {
		t.Fatal(err)
	}
}
