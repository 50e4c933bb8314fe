// SPDX-License-Identifier: GPL-2.0-only

// Package tui is the terminal program of "stacksweep step": it shows one point of a recorded run, and moves to
// others, forwards and back.
//
// The model is pure: messages go in, a new model comes out, and drawing depends on nothing but the model. The one
// thing with a state of its own is the session, which the model moves and then takes a look at; whatever takes time,
// such as recording another scenario, happens in commands while the model touches no session.
package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"syscall"

	tea "charm.land/bubbletea/v2"

	"stacksweep/emu"
	"stacksweep/internal/catalog"
	"stacksweep/internal/inspect"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// ErrNoPoint says that a run has no such point as the one to start with.
var ErrNoPoint = errors.New("nowhere to start")

// Options of the program.
type Options struct {
	Point   verdict.PointName // where to start
	Walkers []registry.Spec
	Mode    verdict.Mode
	Catalog *catalog.Catalog // the scenarios to choose from
	Build   scenarios.Options
	// Flags are those with which another command finds a scenario, each with a blank before it. It may be nil.
	Flags func(scenario string) string
	// Source reads source files. It may be nil.
	Source Source
	// Draws is called when the terminal is taken. It may be nil.
	Draws func()
	Tour  bool // start the guided tour
	ASCII bool // draw with ASCII characters only
}

// Run runs the program in a terminal until the user leaves it, the context ends or SIGQUIT comes. The terminal is left
// as it was found. After Ctrl-C or a signal the error is [context.Canceled].
func Run(ctx context.Context, o Options, in io.Reader, out io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGQUIT)
	defer stop()
	m, err := New(o)
	if err != nil {
		return err
	}
	if o.Draws != nil {
		o.Draws()
	}
	last, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out)).Run()
	if errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return ctx.Err()
	}
	if m, ok := last.(Model); ok && m.interrupted {
		return context.Canceled
	}
	return err
}

// place is what can be opened: a run, as some walkers see it, in one mode.
type place struct {
	target  verdict.Target
	walkers []registry.Spec
	mode    verdict.Mode
	build   scenarios.Options
}

// open records a run and judges all its points, so that later movements are quick.
func (p place) open() (*inspect.Inspector, error) {
	s, err := session.Open(p.target, p.walkers, p.build)
	if err != nil {
		return nil, err
	}
	in := inspect.New(s)
	p.markAll(in)
	return in, nil
}

// markAll lets all walkers walk at every point of the mode.
func (p place) markAll(in *inspect.Inspector) {
	for w := range p.walkers {
		in.Marks(p.mode, w)
	}
}

// same reports whether q is another mode of the same run with the same walkers, which needs no new recording.
func (p place) same(q place) bool {
	return p.target == q.target && slices.EqualFunc(p.walkers, q.walkers, func(a, b registry.Spec) bool {
		return a.Name == b.Name
	})
}

// opened is the message that a run is ready.
type opened struct {
	place
	in   *inspect.Inspector
	step int
	tour *tour
	err  error
}

// reopen goes to another place. Until it is ready the model is busy.
func (m *Model) reopen(p place, step int) tea.Cmd {
	m.busy = fmt.Sprintf("recording %s …", p.target)
	in := m.in
	if !m.place.same(p) {
		in = nil
	}
	return func() tea.Msg {
		if in != nil {
			p.markAll(in)
			return opened{place: p, in: in, step: step}
		}
		in, err := p.open()
		return opened{place: p, in: in, step: step, err: err}
	}
}

// visitPoint goes to a point of any scenario. To find it, a kernel may have to be read.
func (m *Model) visitPoint(name string) tea.Cmd {
	m.busy = "looking for " + name + " …"
	list, here := m.catalog, m.place
	return func() tea.Msg {
		point, err := list.Point(name)
		if err != nil {
			return opened{err: err}
		}
		p := here
		p.target = point.Target
		p.mode = modeFor(p.target, p.mode)
		in, err := p.open()
		if err != nil {
			return opened{err: err}
		}
		if point, err = in.Resolve(point); err == nil {
			err = in.CheckInterruption(point)
		}
		p.target = in.Target
		return opened{place: p, in: in, step: point.Step, err: err}
	}
}

// modeFor is a mode that a target has: pairs are of interrupted runs only, and what one opens such a run for.
func modeFor(t verdict.Target, mode verdict.Mode) verdict.Mode {
	switch {
	case t.Interrupt.Present:
		return verdict.Pairs
	case mode == verdict.Pairs:
		return verdict.IRQ
	}
	return mode
}

// toggleInterrupt lets an interrupt be taken at the point, and goes to its first instruction; from an interrupt it goes
// back to where it was taken.
func toggleInterrupt(m *Model) tea.Cmd {
	name := verdict.PointName{Target: m.target, Step: m.target.Interrupt.Step}
	if m.target.Interrupt.Present {
		name.Interrupt = verdict.Interruption{}
		return m.visitPoint(name.String())
	}
	return m.visitPoint(m.point().String() + "/0")
}

// sameElsewhere goes to another target: to the place that the point is at, if it is another variant of the same
// scenario and has that place, else to its start.
func (m *Model) sameElsewhere(t verdict.Target) tea.Cmd {
	reopen := m.reopen(place{t, m.walkers, modeFor(t, m.mode), m.build}, 0)
	if t.Scenario.Name != m.target.Scenario.Name || m.look.nth == 0 {
		return reopen
	}
	here := fmt.Sprintf("%s#%d", m.look.place, m.look.nth)
	return func() tea.Msg {
		o := reopen().(opened)
		if o.err == nil {
			if point, err := o.in.Resolve(verdict.PointName{Target: t, Place: here}); err == nil {
				o.step = point.Step
			}
		}
		return o
	}
}

// arrive takes over what was opened.
func (m *Model) arrive(o opened) {
	m.busy = ""
	from := m.leaving
	m.leaving = nil
	if o.err != nil {
		m.complain(o.err.Error())
		return
	}
	if !m.place.same(o.place) {
		m.watch = nil
	}
	m.place, m.in = o.place, o.in
	if o.tour != nil {
		m.tour = o.tour
	}
	m.move(o.step)
	if from != nil {
		m.left(*from)
	}
}

// masked reports whether a PSTATE has interrupts masked.
func masked(pstate uint64) bool { return pstate&emu.PStateI != 0 }
