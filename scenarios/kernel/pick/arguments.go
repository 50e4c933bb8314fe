// SPDX-License-Identifier: GPL-2.0-only

package pick

import (
	"encoding/binary"
	"slices"
)

// The arguments that functions are called with are made up: numbers, or the addresses of memory that holds what
// functions of a kernel are often given. Six registers is what stub_start fills.
const (
	Registers     = 6
	bufferSize    = 1 << 10
	ArgumentsSize = (Registers + 2) * bufferSize // a buffer for each, and two that they may point to
)

// Arguments are the registers of a call, and the memory that they point to.
type Arguments struct {
	Registers [Registers]uint64
	At        uint64 // address of the memory, [ArgumentsSize] bytes
	memory    []byte
}

// An argumentSet is a way to make arguments: make sets the registers and the memory, which are zero before. callback is
// the address of a function that does nothing.
type argumentSet struct {
	name string
	make func(a *Arguments, callback uint64)
}

var argumentSets = []argumentSet{
	{"buffers", func(a *Arguments, _ uint64) { a.point(Registers) }},
	{"numbers", func(a *Arguments, _ uint64) {
		for i := range a.Registers {
			a.Registers[i] = uint64(i + 1)
		}
	}},
	{"zeros", func(*Arguments, uint64) {}},
	{"a buffer and sizes", func(a *Arguments, _ uint64) {
		a.point(1)
		for i := 1; i < Registers; i++ {
			a.Registers[i] = uint64(16 * i)
		}
	}},
	{"two buffers and sizes", func(a *Arguments, _ uint64) {
		a.point(2)
		for i := 2; i < Registers; i++ {
			a.Registers[i] = uint64(8 * i)
		}
	}},
	{"three buffers, a size, two buffers", func(a *Arguments, _ uint64) {
		a.point(Registers)
		a.Registers[3] = 64
	}},
	{"functions", func(a *Arguments, callback uint64) {
		for i := range a.Registers {
			a.Registers[i] = callback
		}
	}},
	{"texts", func(a *Arguments, _ uint64) {
		a.point(2)
		for i := range 2 {
			copy(a.buffer(i), "stack,sweep=0x1234 42\x00")
		}
		for i := 2; i < Registers; i++ {
			a.Registers[i] = uint64(4 * i)
		}
	}},
	// A list head that points to itself is an empty list.
	{"empty lists", func(a *Arguments, _ uint64) {
		a.point(Registers)
		for at := 0; at+16 <= Registers*bufferSize; at += 16 {
			a.setWord(at, a.At+uint64(at))
			a.setWord(at+8, a.At+uint64(at))
		}
	}},
	{"pointers to buffers", func(a *Arguments, _ uint64) {
		a.point(Registers)
		for at := 0; at < Registers*bufferSize; at += 8 {
			a.setWord(at, a.At+Registers*bufferSize)
		}
	}},
	// An object with a table of operations.
	{"pointers to functions", func(a *Arguments, callback uint64) {
		a.point(Registers)
		for at := 0; at < Registers*bufferSize; at += 8 {
			a.setWord(at, a.At+Registers*bufferSize)
		}
		for at := Registers * bufferSize; at < len(a.memory); at += 8 {
			a.setWord(at, callback)
		}
	}},
	{"filled buffers", func(a *Arguments, _ uint64) {
		a.point(Registers)
		for i := range a.memory {
			a.memory[i] = byte(i%7 + 1)
		}
	}},
}

// MakeArguments makes the arguments of a set, with their memory at an address.
func MakeArguments(set int, at, callback uint64) *Arguments {
	a := &Arguments{At: at, memory: make([]byte, ArgumentsSize)}
	argumentSets[set].make(a, callback)
	return a
}

// point makes the first n arguments the addresses of their buffers.
func (a *Arguments) point(n int) {
	for i := range n {
		a.Registers[i] = a.At + uint64(i)*bufferSize
	}
}

func (a *Arguments) buffer(i int) []byte { return a.memory[i*bufferSize : (i+1)*bufferSize] }

func (a *Arguments) setWord(at int, w uint64) { binary.LittleEndian.PutUint64(a.memory[at:], w) }

// Place writes what isn't zero.
func (a *Arguments) Place(write func(addr uint64, p []byte)) {
	if slices.ContainsFunc(a.memory, func(b byte) bool { return b != 0 }) {
		write(a.At, a.memory)
	}
}
