// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"slices"
	"text/tabwriter"

	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

func runList(_ context.Context, c *cli, args []string) error {
	rest, err := c.parse(c.flags(), args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("", "list takes no arguments")
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SCENARIO\tVARIANT\t")
	for _, s := range scenarios.All() {
		fmt.Fprintf(w, "%s\t\t%s\n", s.Name, s.Doc)
		for _, v := range s.Variants {
			fmt.Fprintf(w, "\t%s\t%s\n", v.Name, v.Doc)
		}
	}
	fmt.Fprintln(w, "generated/SEED\t\ta program made by chance, with right unwind tables; 'sweep -generate N' makes N of them")
	fmt.Fprintln(w, "kernel/SERIES/...\t\tof the kernels that 'kernel list' shows")
	fmt.Fprintln(w, "\t\t\nWALKER\t\t")
	for _, s := range slices.Concat(registry.All(), registry.Native()) {
		fmt.Fprintf(w, "%s\t\t%s\n\t\t%s\n", s.Name, s.Doc, s.Ref)
	}
	fmt.Fprintln(w, "\t\t\nMODE\t\t")
	for _, m := range verdict.AllModes() {
		fmt.Fprintf(w, "%s\t\t%s\n", m, m.Doc())
	}
	return w.Flush()
}
