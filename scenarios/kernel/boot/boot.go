// SPDX-License-Identifier: GPL-2.0-only

// Package boot does to a kernel that was only linked what booting would do to what unwinders read: it runs the kernel's
// own initialisers in the emulator and keeps what they have written.
//
// As a vmlinux is linked, variables that are set up while the kernel starts, and are read-only from then on, hold
// zeros. An unwinder that finds its tables through them then finds nothing at all.
package boot

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/arm64"
)

// ErrInit says that an initialiser could not be run to its end, or has not done what it is for.
var ErrInit = errors.New("the kernel's initialiser fails")

// Where the memory lies that an initialiser is given: a stack, the current task, and a page to return to. A kernel is
// linked elsewhere.
const (
	stackBase  = 0xffff8000a0008000
	stackSize  = 16 << 10
	stackTop   = stackBase + stackSize - 512 // a task's registers lie above
	taskBase   = 0xffff000010000000
	taskSize   = 64 << 10
	returnBase = 0xffff000010100000
	limit      = 50_000_000 // instructions
)

// Run calls functions of a kernel one after the other, without arguments but for those that it knows, and returns the
// image as they leave it. While they run all of the kernel may be written to and executed, as it may before init memory
// is freed and read-only memory sealed. per-CPU variables are the ones that the kernel is linked with. Its error is
// ErrInit, and names the function.
func Run(im *image.Image, functions []string) (*image.Image, error) {
	if len(functions) == 0 {
		return im, nil
	}
	var calls []call
	for _, name := range functions {
		s, ok := im.Symbols.Lookup(name)
		if !ok {
			return nil, fmt.Errorf("%s: %w: it has no function %s", im.Name, ErrInit, name)
		}
		args, err := arguments(im, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", im.Name, err)
		}
		calls = append(calls, call{name, s.Addr, args})
	}
	return change(im, func(m *machine) error {
		for _, c := range calls {
			result, err := m.call(c.entry, c.args...)
			if err == nil {
				err = m.finish(c.function, result)
			}
			if err != nil {
				return fmt.Errorf("%s: %w: %s: %w", im.Name, ErrInit, c.function, err)
			}
		}
		return nil
	})
}

// call is a call of an initialiser.
type call struct {
	function string
	entry    uint64
	args     []uint64
}

// machine executes a kernel before it is swept.
type machine struct {
	*emu.Machine
	im *image.Image
}

// change returns an image as what is executed leaves it.
func change(im *image.Image, execute func(m *machine) error) (*image.Image, error) {
	shadow, err := FindShadow(im)
	if err != nil {
		return nil, err
	}
	memory := shadow.Fill(slices.Concat(regions(im.Segments), surroundings()))
	m, err := emu.New(emu.Config{Regions: memory, SPEL0: taskBase})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", im.Name, err)
	}
	defer m.Close()
	if err := execute(&machine{m, im}); err != nil {
		return nil, err
	}
	changes, err := written(m, im.Segments)
	if err != nil {
		return nil, err
	}
	return im.Changed(changes)
}

// surroundings is the memory that an initialiser is given.
func surroundings() []emu.Region {
	return []emu.Region{
		{Name: "stack", Base: stackBase, Size: stackSize, Perm: emu.Read | emu.Write},
		{Name: "task", Base: taskBase, Size: taskSize, Perm: emu.Read | emu.Write},
		{Name: "return", Base: returnBase, Size: emu.PageSize,
			Data: bytes.Repeat([]byte{0x1f, 0x20, 0x03, 0xd5}, emu.PageSize/4), Perm: emu.Read | emu.Exec},
	}
}

// call runs a function until it returns, and gives its result.
func (m *machine) call(entry uint64, args ...uint64) (result uint64, err error) {
	r := emu.Regs{PC: entry, SP: stackTop, PState: emu.ModeEL1h | emu.PStateDAIF}
	copy(r.X[:], args)
	r.X[30] = returnBase
	r.X[18] = taskBase + taskSize/2 // the shadow call stack, if the kernel has one
	if err := m.SetRegs(r); err != nil {
		return 0, err
	}
	err = m.Run(returnBase, limit)
	var failed *emu.RunError
	if errors.As(err, &failed) {
		where := m.im.Symbols.Name(failed.PC)
		if arm64.IsBRK(failed.Word) { // BRK: WARN, BUG, a check that failed
			return 0, fmt.Errorf("the kernel stops with a BRK (a WARN, BUG or a failed check) at %s", where)
		}
		return 0, fmt.Errorf("at %s: %w", where, err)
	}
	if err != nil {
		return 0, err
	}
	r, err = m.Regs()
	return r.X[0], err
}

// regions maps segments with all permissions: those that share a page, as lld lays them out, are one region.
func regions(segments []image.Segment) (all []emu.Region) {
	const perm = emu.Read | emu.Write | emu.Exec
	for i := 0; i < len(segments); {
		start, end := segments[i].Addr&^(emu.PageSize-1), uint64(0)
		j := i
		for ; j < len(segments) && (j == i || segments[j].Addr < end); j++ {
			end = (segments[j].End() + emu.PageSize - 1) &^ (emu.PageSize - 1)
		}
		r := emu.Region{Name: "kernel", Base: start, Size: end - start, Perm: perm}
		stored := uint64(0)
		for _, s := range segments[i:j] {
			stored = max(stored, s.Addr-start+uint64(len(s.Data)))
		}
		r.Data = make([]byte, stored)
		for _, s := range segments[i:j] {
			copy(r.Data[s.Addr-start:], s.Data)
		}
		all = append(all, r)
		i = j
	}
	return all
}

// written returns what of the segments has other contents in the machine.
func written(m *emu.Machine, segments []image.Segment) (changes []image.Change, err error) {
	now := make([]byte, emu.PageSize)
	for _, s := range segments {
		for off := uint64(0); off < s.Size; {
			n := min(emu.PageSize-(s.Addr+off)%emu.PageSize, s.Size-off)
			page := now[:n]
			if err := m.Read(s.Addr+off, page); err != nil {
				return nil, err
			}
			was := make([]byte, 0, n)
			if off < uint64(len(s.Data)) {
				was = s.Data[off:min(off+n, uint64(len(s.Data)))]
			}
			if !bytes.Equal(page[:len(was)], was) || len(bytes.Trim(page[len(was):], "\x00")) > 0 {
				changes = append(changes, image.Change{Addr: s.Addr + off, Data: bytes.Clone(page)})
			}
			off += n
		}
	}
	return changes, nil
}
