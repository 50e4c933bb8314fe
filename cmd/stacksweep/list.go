// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"stacksweep/internal/catalog"
	"stacksweep/internal/near"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

const listNote = `
A PATTERN is part of a name, or has *, ? and [...]: 'list fgraph', 'list kernel/7.3', 'list v6*'. It may name a
scenario, a variant, a walker or a mode. Scenarios of the kernels in the cache are listed when a pattern begins with
kernel.
`

type listCommand struct{ image imageFlags }

func (l *listCommand) register(fs *flag.FlagSet) { l.image.register(fs) }

func (l *listCommand) run(_ context.Context, c *cli, patterns []string) error {
	user, err := l.image.scenarios()
	if err != nil {
		return err
	}
	all, err := (&catalog.Catalog{User: user}).Named(patterns...)
	if err != nil {
		return err
	}
	f := &listFilter{patterns: patterns, found: make([]bool, len(patterns))}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	f.scenarios(w, all)
	f.walkers(w)
	f.modes(w)
	if i := slices.Index(f.found, false); i >= 0 {
		return usagef(near.Hint(patterns[i], f.seen, "without a pattern, list names everything"),
			"nothing is named like %q", patterns[i])
	}
	return w.Flush()
}

// A listFilter decides what is listed.
type listFilter struct {
	patterns []string
	found    []bool   // by pattern
	seen     []string // names that were asked about
}

// wants reports whether one of the names fits a pattern, or there is none.
func (f *listFilter) wants(names ...string) bool {
	f.seen = append(f.seen, names...)
	wanted := len(f.patterns) == 0
	for i, p := range f.patterns {
		for _, name := range names {
			ok, _ := path.Match(p, name)
			if ok || strings.Contains(name, p) {
				f.found[i], wanted = true, true
			}
		}
	}
	return wanted
}

func (f *listFilter) scenarios(w io.Writer, all []*scenarios.Scenario) {
	heading := "SCENARIO\tVARIANT\t\n"
	for _, s := range all {
		whole := f.wants(s.Name, path.Dir(s.Name))
		var variants []scenarios.Variant
		for _, v := range s.Variants {
			if f.wants(s.Name+":"+v.Name) || whole {
				variants = append(variants, v)
			}
		}
		if len(variants) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s%s\t\t%s\n", heading, s.Name, s.Doc)
		heading = ""
		for _, v := range variants {
			fmt.Fprintf(w, "\t%s\t%s\n", v.Name, v.Doc)
		}
	}
	if len(f.patterns) == 0 {
		fmt.Fprintln(w,
			"generated/SEED\t\ta random program with right unwind tables; 'sweep -generate N' makes N of them")
		fmt.Fprintln(w, "kernel/SERIES/...\t\tof the kernels that 'kernel list' shows; 'list kernel/SERIES' names them")
		fmt.Fprintln(w, "live/SERIES/...\t\tthe same kernels, booted and recorded; 'list live/SERIES' names them")
		fmt.Fprintln(w, "FILE.rec\t\ta recording that 'record' has made")
	}
}

func (f *listFilter) walkers(w io.Writer) {
	heading := "\t\t\nWALKER\t\t\n"
	for _, s := range slices.Concat(registry.All(), registry.Tables(), registry.Native()) {
		if f.wants(s.Name) {
			fmt.Fprintf(w, "%s%s\t\t%s\n\t\t%s\n", heading, s.Name, s.Doc, s.Ref)
			heading = ""
		}
	}
}

func (f *listFilter) modes(w io.Writer) {
	heading := "\t\t\nMODE\t\t\n"
	for _, m := range verdict.AllModes() {
		if f.wants(m.String()) {
			fmt.Fprintf(w, "%s%s\t\t%s\n", heading, m, m.Doc())
			heading = ""
		}
	}
}
