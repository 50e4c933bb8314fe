// SPDX-License-Identifier: GPL-2.0-only

// Package corpus makes scenarios of the arm64 code that comes with stacksweep: assembly and C that do what the kernel's
// entry code, tracers and string routines do, built with SFrame V3 tables. Where a sequence of registers or stores
// necessarily is the kernel's, the source says which file it follows.
//
// Scenarios come in families, one file per family.
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

// ELF returns the corpus as an ELF file, with its symbols and debug information, for other tools to read.
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
