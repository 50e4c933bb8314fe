// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"fmt"
	"io"
	"strings"

	"stacksweep/image"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/sframe"
)

// WriteText writes what was found. Without verbose, of each function only the first disagreement is shown, and neither
// what is undecided nor each hole.
func (t *Check) WriteText(out io.Writer, verbose bool) {
	for _, p := range t.Problems {
		fmt.Fprintf(out, "problem: %v%s\n", p, t.function(p))
	}
	for _, group := range t.ByFunction(t.Disagree) {
		for i, d := range group {
			if i > 0 && !verbose {
				fmt.Fprintf(out, "    and %d more instructions of the function\n", instructions(group[1:]))
				break
			}
			t.writeDisagreement(out, &d)
		}
	}
	if verbose {
		for _, d := range t.Unknown {
			fmt.Fprintf(out, "undecided: %s: %s\n", t.Span(d.From, d.To), t.Reason(&d))
		}
		for _, b := range t.Beyond {
			fmt.Fprintf(out, "undecided: %s: %s, which isn't followed\n", t.Span(b.From, b.To), b.Says)
		}
		for i := range t.Holes {
			h := &t.Holes[i]
			fmt.Fprintf(out, "hole: %s: %d instructions (%s: %s)\n", h, h.Instructions(), h.Kind, h.Cause.Explain())
		}
	}
	t.writeCounts(out)
}

// function names the function of the FDE that a problem is about, if it is about one.
func (t *Check) function(p sframe.Problem) string {
	if p.FDE < 0 || p.FDE >= len(t.starts) {
		return ""
	}
	return fmt.Sprintf(" (%s)", Place(t.Image, t.starts[p.FDE]))
}

// writeCounts writes the sums.
func (t *Check) writeCounts(out io.Writer) {
	if compilers := t.Compilers(); len(compilers) > 0 {
		fmt.Fprintf(out, "made by %s\n", strings.Join(compilers, "; "))
	}
	c := &t.Counts
	fmt.Fprintf(out, "%d FDEs: %d instructions agree with the code, %d disagree, %d undecided (in %d functions)\n",
		c.FDEs, c.Agree, c.Disagree, c.Undecided, c.UndecidedFunctions)
	if c.HasDWARF {
		fmt.Fprintf(out, "%d instructions agree with DWARF, %d disagree, %d are described by DWARF only\n",
			c.DWARFAgree, c.DWARFDisagree, c.DWARFAlone)
	}
	if n := len(t.Wrong); c.Leaves+n > 0 {
		fmt.Fprintf(out, "%d functions are described as leaves, %d wrongly", c.Leaves+n, n)
		for i, s := range t.Wrong {
			fmt.Fprintf(out, "%s%s", map[bool]string{true: ": ", false: ", "}[i == 0], s.Name)
		}
		fmt.Fprintln(out)
	}
	for _, kind := range HoleKinds {
		t.writeHoles(out, kind)
	}
	for _, span := range t.Spans {
		fmt.Fprintf(out, "the FDE of %s goes on into %s\n", span.Outer.Name, span.Inner.Name)
	}
	if c.Nameless > 0 {
		fmt.Fprintf(out, "%d FDEs describe code that no function symbol names\n", c.Nameless)
	}
	if len(t.Problems) > 0 {
		fmt.Fprintf(out, "%d problems\n", len(t.Problems))
	}
}

// examples is how many holes of a kind and cause are named.
const examples = 3

