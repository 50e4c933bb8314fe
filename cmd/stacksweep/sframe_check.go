// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"context"
	"errors"

	"stacksweep/internal/tablecheck"
)

func runSFrameCheck(_ context.Context, c *cli, args []string) error {
	fs := c.flags()
	section := fs.String("section", ".sframe", "`name` of the section")
	withCFI := fs.Bool("cfi", true, "compare with the DWARF call frame information of the file, too, if it has any")
	verbose := fs.Bool("v", false, "list every run of instructions, what could not be decided, and every hole")
	format := fs.String("format", "text", "`text` or jsonl")
	rest, err := c.parse(fs, args)
	if err != nil {
		return err
	}
	path, err := c.oneFile(rest)
	if err != nil {
		return err
	}
	if *format != "text" && *format != "jsonl" {
		return usagef("", "no format %q: there are text and jsonl", *format)
	}
	data, err := readFile(path)
	if err != nil {
		return err
	}
	im, err := parseCode(path, data)
	if err != nil {
		return err
	}
	o := tablecheck.Options{Section: *section, NoDWARF: !*withCFI}
	if assembly, err := tablecheck.Assembly(path, data); err == nil {
		o.Assembly = assembly
	}
	check, err := tablecheck.Run(im, o)
	if errors.Is(err, tablecheck.ErrNoTable) {
		return noSection(path, *section)
	}
	if err != nil {
		return usagef("", "%v", err)
	}
	out := bufio.NewWriter(c.stdout)
	if *format == "jsonl" {
		err = check.WriteJSON(out, *verbose)
	} else {
		check.WriteText(out, *verbose)
	}
	if err := errors.Join(err, out.Flush()); err != nil {
		return err
	}
	if !check.Clean() {
		return errTable
	}
	return nil
}
