// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"stacksweep/image"
)

// Text writes a report for a person.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	for i := range r.Targets {
		t := &r.Targets[i]
		fmt.Fprintf(&b, "%s\n", t.title())
		for _, line := range t.notes() {
			fmt.Fprintf(&b, "  %s\n", line)
		}
		tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for j := range t.Changes {
			c := &t.Changes[j]
			fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\t%s\t%s\n", c.label(), c.mode(), c.place(), c.verdicts(),
				strings.Join(c.Walkers, ","), c.Point)
		}
		tw.Flush()
		b.WriteString("\n")
	}
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(r.Walkers) > 0 {
		fmt.Fprint(tw, "instructions")
		for k := range numKinds {
			fmt.Fprintf(tw, "\t%s", k)
		}
		fmt.Fprintln(tw)
		for _, t := range r.Walkers {
			fmt.Fprint(tw, t.Walker)
			for _, n := range t.Counts {
				fmt.Fprintf(tw, "\t%d", n)
			}
			fmt.Fprintln(tw)
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
	for _, line := range r.remarks() {
		fmt.Fprintln(&b, line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// remarks are what there is to say about the whole comparison, the verdict last.
func (r *Report) remarks() (lines []string) {
	if r.Partial {
		lines = append(lines, "A run was interrupted: it may only not have come to what it doesn't have.")
	}
	if !r.Coded {
		lines = append(lines,
			"Not both reports have the code of the functions: instructions are compared by their offsets.")
	}
	changed, gone, come := 0, 0, 0
	for _, t := range r.Targets {
		switch {
		case t.Old == "":
			come++
		case t.New == "":
			gone++
		default:
			changed++
		}
	}
	verdict := "nothing got worse"
	if r.Failed() {
		verdict = "something got worse"
	}
	return append(lines,
		fmt.Sprintf("targets: %d different, %d the same, %d only in the old run, %d only in the new: %s.", changed,
			r.Same, gone, come, verdict))
}

func (t *TargetReport) title() string {
	switch {
	case t.Failed != "" && t.Old != "":
		return fmt.Sprintf("%s: NOT SWEPT by the new run: %s", t.New, t.Failed)
	case t.Failed != "":
		return fmt.Sprintf("%s: not swept by the new run: %s", t.New, t.Failed)
	case t.Old == "":
		return fmt.Sprintf("%s: only in the new run, %d unsound walks", t.New, t.Unsound)
	case t.New == "":
		return fmt.Sprintf("%s: only in the old run, %d unsound walks", t.Old, t.Unsound)
	case t.Old == t.New:
		return t.New
	}
	return t.Old + " -> " + t.New
}

// notes tell of walkers that only one run has.
func (t *TargetReport) notes() (lines []string) {
	for _, which := range []struct {
		inNew bool
		text  string
	}{{false, "only in the old run"}, {true, "only in the new run"}} {
		var names []string
		for _, s := range t.Only {
			if s.InNew == which.inNew {
				names = append(names, s.Mode+" "+s.Walker)
			}
		}
		if len(names) > 0 {
			lines = append(lines, which.text+": "+strings.Join(names, ", "))
		}
	}
	return lines
}

// label is the kind, in capitals if the change is what makes the new run a worse one.
func (c *Change) label() string {
	if c.Fails {
		return strings.ToUpper(c.Kind.String())
	}
	return c.Kind.String()
}

func (c *Change) mode() string {
	if c.Deliver == "taken" {
		return c.Mode + ", taken"
	}
	return c.Mode
}

// place says where: in the new run, and where that was in the old one if it has moved.
func (c *Change) place() string {
	where := ""
	if c.Rewritten {
		where = ", rewritten"
	}
	switch {
	case c.New == nil:
		return c.Old.String()
	case c.Old == nil || c.Old.String() == c.New.String():
		return c.New.String() + where
	}
	return c.Old.String() + " -> " + c.New.String() + where
}

func (c *Change) verdicts() string {
	switch {
	case c.New == nil:
		return c.Old.Verdict.String() + " -> not run"
	case c.Old == nil:
		return "not run -> " + c.New.Verdict.String()
	}
	return c.Old.Verdict.String() + " -> " + c.New.Verdict.String()
}

func (p *Place) String() string {
	symbol := p.Symbol
	if symbol == "" {
		symbol = "(no function)"
	}
	return image.Places(symbol, uint64(p.From), uint64(p.To))
}
