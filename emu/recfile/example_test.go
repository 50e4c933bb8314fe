// SPDX-License-Identifier: GPL-2.0-only

package recfile_test

import (
	"fmt"
	"log"

	"stacksweep/emu"
	"stacksweep/emu/recfile"
)

// A recording is kept with a description, and read again on another machine.
func Example() {
	m, err := emu.New(emu.Config{Regions: []emu.Region{{
		Base: 0x10000, Size: 0x1000, Perm: emu.Read | emu.Exec,
		Data: []byte{0x1f, 0x20, 0x03, 0xd5, 0xc0, 0x03, 0x5f, 0xd6}, // nop; ret
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	regs := emu.Regs{PC: 0x10000}
	regs.X[30] = 0x10ff0
	if err := m.SetRegs(regs); err != nil {
		log.Fatal(err)
	}
	recording, err := m.Record(emu.RunOptions{Until: 0x10ff0, Limit: 10, Mode: emu.Full})
	if err != nil {
		log.Fatal(err)
	}
	data, err := recfile.Encode(&recfile.File{Description: []byte("two instructions"), Recording: recording})
	if err != nil {
		log.Fatal(err)
	}
	f, err := recfile.Decode(data)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %d steps\n", f.Description, f.Len())
	// Output:
	// two instructions: 2 steps
}
