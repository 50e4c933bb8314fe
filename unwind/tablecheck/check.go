// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"stacksweep/image"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/sframe"
)

// Reasons why there is nothing to check, for errors.Is.
var (
	// ErrNoTable says that the file has no such section.
	ErrNoTable = errors.New("no such section")
	// ErrOtherABI says that the table isn't for this code.
	ErrOtherABI = errors.New("the table is for another machine")
)

// Options choose what is compared. The zero value compares with all that the file has.
type Options struct {
	Section string // "" means .sframe
	NoDWARF bool   // leave out the comparison with DWARF call frame information
	// DWARF takes the call frame information itself as the table, .eh_frame and .debug_frame together, and compares it
	// with the code. Section and NoDWARF don't matter then.
	DWARF bool
}

// A Check is what was found.
type Check struct {
	Image    *image.Image
	Problems []sframe.Problem // of the section as such; with some of them nothing else can be looked at
	Table    []Described
	Disagree []Disagreement // rows that mislead
	Unknown  []Disagreement // rows that could not be decided
	Beyond   []BeyondRow    // nor could these, of which the code isn't even looked at
	Holes    []Hole         // by address
	Wrong    []image.Symbol // functions with a leaf annotation that misleads
	Spans    []Span         // FDEs of more than one function
	Counts   Counts

	symbols []image.Symbol
	labels  []image.Symbol
	dwarf   []Described // nil if there are none, or none were asked for
	others  []Described // by the file's other SFrame section
	starts  []uint64    // of the FDEs, in the order of the section
	options Options
	subject *Subject
}

// A Disagreement is a run of instructions of which two sources say different things, or one can't say.
type Disagreement struct {
	From, To uint64 // addresses
	Source   string // "code" or "dwarf"
	Rule     flow.Rule
	Judged   flow.Judgement
	Since    uint64    // code: the instruction that decides, 0 if there is none
	Other    flow.Rule // dwarf: what DWARF says
}

// A Span is an FDE that goes on into another function: where functions are nested in assembly, the directives of the
// outer one take in the inner one.
type Span struct{ Outer, Inner image.Symbol }

// Counts are in instructions, but for FDEs and functions.
type Counts struct {
	FDEs int
	// FDEs that begin in no function with a symbol, as those of overridden weak functions
	Nameless                   int
	Agree, Disagree, Undecided int // with the code
	UndecidedFunctions         int
	HasDWARF                   bool
	DWARFAgree, DWARFDisagree  int // with DWARF, where both say something
	DWARFAlone                 int // said by DWARF only
	Leaves                     int // functions whose only row is that of a leaf, rightly
}

// Clean reports whether nothing is wrong. What the table doesn't cover isn't: an unwinder refuses there.
func (t *Check) Clean() bool { return len(t.Problems) == 0 && len(t.Disagree) == 0 }

// Run makes all comparisons, in as many goroutines as there are CPUs.
func Run(im *image.Image, o Options) (*Check, error) { return NewSubject(im, nil, 0).Run(o) }

// Open reads the table and finds its holes, and compares nothing. The Table is nil if there are problems that say all
// there is to say.
func Open(im *image.Image, o Options) (*Check, error) { return NewSubject(im, nil, 0).Open(o) }

// Run makes all comparisons.
func (s *Subject) Run(o Options) (*Check, error) {
	t, err := s.open(o, func() { s.facts() })
	if err != nil || t.Table == nil {
		return t, err
	}
	s.together(t.findHoles, t.compareWithCode)
	t.compareWithDWARF()
	return t, nil
}

// Open does what the function [Open] does.
func (s *Subject) Open(o Options) (*Check, error) {
	t, err := s.open(o, func() {})
	if err == nil && t.Table != nil {
		t.findHoles()
	}
	return t, err
}

