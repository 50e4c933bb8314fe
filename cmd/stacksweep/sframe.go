// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"stacksweep/image"
	"stacksweep/internal/codefile"
	"stacksweep/internal/wholefile"
	"stacksweep/scenarios/corpus"
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/sframe"
	"stacksweep/unwind/tablecheck"
)

// errTable says that a table is wrong somewhere; where, is already printed.
var errTable = errors.New("the table is not right")

func sframeVerb() *verb {
	return &verb{name: "sframe", doc: "look into, verify, compare and make SFrame tables", verbs: []*verb{
		{name: "dump", args: "FILE", doc: "print a table", new: func() command { return &sframeDump{} }},
		{name: "check", args: "FILE", doc: "hold a table against the code that it describes", new: func() command {
			return &sframeCheck{}
		}},
		{name: "diff", args: "A B", doc: "compare two tables by what they mean", new: func() command {
			return &sframeDiff{}
		}},
		{name: "convert", args: "FILE", doc: "write a table in another version, or make one out of DWARF call frame " +
			"information", new: func() command {
			return &sframeConvert{}
		}},
	}}
}

// sectionFlags choose a section of a file.
type sectionFlags struct {
	name string
	raw  bool
	addr uint64
}

func (f *sectionFlags) register(set *flag.FlagSet) {
	set.StringVar(&f.name, "section", ".sframe", "`name` of the section")
	set.BoolVar(&f.raw, "raw", false, "FILE is the section itself")
	set.Uint64Var(&f.addr, "addr", 0, "the `address` at which a section is loaded that is the file itself, or is made")
}

func oneFile(verb string, args []string) (string, error) {
	if len(args) != 1 {
		return "",
			usagef(fmt.Sprintf("stacksweep %s vmlinux; %s is the code of the built-in scenarios", verb, corpusFile),
				"%s takes one file", verb)
	}
	return args[0], nil
}

// read returns the bytes of the section that the flags choose, and where it is loaded.
func (f *sectionFlags) read(path string) (data []byte, addr uint64, err error) {
	if f.raw {
		data, err = readFile(path)
		return data, f.addr, err
	}
	file, err := readFile(path)
	if err != nil {
		return nil, 0, err
	}
	code, err := codefile.Parse(path, file, codefile.Options{})
	if err == nil {
		// Where there is nothing to say, some assemblers write an empty section.
		if addr, data, ok := code.Image.Section(f.name); ok && len(data) > 0 {
			return data, addr, nil
		}
		return nil, 0, noSection(path, f.name)
	}
	if !errors.Is(err, image.ErrArch) {
		return nil, 0, unusable(err)
	}
	// A linked file of another machine needs no relocations.
	other, elfErr := elf.NewFile(bytes.NewReader(file))
	if elfErr != nil || other.Machine == elf.EM_AARCH64 || other.Type == elf.ET_REL {
		return nil, 0, unusable(err)
	}
	s := other.Section(f.name)
	if s == nil {
		return nil, 0, unusable(err)
	}
	if data, err = s.Data(); err != nil {
		return nil, 0, usagef("", "%s: section %s: %v", path, f.name, err)
	}
	return data, s.Addr, nil
}

func noSection(path, name string) error {
	return usagef("GNU as 2.46 and later writes it when called with --gsframe", "%s has no section %s", path, name)
}

// corpusFile names the built-in code where no file has that name.
const corpusFile = "corpus"

func readFile(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && path == corpusFile {
		return corpus.ELF(), nil
	}
	if err != nil {
		return nil, usagef("", "%v", err)
	}
	return data, nil
}

// loadCode reads a file of code.
func loadCode(path string) (*image.Image, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	f, err := codefile.Parse(path, data, codefile.Options{})
	if err != nil {
		return nil, unusable(err)
	}
	return f.Image, nil
}

// decodeSection decodes SFrame data from a file.
func decodeSection(path string, data []byte, addr uint64) (*sframe.Section, error) {
	s, err := sframe.Decode(data, addr)
	if err != nil {
		return nil, usagef("", "%s: SFrame: %v", path, err)
	}
	return s, nil
}

type sframeDump struct{ sectionFlags }

