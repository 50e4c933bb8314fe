// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"stacksweep/internal/cover"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// A Leaf is a row of the table of leaf routines.
type Leaf struct {
	Routine, Variant, Where string
}

// Leaves says, per form of annotation, at which instructions of each routine the SFrame walker is not exact.
func (d *data) Leaves() []Leaf {
	var rows []Leaf
	for _, r := range d.find("leaf/*", "*") {
		routine := path.Base(r.Scenario)
		rows = append(rows, Leaf{Routine: routine, Variant: r.Variant, Where: outcome(r, routine+"_"+r.Variant)})
	}
	slices.SortStableFunc(rows, func(a, b Leaf) int {
		return cmp.Or(cmp.Compare(a.Variant, b.Variant), cmp.Compare(a.Routine, b.Routine))
	})
	return rows
}

// LeafGroups joins routines of the same variant with the same outcome.
func (d *data) LeafGroups() []Leaf {
	var groups []Leaf
	for _, l := range d.Leaves() {
		i := slices.IndexFunc(groups, func(g Leaf) bool { return g.Variant == l.Variant && g.Where == l.Where })
		if i < 0 {
			groups = append(groups, l)
			continue
		}
		groups[i].Routine += ", " + l.Routine
	}
	return groups
}

// outcome says at which instructions of a function the SFrame walker is not exact when an interrupt lands there, of
// those that the run executes.
func outcome(r *sweep.RunResult, function string) string {
	executed, refused := 0, 0
	offsets := map[uint64]bool{} // of the executed instructions
	for _, f := range cover.Of(r.Image, r.Visited).Functions() {
		if f.Symbol.Name != function {
			continue
		}
		for off := uint64(0); off < f.Symbol.Size; off += 4 {
			if r.Visited.Has(f.Symbol.Addr + off) {
				offsets[off] = true
			}
		}
		executed = len(offsets)
	}
	var places []string
	for i := range r.Windows {
		w := &r.Windows[i]
		if w.Walker != "sframe" || w.Mode != verdict.IRQ || w.Symbol != function {
			continue
		}
		places = append(places, fmt.Sprintf("%s at `+%#x..%#x`", w.Verdict, w.From, w.To))
		for off := w.From; off <= w.To && w.Verdict == verdict.Refused; off += 4 {
			if offsets[off] {
				refused++
			}
		}
	}
	switch {
	case executed == 0:
		return "never executed"
	case len(places) == 0:
		return "exact at every instruction"
	case refused == executed:
		return "refused at every instruction"
	}
	return strings.Join(places, ", ")
}
