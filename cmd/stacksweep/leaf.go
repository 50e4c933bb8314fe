// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"path"
	"slices"
	"strings"

	"stacksweep/image"
	"stacksweep/internal/catalog"
	"stacksweep/internal/codefile"
	"stacksweep/internal/leaf"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/tablecheck"
)

// errLeaf says that a function is annotated as a leaf that isn't one, errClass that one isn't what it was taken for.
var (
	errLeaf  = errors.New("a leaf annotation is wrong")
	errClass = errors.New("a class is contradicted by a run")
)

type leafCommand struct {
	format, debug              string
	assembly, classes, confirm bool
	pointers                   bool
}

func (l *leafCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&l.format, "format", "text", "`text` or jsonl")
	fs.BoolVar(&l.assembly, "asm", false, "only functions that the file says come from assembly (ELF with DWARF or file symbols)")
	fs.BoolVar(&l.classes, "summary", false, "with -format text: only how many functions there are of each class")
	fs.BoolVar(&l.pointers, "frame-pointers", false, "instead of classes: at which instructions unwinding by frame pointers is wrong; with '!' also with a heuristic")
	fs.StringVar(&l.debug, "debug", "", "a separate debug `file` of FILE, for its symbols and DWARF")
	fs.BoolVar(&l.confirm, "confirm", false, "of a kernel: run its string routines and compare their classes with what happens")
}

func (v *leafCommand) run(ctx context.Context, c *cli, rest []string) error {
	if len(rest) == 0 {
		return usagef("for example: stacksweep leaf vmlinux 'mem*'; "+corpusFile+" is the code of the built-in scenarios", "leaf takes a file, and patterns of function names")
	}
	for _, p := range rest[1:] {
		if _, err := path.Match(p, ""); err != nil {
			return usagef("", "pattern %q: %v", p, err)
		}
	}
	if v.format != "text" && v.format != "jsonl" {
		return usagef("", "no format %q: there are text and jsonl", v.format)
	}
	data, err := readFile(rest[0])
	if err != nil {
		return err
	}
	if v.confirm && codefile.IsArchive(data) {
		return usagef("", "-confirm: %s is an archive, of which there would be nothing to run", rest[0])
	}
	out := bufio.NewWriter(c.stdout)
	job := leafJob{c: c, out: out, patterns: rest[1:], assembly: v.assembly, format: v.format, summary: v.classes, pointers: v.pointers}
	if v.confirm {
		job.confirm = func(l *leafReport) error { return l.confirm(ctx, rest[0]) }
	}
	err = codefile.Each(rest[0], data, codefile.Options{Debug: v.debug}, func(f *codefile.File) error {
		return job.look(f, codefile.IsArchive(data))
	})
	job.unrelocated.report(c.stderr)
	if err == nil && v.pointers {
		err = job.totals.write(out, v.format)
	}
	if err := errors.Join(err, out.Flush()); err != nil {
		return unusable(err)
	}
	switch {
	case v.pointers && job.functions > 0:
		return nil
	case job.functions == 0 && len(rest) > 1:
		return usagef("", "no function is named like that")
	case job.wrong:
		return errLeaf
	case job.contradicted:
		return errClass
	}
	return nil
}

// leafJob looks at one file after the other.
type leafJob struct {
	c        *cli
	out      *bufio.Writer
	patterns []string
	assembly bool
	format   string
	summary  bool
	pointers bool
	confirm  func(*leafReport) error

	unrelocated         unrelocated
	totals              pointerTotals
	functions           int
	wrong, contradicted bool
}

// look classifies the functions of a file. Of a member of an archive it says first which it is.
func (j *leafJob) look(f *codefile.File, isMember bool) error {
	l := &leafReport{im: f.Image}
	if err := l.classify(); err != nil {
		return err
	}
	j.unrelocated.add(f)
	if j.assembly {
		origin, err := tablecheck.Origins(f.Image, f.Data)
		if err != nil {
			return usagef("without -asm all functions are listed", "%v", err)
		}
		l.keep(func(f *leafFunction) bool { return origin(f.symbol.Addr) == tablecheck.FromAssembly })
	}
	if len(j.patterns) > 0 {
		l.keep(func(f *leafFunction) bool { return f.matches(j.patterns) })
	}
	j.functions += len(l.functions)
	if len(l.functions) == 0 && (isMember || len(j.patterns) > 0) {
		return nil
	}
	if j.confirm != nil {
		if err := j.confirm(l); err != nil {
			return err
		}
	}
	for i := range l.functions {
		j.wrong = j.wrong || l.functions[i].annotation == annotationWrong
		j.contradicted = j.contradicted || l.functions[i].confirmed.Against != ""
	}
	if j.pointers {
		return j.writePointers(l, f, isMember)
	}
	if j.format == "jsonl" {
		return errors.Join(writeMember(j.out, f, isMember), l.writeJSON(j.out))
	}
	if isMember {
		fmt.Fprintf(j.out, "%s:\n", f.Name)
	}
	return l.writeText(j.out, j.summary)
}

// writePointers writes where unwinding by frame pointers is wrong.
func (j *leafJob) writePointers(l *leafReport, f *codefile.File, isMember bool) error {
	if j.format == "jsonl" {
		if err := writeMember(j.out, f, isMember); err != nil {
			return err
		}
		totals, err := l.writePointersJSON(j.out)
		j.totals.join(totals)
		return err
	}
	if isMember && !j.summary {
		fmt.Fprintf(j.out, "%s:\n", f.Name)
	}
	totals, err := l.writePointersText(j.out, j.summary)
	j.totals.join(totals)
	return err
}

// annotation is what the unwind information of the file says of a function.
type annotation string

