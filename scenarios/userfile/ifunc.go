// SPDX-License-Identifier: GPL-2.0-only

package userfile

import (
	"encoding/binary"
	"errors"
	"fmt"

	"stacksweep/emu"
	"stacksweep/image"
)

// ErrResolver says that the resolver of an IFUNC doesn't come back with an address.
var ErrResolver = errors.New("the resolver of an IFUNC fails")

// hwcap is what a resolver is told that the CPU can do, as a dynamic linker tells it: what every ARMv8-A CPU can,
// floating point and SIMD (HWCAP_FP and HWCAP_ASIMD, asm/hwcap.h), and that a second argument is there
// (_IFUNC_ARG_HWCAP, sys/ifunc.h of glibc), which points to
//
//	0   size of this, 64 bits
//	8   HWCAP, without the flag
//	16  HWCAP2
const (
	hwcap        = 1<<0 | 1<<1
	hwcapArg     = 1 << 62
	ifuncArgSize = 24
)

// resolverLimit is how many instructions a resolver may take.
const resolverLimit = 1_000_000

// Where a resolver's stack is, its second argument, and where it returns to, which is nowhere.
const (
	resolverStack = userArguments
	resolverEnd   = userArguments + 1<<16
	resolverArg   = resolverEnd - 64
)

// resolve runs the resolver of an IFUNC and returns the address that it chooses. Data that the file refers to and
// doesn't define, such as what a C library's dynamic linker knows of the CPU, is zero then.
func (f *File) resolve(resolver uint64) (uint64, error) {
	m, err := f.resolverMachine()
	if err != nil {
		return 0, err
	}
	defer m.Close()
	return f.runResolver(m, resolver)
}

// resolverMachine makes a machine that can run the file's resolvers.
func (f *File) resolverMachine() (*emu.Machine, error) {
	stack := make([]byte, resolverEnd-resolverStack)
	at := stack[resolverArg-resolverStack:]
	binary.LittleEndian.PutUint64(at, ifuncArgSize)
	binary.LittleEndian.PutUint64(at[8:], hwcap)
	regions := []emu.Region{
		{Name: "stack", Base: resolverStack, Size: uint64(len(stack)), Data: stack, Perm: emu.Read | emu.Write},
		{Name: "undefined symbols", Base: userStubs, Size: userGuard - userStubs, Perm: emu.Read},
	}
	for _, r := range f.regions {
		if r.Base-userStubs >= userGuard-userStubs {
			regions = append(regions, r)
		}
	}
	return emu.New(emu.Config{Regions: regions, TPIDREL0: f.thread})
}

func (f *File) runResolver(m *emu.Machine, resolver uint64) (uint64, error) {
	fail := func(format string, args ...any) (uint64, error) {
		return 0, fmt.Errorf("%s: %w: %s: %s", f.user.Name, ErrResolver, f.user.Symbols.Name(resolver),
			fmt.Sprintf(format, args...))
	}
	regs := emu.Regs{PC: resolver, SP: resolverArg}
	regs.X[0], regs.X[1], regs.X[30] = hwcap|hwcapArg, resolverArg, resolverEnd
	if err := m.SetRegs(regs); err != nil {
		return 0, err
	}
	if err := m.Run(resolverEnd, resolverLimit); err != nil {
		return fail("%v", err)
	}
	after, err := m.Regs()
	if err != nil {
		return 0, err
	}
	if s, ok := f.user.Segment(after.X[0]); !ok || s.Perm&image.Exec == 0 {
		return fail("it returns %#x, where no code is", after.X[0])
	}
	return after.X[0], nil
}

// resolveAll fills in the pointers that resolvers choose. A pointer whose resolver fails is left alone: whether it is
// ever used, only a run tells.
func (f *File) resolveAll() error {
	if len(f.user.IFuncs) == 0 {
		return nil
	}
	m, err := f.resolverMachine()
	if err != nil {
		return err
	}
	defer m.Close()
	chosen := map[uint64]uint64{} // by resolver
	for _, i := range f.user.IFuncs {
		to, ok := chosen[i.Resolver]
		if !ok {
			if to, err = f.runResolver(m, i.Resolver); err != nil && !errors.Is(err, ErrResolver) {
				return err
			}
			chosen[i.Resolver] = to
		}
		if to != 0 {
			f.setWord(i.Slot, to)
		}
	}
	return nil
}

// setWord changes a word of the file's initial memory.
func (f *File) setWord(addr, value uint64) {
	for i := range f.regions {
		r := &f.regions[i]
		if off := addr - r.Base; off < r.Size && r.Size-off >= 8 {
			for uint64(len(r.Data)) < off+8 {
				r.Data = append(r.Data, 0)
			}
			binary.LittleEndian.PutUint64(r.Data[off:], value)
			return
		}
	}
}
