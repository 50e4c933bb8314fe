// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"runtime"
	"sync"

	"stacksweep/image"
	"stacksweep/internal/parallel"
	"stacksweep/unwind"
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/sframe"
)

// A Subject is an image of which tables are checked. What several checks need is read once, when it is asked for first,
// and what was found out about its functions is found out once. Several goroutines may use it.
type Subject struct {
	Image *image.Image

	jobs         int
	callFrames   func() ([]*cfi.Info, error)
	rows         func() ([]Described, []sframe.Problem)
	named        func() []image.Symbol
	symbols      func() []image.Symbol
	labels       func() []image.Symbol
	origin       func() func(addr uint64) Origin
	facts        func() *flow.Facts
	alternatives func() []alternative
	replacements func() []unwind.Range
	interpreter  func() *flow.Interpreter
}

// NewSubject makes a subject of an image, to be looked at in up to so many goroutines; 0 means as many as there are
// CPUs. What is found doesn't depend on it. data is the file that the image was read from, which tells where its code
// comes from; nil if that doesn't matter.
func NewSubject(im *image.Image, data []byte, jobs int) *Subject {
	if jobs == 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	s := &Subject{Image: im, jobs: jobs}
	s.callFrames = sync.OnceValues(func() ([]*cfi.Info, error) { return CallFrames(im) })
	s.rows = sync.OnceValues(s.readRows)
	s.named = sync.OnceValue(func() []image.Symbol { return Functions(im) })
	s.symbols = sync.OnceValue(s.withFDEs)
	s.labels = sync.OnceValue(func() []image.Symbol { return labels(im) })
	s.origin = sync.OnceValue(func() func(addr uint64) Origin { return originOrUnknown(im, data) })
	s.alternatives = sync.OnceValue(func() []alternative { return readAlternatives(im) })
	s.replacements = sync.OnceValue(func() []unwind.Range { return replacementsOf(s.alternatives()) })
	s.facts = sync.OnceValue(s.readFacts)
	s.interpreter = sync.OnceValue(func() *flow.Interpreter { return flow.NewInterpreter(Code(im), s.facts(), jobs) })
	return s
}

// CallFrames returns what [CallFrames] returns for the image.
func (s *Subject) CallFrames() ([]*cfi.Info, error) { return s.callFrames() }

// ByCFI lists the functions of the image's call frame information by address. What several sections describe counts
// once. A function whose program is bad has no rows, and signal frames are left out: nothing calls them. If the
// information can't be read there are none.
func (s *Subject) ByCFI() []Described {
	all, _ := s.rows()
	return all
}

// Symbols lists the functions of the image by address: those with a symbol, and where symbols are missing those that
// only unwind information knows. Their name is the address.
func (s *Subject) Symbols() []image.Symbol { return s.symbols() }

// Interpret interprets functions of the image together; see [flow.Interpreter.Program].
func (s *Subject) Interpret(ranges []flow.Range) []*flow.Function {
	return s.interpreter().Program(ranges)
}

// together does several things at a time.
func (s *Subject) together(list ...func()) {
	parallel.Each(s.jobs, len(list), 1, func() func(int) { return func(i int) { list[i]() } })
}
