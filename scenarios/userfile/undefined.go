// SPDX-License-Identifier: GPL-2.0-only

package userfile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"

	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios/guest"
)

// undefined are the symbols that a file needs and doesn't define.
type undefined struct {
	kind   image.Kind
	lowest uint64 // address of the file's first segment as it was linked
	names  []string
	weak   map[string]bool // those that need not be defined
}

// undefinedSymbols reads a file for its kind and its undefined symbols.
func undefinedSymbols(name string, data []byte) (*undefined, error) {
	u := &undefined{weak: weakSymbols(data)}
	seen := map[string]bool{}
	im, err := image.Parse(name, data, image.Resolve(func(symbol string) (uint64, bool) {
		if u.weak[symbol] {
			return 0, false
		}
		if !seen[symbol] && symbol != stackGuard {
			seen[symbol] = true
			u.names = append(u.names, symbol)
		}
		return image.ObjectBase, true // near enough for any relocation
	}))
	if err != nil {
		return nil, err
	}
	u.kind, u.lowest = im.Kind, im.Segments[0].Addr
	return u, nil
}

// weakSymbols are the undefined symbols that are weak: they may stay undefined, and are 0 then.
func weakSymbols(data []byte) map[string]bool {
	weak := map[string]bool{}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return weak
	}
	for _, table := range []func() ([]elf.Symbol, error){f.Symbols, f.DynamicSymbols} {
		all, err := table()
		if err != nil {
			continue // a file need not have both
		}
		for _, s := range all {
			if s.Section == elf.SHN_UNDEF && elf.ST_BIND(s.Info) == elf.STB_WEAK {
				weak[s.Name] = true
			}
		}
	}
	return weak
}

// place says where to put the file, and where its undefined symbols are then.
func (u *undefined) place() []image.Option {
	options := []image.Option{image.Resolve(func(symbol string) (uint64, bool) {
		if symbol == stackGuard {
			return userGuard, true
		}
		i := slices.Index(u.names, symbol)
		return u.stub(i), i >= 0
	})}
	switch u.kind {
	case image.Relocatable:
		options = append(options, image.At(userBase))
	case image.SharedObject:
		options = append(options, image.At(userBase-u.lowest&^0xffff))
	}
	return options
}

// stubSize is the size of a stub in bytes: two instructions.
const stubSize = 8

// stub is the address of what is called in place of undefined symbol i.
func (u *undefined) stub(i int) uint64 {
	size := guest.PageUp(uint64(len(u.names)) * stubSize)
	return userGuard - min(size+aboveStubs, userGuard-userStubs) + uint64(i)*stubSize
}

// stubs makes an image of what is called in place of undefined symbols. It may not be read, so that a run fails which
// takes one for data; but where one of them has been called, the engine lets the guest read that page.
func (u *undefined) stubs(returning bool) *image.Image {
	code := [2]uint32{arm64.BRK, arm64.BRK}
	if returning {
		code = [2]uint32{arm64.MovX0, arm64.RET}
	}
	im := &image.Image{Name: "stubs", Kind: image.Relocatable, Base: u.stub(0)}
	var all []image.Symbol
	var data []byte
	for i, name := range u.names {
		data = binary.LittleEndian.AppendUint32(data, code[0])
		data = binary.LittleEndian.AppendUint32(data, code[1])
		all = append(all, image.Symbol{Name: name, Addr: u.stub(i), Size: stubSize,
			Kind: image.Func, Global: true})
	}
	im.Segments = []image.Segment{{Name: "stubs", Addr: u.stub(0), Data: data, Size: uint64(len(data)),
		Perm: image.Exec}}
	im.Symbols = image.NewSymbols(all, im.Segments)
	return im
}

// Undefined returns the undefined symbol that a run arrived at, or tried to read, if addr is where one would be.
func (f *File) Undefined(addr uint64) (name string, ok bool) {
	if f.stubs == nil {
		return "", false
	}
	s, ok := f.stubs.Symbols.At(addr)
	return s.Name, ok
}
