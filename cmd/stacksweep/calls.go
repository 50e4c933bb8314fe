// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"stacksweep/image"
	"stacksweep/internal/report"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

// calls remembers which calls of a user's file couldn't be swept, while the others are.
type calls struct {
	cli   *cli
	flags *imageFlags
	count int
	last  error // explained
}

// note takes note of a call that failed, for the reports, too. The ones before the last are reported at once, the last
// by whoever ends the program.
func (c *calls) note(w report.Several, t verdict.Target, err error) error {
	c.report()
	c.count++
	c.last = c.flags.explain(err)
	return w.Failed(t, c.last)
}

func (c *calls) report() {
	if c.last != nil {
		c.cli.exit(c.last)
	}
}

// all reports whether no call could be swept.
func (c *calls) all(targets int) bool { return c.count > 0 && c.count == targets }

// counted is the image whose coverage is of interest: of a user's file the file alone, without the code that calls it.
func (f *imageFlags) counted(im *image.Image) *image.Image {
	if f.file != nil && im.Name == f.file.Image().Name {
		return f.file.Image()
	}
	return im
}

// withoutTable says what happens to walkers that read SFrame where the kernel refuses the file's table: named ones are
// a mistake, of all it is said that some have nothing to go by.
func (f *imageFlags) withoutTable(stderr io.Writer, list string, walkers []registry.Spec) error {
	if f.file == nil || f.file.Refused() == nil || !slices.ContainsFunc(walkers, func(w registry.Spec) bool {
		return strings.HasPrefix(w.Name, "sframe")
	}) {
		return nil
	}
	if list != "all" {
		return unusable(f.file.Refused())
	}
	fmt.Fprintf(stderr, "%v: the sframe walkers have no table\n", f.file.Refused())
	return nil
}
