// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"stacksweep/image"
	"stacksweep/internal/shell"
	"stacksweep/internal/usage"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/guest"
	"stacksweep/scenarios/kernel"
	"stacksweep/scenarios/userfile"
	"stacksweep/unwind/sframe"
)

// imageFlags are the flags with which a verb runs functions of a file of the user's.
type imageFlags struct {
	path  string
	calls []string
	stub  bool
	limit int
	pac   string   // auto, on or off
	debug string   // a separate debug file
	stack uint64   // bytes; 0: as a kernel's
	init  []string // initialisers of a kernel

	modules []string // files, of a kernel

	file *userfile.File        // nil without -image
	list []*scenarios.Scenario // one for each of calls, or the kernel's
}

// defaultLimit is how many instructions a call may take.
const defaultLimit = 10_000_000

// register adds the flags to a verb's.
func (f *imageFlags) register(set *flag.FlagSet) {
	set.StringVar(&f.path, "image", "", "run functions of this `file`: an arm64 ELF object, module, shared object or "+
		"executable; or a kernel's Image or vmlinux, whose scenarios are kernel/own/...")
	set.Func("call", "with -image: `'FUNC(ARG,...)'` to run, any number of times; an ARG is a number, \"text\", "+
		"buf:N or &symbol", func(s string) error {
		f.calls = append(f.calls, s)
		return nil
	})
	set.BoolVar(&f.stub, "stub", false, "with -image: undefined symbols are functions that return 0")
	set.Func("init", "with -image of a kernel: run its `function` first, as booting would, and keep what it writes; "+
		"any number of times", func(s string) error {
		f.init = append(f.init, s)
		return nil
	})
	set.Func(
		"module",
		"with -image of a kernel: load this module's `file` too, and sweep its functions; any number of "+
			"times, in the order in which they need each other",
		func(s string) error {
			f.modules = append(f.modules, s)
			return nil
		},
	)
	set.StringVar(&f.pac, "pac", "auto",
		"with -image: pointer authentication is `on` or off, or on if the code signs return addresses (auto)")
	set.Func("stack-size", "with -image: `size` of the stack, such as 256K or 8M, if a kernel's 16K are not enough",
		func(s string) (err error) {
			f.stack, err = parseStack(s)
			return err
		})
	set.StringVar(&f.debug, "debug", "", "with -image: a separate debug `file` of it, for its symbols and DWARF")
	set.IntVar(&f.limit, "limit", defaultLimit, "with -image: `instructions` after which a call has run away")
}

// scenarios returns the scenarios of the file's calls; none without -image.
func (f *imageFlags) scenarios() ([]*scenarios.Scenario, error) {
	if f.path == "" {
		if len(f.calls) > 0 || f.stub {
			return nil, usagef("for example: -image strings.o -call 'strlen(\"hello\")'",
				"-call and -stub are for functions of a file: -image is missing")
		}
		if len(f.init) > 0 {
			return nil, usagef("for example: -image vmlinux -init init_sframe_table",
				"-init is for a kernel of the user's: -image is missing")
		}
		if len(f.modules) > 0 {
			return nil, usagef("for example: -image vmlinux -module crc-itu-t.ko",
				"-module is for a kernel of the user's: -image is missing")
		}
		return nil, nil
	}
	if f.limit < 1 {
		return nil, usagef("", "-limit %d: a call takes at least one instruction", f.limit)
	}
	if len(f.calls) == 0 {
		list, isKernel, err := kernelOf(f.path, kernel.Init(f.init...), kernel.Modules(f.modules...))
		if isKernel || err != nil {
			f.list = list
			return list, err
		}
	}
	if len(f.modules) > 0 {
		return nil, usagef("", "-module %s: %s is no kernel", f.modules[0], f.path)
	}
	if len(f.init) > 0 {
		return nil, usagef("", "-init %s: %s is swept function by function, not as a kernel", f.init[0], f.path)
	}
	pac, ok := map[string]userfile.PAC{"auto": userfile.PACAuto, "on": userfile.PACOn, "off": userfile.PACOff}[f.pac]
	if !ok {
		return nil, usagef("", "-pac %s: there are auto, on and off", f.pac)
	}
	var err error
	if f.file, err = userfile.Load(f.path, userfile.Options{Stub: f.stub, Limit: f.limit, PAC: pac, Debug: f.debug,
		Stack: f.stack}); err != nil {
		return nil, unusable(err)
	}
	if len(f.calls) == 0 {
		return nil,
			usagef("-call 'FUNC(ARG,...)'; "+f.functions(), "-image %s: what is to be run? -call is missing", f.path)
	}
	for _, text := range f.calls {
		s, err := f.file.Scenario(text)
		switch {
		case errors.Is(err, userfile.ErrNoFunction):
			return nil, usagef(f.functions(), "%v", err)
		case err != nil:
			return nil, usagef(`-call 'FUNC(ARG,...)', where an ARG is a number, "text", buf:N or &symbol`, "%v", err)
		}
		f.list = append(f.list, s)
	}
	return f.list, nil
}

