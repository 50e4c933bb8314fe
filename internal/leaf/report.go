// SPDX-License-Identifier: GPL-2.0-only

package leaf

import (
	"context"
	"path"
	"slices"

	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/tablecheck"
)

// A Function is a function with its class.
type Function struct {
	Symbol  image.Symbol
	Aliases []string // its other names
	Flow    *flow.Function

	annotation annotation
	misleads   flow.Judgement // the first place where a wrong annotation misleads
	confirmed  Confirmation

	alternatives int // places that the kernel may patch for the CPU it runs on
}

// Match reports whether one of the names matches one of the patterns of [path.Match], and makes that name its symbol.
func (f *Function) Match(patterns []string) bool {
	for _, name := range append([]string{f.Symbol.Name}, f.Aliases...) {
		for _, p := range patterns {
			if ok, _ := path.Match(p, name); ok {
				f.Symbol.Name = name
				return true
			}
		}
	}
	return false
}

// A Report has the classes of the functions of an image.
type Report struct {
	Image     *image.Image
	Functions []Function // by address

	executed          bool // by Confirm
	alternativesKnown bool // the file says where they are
}

// Classify finds the functions of an image, their classes, and what the image's unwind information says of them, in up
// to so many goroutines; 0 means as many as there are CPUs. The error is a [usage.Error] if that information, or the
// section .altinstructions, can't be read.
func Classify(im *image.Image, jobs int) (*Report, error) {
	r := &Report{Image: im}
	subject := tablecheck.NewSubject(im, nil, jobs)
	symbols := subject.Symbols()
	code := tablecheck.Code(im)
	var ranges []flow.Range
	for i, s := range symbols {
		end := s.Addr + s.Size
		if i+1 < len(symbols) {
			end = min(end, symbols[i+1].Addr)
		}
		if len(code(s.Addr, end)) == 0 {
			continue // not code, whatever the symbol says
		}
		ranges = append(ranges, flow.Range{Start: s.Addr, End: end, Part: tablecheck.IsPart(s.Name)})
		r.Functions = append(r.Functions, Function{Symbol: s, annotation: annotationNone})
	}
	for i, f := range subject.Interpret(ranges) {
		r.Functions[i].Flow = f
	}
	r.Keep(func(f *Function) bool { return !tablecheck.IsPart(f.Symbol.Name) }) // they are parts of the others
	r.addAliases()
	if err := r.addAlternatives(); err != nil {
		return nil, err
	}
	r.checkPatchSites()
	if err := r.annotate(subject); err != nil {
		return nil, err
	}
	return r, nil
}

// Keep drops the functions that are not wanted.
func (r *Report) Keep(wanted func(*Function) bool) {
	kept := r.Functions[:0]
	for i := range r.Functions {
		if wanted(&r.Functions[i]) {
			kept = append(kept, r.Functions[i])
		}
	}
	r.Functions = kept
}

// Wrong reports whether a function is annotated as a leaf and isn't one.
func (r *Report) Wrong() bool {
	return slices.ContainsFunc(r.Functions, func(f Function) bool { return f.annotation == annotationWrong })
}

// Confirm runs targets of the image and compares the classes with what happens; see the function [Confirm].
func (r *Report) Confirm(ctx context.Context, targets []verdict.Target) error {
	functions := make([]*flow.Function, len(r.Functions))
	for i := range r.Functions {
		functions[i] = r.Functions[i].Flow
	}
	confirmed, err := Confirm(ctx, targets, functions, scenarios.Options{})
	for i, c := range confirmed {
		r.Functions[i].confirmed = c
	}
	r.executed = true
	return err
}

// Contradicted reports whether a run contradicted a class.
func (r *Report) Contradicted() bool {
	return slices.ContainsFunc(r.Functions, func(f Function) bool { return f.confirmed.Against != "" })
}

// addAliases adds to each function its other names.
func (r *Report) addAliases() {
	i := 0
	for s := range r.Image.Symbols.All() {
		for i < len(r.Functions) && r.Functions[i].Symbol.Addr < s.Addr {
			i++
		}
		if i == len(r.Functions) {
			return
		}
		if f := &r.Functions[i]; f.Symbol.Addr == s.Addr && f.Symbol.Name != s.Name && s.Kind != image.Object {
			f.Aliases = append(f.Aliases, s.Name)
		}
	}
}
