// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"

	"stacksweep/internal/codefile"
	"stacksweep/unwind/tablecheck"
)

// tableJob checks one file after the other.
type tableJob struct {
	out     *bufio.Writer
	jobs    int
	format  string
	verbose bool
	tables  func(*codefile.File) []tablecheck.Options

	unrelocated unrelocated
	checked     int // tables
	wrong       bool
}

// tableFlags are the flags of the verbs that check tables.
type tableFlags struct {
	format, debug string
	verbose       bool
	jobs          int
}

func (t *tableFlags) register(fs *flag.FlagSet) {
	jobsFlag(fs, &t.jobs)
	fs.BoolVar(&t.verbose, "v", false, "list every run of instructions, what could not be decided, and every hole")
	fs.StringVar(&t.format, "format", "text", "`text` or jsonl")
	fs.StringVar(&t.debug, "debug", "", "a separate debug `file` of FILE, for its symbols and DWARF")
}

// check checks the tables that a file has, and of an archive those of its members; tables says which there are to
// check.
func (t *tableFlags) check(c *cli, verb string, args []string, tables func(*codefile.File) []tablecheck.Options) error {
	path, err := oneFile(verb, args)
	if err != nil {
		return err
	}
	if t.format != "text" && t.format != "jsonl" {
		return usagef("", "no format %q: there are text and jsonl", t.format)
	}
	if err := checkJobs(t.jobs); err != nil {
		return err
	}
	data, err := readFile(path)
	if err != nil {
		return err
	}
	job := tableJob{out: bufio.NewWriter(c.stdout), jobs: t.jobs, format: t.format, verbose: t.verbose, tables: tables}
	isArchive := codefile.IsArchive(data)
	err = codefile.Each(path, data, codefile.Options{Debug: t.debug}, func(f *codefile.File) error {
		return job.check(f, isArchive)
	})
	job.unrelocated.report(c.stderr)
	if err := errors.Join(err, job.out.Flush()); err != nil {
		return unusable(err)
	}
	switch {
	case job.checked == 0:
		return usagef("GNU as and the compilers write it unless told not to",
			"no member of %s has a table to check", path)
	case job.wrong:
		return errTable
	}
	return nil
}

// check checks the tables of a file. Members of an archive need have none.
func (j *tableJob) check(f *codefile.File, isMember bool) error {
	j.unrelocated.add(f)
	subject := tablecheck.NewSubject(f.Image, f.Data, j.jobs)
	for i, o := range j.tables(f) {
		check, err := subject.Run(o)
		if errors.Is(err, tablecheck.ErrNoTable) {
			if isMember || i > 0 {
				continue
			}
			return noTable(f.Name, &o)
		}
		if err != nil {
			return usagef("", "%v", err)
		}
		j.checked++
		j.wrong = j.wrong || !check.Clean()
		if err := j.write(f, check, isMember); err != nil {
			return err
		}
	}
	return nil
}

func (j *tableJob) write(f *codefile.File, check *tablecheck.Check, isMember bool) error {
	if j.format == "jsonl" {
		return errors.Join(writeMember(j.out, f, isMember), check.WriteJSON(j.out, j.verbose))
	}
	if isMember {
		fmt.Fprintf(j.out, "%s:\n", f.Name)
	}
	check.WriteText(j.out, j.verbose)
	return nil
}

// noTable says that a file has nothing to check.
func noTable(path string, o *tablecheck.Options) error {
	if o.DWARF {
		return usagef("compilers write .eh_frame unless called with -fno-asynchronous-unwind-tables",
			"%s has none of .sframe, .eh_frame and .debug_frame", path)
	}
	return noSection(path, o.Section)
}
