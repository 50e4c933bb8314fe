// SPDX-License-Identifier: GPL-2.0-only

package leaf

import (
	"fmt"
	"io"
	"text/tabwriter"

	"stacksweep/image"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/tablecheck"
)

// detail says what decides about the class of a function, and what else is to be known before annotating it.
func (r *Report) detail(f *Function) string {
	c := &f.Flow.Class
	text := ""
	add := func(format string, args ...any) {
		if text != "" {
			text += "; "
		}
		text += fmt.Sprintf(format, args...)
	}
	if c.At != flow.AtEntry {
		add("+%#x %s (%s)", c.At, tablecheck.Instruction(r.Image, f.Flow.Addr+uint64(c.At)), c.Why)
	}
	if f.annotation == annotationWrong {
		add("annotated as a leaf, which is wrong from +%#x on", f.misleads.From)
	}
	for _, e := range f.Flow.Exits {
		if e.Kind == flow.Jump && e.Untouched && c.Class <= flow.LeafMovingSP {
			add("+%#x leaves by %s", e.At, tablecheck.Instruction(r.Image, f.Flow.Addr+uint64(e.At)))
		}
		if e.Kind == flow.FallThrough && e.Untouched {
			add("runs on into the next function")
		}
	}
	if c.RestoresApart && c.Class == flow.Framed {
		add("restores X29 before X30")
	}
	if c.GrowsStack && c.Class == flow.Framed {
		add("makes one call without a frame record, to grow its stack")
	}
	if f.Symbol.IFunc {
		add("an IFUNC: this is its resolver")
	}
	if c.Computed > 0 {
		add("%d computed branches", c.Computed)
	}
	if c.Patchable {
		add("patched by ftrace")
	}
	if f.alternatives > 0 {
		add("alternatives at %d places", f.alternatives)
	}
	if c.Unreached > 0 {
		add("%d words that no branch leads to", c.Unreached)
	}
	if n := f.confirmed.Instructions; n > 0 {
		add("confirmed at %d of %d instructions", n, f.Flow.Size/4)
	}
	if f.confirmed.Against != "" {
		add("CONTRADICTED at %s", f.confirmed.Against)
	}
	return text
}

// counted are the classes in the order in which they are counted.
var counted = []flow.Class{flow.Leaf, flow.LeafMovingSP, flow.Framed, flow.Other, flow.NoCode}

// WriteText writes a line for each function, unless only the summary is wanted, and the summary.
func (r *Report) WriteText(out io.Writer, onlySummary bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !onlySummary {
		fmt.Fprintln(w, "CLASS\tANNOTATION\tFUNCTION\tDETAIL")
		for i := range r.Functions {
			f := &r.Functions[i]
			fmt.Fprintf(w, "%v\t%s\t%s\t%s\n", f.Flow.Class.Class, f.annotation, f.Symbol.Name, r.detail(f))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	perClass, wrong := r.count()
	fmt.Fprintf(out, "%d functions:", len(r.Functions))
	for _, class := range counted {
		if n := perClass[class.String()]; n > 0 {
			fmt.Fprintf(out, " %d %v", n, class)
		}
	}
	fmt.Fprintln(out)
	if wrong > 0 {
		fmt.Fprintf(out, "%d leaf annotations are wrong\n", wrong)
	}
	if r.executed {
		functions, instructions, against := r.confirmations()
		fmt.Fprintf(out, "%d functions were executed: confirmed at %d instructions, %d are contradicted\n", functions,
			instructions, against)
	}
	_, err := fmt.Fprintln(out, r.whatOfAlternatives())
	return err
}

// count counts the functions of each class, and the wrong leaf annotations.
func (r *Report) count() (perClass map[string]int, wrong int) {
	perClass = map[string]int{}
	for i := range r.Functions {
		perClass[r.Functions[i].Flow.Class.Class.String()]++
		if r.Functions[i].annotation == annotationWrong {
			wrong++
		}
	}
	return perClass, wrong
}

// confirmations counts the functions that were executed, their instructions, and the classes that are contradicted.
func (r *Report) confirmations() (functions, instructions, against int) {
	for i := range r.Functions {
		c := &r.Functions[i].confirmed
		if c.Instructions > 0 || c.Against != "" {
			functions++
		}
		if c.Against != "" {
			against++
		}
		instructions += c.Instructions
	}
	return functions, instructions, against
}

// whatOfAlternatives says what can't be seen of code that the kernel patches when it starts.
func (r *Report) whatOfAlternatives() string {
	if r.Image.Kind == image.Kernel {
		return "A kernel Image doesn't tell where alternatives are patched in: this is the code before."
	}
	if r.alternativesKnown {
		return "Of alternatives (.altinstructions) only the branches were followed: else this is the code before " +
			"they are patched in."
	}
	return "No alternatives are patched in."
}