// open reads the table. Meanwhile it does also.
func (s *Subject) open(o Options, also func()) (*Check, error) {
	if o.DWARF {
		return s.openDWARF(o, also)
	}
	if o.Section == "" {
		o.Section = ".sframe"
	}
	im := s.Image
	addr, data, ok := im.Section(o.Section)
	if !ok || len(data) == 0 { // some assemblers write an empty section where there is nothing to say
		return nil, fmt.Errorf("%s: %w: %s", im.Name, ErrNoTable, o.Section)
	}
	t := &Check{Image: im, subject: s, options: o}
	var unread error
	s.together(func() { s.symbols() }, func() { s.origin() },
		func() { unread = t.read(data, addr) },
		func() { t.Problems = sframe.Verify(data, addr) },
		func() {
			if !o.NoDWARF {
				t.dwarf = s.ByCFI()
			}
		}, func() { s.labels() }, also)
	if unread != nil {
		t.Table, t.dwarf = nil, nil
		if len(t.Problems) > 0 {
			return t, nil
		}
		return nil, fmt.Errorf("%s: section %s: %w", im.Name, o.Section, unread)
	}
	t.symbols, t.labels = s.symbols(), s.labels()
	t.findOwners()
	if !o.NoDWARF {
		if _, err := s.callFrames(); err != nil {
			return nil, err
		}
		t.Counts.HasDWARF = len(t.dwarf) > 0
	}
	t.readOther()
	return t, nil
}

// findHoles finds the holes.
func (t *Check) findHoles() {
	t.findInFunctions()
	t.findNameless()
	slices.SortFunc(t.Holes, func(a, b Hole) int { return cmp.Compare(a.From, b.From) })
}

// openDWARF is Open for the call frame information as the table.
func (s *Subject) openDWARF(o Options, also func()) (*Check, error) {
	sections, err := s.callFrames()
	if err != nil {
		return nil, err
	}
	t := &Check{Image: s.Image, subject: s, options: o}
	for _, info := range sections {
		for _, f := range info.FDEs {
			t.starts = append(t.starts, f.Start)
		}
	}
	if len(t.starts) == 0 {
		return nil, fmt.Errorf("%s: %w: .eh_frame or .debug_frame", s.Image.Name, ErrNoTable)
	}
	s.together(func() { s.symbols() }, func() { s.origin() }, func() { t.Table, t.Problems = s.rows() },
		func() { s.labels() }, also)
	t.Counts.FDEs = len(t.Table)
	t.symbols, t.labels = s.symbols(), s.labels()
	t.findOwners()
	return t, nil
}

// BadProgram is the kind of problem of an FDE whose instructions can't be followed.
const BadProgram sframe.Kind = "program"

func (t *Check) read(data []byte, addr uint64) error {
	s, err := sframe.Decode(data, addr)
	if err != nil {
		return err
	}
	if s.ABI != sframe.AArch64LE {
		return fmt.Errorf("%w: %v", ErrOtherABI, s.ABI)
	}
	for i := range s.FDEs {
		t.starts = append(t.starts, s.FDEs[i].Start)
	}
	t.Table, err = BySFrame(s)
	t.Counts.FDEs = len(t.Table)
	return err
}

// findOwners counts the FDEs that belong to no function, and lists those that belong to several.
func (t *Check) findOwners() {
	for i := range t.Table {
		d := &t.Table[i]
		outer, ok := symbolAround(t.symbols, d.Start)
		if !ok {
			t.Counts.Nameless++
		}
		for _, inner := range symbolsWithin(t.symbols, d.Start+4, d.End) {
			if inner.Addr != outer.Addr {
				t.Spans = append(t.Spans, Span{outer, inner})
			}
		}
	}
}

// readOther reads the table of the code that is freed after boot, which a linker script may keep apart.
func (t *Check) readOther() {
	other := map[string]string{".sframe": ".init.sframe", ".init.sframe": ".sframe"}[t.options.Section]
	addr, data, ok := t.Image.Section(other)
	if !ok {
		return
	}
	if s, err := sframe.Decode(data, addr); err == nil {
		t.others, _ = BySFrame(s)
	}
}

// Compilers names what made the file, as .comment has it, each once: "GCC: (Debian 12.2.0-14) 12.2.0".
func (t *Check) Compilers() []string {
	_, data, _ := t.Image.Section(".comment")
	var all []string
	for name := range strings.SplitSeq(string(data), "\x00") {
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
