// SPDX-License-Identifier: GPL-2.0-only

// Package corpus holds the arm64 code that stacksweep brings along: what the kernel's entry code, tracers and string
// routines do, written anew in assembly and C, and built with SFrame V3 tables.
//
// The sources are in src; the built image is committed, so that no cross toolchain is needed to use it. "make corpus"
// builds it again.
package corpus

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	_ "embed"
	"sync"

	"stacksweep/image"
)

//go:generate make -C ../.. corpus

//go:embed corpus.elf
var file []byte

// Image returns the corpus, read once. It must not be changed.
var Image = sync.OnceValue(func() *image.Image {
	im, err := image.Parse("corpus.elf", file)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return im
})

// ELF returns the corpus as the ELF file that it is, with its symbols and debug information, for other tools to read.
// It must not be changed.
func ELF() []byte { return file }

// debugInfo returns the corpus's DWARF.
var debugInfo = sync.OnceValue(func() *dwarf.Data {
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		panic(err)
	}
	d, err := f.DWARF()
	if err != nil {
		panic(err)
	}
	return d
})
