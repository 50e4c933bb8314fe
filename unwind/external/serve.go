// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// An Unwinder is the program's side of the protocol.
type Unwinder interface {
	// Hello is told what the points are about, and introduces the program; Serve fills in type, protocol and version.
	Hello(Hello) (Welcome, error)
	// Unwind answers a point; Serve fills in the ID.
	Unwind(*Point) Answer
}

// Serve lets an unwinder answer points until the input ends. It is what a program written in Go needs for a main.
func Serve(in io.Reader, out io.Writer, u Unwinder) error {
	lines := json.NewDecoder(bufio.NewReader(in))
	answers := json.NewEncoder(out)
	var hello Hello
	if err := lines.Decode(&hello); err != nil {
		return fmt.Errorf("no hello: %w", err)
	}
	if hello.Protocol != Protocol || hello.Version != Version {
		return fmt.Errorf("spoken to in version %d of protocol %.40q, not in version %d of %s", hello.Version,
			hello.Protocol, Version, Protocol)
	}
	welcome, err := u.Hello(hello)
	if err != nil {
		return err
	}
	welcome.Type, welcome.Protocol, welcome.Version = "hello", Protocol, Version
	if err := answers.Encode(welcome); err != nil {
		return err
	}
	for {
		var p Point
		if err := lines.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("point: %w", err)
		}
		answer := u.Unwind(&p)
		answer.ID = p.ID
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
}

// Memory is the memory that a program was sent, for programs that keep it. The zero value is empty.
type Memory struct{ pieces []Bytes }

// Update learns the memory of a point. Changes lie within pieces that were sent before.
func (m *Memory) Update(news []Bytes) {
	for _, n := range news {
		if old := m.find(uint64(n.Addr), len(n.Data)); old != nil {
			copy(old, n.Data)
		} else {
			m.pieces = append(m.pieces, n)
		}
	}
}

// Word returns the little-endian word at addr, if it was sent. It makes Memory an [unwind.Memory].
func (m *Memory) Word(addr uint64) (uint64, bool) {
	if b := m.find(addr, 8); b != nil {
		return binary.LittleEndian.Uint64(b), true
	}
	return 0, false
}

// find returns the n bytes at addr, or nil.
func (m *Memory) find(addr uint64, n int) []byte {
	for _, p := range m.pieces {
		if off := addr - uint64(p.Addr); off < uint64(len(p.Data)) && n <= len(p.Data)-int(off) {
			return p.Data[off : int(off)+n]
		}
	}
	return nil
}
