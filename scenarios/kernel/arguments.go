// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"encoding/binary"
	"slices"
)

// The arguments that functions are called with are made up: numbers, or the addresses of memory that holds what
// functions of a kernel are often given. Six registers is what stub_start fills.
const (
	numArguments  = 6
	bufferSize    = 1 << 10
	argumentsSize = (numArguments + 2) * bufferSize // a buffer for each, and two that they may point to
)

// arguments are the registers of a call, and the memory that they point to.
type arguments struct {
	registers [numArguments]uint64
	at        uint64
	memory    []byte
}

// An argumentSet is a way to make arguments: make sets the registers and the memory, which are zero before. callback is
// the address of a function that does nothing.
type argumentSet struct {
	name string
	make func(a *arguments, callback uint64)
}

var argumentSets = []argumentSet{
	{"buffers", func(a *arguments, _ uint64) { a.point(numArguments) }},
	{"numbers", func(a *arguments, _ uint64) {
		for i := range a.registers {
			a.registers[i] = uint64(i + 1)
		}
	}},
	{"zeros", func(*arguments, uint64) {}},
	{"a buffer and sizes", func(a *arguments, _ uint64) {
		a.point(1)
		for i := 1; i < numArguments; i++ {
			a.registers[i] = uint64(16 * i)
		}
	}},
	{"two buffers and sizes", func(a *arguments, _ uint64) {
		a.point(2)
		for i := 2; i < numArguments; i++ {
			a.registers[i] = uint64(8 * i)
		}
	}},
	{"three buffers, a size, two buffers", func(a *arguments, _ uint64) {
		a.point(numArguments)
		a.registers[3] = 64
	}},
	{"functions", func(a *arguments, callback uint64) {
		for i := range a.registers {
			a.registers[i] = callback
		}
	}},
	{"texts", func(a *arguments, _ uint64) {
		a.point(2)
		for i := range 2 {
			copy(a.buffer(i), "stack,sweep=0x1234 42\x00")
		}
		for i := 2; i < numArguments; i++ {
			a.registers[i] = uint64(4 * i)
		}
	}},
	// A list head that points to itself is an empty list.
	{"empty lists", func(a *arguments, _ uint64) {
		a.point(numArguments)
		for at := 0; at+16 <= numArguments*bufferSize; at += 16 {
			a.setWord(at, a.at+uint64(at))
			a.setWord(at+8, a.at+uint64(at))
		}
	}},
	{"pointers to buffers", func(a *arguments, _ uint64) {
		a.point(numArguments)
		for at := 0; at < numArguments*bufferSize; at += 8 {
			a.setWord(at, a.at+numArguments*bufferSize)
		}
	}},
	// An object with a table of operations.
	{"pointers to functions", func(a *arguments, callback uint64) {
		a.point(numArguments)
		for at := 0; at < numArguments*bufferSize; at += 8 {
			a.setWord(at, a.at+numArguments*bufferSize)
		}
		for at := numArguments * bufferSize; at < len(a.memory); at += 8 {
			a.setWord(at, callback)
		}
	}},
	{"filled buffers", func(a *arguments, _ uint64) {
		a.point(numArguments)
		for i := range a.memory {
			a.memory[i] = byte(i%7 + 1)
		}
	}},
}

// makeArguments makes the arguments of a set, with their memory at an address.
func makeArguments(set int, at, callback uint64) *arguments {
	a := &arguments{at: at, memory: make([]byte, argumentsSize)}
	argumentSets[set].make(a, callback)
	return a
}

// point makes the first n arguments the addresses of their buffers.
func (a *arguments) point(n int) {
	for i := range n {
		a.registers[i] = a.at + uint64(i)*bufferSize
	}
}

func (a *arguments) buffer(i int) []byte { return a.memory[i*bufferSize : (i+1)*bufferSize] }

func (a *arguments) setWord(at int, w uint64) { binary.LittleEndian.PutUint64(a.memory[at:], w) }

// place writes what isn't zero.
func (a *arguments) place(write func(addr uint64, p []byte)) {
	if slices.ContainsFunc(a.memory, func(b byte) bool { return b != 0 }) {
		write(a.at, a.memory)
	}
}