func (d *sframeDump) run(_ context.Context, c *cli, args []string) error {
	path, err := oneFile("sframe dump", args)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(c.stdout)
	dump := func(path string, data []byte, addr uint64) error {
		s, err := decodeSection(path, data, addr)
		if err != nil {
			return err
		}
		return sframe.Dump(out, s)
	}
	if file, err := readFile(path); err == nil && !d.raw && codefile.IsArchive(file) {
		return errors.Join(d.eachSection(path, file, func(name string, data []byte, addr uint64) error {
			fmt.Fprintf(out, "%s:\n", name)
			return dump(name, data, addr)
		}), out.Flush())
	}
	data, addr, err := d.read(path)
	if err != nil {
		return err
	}
	return errors.Join(dump(path, data, addr), out.Flush())
}

// eachSection calls visit for the section of each member of an archive that has it.
func (f *sectionFlags) eachSection(path string, archive []byte,
	visit func(name string, data []byte, addr uint64) error) error {
	found := false
	err := codefile.Each(path, archive, codefile.Options{}, func(m *codefile.File) error {
		addr, data, ok := m.Image.Section(f.name)
		if !ok || len(data) == 0 {
			return nil
		}
		found = true
		return visit(m.Name, data, addr)
	})
	switch {
	case err != nil:
		return unusable(err)
	case !found:
		return noSection(path, f.name)
	}
	return nil
}

type sframeConvert struct {
	sectionFlags
	to, out string
	fromCFI bool
}

func (v *sframeConvert) register(set *flag.FlagSet) {
	set.StringVar(&v.to, "to", "V3", "`version` to write: V1, V2 or V3")
	set.BoolVar(&v.fromCFI, "from-cfi", false, "make the section out of .eh_frame or .debug_frame")
	set.StringVar(&v.out, "o", "", "`file` to write the bytes of the section to")
	v.sectionFlags.register(set)
}

func (v *sframeConvert) run(_ context.Context, c *cli, args []string) error {
	path, err := oneFile("sframe convert", args)
	if err != nil {
		return err
	}
	versions := map[string]sframe.Version{"V1": sframe.V1, "V2": sframe.V2, "V3": sframe.V3}
	version, ok := versions[strings.ToUpper(v.to)]
	if !ok {
		return usagef("", "-to %s: there are V1, V2 and V3", v.to)
	}
	if v.out == "" {
		return usagef("for example: -o table.sframe", "sframe convert needs -o")
	}
	if v.fromCFI && v.raw {
		return usagef("", "-from-cfi needs a file with sections, not -raw")
	}
	var s *sframe.Section
	if v.fromCFI {
		s, err = c.sectionFromCFI(path, v.addr)
	} else {
		var data []byte
		var addr uint64
		if data, addr, err = v.read(path); err == nil {
			s, err = decodeSection(path, data, addr)
		}
	}
	if err != nil {
		return err
	}
	converted, err := sframe.Convert(s, version)
	if err != nil {
		return usagef("", "%s: SFrame: %v", path, err)
	}
	data, err := converted.Encode()
	if err != nil {
		return usagef("", "%s: SFrame: %v", path, err)
	}
	if err := wholefile.Bytes(v.out, data); err != nil {
		return usagef("", "%v", err)
	}
	fmt.Fprintf(c.stderr, "%s: %d functions, %d bytes, to be loaded at %#x\n", v.out, len(converted.FDEs), len(data),
		converted.Addr)
	return nil
}

// sectionFromCFI makes a section out of call frame information, for the given address or that of the file's own.
func (c *cli) sectionFromCFI(path string, addr uint64) (*sframe.Section, error) {
	im, err := loadCode(path)
	if err != nil {
		return nil, err
	}
	sections, err := tablecheck.CallFrames(im)
	if err != nil {
		return nil, usagef("", "%v", err)
	}
	if len(sections) == 0 {
		return nil, usagef("", "%s has neither .eh_frame nor .debug_frame", path)
	}
	if at, _, ok := im.Section(".sframe"); ok && addr == 0 {
		addr = at
	}
	s, skipped := cfi.ToSFrame(sections[0], addr)
	for _, k := range skipped {
		fmt.Fprintf(c.stderr, "left out: %s: %v\n", tablecheck.Place(im, k.FDE.Start), k.Err)
	}
	return s, nil
}
