// SPDX-License-Identifier: GPL-2.0-only

package elfcore

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrOverlap reports segments of memory that share addresses.
var ErrOverlap = errors.New("segments overlap")

// A Core is what the file says.
type Core struct {
	X      [31]uint64
	SP, PC uint64
	PSTATE uint64

	// Command is what a debugger shows as the program that dumped core, of which there are at most 79 bytes.
	Command string
	// Info is the text of the VMCOREINFO note, a KEY=VALUE per line. There is no such note if it is empty.
	Info     string
	Segments []Segment
}

// A Segment is a range of memory.
type Segment struct {
	Addr uint64
	Data []byte
	Perm elf.ProgFlag // PF_R, PF_W, PF_X
}

// Sizes of what stands in the file, in bytes.
const (
	headerSize   = 64
	progSize     = 56
	pageSize     = 4096
	prstatusSize = 392
	prpsinfoSize = 136
)

// Offsets in elf_prstatus and elf_prpsinfo.
const (
	prCursig = 12
	prPID    = 32
	prReg    = 112
	psPID    = 24
	psName   = 40
	nameSize = 16
	psArgs   = 56
	argsSize = 80
)

// sigtrap is the signal that the thread is said to have stopped at.
const sigtrap = 5

// Write writes the core file. Segments may come in any order; they stand in the file by address.
// It returns an error that wraps [ErrOverlap] if two share an address, and w's errors as they are.
func Write(w io.Writer, c *Core) error {
	segments := slices.Clone(c.Segments)
	slices.SortFunc(segments, func(a, b Segment) int {
		if a.Addr < b.Addr {
			return -1
		}
		return 1
	})
	for i := 1; i < len(segments); i++ {
		if before := segments[i-1]; segments[i].Addr-before.Addr < uint64(len(before.Data)) {
			return fmt.Errorf("core file: %w at %#x", ErrOverlap, segments[i].Addr)
		}
	}
	notes := c.notes()
	head := headers(segments, len(notes))
	out := &padded{w: w}
	out.write(head)
	out.write(notes)
	for _, s := range segments {
		out.align(pageSize)
		out.write(s.Data)
	}
	return out.err
}

// headers returns the ELF header and the program headers.
func headers(segments []Segment, notes int) []byte {
	count := len(segments) + 1
	var b bytes.Buffer
	h := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB),
			byte(elf.EV_CURRENT), byte(elf.ELFOSABI_LINUX)},
		Type: uint16(elf.ET_CORE), Machine: uint16(elf.EM_AARCH64), Version: uint32(elf.EV_CURRENT),
		Phoff: headerSize, Ehsize: headerSize, Phentsize: progSize, Phnum: uint16(count),
	}
	binary.Write(&b, binary.LittleEndian, &h)
	offset := uint64(headerSize + count*progSize)
	binary.Write(&b, binary.LittleEndian, &elf.Prog64{
		Type: uint32(elf.PT_NOTE), Flags: uint32(elf.PF_R), Off: offset, Filesz: uint64(notes), Align: 4,
	})
	offset += uint64(notes)
	for _, s := range segments {
		offset = roundUp(offset, pageSize)
		size := uint64(len(s.Data))
		binary.Write(&b, binary.LittleEndian, &elf.Prog64{
			Type: uint32(elf.PT_LOAD), Flags: uint32(s.Perm), Off: offset, Vaddr: s.Addr, Filesz: size,
			Memsz: size, Align: 1,
		})
		offset += size
	}
	return b.Bytes()
}

// notes returns the content of the note segment.
func (c *Core) notes() []byte {
	status := make([]byte, prstatusSize)
	binary.LittleEndian.PutUint32(status, sigtrap)
	binary.LittleEndian.PutUint16(status[prCursig:], sigtrap)
	binary.LittleEndian.PutUint32(status[prPID:], 1)
	for i, x := range append(c.X[:], c.SP, c.PC, c.PSTATE) {
		binary.LittleEndian.PutUint64(status[prReg+8*i:], x)
	}
	info := make([]byte, prpsinfoSize)
	info[1] = 't' // pr_sname: stopped by a tracer
	binary.LittleEndian.PutUint32(info[psPID:], 1)
	copy(info[psName:][:nameSize-1], c.Command)
	copy(info[psArgs:][:argsSize-1], c.Command)

	var b bytes.Buffer
	note(&b, "CORE", uint32(elf.NT_PRSTATUS), status)
	note(&b, "CORE", uint32(elf.NT_PRPSINFO), info)
	if c.Info != "" {
		note(&b, "VMCOREINFO", 0, []byte(c.Info))
	}
	return b.Bytes()
}

// note appends a note: the sizes of name and content, its type, then both, padded.
func note(b *bytes.Buffer, name string, kind uint32, content []byte) {
	binary.Write(b, binary.LittleEndian, [3]uint32{uint32(len(name) + 1), uint32(len(content)), kind})
	for _, part := range [][]byte{append([]byte(name), 0), content} {
		b.Write(part)
		b.Write(make([]byte, roundUp(uint64(len(part)), 4)-uint64(len(part))))
	}
}

// padded is a writer that knows its offset. It keeps the first error and writes nothing after it.
type padded struct {
	w      io.Writer
	offset uint64
	err    error
}

func (p *padded) write(data []byte) {
	if p.err == nil {
		_, p.err = p.w.Write(data)
		p.offset += uint64(len(data))
	}
}

// align writes zeros up to the next multiple of n.
func (p *padded) align(n uint64) { p.write(make([]byte, roundUp(p.offset, n)-p.offset)) }

func roundUp(x, n uint64) uint64 { return (x + n - 1) / n * n }
