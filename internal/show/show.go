// SPDX-License-Identifier: GPL-2.0-only

// Package show prints one point of a run as text.
package show

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"stacksweep/internal/inspect"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// Options says how much of a point is shown.
type Options struct {
	Modes         []verdict.Mode
	Before, After int // lines of code
	Stack         int // words of the stack
}

// Point writes everything about the inspector's current step: the code with a verdict gutter, registers, stack,
// shadow stack, kretprobe instances, and the truth next to each walk, with the differences marked.
func Point(w io.Writer, in *inspect.Inspector, name verdict.PointName, o Options) error {
	p := &printer{w: w, in: in}
	p.printf("%s  %s  step %d of %d\n", name, in.Name(in.At().PC()), in.At().Step(), in.Len())
	for _, m := range o.Modes {
		p.code(m, o)
	}
	p.registers()
	p.stack(o.Stack)
	p.graph()
	p.kretprobes()
	for _, m := range o.Modes {
		p.walks(m)
	}
	return p.err
}

// printer keeps the first error of a sequence of writes.
type printer struct {
	w   io.Writer
	in  *inspect.Inspector
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// code lists the function with a column of verdicts per walker. The mark of an instruction is the verdict at its
// execution nearest to the point.
func (p *printer) code(m verdict.Mode, o Options) {
	p.printf("\nCode, with the verdicts of an interruption in mode %s: %s\n", m, verdict.Legend)
	for i, s := range p.in.Walkers {
		p.printf("  %s%s %s\n", strings.Repeat("│", i), "┌", s.Name)
	}
	for _, l := range p.in.Code(m, o.Before, o.After) {
		gutter := make([]byte, 0, len(l.Marks))
		for _, mark := range l.Marks {
			gutter = append(gutter, mark.Letter())
		}
		arrow := "  "
		if l.Here {
			arrow = "=>"
		}
		line := fmt.Sprintf("  %s %s %x %-36s %-34s %s", gutter, arrow, l.PC, l.Symbol, l.Text, l.Source)
		p.printf("%s\n", strings.TrimRight(line, " "))
	}
}

func (p *printer) registers() {
	p.printf("\nRegisters (* changed by the instruction before)\n")
	tw := tabwriter.NewWriter(p.w, 0, 0, 1, ' ', 0)
	for _, r := range p.in.Registers() {
		changed := " "
		if r.Changed {
			changed = "*"
		}
		note := ""
		if r.Note != "" {
			note = "\t" + r.Note
		}
		fmt.Fprintf(tw, "  %s%s\t%016x%s\n", changed, r.Name, r.Value, note)
	}
	p.flush(tw)
}

func (p *printer) stack(n int) {
	p.printf("\nStack from SP upwards\n")
	for _, w := range p.in.Stack(n) {
		p.printf("%s\n", strings.TrimRight(fmt.Sprintf("  %016x  %016x  %s", w.Addr, w.Value, w.Note), " "))
	}
}

func (p *printer) graph() {
	p.printf("\nShadow stack of the function graph tracer, newest first\n")
	entries := p.in.ShadowStack()
	for _, e := range entries {
		p.printf("  %s returns to %s, retp %#x\n", p.name(e.Func), p.name(e.Ret), e.Retp)
	}
	if len(entries) == 0 {
		p.printf("  empty\n")
	}
}

func (p *printer) kretprobes() {
	instances := p.in.Kretprobes()
	if len(instances) == 0 {
		return
	}
	p.printf("\nkretprobe instances, newest first\n")
	for _, i := range instances {
		p.printf("  %#x returns to %s, fp %#x\n", i.Addr, p.name(i.RetAddr), i.FP)
	}
}

func (p *printer) walks(m verdict.Mode) {
	views := p.in.Walks(m)
	if views == nil {
		p.printf("\nNot a point of mode %s.\n", m)
		return
	}
	for _, v := range views {
		mode := m.String()
		if v.Exception != "" && v.Exception != "irq" {
			mode += " by " + v.Exception
		}
		p.printf("\n%s, mode %s: %s%s\n", v.Walker, mode, v.Verdict, claim(&v.Trace))
		tw := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(tw, "     truth\t%s\t\n", v.Walker)
		for _, r := range v.Rows {
			source := ""
			if r.Frame != 0 {
				source = r.Source.String() + flags(r.Flags)
			}
			fmt.Fprintf(tw, "   %c %s\t%s\t%s\n", differs(r, &v.Trace), p.name(r.Truth), p.name(r.Frame), source)
		}
		p.flush(tw)
		for _, f := range v.Trace.Warnings {
			p.printf("   WARN %s\n", f.Error())
		}
	}
}

// differs marks a line in which truth and walk differ: '-' for a true frame that is missing, '+' for a frame that isn't
// true. A walk that was refused claims nothing about the frames after its last one, so they are not marked.
func differs(r inspect.WalkRow, t *unwind.Trace) rune {
	switch {
	case r.Truth == r.Frame, r.Frame == 0 && !t.Reliable:
		return ' '
	case r.Frame == 0:
		return '-'
	}
	return '+'
}

// claim is what a walk says about itself.
func claim(t *unwind.Trace) string {
	switch {
	case t.Reliable:
		return ", and the walk says reliable"
	case t.Failure.Failed():
		return ", the walk says: " + t.Failure.Error()
	}
	return ", the walk says unreliable"
}

func flags(f unwind.Flags) string {
	text := ""
	if f&unwind.FGraph != 0 {
		text += ", from the shadow stack"
	}
	if f&unwind.Kretprobe != 0 {
		text += ", from a kretprobe instance"
	}
	return text
}

// name names an address, as a number where nothing else is known, and "" for none.
func (p *printer) name(addr uint64) string {
	if addr == 0 {
		return ""
	}
	if n := p.in.Name(addr); n != "" {
		return n
	}
	return fmt.Sprintf("%#x", addr)
}

func (p *printer) flush(tw *tabwriter.Writer) {
	if err := tw.Flush(); p.err == nil {
		p.err = err
	}
}
