// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"stacksweep/image"
	"stacksweep/internal/codefile"
	"stacksweep/unwind/sframe"
)

// errDiffer says that two tables say different things; which, is already printed.
var errDiffer = errors.New("the tables differ")

// aTable is one of the tables to compare.
type aTable struct {
	path    string
	data    []byte
	addr    uint64
	image   *image.Image // nil: the file is the section itself
	section *sframe.Section
}

// sframeDiff compares two tables.
type sframeDiff struct {
	section string
	addr    uint64
}

func (v *sframeDiff) register(fs *flag.FlagSet) {
	fs.StringVar(&v.section, "section", ".sframe", "`name` of the section")
	fs.Uint64Var(&v.addr, "addr",
		0, "the `address` of a table that is a file of its own; else that of the other file's section")
}

func (v *sframeDiff) run(_ context.Context, c *cli, rest []string) error {
	if len(rest) != 2 {
		return usagef("stacksweep sframe diff old.o new.o; a file may be the section itself, as convert writes it",
			"sframe diff takes two files")
	}
	a, err := readTable(rest[0], v.section)
	if err != nil {
		return err
	}
	b, err := readTable(rest[1], v.section)
	if err != nil {
		return err
	}
	for _, pair := range [][2]*aTable{{a, b}, {b, a}} {
		t, other := pair[0], pair[1]
		switch {
		case t.image == nil && v.addr != 0:
			t.addr = v.addr
		case t.image == nil:
			t.addr = other.addr
		}
		if t.section, err = decodeSection(t.path, t.data, t.addr); err != nil {
			return err
		}
	}
	d, err := sframe.Diff(a.section, b.section, samePlace(a.image, b.image))
	if err != nil {
		return usagef("", "%v", err)
	}
	out := bufio.NewWriter(c.stdout)
	named := b.image
	if named == nil {
		named = a.image
	}
	writeDiff(out, d, named, a.image)
	if err := out.Flush(); err != nil {
		return err
	}
	if !d.Same() {
		return errDiffer
	}
	return nil
}

// readTable reads a table: a section of a file with code, or a file that is the section itself.
func readTable(path, section string) (*aTable, error) {
	file, err := readFile(path)
	if err != nil {
		return nil, err
	}
	t := &aTable{path: path, data: file}
	if bytes.HasPrefix(file, []byte{0xe2, 0xde}) { // SFrame's magic number, little-endian
		return t, nil
	}
	code, err := codefile.Parse(path, file, codefile.Options{})
	if err != nil {
		return nil, unusable(err)
	}
	t.image = code.Image
	var ok bool
	if t.addr, t.data, ok = t.image.Section(section); !ok || len(t.data) == 0 {
		return nil, noSection(path, section)
	}
	return t, nil
}

// samePlace says where functions of one file are in another: by their symbols, and where one of the files has none, at
// the same address, if both have the same code there.
func samePlace(a, b *image.Image) func(uint64) (uint64, bool) {
	if a == nil || b == nil {
		return nil
	}
	return func(start uint64) (uint64, bool) {
		s, ok := a.Symbols.At(start)
		if !ok || s.Addr != start {
			return start, true
		}
		if there, ok := b.Symbols.Lookup(s.Name); ok {
			return there.Addr, true
		}
		if other, ok := b.Symbols.At(start); ok && other.Addr == start {
			return 0, false // another function
		}
		here, _ := a.Bytes(start, s.Size)
		there, _ := b.Bytes(start, s.Size)
		return start, len(here) > 0 && bytes.Equal(here, there)
	}
}

func writeDiff(out io.Writer, d *sframe.Difference, im, a *image.Image) {
	for i := range d.Missing {
		f := &d.Missing[i]
		fmt.Fprintf(out, "- %s: %d instructions, a function that the second file doesn't have\n",
			placeIn(a, f.Start), f.Size/4)
	}
	for i := range d.Runs {
		r := &d.Runs[i]
		fmt.Fprintf(out, "%s: %d instructions\n", spanIn(im, r.From, r.To), r.Instructions())
		fmt.Fprintf(out, "- %s\n+ %s\n", rowText(r.A), rowText(r.B))
	}
	fmt.Fprintf(out, "%d instructions alike, %d different, %d described by the first table only, %d by the "+
		"second only\n", d.Alike, d.Differ, d.OnlyA, d.OnlyB)
}

func placeIn(im *image.Image, addr uint64) string {
	if im == nil {
		return fmt.Sprintf("%#x", addr)
	}
	return im.Symbols.Name(addr)
}

// spanIn names the instructions from one address up to another: symbol+0x4..+0x20.
func spanIn(im *image.Image, from, to uint64) string {
	if im != nil {
		if s, ok := im.Symbols.At(from); ok {
			return image.PlacesUpTo(s.Name, from-s.Addr, to-s.Addr)
		}
	}
	return fmt.Sprintf("%#x..%#x", from, to)
}

// rowText says what a row means.
func rowText(r *sframe.Row) string {
	if r == nil {
		return "not described"
	}
	text := "outermost"
	if !r.Outermost {
		base := r.CFABase.String()
		if r.CFABase == sframe.Other {
			base = fmt.Sprintf("r%d", r.CFAReg)
		}
		text = fmt.Sprintf("CFA=%s%+d RA=%v FP=%v", base, r.CFAOffset, r.RA, r.FP)
		if r.CFADeref {
			text = fmt.Sprintf("CFA=(%s%+d) RA=%v FP=%v", base, r.CFAOffset, r.RA, r.FP)
		}
	}
	if r.Mangled {
		text += " signed"
		if r.BKey {
			text += " with key B"
		}
	}
	if r.Signal {
		text += " signal frame"
	}
	return text
}
