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

	"stacksweep/internal/catalog"
	"stacksweep/internal/codefile"
	"stacksweep/internal/leaf"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep/verdict"
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
	jobs                       int
}

func (l *leafCommand) register(fs *flag.FlagSet) {
	jobsFlag(fs, &l.jobs)
	fs.StringVar(&l.format, "format", "text", "`text` or jsonl")
	fs.BoolVar(&l.assembly, "asm", false,
		"only functions that the file says come from assembly (ELF with DWARF or file symbols)")
	fs.BoolVar(&l.classes, "summary", false, "with -format text: only how many functions there are of each class")
	fs.BoolVar(&l.pointers, "frame-pointers", false,
		"instead of classes: at which instructions unwinding by frame pointers is wrong; with '!' also with "+
			"a heuristic")
	fs.StringVar(&l.debug, "debug", "", "a separate debug `file` of FILE, for its symbols and DWARF")
	fs.BoolVar(&l.confirm, "confirm", false,
		"of a kernel: run its string routines and compare their classes with what happens")
}

func (v *leafCommand) run(ctx context.Context, c *cli, rest []string) error {
	if len(rest) == 0 {
		return usagef("for example: stacksweep leaf vmlinux 'mem*'; "+corpusFile+
			" is the code of the built-in scenarios", "leaf takes a file, and patterns of function names")
	}
	for _, p := range rest[1:] {
		if _, err := path.Match(p, ""); err != nil {
			return usagef("", "pattern %q: %v", p, err)
		}
	}
	if v.format != "text" && v.format != "jsonl" {
		return usagef("", "no format %q: there are text and jsonl", v.format)
	}
	if err := checkJobs(v.jobs); err != nil {
		return err
	}
	data, err := readFile(rest[0])
	if err != nil {
		return err
	}
	if v.confirm && codefile.IsArchive(data) {
		return usagef("", "-confirm: %s is an archive, which has nothing to execute", rest[0])
	}
	out := bufio.NewWriter(c.stdout)
	job := leafJob{c: c, out: out, patterns: rest[1:], assembly: v.assembly, format: v.format, summary: v.classes,
		pointers: v.pointers, jobs: v.jobs}
	if v.confirm {
		job.confirm = func(l *leaf.Report) error { return confirmLeaves(ctx, l, rest[0]) }
	}
	err = codefile.Each(rest[0], data, codefile.Options{Debug: v.debug}, func(f *codefile.File) error {
		return job.look(f, codefile.IsArchive(data))
	})
	job.unrelocated.report(c.stderr)
	if err == nil && v.pointers {
		err = job.totals.Write(out, v.format)
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
	jobs     int
	confirm  func(*leaf.Report) error

	unrelocated         unrelocated
	totals              leaf.PointerTotals
	functions           int
	wrong, contradicted bool
}

// look classifies the functions of a file. Of a member of an archive it says first which it is.
func (j *leafJob) look(f *codefile.File, isMember bool) error {
	l, err := leaf.Classify(f.Image, j.jobs)
	if err != nil {
		return err
	}
	j.unrelocated.add(f)
	if j.assembly {
		origin, err := tablecheck.Origins(f.Image, f.Data)
		if err != nil {
			return usagef("without -asm all functions are listed", "%v", err)
		}
		l.Keep(func(f *leaf.Function) bool { return origin(f.Symbol.Addr) == tablecheck.FromAssembly })
	}
	if len(j.patterns) > 0 {
		l.Keep(func(f *leaf.Function) bool { return f.Match(j.patterns) })
	}
	j.functions += len(l.Functions)
	if len(l.Functions) == 0 && (isMember || len(j.patterns) > 0) {
		return nil
	}
	if j.confirm != nil {
		if err := j.confirm(l); err != nil {
			return err
		}
	}
	j.wrong = j.wrong || l.Wrong()
	j.contradicted = j.contradicted || l.Contradicted()
	if j.pointers {
		return j.writePointers(l, f, isMember)
	}
	if j.format == "jsonl" {
		return errors.Join(writeMember(j.out, f, isMember), l.WriteJSON(j.out))
	}
	if isMember {
		fmt.Fprintf(j.out, "%s:\n", f.Name)
	}
	return l.WriteText(j.out, j.summary)
}

// writePointers writes where unwinding by frame pointers is wrong.
func (j *leafJob) writePointers(l *leaf.Report, f *codefile.File, isMember bool) error {
	if j.format == "jsonl" {
		if err := writeMember(j.out, f, isMember); err != nil {
			return err
		}
		totals, err := l.WritePointersJSON(j.out)
		j.totals.Add(totals)
		return err
	}
	if isMember && !j.summary {
		fmt.Fprintf(j.out, "%s:\n", f.Name)
	}
	totals, err := l.WritePointersText(j.out, j.summary)
	j.totals.Add(totals)
	return err
}

// confirmLeaves runs the routines that are called without a tracer, of the corpus or of a kernel, and compares their
// classes with what happens.
func confirmLeaves(ctx context.Context, l *leaf.Report, file string) error {
	var list []*scenarios.Scenario
	switch {
	case file == corpusFile:
		list = corpus.All()
	case kernel.Is(l.Image):
		k, err := kernel.New(catalog.UserKernel, l.Image)
		if err != nil {
			return unusable(err)
		}
		list = k.Scenarios()
	default:
		return usagef("", "-confirm: %s is not a kernel, so there is nothing to execute", file)
	}
	list = slices.DeleteFunc(list, func(s *scenarios.Scenario) bool {
		return !strings.HasPrefix(s.Name, "leaf/") && !strings.HasSuffix(s.Name, "/strings")
	})
	return l.Confirm(ctx, verdict.Targets(list))
}
