// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/image"
)

// shadowName is what shadow memory is called.
const shadowName = "KASAN shadow"

// A Shadow is the memory in which generic KASAN keeps one byte for every eight bytes of the kernel's
// (mm/kasan/generic.c): 0 says that all eight may be accessed.
//
//	address A          ->  base + A/8
//	                       +---------------------------+
//	  8 bytes of memory    | 0: all, 1..7: the first   |
//	                       | ones, < 0: none (poison)  |
//	                       +---------------------------+
//
// Its zero value is that of a kernel without KASAN.
type Shadow struct{ base uint64 }

// Is reports whether there is a shadow.
func (s Shadow) Is() bool { return s.base != 0 }

// FindShadow finds where a kernel expects its shadow. The address is a constant of its configuration that is in
// the code alone: the check of a load is executed, and misses the shadow.
func FindShadow(im *image.Image) (Shadow, error) {
	check, ok := im.Symbols.Lookup("__asan_load8_noabort")
	if !ok {
		return Shadow{}, nil
	}
	m, err := emu.New(emu.Config{Regions: slices.Concat(regions(im.Segments), surroundings())})
	if err != nil {
		return Shadow{}, fmt.Errorf("%s: %w", im.Name, err)
	}
	defer m.Close()
	r := emu.Regs{PC: check.Addr, SP: stackTop, PState: emu.ModeEL1h | emu.PStateDAIF}
	r.X[0], r.X[30] = stackBase, returnBase
	if err := m.SetRegs(r); err != nil {
		return Shadow{}, err
	}
	var failed *emu.RunError
	if err := m.Run(returnBase, limit); !errors.As(err, &failed) || !errors.Is(err, emu.ErrFault) {
		return Shadow{}, fmt.Errorf("%s: %w: %s reads no shadow: %v", im.Name, ErrInit, check.Name, err)
	}
	return Shadow{failed.Addr - stackBase>>3}, nil
}

// Fill returns memory together with its shadow, all of it zero. It leaves out shadow that is there already, and is
// as it was without KASAN.
func (s Shadow) Fill(memory []emu.Region) []emu.Region {
	if s.base == 0 {
		return memory
	}
	memory = slices.DeleteFunc(slices.Clone(memory), func(r emu.Region) bool { return r.Name == shadowName })
	var shadow []emu.Region
	for _, r := range memory {
		start, end := s.base+r.Base>>3, s.base+(r.Base+r.Size+7)>>3
		start, end = start&^(emu.PageSize-1), (end+emu.PageSize-1)&^(emu.PageSize-1)
		shadow = append(shadow, emu.Region{Name: shadowName, Base: start, Size: end - start,
			Perm: emu.Read | emu.Write})
	}
	slices.SortFunc(shadow, func(a, b emu.Region) int { return cmp.Compare(a.Base, b.Base) })
	merged := shadow[:0]
	for _, r := range shadow {
		if last := len(merged) - 1; last >= 0 && r.Base <= merged[last].Base+merged[last].Size {
			merged[last].Size = max(merged[last].Size, r.Base+r.Size-merged[last].Base)
			continue
		}
		merged = append(merged, r)
	}
	return append(memory, merged...)
}
