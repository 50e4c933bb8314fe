// SPDX-License-Identifier: GPL-2.0-only

package generated

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/scenarios/userfile"
	"stacksweep/unwind/sframe"
)

// Where a program and its table lie.
const (
	codeAddr  = 0xffff800090000000
	tableAddr = codeAddr + 1<<20
)

// family is how the names of generated scenarios begin; the seed follows.
const family = "generated/"

// random makes a program's choices from a seed.
type random struct{ *rand.Rand }

func (r random) Choose(n int) int { return r.IntN(n) }

// Seeded makes the program of a seed, which is always the same.
func Seeded(seed uint64) *Program { return Generate(random{rand.New(rand.NewPCG(seed, 0))}) }

// Scenario makes the program of a seed a scenario, generated/SEED.
func Scenario(seed uint64) (*scenarios.Scenario, error) {
	return Seeded(seed).Scenario(Name(seed))
}

// Name is what the scenario of a seed is called.
func Name(seed uint64) string { return fmt.Sprintf("%s%d", family, seed) }

// Named returns the scenario that a name, or the name of a point in it, speaks of; ok is false if it isn't a generated
// one's.
func Named(name string) (s *scenarios.Scenario, ok bool, err error) {
	text, ok := strings.CutPrefix(name, family)
	if !ok {
		return nil, false, nil
	}
	if i := strings.IndexAny(text, ":@"); i >= 0 {
		text = text[:i]
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil, true, fmt.Errorf("%s: %q is no seed, which is a number", name, text)
	}
	s, err = Scenario(seed)
	return s, true, err
}

// Scenario makes a scenario of the program.
func (p *Program) Scenario(name string) (*scenarios.Scenario, error) {
	table, err := p.table()
	if err != nil {
		return nil, err
	}
	file, err := userfile.Of(p.image(), table, userfile.Options{Limit: 100 * maxSteps, PAC: userfile.PACOn})
	if err != nil {
		return nil, err
	}
	doc := fmt.Sprintf("%d generated functions, %d instructions", len(p.Functions), len(p.Code))
	return file.Call(name, doc, p.Root().addr(), 1), nil
}

func (f *Function) addr() uint64 { return codeAddr + 4*uint64(f.Start) }

// image lays out the code.
func (p *Program) image() *image.Image {
	var code []byte
	for _, word := range p.Code {
		code = binary.LittleEndian.AppendUint32(code, word)
	}
	var symbols []image.Symbol
	for i := range p.Functions {
		f := &p.Functions[i]
		symbols = append(symbols, image.Symbol{Name: f.Name, Addr: f.addr(), Size: 4 * uint64(f.Size), Kind: image.Func,
			Global: true})
	}
	im := &image.Image{Name: "generated", Kind: image.Executable, Base: codeAddr}
	im.Segments = []image.Segment{{Name: "code", Addr: codeAddr, Data: code, Size: uint64(len(code)),
		Perm: image.Read | image.Exec}}
	im.Symbols = image.NewSymbols(symbols, im.Segments)
	return im
}

// table encodes the rows as the kernel reads them.
func (p *Program) table() (*sframe.Table, error) {
	s := sframe.NewSection(sframe.V3, sframe.AArch64LE, tableAddr)
	for i := range p.Functions {
		f := &p.Functions[i]
		if err := s.AddFunc(sframe.FDE{Start: f.addr(), Size: 4 * uint32(f.Size)}, f.Rows...); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	s.Sort()
	data, err := s.Encode()
	if err != nil {
		return nil, err
	}
	return sframe.OpenTable(data, tableAddr, sframe.Rules{Kernel: true, Outermost: true})
}
