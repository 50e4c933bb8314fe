// SPDX-License-Identifier: GPL-2.0-only

package emu_test

import (
	"encoding/binary"
	"fmt"
	"log"

	"stacksweep/emu"
)

// A run is recorded once; a cursor then shows the state before any step, forwards and back.
func Example() {
	var code []byte
	for _, word := range []uint32{
		0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
		0x910003fd, // mov x29, sp
		0xa8c17bfd, // ldp x29, x30, [sp], #16
		0xd65f03c0, // ret
	} {
		code = binary.LittleEndian.AppendUint32(code, word)
	}
	m, err := emu.New(emu.Config{Regions: []emu.Region{
		{Base: 0x10000, Data: code, Size: 0x1000, Perm: emu.Read | emu.Exec},
		{Base: 0x20000, Size: 0x1000, Perm: emu.Read | emu.Write},
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	regs := emu.Regs{SP: 0x21000, PC: 0x10000}
	regs.X[30] = 0x10ff0 // where the function returns to, and the run ends
	if err := m.SetRegs(regs); err != nil {
		log.Fatal(err)
	}
	recording, err := m.Record(emu.RunOptions{Until: 0x10ff0, Limit: 100, Mode: emu.Sparse})
	if err != nil {
		log.Fatal(err)
	}
	cursor := recording.Cursor()
	for _, step := range []int{2, 0} {
		if err := cursor.Seek(step); err != nil {
			log.Fatal(err)
		}
		saved, _ := cursor.Memory().Word(0x20ff8)
		fmt.Printf("step %d: pc %#x, sp %#x, saved return address %#x\n", step, cursor.PC(), cursor.SP(), saved)
	}
	// Output:
	// step 2: pc 0x10008, sp 0x20ff0, saved return address 0x10ff0
	// step 0: pc 0x10000, sp 0x21000, saved return address 0x0
}