const (
	annotationNone    annotation = "-"
	annotationLeaf    annotation = "leaf"    // that it is a leaf, which is right
	annotationWrong   annotation = "WRONG"   // that it is a leaf, and following that goes wrong
	annotationRows    annotation = "rows"    // something else
	annotationPartial annotation = "partial" // something, but not of all its instructions
)

// A leafFunction is a function with its class.
type leafFunction struct {
	symbol     image.Symbol
	aliases    []string
	flow       *flow.Function
	annotation annotation
	misleads   flow.Judgement // of a wrong annotation: where it first misleads
	confirmed  leaf.Confirmation

	alternatives int // places that the kernel may patch for the CPU it runs on
}

// matches reports whether one of its names matches a pattern, which is then the name to show.
func (f *leafFunction) matches(patterns []string) bool {
	for _, name := range append([]string{f.symbol.Name}, f.aliases...) {
		for _, p := range patterns {
			if ok, _ := path.Match(p, name); ok {
				f.symbol.Name = name
				return true
			}
		}
	}
	return false
}

// leafReport is the classes of the functions of an image.
type leafReport struct {
	im        *image.Image
	functions []leafFunction // by address
	executed  bool           // as far as there are scenarios, to confirm the classes

	alternativesKnown bool // the file says where they are
}

func (l *leafReport) keep(wanted func(*leafFunction) bool) {
	kept := l.functions[:0]
	for i := range l.functions {
		if wanted(&l.functions[i]) {
			kept = append(kept, l.functions[i])
		}
	}
	l.functions = kept
}

// classify finds the functions of the image and their classes.
func (l *leafReport) classify() error {
	symbols := tablecheck.WithFDEs(l.im)
	code := tablecheck.Code(l.im)
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
		l.functions = append(l.functions, leafFunction{symbol: s, annotation: annotationNone})
	}
	for i, f := range flow.Program(ranges, code, tablecheck.Known(l.im)) {
		l.functions[i].flow = f
	}
	l.keep(func(f *leafFunction) bool { return !tablecheck.IsPart(f.symbol.Name) }) // they are parts of the others
	l.addAliases()
	if err := l.addAlternatives(); err != nil {
		return err
	}
	return l.annotate()
}

// confirm executes what there is a scenario for of routines that are called as they are, without a tracer, and
// compares their classes with what happens.
func (l *leafReport) confirm(ctx context.Context, file string) error {
	var own []*scenarios.Scenario
	switch {
	case file == corpusFile:
		own = corpus.All()
	case kernel.Is(l.im):
		k, err := kernel.New(catalog.UserKernel, l.im)
		if err != nil {
			return unusable(err)
		}
		own = k.Scenarios()
	default:
		return usagef("", "-confirm: %s is no kernel, of which there would be something to run", file)
	}
	own = slices.DeleteFunc(own, func(s *scenarios.Scenario) bool {
		routines := strings.HasPrefix(s.Name, "leaf/") || strings.HasSuffix(s.Name, "/strings")
		return !routines
	})
	var functions []*flow.Function
	for i := range l.functions {
		functions = append(functions, l.functions[i].flow)
	}
	confirmed, err := leaf.Confirm(ctx, verdict.Targets(own), functions, scenarios.Options{})
	for i, c := range confirmed {
		l.functions[i].confirmed = c
	}
	l.executed = true
	return err
}

// addAliases adds to each function its other names.
func (l *leafReport) addAliases() {
	i := 0
	for s := range l.im.Symbols.All() {
		for i < len(l.functions) && l.functions[i].symbol.Addr < s.Addr {
			i++
		}
		if i == len(l.functions) {
			return
		}
		if f := &l.functions[i]; f.symbol.Addr == s.Addr && f.symbol.Name != s.Name && s.Kind != image.Object {
			f.aliases = append(f.aliases, s.Name)
		}
	}
}

// annotate compares each function with what the file's unwind information says of it.
func (l *leafReport) annotate() error {
	table, err := l.table()
	if err != nil {
		return err
	}
	for i := range l.functions {
		f := &l.functions[i]
		start, end := f.flow.Addr, f.flow.Addr+uint64(f.flow.Size)
		at, isLeaf := start, true
		for _, d := range tablecheck.Covering(table, start, end) {
			f.annotation = annotationRows
			if d.Start > at {
				f.annotation = annotationPartial
			}
			at = d.End
			isLeaf = isLeaf && d.IsLeaf()
		}
		if at < end && f.annotation == annotationRows {
			f.annotation = annotationPartial
		}
		if f.annotation == annotationNone || !isLeaf {
			continue
		}
		if f.annotation == annotationRows {
			f.annotation = annotationLeaf
		}
		for _, d := range tablecheck.Covering(table, start, end) {
			from, to := max(start, d.Start), min(end, d.End)
			for _, j := range f.flow.Compare(nil, uint32(from-start), uint32(to-start), flow.AnnotatedLeaf) {
				if j.Verdict == flow.Disagrees && f.annotation != annotationWrong {
					f.annotation, f.misleads = annotationWrong, j
				}
			}
		}
	}
	return nil
}

// table is what the unwind information of the image says: SFrame, else DWARF, else nothing.
func (l *leafReport) table() ([]tablecheck.Described, error) {
	if addr, data, ok := l.im.Section(".sframe"); ok && len(data) > 0 {
		s, err := decodeSection(l.im.Name, data, addr)
		if err != nil {
			return nil, err
		}
		return tablecheck.BySFrame(s)
	}
	sections, err := tablecheck.CallFrames(l.im)
	if err != nil {
		return nil, usagef("", "%v", err)
	}
	return tablecheck.ByCFI(sections), nil
}
