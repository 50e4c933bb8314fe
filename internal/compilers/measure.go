// SPDX-License-Identifier: GPL-2.0-only

package compilers

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"stacksweep/internal/codefile"
	"stacksweep/unwind/tablecheck"
)

// A Result is what one object's call frame information is worth.
type Result struct {
	Compiler     string // what it says of itself
	File         string // "epilogue.c", "kernel/sched/core.o"
	Options      string // in addition to those that are always there
	Instructions int    // that were compared
	Undecided    int    // what the code does there can't be told
	Wrong        []Wrong
	Err          string // why there is no result, "" if there is one
}

// Wrong is a run of instructions of a function that are described wrongly.
type Wrong struct {
	Function string
	From, To uint64 // offsets
	Says     string // the rule, and what the code has done
}

// Functions lists the functions with wrong rows.
func (r *Result) Functions() []string {
	var names []string
	for _, w := range r.Wrong {
		names = append(names, w.Function)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Count is the number of wrong instructions.
func (r *Result) Count() (n int) {
	for _, w := range r.Wrong {
		n += int(w.To-w.From) / 4
	}
	return n
}

// measure compares the call frame information of an object with its code.
func measure(path string) (r Result, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	file, err := codefile.Parse(path, data, codefile.Options{})
	if err != nil {
		return r, err
	}
	im := file.Image
	check, err := tablecheck.Run(im, tablecheck.Options{DWARF: true})
	if err != nil {
		return r, err
	}
	if len(check.Problems) > 0 {
		return r, fmt.Errorf("%s: %s", path, check.Problems[0].Text)
	}
	r.Compiler = strings.Join(check.Compilers(), ", ")
	r.Instructions = check.Counts.Agree + check.Counts.Disagree
	r.Undecided = check.Counts.Undecided
	for i := range check.Disagree {
		d := &check.Disagree[i]
		if d.Source != "code" {
			continue
		}
		name, from := im.Symbols.Locate(d.From)
		r.Wrong = append(r.Wrong, Wrong{Function: name, From: from, To: from + (d.To - d.From),
			Says: fmt.Sprintf("%v, %s", d.Rule, check.Reason(d))})
	}
	slices.SortFunc(r.Wrong, func(a, b Wrong) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.From, b.From))
	})
	return r, nil
}

// again measures what make makes, which is removed afterwards.
func again(file, options string, build func(path string) error) Result {
	dir, err := os.MkdirTemp("", "stacksweep-compilers")
	if err != nil {
		return Result{File: file, Options: options, Err: err.Error()}
	}
	defer os.RemoveAll(dir)
	path := dir + "/made.o"
	r := Result{}
	if err = build(path); err == nil {
		r, err = measure(path)
	}
	r.File, r.Options = file, options
	if err != nil {
		r.Err = err.Error()
	}
	return r
}
