// SPDX-License-Identifier: GPL-2.0-only

package testkit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Errors that reading a file may wrap.
var (
	ErrFormat   = errors.New("not a file of test vectors")
	ErrVersion  = errors.New("unknown version")
	ErrCorrupt  = errors.New("damaged file")
	ErrChecksum = errors.New("the checksum is wrong")
)

const (
	magic      = "SSVECTOR"
	version    = 1
	headerSize = 16
	recordHead = 8
)

// Kinds of records.
const (
	kindInfo = iota + 1
	kindImage
	kindPatch
	kindHooks
	kindMemory
	kindPoint
	kindEnd
)

// Sizes of payloads in bytes.
const (
	pointSize = 320 // without its lists
	endSize   = 8 + sha256.Size
)

// A File is a file of test vectors, checked as a whole.
type File struct {
	Info    map[string]string // scenario, variant, arch, made_by, image_sha256
	ELF     []byte            // the code, its symbols and its unwind information; nil if there is none
	Patches []Patch           // where code in memory differs from ELF
	Hooks   []uint64          // addresses to which functions are made to return instead of to their caller
	Points  int

	body []byte // the records
}

// A Patch is a piece of code that differs from the ELF file's.
type Patch struct {
	Addr uint64
	Data []byte
}

// Open reads a file of test vectors.
func Open(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// Parse reads test vectors from memory, which must not change afterwards. Everything is checked before it returns:
// that the checksum is right, every record whole, and the number of points as said.
func Parse(data []byte) (*File, error) {
	if len(data) < headerSize || string(data[:len(magic)]) != magic {
		return nil, ErrFormat
	}
	if v := binary.LittleEndian.Uint32(data[len(magic):]); v != version {
		return nil, fmt.Errorf("%w %d: this reader knows %d", ErrVersion, v, version)
	}
	f := &File{Info: map[string]string{}, body: data[headerSize:]}
	rest := f.body
	for {
		offset := len(data) - len(rest)
		kind, payload, after, err := record(rest)
		if err != nil {
			return nil, fmt.Errorf("%w: offset %#x: %w", ErrCorrupt, offset, err)
		}
		if kind == kindEnd {
			return f, f.end(data[:offset], payload, after)
		}
		if err := f.add(kind, payload); err != nil {
			return nil, fmt.Errorf("%w: offset %#x: %w", ErrCorrupt, offset, err)
		}
		rest = after
	}
}

// record splits the first record off.
func record(b []byte) (kind uint32, payload, rest []byte, err error) {
	if len(b) < recordHead {
		return 0, nil, nil, errors.New("the file ends before its last record")
	}
	kind, size := binary.LittleEndian.Uint32(b), uint64(binary.LittleEndian.Uint32(b[4:]))
	b = b[recordHead:]
	whole := (size + 7) &^ 7
	if whole > uint64(len(b)) {
		return 0, nil, nil, fmt.Errorf("a record of %d bytes, where %d are left", size, len(b))
	}
	return kind, b[:size], b[whole:], nil
}

// add takes a record in, as far as it isn't the points' business.
func (f *File) add(kind uint32, payload []byte) error {
	switch kind {
	case kindInfo:
		for line := range strings.Lines(string(payload)) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			f.Info[key] = value
		}
	case kindImage:
		f.ELF = payload
	case kindPatch, kindMemory:
		if len(payload) < 8 {
			return errors.New("a piece of memory without an address")
		}
		if kind == kindPatch {
			f.Patches = append(f.Patches, Patch{binary.LittleEndian.Uint64(payload), payload[8:]})
		}
	case kindHooks:
		f.Hooks = append(f.Hooks, words(payload)...)
	case kindPoint:
		f.Points++
		return checkPoint(payload)
	}
	return nil
}

// end compares the file with what its last record says.
func (f *File) end(before, payload, after []byte) error {
	switch sum := sha256.Sum256(before); {
	case len(payload) != endSize || len(after) != 0:
		return fmt.Errorf("%w: the last record has %d bytes and is followed by %d", ErrCorrupt, len(payload),
			len(after))
	case !bytes.Equal(payload[8:], sum[:]):
		return ErrChecksum
	case binary.LittleEndian.Uint64(payload) != uint64(f.Points):
		return fmt.Errorf("%w: %d points, where %d are announced", ErrCorrupt, f.Points,
			binary.LittleEndian.Uint64(payload))
	}
	return nil
}

// checkPoint complains about a point whose lists aren't what it announces.
func checkPoint(payload []byte) error {
	if len(payload) < pointSize {
		return fmt.Errorf("a point of %d bytes", len(payload))
	}
	stacks, frames := counts(payload)
	if want := pointSize + 16*stacks + 16*frames; uint64(len(payload)) != want {
		return fmt.Errorf("a point of %d bytes, where its lists need %d", len(payload), want)
	}
	return nil
}

func counts(point []byte) (stacks, frames uint64) {
	return uint64(binary.LittleEndian.Uint32(point[312:])), uint64(binary.LittleEndian.Uint32(point[316:]))
}

func words(b []byte) []uint64 {
	list := make([]uint64, 0, len(b)/8)
	for ; len(b) >= 8; b = b[8:] {
		list = append(list, binary.LittleEndian.Uint64(b))
	}
	return list
}

// All calls yield with each point in turn, until it returns false. The point is valid during the call only.
func (f *File) All(yield func(*Point) bool) {
	p := &Point{Memory: &Memory{}}
	for rest := f.body; len(rest) > 0; {
		kind, payload, after, err := record(rest)
		if err != nil {
			return
		}
		rest = after
		switch kind {
		case kindMemory:
			p.Memory.set(binary.LittleEndian.Uint64(payload), payload[8:])
		case kindPoint:
			p.decode(payload)
			if !yield(p) {
				return
			}
		}
	}
}

// decode fills the point in from a record that was checked.
func (p *Point) decode(b []byte) {
	stacks, _ := counts(b)
	p.Step, p.Mode = binary.LittleEndian.Uint64(b), Mode(binary.LittleEndian.Uint32(b[8:]))
	w := words(b[16:312])
	p.Task, p.PtRegs, p.StartPC, p.StartFP = w[0], w[1], w[2], w[3]
	copy(p.Regs.X[:], w[4:35])
	p.Regs.SP, p.Regs.PC = w[35], w[36]
	lists := words(b[pointSize:])
	p.Stacks = p.Stacks[:0]
	for i := range stacks {
		p.Stacks = append(p.Stacks, Stack{lists[2*i], lists[2*i+1]})
	}
	p.Truth = p.Truth[:0]
	for lists = lists[2*stacks:]; len(lists) > 0; lists = lists[2:] {
		p.Truth = append(p.Truth, Frame{lists[0], lists[1]})
	}
}