// writeHoles writes how many holes of a kind there are, by cause, with the first as examples.
func (t *Check) writeHoles(out io.Writer, kind HoleKind) {
	type sum struct {
		holes, instructions int
		names               []string // of the first
	}
	var all sum
	by := map[Cause]*sum{}
	for i := range t.Holes {
		h := &t.Holes[i]
		if h.Kind != kind {
			continue
		}
		of := by[h.Cause]
		if of == nil {
			of = &sum{}
			by[h.Cause] = of
		}
		for _, s := range []*sum{&all, of} {
			s.holes++
			s.instructions += h.Instructions()
		}
		switch {
		case of.holes <= examples:
			of.names = append(of.names, h.String())
		case of.holes == examples+1:
			of.names = append(of.names, "...")
		}
	}
	if all.holes == 0 {
		return
	}
	fmt.Fprintf(out, "not covered: %d %s, %d instructions\n", all.holes, kind.Explain(), all.instructions)
	for _, cause := range Causes {
		if of := by[cause]; of != nil {
			fmt.Fprintf(out, "    %d %s, %d instructions: %s\n", of.holes, cause.Explain(), of.instructions,
				strings.Join(of.names, ", "))
		}
	}
}

func instructions(list []Disagreement) int {
	n := 0
	for _, d := range list {
		n += int(d.To-d.From) / 4
	}
	return n
}

// ByFunction groups what lies in the same function, in the order given.
func (t *Check) ByFunction(list []Disagreement) [][]Disagreement {
	var groups [][]Disagreement
	var last uint64
	for _, d := range list {
		s, _ := symbolAround(t.symbols, d.From)
		if n := len(groups); n > 0 && s.Addr == last && s.Addr != 0 {
			groups[n-1] = append(groups[n-1], d)
			continue
		}
		groups = append(groups, []Disagreement{d})
		last = s.Addr
	}
	return groups
}

func (t *Check) writeDisagreement(out io.Writer, d *Disagreement) {
	fmt.Fprintf(out, "%s: %d instructions\n    table: %v\n", t.Span(d.From, d.To), (d.To-d.From)/4, d.Rule)
	if d.Source == "dwarf" {
		fmt.Fprintf(out, "    dwarf: %v\n", d.Other)
		return
	}
	fmt.Fprintf(out, "    code:  %s\n", t.Reason(d))
}

// Reason says what the code does to what the rule relies on, and which instruction does it.
func (t *Check) Reason(d *Disagreement) string {
	j := &d.Judged
	text := fmt.Sprintf("%s is %v", subject(d.Rule, j.Fact), j.Actual)
	if j.How == flow.Unreached {
		return "no branch of the function leads here, and no single frame fits"
	}
	if j.Verdict == flow.Undecided && j.Actual.Kind == flow.Foreign {
		return subject(d.Rule, j.Fact) + " may be overwritten: not all stores into the frame can be followed"
	}
	if j.Actual.Merged {
		text = fmt.Sprintf("%s differs by the path taken", subject(d.Rule, j.Fact))
	}
	if d.Since != 0 {
		text += fmt.Sprintf(" since %s: %s", Place(t.Image, d.Since), Instruction(t.Image, d.Since))
	}
	return text
}

// subject is what a fact of a rule relies on.
func subject(r flow.Rule, fact flow.Fact) string {
	of := func(p flow.Place, register string) string {
		switch {
		case !p.Saved:
			return register
		case p.Base == flow.OfSP:
			return fmt.Sprintf("the word at SP%+d", p.Offset)
		case p.Base == flow.OfX29:
			return fmt.Sprintf("the word at X29%+d", p.Offset)
		}
		return fmt.Sprintf("the word at CFA%+d", p.Offset)
	}
	switch {
	case fact == flow.FactCFA && r.OnFP:
		return "X29"
	case fact == flow.FactCFA:
		return "SP"
	case fact == flow.FactFP:
		return of(r.FP, "X29")
	}
	return of(r.RA, "X30")
}

// Span names the instructions from one address up to another: symbol+0x4..+0x20.
func (t *Check) Span(from, to uint64) string {
	s, ok := symbolAround(t.symbols, from)
	if !ok {
		return fmt.Sprintf("%#x..%#x", from, to)
	}
	return image.PlacesUpTo(s.Name, from-s.Addr, to-s.Addr)
}