// parseStack reads the size of a stack: a number of bytes, or of KiB or MiB with a K or M.
func parseStack(text string) (uint64, error) {
	number, shift := text, 0
	for suffix, s := range map[string]int{"K": 10, "M": 20} {
		if n, ok := strings.CutSuffix(text, suffix); ok {
			number, shift = n, s
		}
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if size := n << shift; err == nil && size%guest.StackSize == 0 && size > 0 && size <= corpus.MaxStack {
		return size, nil
	}
	return 0, fmt.Errorf("not a multiple of %dK up to %dM", guest.StackSize>>10, corpus.MaxStack>>20)
}

// firstCall names the scenario of the first call, "" if there is none.
func (f *imageFlags) firstCall() string {
	if len(f.calls) == 0 || len(f.list) == 0 {
		return ""
	}
	return f.list[0].Name
}

// listed is how many functions a hint lists.
const listed = 12

// functions says in a line what the file has to offer.
func (f *imageFlags) functions() string {
	all := f.file.Functions()
	switch n := len(all); {
	case n == 0:
		return f.path + " has no functions"
	case n > listed:
		return fmt.Sprintf("among the %d functions of %s: %s, ...", n, f.path, strings.Join(all[:listed], ", "))
	}
	return fmt.Sprintf("the functions of %s: %s", f.path, strings.Join(all, ", "))
}

// unusable makes a usage error of what is wrong with the file, with a hint where there is a way out.
func unusable(err error) error {
	var missing *fs.PathError
	var already *usage.Error
	var bad *image.Error
	hint := ""
	switch {
	case errors.As(err, &already):
		return err
	case errors.As(err, &missing):
		err = fmt.Errorf("%s: %w", missing.Path, missing.Err)
	// not a place in the file
	case errors.As(err, &bad) && (errors.Is(err, image.ErrFormat) || errors.Is(err, image.ErrArch)):
		err = fmt.Errorf("%s: %s", bad.File, bad.What)
	case errors.As(err, &bad) && errors.Is(err, image.ErrArchive):
		err, hint = fmt.Errorf("%s: %s", bad.File, bad.What), "ar x takes them out"
	case errors.Is(err, userfile.ErrPlace):
		hint = "link it as a shared object (-shared) or as an object (ld -r): these can be moved"
	case errors.Is(err, sframe.ErrUnsupported):
		hint = "the kernel reads SFrame V3, which GNU as writes from 2.46 on (-Wa,--gsframe-3), and 'stacksweep " +
			"sframe convert' makes of other versions; walkers that don't read it can be named (-walker cfi,fp)"
	case errors.Is(err, image.ErrNoCode):
		hint = "give the file that it belongs to, and this one with -debug"
	case errors.Is(err, image.ErrOtherFile):
		hint = "a debug file has the build ID of the file that it was taken from"
	case errors.Is(err, image.ErrNoSymbols):
		hint = "a file that isn't stripped is needed"
	}
	return &usage.Error{Err: err, Hint: hint}
}

// explain makes a usage error of a run of the file's that doesn't come back: whoever called it called it wrong.
func (f *imageFlags) explain(err error) error {
	var failure *scenarios.RunFailure
	if f.file == nil || !errors.As(err, &failure) {
		return err
	}
	cause, hint := f.file.Cause(failure)
	if cause != "" {
		err = fmt.Errorf("%w: %s", err, cause)
	}
	return &usage.Error{Err: err, Hint: hint}
}

// flagsFor are the flags with which another command finds a scenario, for a shell: the file, and all calls of the
// same function, which are told apart by their order.
func (f *imageFlags) flagsFor(scenario string) string {
	if !slices.ContainsFunc(f.list, func(s *scenarios.Scenario) bool { return s.Name == scenario }) {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, " -image %s", shell.Quote(f.path))
	if f.stub {
		b.WriteString(" -stub")
	}
	for _, function := range f.init {
		fmt.Fprintf(&b, " -init %s", shell.Quote(function))
	}
	for _, file := range f.modules {
		fmt.Fprintf(&b, " -module %s", shell.Quote(file))
	}
	if f.limit != defaultLimit {
		fmt.Fprintf(&b, " -limit %d", f.limit)
	}
	if f.pac != "auto" {
		fmt.Fprintf(&b, " -pac %s", f.pac)
	}
	if f.stack != 0 {
		fmt.Fprintf(&b, " -stack-size %dK", f.stack>>10)
	}
	if f.debug != "" {
		fmt.Fprintf(&b, " -debug %s", shell.Quote(f.debug))
	}
	same := unnumbered.ReplaceAllString(scenario, "")
	for i, call := range f.calls {
		if strings.HasPrefix(f.list[i].Name, same) {
			fmt.Fprintf(&b, " -call %s", shell.Quote(call))
		}
	}
	return b.String()
}

// addSymbols is the command that tells gdb about the file, and where it lies.
func (f *imageFlags) addSymbols() string {
	im := f.file.Image()
	switch im.Kind {
	case image.SharedObject:
		return fmt.Sprintf("add-symbol-file %s -o %#x", f.path, im.Base)
	case image.Relocatable:
		command := "add-symbol-file " + f.path
		for _, s := range im.Segments {
			if s.Name == "" { // made, and not in the file
				continue
			}
			command += fmt.Sprintf(" -s %s %#x", s.Name, s.Addr)
		}
		return command
	}
	return "add-symbol-file " + f.path
}

// unnumbered finds what makes the name of a second call of a function different.
var unnumbered = regexp.MustCompile(`\.[0-9]+$`)
