// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"flag"

	"stacksweep/internal/codefile"
	"stacksweep/unwind/tablecheck"
)

type sframeCheck struct {
	tableFlags
	section string
	cfi     bool
}

func (s *sframeCheck) register(fs *flag.FlagSet) {
	fs.StringVar(&s.section, "section", ".sframe", "`name` of the section")
	fs.BoolVar(&s.cfi, "cfi", true, "compare with the DWARF call frame information of the file, too, if it has any")
	s.tableFlags.register(fs)
}

func (s *sframeCheck) run(_ context.Context, c *cli, args []string) error {
	return s.check(c, "sframe check", args, func(*codefile.File) []tablecheck.Options {
		return []tablecheck.Options{{Section: s.section, NoDWARF: !s.cfi}}
	})
}

// checkCommand checks whatever tables a file has.
type checkCommand struct{ tableFlags }

func (k *checkCommand) run(_ context.Context, c *cli, args []string) error {
	return k.check(c, "check", args, func(f *codefile.File) (list []tablecheck.Options) {
		if _, data, ok := f.Image.Section(".sframe"); ok && len(data) > 0 {
			list = append(list, tablecheck.Options{})
		}
		return append(list, tablecheck.Options{DWARF: true})
	})
}
