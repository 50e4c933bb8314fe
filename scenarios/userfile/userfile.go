// SPDX-License-Identifier: GPL-2.0-only

// Package userfile makes scenarios of a user's own arm64 code: calls of functions of an object, a shared object or an
// executable.
package userfile

import (
	"fmt"
	"os"
	"sync"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind/sframe"
)

// Where a user's code is, unless it says so itself, and what goes with it. What is called in place of undefined symbols
// lies right before the code, in the reach of ADR, which is 1 MiB.
const (
	userShadow    = 0xffff80008fd00000 // the shadow call stack
	shadowSize    = 64 << 10
	userThread    = 0xffff80008fe00000 // the thread pointer's page; there is memory before and after it
	userStubs     = 0xffff80008ff00000 // the lowest address of what is called
	aboveStubs    = 64 << 10           // after them, for what is read of undefined data
	userGuard     = userBase - guest.PageSize
	userBase      = 0xffff800090000000
	userArguments = 0xffff8000f0000000
	argumentsSize = 1 << 20
)

// Options say how a user's file is run.
type Options struct {
	Stub  bool // undefined symbols are functions that return 0
	Limit int  // instructions after which a call has run away
	PAC   PAC
	Stack uint64 // bytes of the stack, a multiple of [guest.PageSize] up to [corpus.MaxStack]; 0: as a kernel's, 16 KiB
	Debug string // the path of a separate debug file; "" for none
}

// PAC says whether pointer authentication is on. Where it is off, its instructions do nothing.
type PAC uint8

const (
	PACAuto PAC = iota // on if the file has code that signs return addresses
	PACOn
	PACOff
)

// A File is a user's own arm64 code, loaded next to the corpus, whose code calls its functions, on the
// corpus's stacks, as a kernel thread of the corpus.
type File struct {
	user    *image.Image
	whole   *image.Image // with the stubs and the corpus
	stubs   *image.Image // nil without undefined symbols
	tables  guest.Tables
	regions []emu.Region // of the file and the stubs
	options Options
	empty   bool           // the SFrame table has no functions
	once    sync.Once      // makes file
	file    []byte         // the whole image as an ELF file
	shadow  bool           // the code keeps a shadow call stack
	thread  uint64         // TPIDR_EL0; 0 if the file has no thread-local variables
	names   map[string]int // scenarios by function, for names that differ
}

// Load reads an ELF file. An executable stays where it was linked, anything else is placed next to the corpus.
//
// A call of an undefined symbol ends the run (see [File.Undefined]), unless there are to be stubs. In both cases they
// are no data: to read or write there is a fault.
//
// What is wrong with the contents is an [image.Error]. That goes for the unwind information too: .sframe, and .eh_frame
// or else .debug_frame. An SFrame table that the kernel doesn't read is left out; see [File.Refused].
func Load(path string, o Options) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data, o)
}

// Parse is [Load] for a file that is in memory; name is for messages.
func Parse(name string, data []byte, o Options) (*File, error) {
	undefined, err := undefinedSymbols(name, data)
	if err != nil {
		return nil, err
	}
	f := &File{options: o, names: map[string]int{}}
	at := undefined.place()
	if o.Debug != "" {
		debug, err := os.ReadFile(o.Debug)
		if err != nil {
			return nil, err
		}
		at = append(at, image.Debug(o.Debug, debug))
	}
	if f.user, err = image.Parse(name, data, at...); err != nil {
		return nil, err
	}
	if len(undefined.names) > 0 {
		f.stubs = undefined.stubs(o.Stub)
	}
	if err := f.complete(); err != nil {
		return nil, err
	}
	if f.tables, err = guest.OpenTables(f.user); err != nil {
		return nil, err
	}
	if _, data, ok := f.user.Section(".sframe"); ok {
		s, err := sframe.Decode(data, 0)
		f.empty = err == nil && len(s.FDEs) == 0
	}
	return f, f.resolveAll()
}

// Of makes a File of an image that was made in some other way, with its table, and that has no undefined symbols.
func Of(im *image.Image, table *sframe.Table, o Options) (*File, error) {
	f := &File{user: im, tables: guest.Tables{SFrame: table}, options: o, names: map[string]int{}}
	return f, f.complete()
}

// complete lays out the file, the stubs and the corpus.
func (f *File) complete() (err error) {
	if err := f.checkPlace(); err != nil {
		return err
	}
	f.whole = f.user
	f.regions = append(guest.WholePages(f.user.Segments), guardRegion())
	f.addThread()
	if f.options.PAC == PACAuto && hasCode(f.user, arm64.PACIASP, arm64.PACIBSP) { // it signs return addresses
		f.options.PAC = PACOn
	}
	if f.shadow = hasCode(f.user, arm64.PushSCS); f.shadow {
		f.regions = append(f.regions, emu.Region{Name: "shadow call stack", Base: userShadow, Size: shadowSize,
			Perm: emu.Read | emu.Write})
	}
	if f.stubs != nil {
		if f.whole, err = f.whole.With(f.stubs); err != nil {
			return err
		}
		for _, r := range guest.WholePages(f.stubs.Segments) {
			r.Perm = emu.Exec
			f.regions = append(f.regions, r)
		}
	}
	f.whole, err = f.whole.With(corpus.Image().Prefixed("corpus.", f.whole))
	return err
}

// stackGuard is the word that gcc's stack protector puts below the return address and looks at before a return. Every
// program and kernel has one; any value will do.
const stackGuard = "__stack_chk_guard"

func guardRegion() emu.Region {
	return emu.Region{Name: stackGuard, Base: userGuard, Size: guest.PageSize, Data: []byte("\x00guard\n\xff"),
		Perm: emu.Read}
}

// Refused is why the kernel doesn't read the file's SFrame table, though it has one; nil if it does, or there is none.
// A table without functions is none: every walk that needs a row is refused, and nothing is wrong with the file.
func (f *File) Refused() error {
	if f.tables.Refused == nil || f.empty {
		return nil
	}
	return f.tables.Refused
}

// Image returns the file alone, as it lies in memory.
func (f *File) Image() *image.Image { return f.user }

// checkPlace makes sure that the file isn't linked for addresses that something else is at.
func (f *File) checkPlace() error {
	occupied := append(corpus.Occupied(f.options.Stack),
		emu.Region{Base: userThread - threadBelow, Size: userBase - userThread + threadBelow},
		emu.Region{Base: userShadow, Size: shadowSize},
		emu.Region{Base: userArguments, Size: argumentsSize})
	for _, s := range f.user.Segments {
		for _, r := range occupied {
			if s.Addr < r.Base+r.Size && (s.End()+guest.PageSize-1)&^(guest.PageSize-1) > r.Base {
				return &image.Error{File: f.user.Name, Offset: s.Offset, Err: ErrPlace, What: fmt.Sprintf(
					"the segment at %#x (%#x bytes) lies where stacksweep has something of its own, at %#x", s.Addr,
					s.Size, r.Base)}
			}
		}
	}
	return nil
}
