// SPDX-License-Identifier: GPL-2.0-only

package htmlreport

import (
	"encoding/binary"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"stacksweep/image"
	"stacksweep/internal/disasm"
	"stacksweep/internal/inspect"
)

// target makes the data of a target out of its points, and of its run for what the points don't have.
func (c *collector) target(in *inspect.Inspector, open func(moment) (*inspect.Inspector, error),
	codes *codeBook) (*targetData, error) {
	d := &targetData{Total: c.total, Steps: in.Len(), Walkers: c.walkers, Names: map[int]string{},
		Functions: []functionData{}}
	for _, m := range c.modes {
		d.Modes = append(d.Modes, m.String())
	}
	c.tables(d)
	if err := c.states(in, open, d); err != nil {
		return nil, err
	}
	for _, s := range in.Run.Task.Stacks {
		d.Stacks = append(d.Stacks, stackData{s.Name, c.values.of(s.Low), c.values.of(s.High)})
	}
	if regs := in.Run.Task.PtRegs; regs != 0 {
		d.PtRegs = c.values.of(regs)
		d.Final = c.values.of(regs + in.Run.Kernel.Regs.FrameRecord)
	}
	c.functions(in, d, codes)
	known := func(addr uint64) bool {
		s, ok := in.Run.Image.Symbols.At(addr)
		return ok && slices.ContainsFunc(d.Functions, func(f functionData) bool {
			return c.values.list[f.Addr] == s.Addr
		})
	}
	for i, v := range c.values.list {
		d.Values = append(d.Values, strconv.FormatUint(v, 16))
		if name := in.Name(v); name != "" && !known(v) {
			d.Names[i] = name
		}
	}
	d.Texts = c.texts.list
	return d, nil
}

// functions lists the code in which points are.
func (c *collector) functions(in *inspect.Inspector, d *targetData, codes *codeBook) {
	symbols := map[uint64]image.Symbol{}
	for _, pc := range c.pcs {
		if s, ok := in.Run.Image.Symbols.At(pc); ok {
			symbols[s.Addr] = s
		} else {
			symbols[pc] = image.Symbol{Addr: pc, Size: 4}
		}
	}
	for _, addr := range slices.Sorted(maps.Keys(symbols)) {
		s := symbols[addr]
		d.Functions = append(d.Functions, functionData{s.Name, c.values.of(addr), codes.of(in, s)})
	}
}

// A codeBook has the listings of functions, each once.
type codeBook struct {
	known map[codeKey]int
	list  []codeData
}

type codeKey struct {
	addr       uint64
	text, from string
}

func (b *codeBook) of(in *inspect.Inspector, s image.Symbol) int {
	var code codeData
	words, _ := in.Run.Image.Bytes(s.Addr, s.Size&^3)
	source := ""
	for pc := s.Addr; len(words) >= 4; pc, words = pc+4, words[4:] {
		code.Text = append(code.Text, disasm.Text(binary.LittleEndian.Uint32(words), pc, in.Name))
		line := ""
		if in.Run.SourceLine != nil {
			if l := in.Run.SourceLine(pc); l != source {
				source, line = l, shortened(l)
			}
		}
		code.Source = append(code.Source, line)
	}
	if source == "" {
		code.Source = nil
	}
	key := codeKey{s.Addr, strings.Join(code.Text, "\n"), strings.Join(code.Source, "\n")}
	if b.known == nil {
		b.known = map[codeKey]int{}
	}
	i, ok := b.known[key]
	if !ok {
		i = len(b.list)
		b.known[key] = i
		b.list = append(b.list, code)
	}
	return i
}

// shortened is a source line without the folders above the last.
func shortened(line string) string {
	dir, file := path.Split(line)
	return path.Join(path.Base(dir), file)
}
