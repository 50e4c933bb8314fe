// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"

	"stacksweep/internal/codefile"
	"stacksweep/internal/tablecheck"
)

func runSFrameCheck(_ context.Context, c *cli, args []string) error {
	fs := c.flags()
	section := fs.String("section", ".sframe", "`name` of the section")
	withCFI := fs.Bool("cfi", true, "compare with the DWARF call frame information of the file, too, if it has any")
	return c.checkTables(fs, args, func(*codefile.File) []tablecheck.Options {
		return []tablecheck.Options{{Section: *section, NoDWARF: !*withCFI}}
	})
}

// runCheck checks whatever tables a file has.
func runCheck(_ context.Context, c *cli, args []string) error {
	return c.checkTables(c.flags(), args, func(f *codefile.File) (list []tablecheck.Options) {
		if _, data, ok := f.Image.Section(".sframe"); ok && len(data) > 0 {
			list = append(list, tablecheck.Options{})
		}
		return append(list, tablecheck.Options{DWARF: true})
	})
}
