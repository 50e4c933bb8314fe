// SPDX-License-Identifier: GPL-2.0-only

package cfi_test

import (
	"debug/elf"
	"fmt"
	"log"

	"stacksweep/unwind/cfi"
)

// The table of a function that signs its return address.
func ExampleFDE_Rows() {
	file, err := elf.Open("testdata/frames-pac.so")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	section := file.Section(".eh_frame")
	data, err := section.Data()
	if err != nil {
		log.Fatal(err)
	}
	info, err := cfi.Parse(data, section.Addr, cfi.EHFrame)
	if err != nil {
		log.Fatal(err)
	}
	f := info.FDEs[1]
	rows, err := f.Rows()
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range rows {
		fmt.Printf("+%#02x  CFA %-6v  RA %-4v %-10v  FP %v\n", r.Start-f.Start, r.CFA, r.RA, r.RAState, r.FP)
	}
	// Output:
	// +0x00  CFA sp+0    RA -    not signed  FP -
	// +0x04  CFA sp+0    RA -    signed      FP -
	// +0x08  CFA sp+16   RA c-8  signed      FP c-16
	// +0x18  CFA sp+0    RA -    signed      FP -
	// +0x1c  CFA sp+0    RA -    not signed  FP -
}
