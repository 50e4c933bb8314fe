// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"stacksweep/internal/report"
	"stacksweep/internal/wholefile"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// expectFlags name a file of the user's with what is known of a sweep.
type expectFlags struct {
	file   string
	update bool

	old      string // what is in the file
	recorder report.Recorder
	stale    []verdict.Expectation
	cut      *sweep.Interrupted
	deviates bool // exceptions that were taken did not go as they must, which no line excuses
}

// Result implements [report.Writer].
func (f *expectFlags) Result(r *sweep.RunResult) error {
	f.deviates = f.deviates || len(r.Deviations) > 0
	return f.recorder.Result(r)
}

// Close implements [report.Writer].
func (f *expectFlags) Close(stale []verdict.Expectation, cut *sweep.Interrupted) error {
	f.stale, f.cut = stale, cut
	return nil
}

func (f *expectFlags) register(set *flag.FlagSet) {
	set.StringVar(&f.file, "expect", "", "a `file` of known verdicts and their reasons, besides the built-in ones; "+
		"its format is that of sweep/verdict/expect.txt")
	set.BoolVar(&f.update, "update", false,
		"with -expect: write what is not as expected into the file, and drop what no longer happens; reasons are kept")
}

// read returns the expectations of the file, before the built-in ones.
func (f *expectFlags) read() ([]verdict.Expectation, error) {
	builtin, err := verdict.BuiltinExpectations()
	if err != nil || f.file == "" {
		if f.update && err == nil {
			err = usagef("for example: -expect known.txt -update", "-update: which file? -expect is missing")
		}
		return builtin, err
	}
	data, err := os.ReadFile(f.file)
	if f.update && errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, usagef("-update writes one", "-expect: %v", err)
	}
	f.old = string(data)
	user, err := verdict.ParseExpectations(f.file, bytes.NewReader(data))
	if err != nil {
		return nil, usagef("", "-expect: %v", err)
	}
	for i := range user {
		user[i].File = f.file
	}
	return slices.Concat(user, builtin), nil
}

// finish updates the file, if that was asked for. What was not as expected is now.
func (f *expectFlags) finish(c *cli) (settled bool, err error) {
	if !f.update {
		return false, nil
	}
	if f.cut != nil {
		return false, fmt.Errorf("%s is left as it was: %w", f.file, f.cut)
	}
	builtin := len(f.stale)
	f.stale = slices.DeleteFunc(f.stale, func(e verdict.Expectation) bool { return e.File != f.file })
	builtin -= len(f.stale)
	var b bytes.Buffer
	kept, added, removed, err := f.recorder.Update(&b, f.old, f.stale)
	if err != nil {
		return false, err
	}
	if err := wholefile.Bytes(f.file, b.Bytes()); err != nil {
		return false, fmt.Errorf("%w: -expect: %w", errEnvironment, err)
	}
	fmt.Fprintf(c.stderr, "%s: %d lines kept, %d added, %d removed\n", f.file, kept, added, removed)
	skipped := f.recorder.Skipped()
	if skipped > 0 {
		fmt.Fprintf(c.stderr, "%s: %d windows lie in no function, so no line can name them\n", f.file, skipped)
	}
	return !f.deviates && builtin == 0 && skipped == 0, nil
}
