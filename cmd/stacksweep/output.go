// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"stacksweep/internal/near"
	"stacksweep/internal/report"
	"stacksweep/internal/wholefile"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// outputs are the reports of a sweep, as the flag -format names them: FORMAT or FORMAT=- for stdout, FORMAT=FILE for a
// file, any number of times. A file is there whole, or not at all.
type outputs struct {
	list []output
}

type output struct {
	format, file string
	toFile       bool

	w     *bufio.Writer
	whole *wholefile.File // nil for stdout
}

var formats = []string{"text", "jsonl", "ktap", "junit", "html", "github"}

// String implements [flag.Value].
func (o *outputs) String() string { return "" }

// Set implements [flag.Value]. What is wrong with the value is said by check.
func (o *outputs) Set(s string) error {
	format, file, toFile := strings.Cut(s, "=")
	if file == "-" {
		file, toFile = "", false
	}
	o.list = append(o.list, output{format: format, file: file, toFile: toFile})
	return nil
}

// check complains about reports that can't be written.
func (o *outputs) check() error {
	for i, out := range o.list {
		switch {
		case !slices.Contains(formats, out.format):
			return usagef(near.Hint(out.format, formats, ""), "no format %q: there are %s", out.format,
				strings.Join(formats, ", "))
		case out.toFile && out.file == "":
			return usagef("", "-format %s=: the name of the file is missing", out.format)
		}
		for _, other := range o.list[:i] {
			switch {
			case other.file != out.file:
			case out.file == "":
				return usagef(fmt.Sprintf("name a file: -format %s=FILE", out.format),
					"%s and %s can't both go to stdout", other.format, out.format)
			default:
				return usagef("", "%s and %s can't both go to %s", other.format, out.format, out.file)
			}
		}
	}
	if len(o.list) == 0 {
		o.list = []output{{format: "text"}}
	}
	return nil
}

// has reports whether a report in the format is wanted.
func (o *outputs) has(format string) bool {
	return slices.ContainsFunc(o.list, func(out output) bool { return out.format == format })
}

// open makes the writers. All files are created now, next to where they will be, so that nothing runs for minutes only
// to fail at the end.
func (o *outputs) open(stdout io.Writer, create func(*output) report.Writer) (report.Several, error) {
	var all report.Several
	for i := range o.list {
		out := &o.list[i]
		to := stdout
		if out.file != "" {
			var err error
			if out.whole, err = wholefile.Create(out.file); err != nil {
				o.discard()
				return nil, usagef("", "-format %s=%s: %v", out.format, out.file, reason(err))
			}
			to = out.whole
		}
		out.w = bufio.NewWriter(to)
		all = append(all, create(out))
	}
	return all, nil
}

// reason is what went wrong with a file that has been named already.
func reason(err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, syscall.EISDIR):
		return errors.New("is a folder")
	case errors.As(err, &path):
		return path.Err
	}
	return err
}

// onStdout reports whether a report goes to stdout.
func (o *outputs) onStdout() bool {
	return slices.ContainsFunc(o.list, func(out output) bool { return out.file == "" })
}

// skip says in the reports that have a way to say so why nothing could run.
func (o *outputs) skip(stdout io.Writer, why error) error {
	var errs []error
	for _, out := range o.list {
		if out.format == "ktap" && out.file == "" {
			errs = append(errs, report.SkipKTAP(stdout, why.Error()))
		}
	}
	return errors.Join(errs...)
}

// textOnStdout reports whether a person reads what goes to stdout.
func (o *outputs) textOnStdout() bool {
	return slices.ContainsFunc(o.list, func(out output) bool { return out.format == "text" && out.file == "" })
}

// stdout is the report that goes to stdout, of which there is one at most.
func (o *outputs) stdout() io.Writer {
	for i := range o.list {
		if o.list[i].file == "" {
			return o.list[i].w
		}
	}
	return io.Discard
}

// commit completes all reports.
func (o *outputs) commit() error {
	var errs []error
	for i := range o.list {
		out := &o.list[i]
		err := out.w.Flush()
		if out.whole != nil {
			if err = errors.Join(err, out.whole.Commit()); err != nil {
				err = fmt.Errorf("%w: -format %s=%s: %w", errEnvironment, out.format, out.file, reason(err))
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// discard drops the files of reports that were not completed; what went to stdout is there.
func (o *outputs) discard() error {
	var err error
	for i := range o.list {
		out := &o.list[i]
		switch {
		case out.whole != nil:
			out.whole.Discard()
		case out.w != nil:
			err = errors.Join(err, out.w.Flush())
		}
	}
	return err
}

// wanted tells which points are to be kept for the reports: none, unless one lists them.
func (o *outputs) wanted(all bool) func(*sweep.Point) bool {
	switch {
	case o.has("html"):
		return func(*sweep.Point) bool { return true }
	case !o.has("jsonl"):
		return nil
	}
	return func(p *sweep.Point) bool { return all || p.Verdict != verdict.Exact }
}
