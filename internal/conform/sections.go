// SPDX-License-Identifier: GPL-2.0-only

// Package conform tells how an unwinder meets what the kernel asks of reliable stack traces, section by section of its
// document (Documentation/livepatch/reliable-stacktrace.rst): who backports a reliable unwinder, or live patching,
// wants one table, not a sweep.
package conform

import (
	"path"
	"slices"
	"strings"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// A Section is a section of the document.
type Section struct {
	Number, Title string
	// Asks says in our words what is asked of an unwinder.
	Asks string
	// Covers says which walks tell about it. None do where NotCovered says why.
	Covers     []Cover
	NotCovered string
}

// A Cover is walks of some scenarios, in some modes. Scenario is a pattern of names without the kernel's: "fgraph-*" is
// one of a kernel, "fgraph/*" of the corpus. Variant may name one.
type Cover struct {
	Scenario, Variant string
	Modes             []verdict.Mode
}

var (
	voluntary = []verdict.Mode{verdict.Sync, verdict.Blocked}
	across    = []verdict.Mode{verdict.IRQ, verdict.NMI}
	anywhere  = verdict.StepModes()
)

// Sections lists those that ask something.
func Sections() []Section {
	return []Section{
		{
			Number: "3", Title: "Compile-time analysis",
			Asks: "what the compiler and the assembler do is checked against what the unwinder expects",
			NotCovered: "asked of the build, not of a walk: 'stacksweep check' and 'stacksweep leaf' look at every " +
				"instruction",
		},
		{
			Number: "4.1", Title: "Identifying successful termination",
			Asks: "a trace is reliable only if it ends where the stack does",
			Covers: []Cover{
				{Scenario: "termination/*", Modes: anywhere}, {Scenario: "chain/*", Modes: voluntary},
				{Scenario: "functions", Modes: voluntary}, {Scenario: "module", Modes: voluntary},
				{Scenario: "self-walk", Modes: voluntary}, {Scenario: "tasks", Modes: voluntary},
				{Scenario: "tasks/*", Modes: voluntary},
			},
		},
		{
			Number: "4.2", Title: "Identifying unwindable code",
			Asks: "a trace with code in it that can't be unwound is unreliable",
			Covers: []Cover{
				{Scenario: "stale/*", Modes: anywhere}, {Scenario: "leaf/*", Modes: anywhere},
				{Scenario: "exception/masked", Modes: anywhere},
				{Scenario: "strings", Modes: anywhere}, {Scenario: "assembly", Modes: anywhere},
				{Scenario: "uaccess", Modes: anywhere}, {Scenario: "bpf", Modes: anywhere},
				{Scenario: "plt", Modes: anywhere},
			},
		},
		{
			Number: "4.3", Title: "Unwinding across interrupts and exceptions",
			Asks: "an exception at any instruction, in a prologue as well, loses no caller",
			Covers: []Cover{
				{Scenario: "prologue/*", Modes: across}, {Scenario: "chain/*", Modes: across},
				{Scenario: "exception/*", Modes: anywhere},
				{Scenario: "functions", Modes: across}, {Scenario: "module", Modes: across},
				{Scenario: "strings", Modes: across}, {Scenario: "self-walk", Modes: across},
				{Scenario: "tasks", Modes: across},
				{Scenario: "tasks/*", Modes: across}, {Scenario: "masked", Modes: across},
				{Scenario: "uaccess", Modes: anywhere}, {Scenario: "probe-step", Modes: anywhere},
			},
		},
		{
			Number: "4.4", Title: "Rewriting of return addresses",
			Asks: "addresses that function graph tracing and kretprobes have taken away are found again, at any time",
			Covers: []Cover{
				{Scenario: "fgraph/*", Modes: anywhere}, {Scenario: "kretprobe/*", Modes: anywhere},
				{Scenario: "fgraph-*", Modes: anywhere}, {Scenario: "graph-data", Modes: anywhere},
				{Scenario: "kretprobe", Modes: anywhere}, {Scenario: "kretprobe-traced", Modes: anywhere},
				{Scenario: "probe-step", Modes: anywhere}, {Scenario: "walks", Modes: anywhere},
				{Scenario: "bpf", Modes: anywhere}, {Scenario: "plt", Variant: "traced", Modes: anywhere},
			},
		},
		{
			Number: "4.5", Title: "Obscuring of return addresses", Asks: "signed return addresses are understood",
			Covers: []Cover{
				{Scenario: "pac/*", Modes: anywhere}, {Scenario: "fgraph-*", Variant: "pac", Modes: anywhere},
				{Scenario: "kretprobe", Variant: "pac", Modes: anywhere},
				{Scenario: "bpf", Variant: "pac", Modes: anywhere},
				{Scenario: "functions", Variant: "pac", Modes: anywhere},
			},
		},
		{
			Number: "4.6", Title: "Link register unreliability",
			Asks: "the link register is used only where it holds the caller's address",
			Covers: []Cover{
				{Scenario: "prologue/*", Modes: across}, {Scenario: "leaf/*", Modes: across},
				{Scenario: "stale/*", Modes: across},
				{Scenario: "functions", Modes: across}, {Scenario: "module", Modes: across},
				{Scenario: "strings", Modes: across}, {Scenario: "assembly", Modes: across},
				{Scenario: "bpf", Modes: across},
			},
		},
	}
}

// covers reports whether walks of a target in a mode tell about the section.
func (s *Section) covers(k *verdict.Key) bool {
	name := k.Scenario
	if parts := strings.SplitN(name, "/", 3); parts[0] == "kernel" && len(parts) == 3 {
		name = parts[2]
	}
	return slices.ContainsFunc(s.Covers, func(c Cover) bool {
		ok, _ := path.Match(c.Scenario, name)
		return ok && (c.Variant == "" || c.Variant == k.Variant) && slices.Contains(c.Modes, k.Mode)
	})
}

// A Row is what came out for a section.
type Row struct {
	Section *Section
	Walks   int
	Counts  [verdict.NumVerdicts]int
	Windows []sweep.Window // where it is unsound
}

// Unsound is how many walks claimed to be reliable and were not, or could not be judged.
func (r *Row) Unsound() int {
	return r.Counts[verdict.Omitted] + r.Counts[verdict.Wrong] + r.Counts[verdict.Fault]
}

// Answered is how many walks claimed to be reliable.
func (r *Row) Answered() int { return r.Walks - r.Counts[verdict.Refused] - r.Counts[verdict.Fault] }

// Verdict says in a word or two what came out.
func (r *Row) Verdict() string {
	switch {
	case r.Section.NotCovered != "":
		return "not covered"
	case r.Walks == 0:
		return "nothing ran"
	case r.Unsound() > 0:
		return "unsound"
	case r.Answered() == 0:
		return "refuses all"
	}
	return "sound"
}

// A Table is the answer to all sections, for one walker.
type Table struct {
	Walker string
	Rows   []Row
}

// NewTable makes a table without walks yet.
func NewTable(walker string) *Table {
	t := &Table{Walker: walker}
	for _, s := range Sections() {
		t.Rows = append(t.Rows, Row{Section: &s})
	}
	return t
}

// Add counts what came out of a target. Calls of ftrace_caller at patched entries, in which no walk can start, are left
// out.
func (t *Table) Add(r *sweep.RunResult) {
	for i := range t.Rows {
		row := &t.Rows[i]
		for _, s := range r.Summaries {
			if s.Walker != t.Walker || !row.Section.covers(&s.Key) {
				continue
			}
			row.Walks += s.Points
			for v, n := range s.Counts {
				row.Counts[v] += n
			}
		}
		for _, w := range r.Windows {
			if w.Verdict.Conforming() || w.Walker != t.Walker || !row.Section.covers(&w.Key) {
				continue
			}
			if w.TracerCall {
				row.Walks -= w.Points
				row.Counts[w.Verdict] -= w.Points
				continue
			}
			if w.Verdict != verdict.Ghost {
				row.Windows = append(row.Windows, w)
			}
		}
	}
}

// Unsound reports whether any section came out so.
func (t *Table) Unsound() bool {
	return slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Unsound() > 0 })
}

// Walks is how many walks tell about any section.
func (t *Table) Walks() (n int) {
	for i := range t.Rows {
		n += t.Rows[i].Walks
	}
	return n
}
