// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"stacksweep/internal/vectors"
	"stacksweep/internal/wholefile"
	"stacksweep/sweep/verdict"
)

const exportNote = `
Without -core, each SCENARIO becomes a file of test vectors in the directory: every point with its registers, its
memory and the true call stack, for unwinders that run without an emulator. The module in testkit reads them.

With -core, the POINT becomes an ELF core file: all registers and memory before that instruction, for gdb, lldb and
others.
`

type exportCommand struct {
	runFlags
	dir, core, modes string
}

func (e *exportCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&e.dir, "o", ".", "write test vectors into this `directory`, which is made if need be")
	fs.StringVar(&e.core, "core", "", "write a point as an ELF core `file` instead")
	modesFlag(fs, &e.modes, modeNames(verdict.DefaultModes()), "")
	e.runFlags.register(fs)
}

func (e *exportCommand) run(ctx context.Context, c *cli, args []string) error {
	if done, err := e.attached(ctx, c, args); done {
		return err
	}
	if e.core != "" {
		return e.exportCore(ctx, c, args)
	}
	modes, err := parseModes(e.modes)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("for example: stacksweep export -o vectors fgraph", "export needs to know which scenarios")
	}
	all, err := e.catalog(ctx, c)
	if err != nil {
		return err
	}
	targets, err := all.Targets(args)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(e.dir, 0o777); err != nil {
		return err
	}
	for _, t := range targets {
		if err := ctx.Err(); err != nil {
			return err
		}
		file := filepath.Join(e.dir, fileNameOf(t))
		var points int
		err := wholefile.Write(file, func(w io.Writer) (err error) {
			points, err = vectors.Write(w, t, e.build, modes, "stacksweep "+version())
			return err
		})
		if err != nil {
			return e.image.explain(err)
		}
		fmt.Fprintf(c.stdout, "%s: %d points\n", file, points)
	}
	return nil
}

// fileNameOf is the name of a target's file: fgraph/return:mainline is in fgraph_return.mainline.vectors.
func fileNameOf(t verdict.Target) string {
	return strings.NewReplacer("/", "_", ":", ".").Replace(t.String()) + ".vectors"
}

func (e *exportCommand) exportCore(ctx context.Context, c *cli, args []string) error {
	if len(args) != 1 {
		return usagef("for example: stacksweep export -core core "+samplePoint, "export -core takes one point")
	}
	all, err := e.catalog(ctx, c)
	if err != nil {
		return err
	}
	in, name, err := e.open(all, args[0], nil)
	if err != nil {
		return err
	}
	err = wholefile.Write(e.core, func(w io.Writer) error { return vectors.WriteCore(w, in.Session) })
	if err == nil {
		fmt.Fprintf(c.stdout, "%s: %v\n", e.core, name)
	}
	return errors.Join(err, in.Close())
}
