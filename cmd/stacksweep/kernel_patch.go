// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"flag"

	"stacksweep/internal/kbuild"
)

// kernelPatch prints a variant of the kernel as a patch.
type kernelPatch struct{ request kbuild.Request }

func (p *kernelPatch) register(fs *flag.FlagSet) {
	fs.StringVar(&p.request.Source, "source", "",
		"make the patch for this `folder` with a kernel's source; without it for Debian's newest")
}

func (p *kernelPatch) run(ctx context.Context, c *cli, args []string) (err error) {
	if len(args) != 1 {
		return usagef("for example: stacksweep kernel patch record", "kernel patch takes a variant: %s", variantNames())
	}
	r := p.request
	if r.Variant, err = kbuild.FindVariant(args[0]); err != nil {
		return usagef("", "%v", err)
	}
	r.Log = c.stderr
	patch, err := kbuild.Diff(ctx, r)
	switch {
	case errors.Is(err, kbuild.ErrNoEdits):
		return usagef("it is built with a header in front of the assembly", "kernel patch: %v", err)
	case err != nil:
		return buildError(err)
	}
	_, err = c.stdout.Write(patch)
	return err
}
