// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"stacksweep/image"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/tablecheck"
)

// detail says what decides about the class of a function, and what else is to be known before annotating it.
func (l *leafReport) detail(f *leafFunction) string {
	c := &f.flow.Class
	text := ""
	add := func(format string, args ...any) {
		if text != "" {
			text += "; "
		}
		text += fmt.Sprintf(format, args...)
	}
	if c.At != flow.AtEntry {
		add("+%#x %s (%s)", c.At, tablecheck.Instruction(l.im, f.flow.Addr+uint64(c.At)), c.Why)
	}
	if f.annotation == annotationWrong {
		add("annotated as a leaf, which is wrong from +%#x on", f.misleads.From)
	}
	for _, e := range f.flow.Exits {
		if e.Kind == flow.Jump && e.Untouched && c.Class <= flow.LeafMovingSP {
			add("+%#x leaves by %s", e.At, tablecheck.Instruction(l.im, f.flow.Addr+uint64(e.At)))
		}
		if e.Kind == flow.FallThrough && e.Untouched {
			add("runs on into the next function")
		}
	}
	if f.symbol.IFunc {
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
		add("confirmed at %d of %d instructions", n, f.flow.Size/4)
	}
	if f.confirmed.Against != "" {
		add("CONTRADICTED at %s", f.confirmed.Against)
	}
	return text
}

// counted are the classes in the order in which they are counted.
var counted = []flow.Class{flow.Leaf, flow.LeafMovingSP, flow.Framed, flow.Other, flow.NoCode}

func (l *leafReport) writeText(out io.Writer, onlySummary bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !onlySummary {
		fmt.Fprintln(w, "CLASS\tANNOTATION\tFUNCTION\tDETAIL")
		for i := range l.functions {
			f := &l.functions[i]
			fmt.Fprintf(w, "%v\t%s\t%s\t%s\n", f.flow.Class.Class, f.annotation, f.symbol.Name, l.detail(f))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	perClass, wrong := l.count()
	fmt.Fprintf(out, "%d functions:", len(l.functions))
	for _, class := range counted {
		if n := perClass[class.String()]; n > 0 {
			fmt.Fprintf(out, " %d %v", n, class)
		}
	}
	fmt.Fprintln(out)
	if wrong > 0 {
		fmt.Fprintf(out, "%d leaf annotations are wrong\n", wrong)
	}
	if l.executed {
		functions, instructions, against := l.confirmations()
		fmt.Fprintf(out, "%d functions were executed: confirmed at %d instructions, %d are contradicted\n", functions, instructions, against)
	}
	_, err := fmt.Fprintln(out, l.whatOfAlternatives())
	return err
}

// count counts the functions of each class, and the wrong leaf annotations.
func (l *leafReport) count() (perClass map[string]int, wrong int) {
	perClass = map[string]int{}
	for i := range l.functions {
		perClass[l.functions[i].flow.Class.Class.String()]++
		if l.functions[i].annotation == annotationWrong {
			wrong++
		}
	}
	return perClass, wrong
}

// confirmations counts the functions that were executed, their instructions, and the classes that are contradicted.
func (l *leafReport) confirmations() (functions, instructions, against int) {
	for i := range l.functions {
		c := &l.functions[i].confirmed
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
func (l *leafReport) whatOfAlternatives() string {
	if l.im.Kind == image.Kernel {
		return "A kernel Image doesn't tell where alternatives are patched in: this is the code before."
	}
	if l.alternativesKnown {
		return "Of alternatives (.altinstructions) only the branches were followed: else this is the code before they are patched in."
	}
	return "No alternatives are patched in."
}

// jsonLeaf is a function. Addresses are hexadecimal strings, offsets count bytes from the function's start.
type jsonLeaf struct {
	Type        string   `json:"type"` // "function"
	Symbol      string   `json:"symbol"`
	Aliases     []string `json:"aliases,omitempty"`
	Address     string   `json:"address"`
	Size        uint32   `json:"size"`
	Class       string   `json:"class"`
	Annotation  string   `json:"annotation,omitempty"` // "leaf", "wrong", "rows" or "partial"
	Offset      *int32   `json:"offset,omitempty"`     // of the instruction that decides
	Instruction string   `json:"instruction,omitempty"`
	Why         string   `json:"why,omitempty"`
	WritesSP    bool     `json:"writes_sp"`
	WritesX29   bool     `json:"writes_x29"`
	WritesX30   bool     `json:"writes_x30"`
	KeepsFrame  bool     `json:"keeps_frame"`
	Calls       int      `json:"calls"`
	TailJumps   int      `json:"tail_jumps"`
	Computed    int      `json:"computed_branches"`
	Patched     bool     `json:"patched"`                // by ftrace
	Alternative int      `json:"alternatives,omitempty"` // places that may be patched for a CPU, where the file says so
	NoReturn    bool     `json:"noreturn"`
	Unreached   int      `json:"unreached"`
	// With -confirm: instructions that were executed with the frame as the class says, and the first one that was not.
	Confirmed    int    `json:"confirmed,omitempty"`
	Contradicted string `json:"contradicted,omitempty"`
}

type jsonLeafSummary struct {
	Type      string         `json:"type"` // "summary"
	Functions int            `json:"functions"`
	Classes   map[string]int `json:"classes"`
	Wrong     int            `json:"wrong_annotations"`
}

func (l *leafReport) writeJSON(out io.Writer) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i := range l.functions {
		f := &l.functions[i]
		c := &f.flow.Class
		j := jsonLeaf{
			Type: "function", Symbol: f.symbol.Name, Aliases: f.aliases, Address: fmt.Sprintf("%#x", f.flow.Addr), Size: f.flow.Size,
			Class: c.Class.String(), Why: c.Why, WritesSP: c.WritesSP, WritesX29: c.WritesX29, WritesX30: c.WritesX30,
			KeepsFrame: c.KeepsFrame, Calls: c.Calls, TailJumps: c.TailJumps, Computed: c.Computed,
			Patched: c.Patchable, Alternative: f.alternatives, NoReturn: f.flow.NoReturn, Unreached: c.Unreached,
			Confirmed: f.confirmed.Instructions, Contradicted: f.confirmed.Against,
		}
		if c.At != flow.AtEntry {
			j.Offset, j.Instruction = &c.At, tablecheck.Instruction(l.im, f.flow.Addr+uint64(c.At))
		}
		switch f.annotation {
		case annotationNone:
		case annotationWrong:
			j.Annotation = "wrong"
		default:
			j.Annotation = string(f.annotation)
		}
		if err := enc.Encode(j); err != nil {
			return err
		}
	}
	perClass, wrong := l.count()
	return enc.Encode(jsonLeafSummary{"summary", len(l.functions), perClass, wrong})
}
