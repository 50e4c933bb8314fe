// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"stacksweep/internal/catalog"
	"stacksweep/internal/inspect"
	"stacksweep/sweep/verdict"
)

// A Model is the state of the program.
type Model struct {
	place
	catalog *catalog.Catalog
	flags   func(scenario string) string
	theme   theme

	in   *inspect.Inspector
	step int
	look *look // at step

	width, height int
	zoom          zoom
	scrolled      scrolled
	showSource    bool
	sources       *sources
	watch         *inspect.Watch
	search        string
	count         int                                // typed before a key: how often
	again         *binding                           // what Enter repeats
	pending       func(m *Model, key string) tea.Cmd // what the next key is for; nil: a binding

	cursor  uint64          // an instruction in the listing; 0: none
	breaks  map[uint64]bool // instructions with a breakpoint
	marks   map[string]location
	jumps   []location // places that jumps have led away from, and where a jump back began
	jumpAt  int        // in jumps: the place to which a step forward would lead is after it
	leaving *location  // where the jump began that is being waited for

	notice      string
	hint        string // instead of the usual hints, until the next key
	alarm       bool   // the notice is a complaint
	interrupted bool   // by Ctrl-C
	busy        string // what is being waited for; the session belongs to a command then

	// At most one of these is on top of the panes.
	prompt *prompt
	menu   *menu
	help   bool

	tour     *tour
	tourLeft *tour // where one has left it
	history  map[promptKind][]string
}

// New opens the point to start with.
func New(o Options) (Model, error) {
	m := Model{
		place:   place{o.Point.Target, o.Walkers, o.Mode, o.Build},
		catalog: o.Catalog, flags: o.Flags,
		sources: &sources{o.Source, map[string][]string{}},
		theme:   newTheme(o.ASCII),
		history: map[promptKind][]string{},
	}
	var err error
	if m.in, err = m.open(); err != nil {
		return Model{}, err
	}
	point, err := m.in.Resolve(o.Point)
	if err == nil {
		err = m.in.CheckInterruption(point)
	}
	if err != nil {
		return Model{}, fmt.Errorf("%w: %w", ErrNoPoint, err)
	}
	m.target = m.in.Target
	step := point.Step
	if o.Tour {
		if m.tour, err = newTour(m.in, m.target); err != nil {
			return Model{}, err
		}
		first := m.tour.stops[0]
		step, m.mode = first.step, first.mode()
	}
	m.notice = "N: next failing point; ? for help"
	m.move(step)
	return m, nil
}

// Init implements [tea.Model].
func (m Model) Init() tea.Cmd { return nil }

// Update implements [tea.Model].
func (m Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := m.update(msg)
	return m, cmd
}

func (m *Model) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		if m.busy == "" {
			m.move(m.step)
		}
	case opened:
		m.arrive(msg)
	case tea.PasteMsg:
		if m.prompt != nil {
			p := *m.prompt
			p.insert(msg.Content)
			m.prompt = &p
		}
	case tea.KeyPressMsg:
		return m.press(msg)
	case tea.MouseWheelMsg:
		if m.busy == "" {
			m.wheel(msg)
		}
	case tea.MouseClickMsg:
		if m.busy == "" {
			m.click(msg)
		}
	}
	return nil
}

// press hands a key to whatever is on top.
func (m *Model) press(key tea.KeyPressMsg) tea.Cmd {
	name := key.String()
	switch name {
	case "ctrl+c":
		m.interrupted = true
		return tea.Quit
	case "ctrl+z":
		return tea.Suspend
	}
	switch {
	case m.busy != "":
		if name == "q" {
			return tea.Quit
		}
		return nil
	case m.prompt != nil:
		return m.promptKey(key)
	case m.menu != nil:
		return m.menuKey(key)
	case m.help:
		m.help = false
		return nil
	}
	m.notice, m.hint, m.alarm = "", "", false
	if pending := m.pending; pending != nil {
		m.pending = nil
		if name == "esc" {
			return nil
		}
		return pending(m, name)
	}
	if m.tour != nil {
		if cmd, used := m.tourKey(name); used {
			return cmd
		}
	}
	if m.digit(name) {
		return nil
	}
	defer func() { m.count = 0 }()
	b := findBinding(name)
	if b == nil {
		m.complain(fmt.Sprintf("%s has no meaning; ? for help", name))
		return nil
	}
	return m.do(b)
}

// mostTimes bounds a count.
const mostTimes = 100_000_000

// digit takes a key as a digit of a count. A count doesn't begin with 0, which is a key.
func (m *Model) digit(key string) bool {
	if len(key) != 1 || key[0] < '0' || key[0] > '9' || key == "0" && m.count == 0 {
		return false
	}
	m.count = min(m.count*10+int(key[0]-'0'), mostTimes)
	m.say("%d", m.count)
	return true
}

// times is how often a key is to be done.
func (m *Model) times() int { return max(1, m.count) }

// do does what a key is bound to.
func (m *Model) do(b *binding) tea.Cmd {
	if b.repeats {
		m.again = b
	}
	from := m.location()
	cmd := b.run(m)
	if !b.jumps {
		return cmd
	}
	if m.busy != "" {
		m.leaving = &from
	} else {
		m.left(from)
	}
	return cmd
}

// move goes to a step and looks around there.
func (m *Model) move(step int) {
	l, err := take(m.in, min(step, m.in.Len()), m.mode, max(m.height, 24), m.watch)
	if err != nil {
		m.complain(err.Error())
		return
	}
	if l.step != m.step || m.look == nil {
		m.scrolled = scrolled{}
	}
	m.look, m.step = l, l.step
	if l.at(m.cursor) < 0 || m.cursor == l.pc {
		m.cursor = 0
	}
}

// say shows a message; complain shows one about something that can't be done.
func (m *Model) say(format string, args ...any) {
	m.notice, m.alarm = fmt.Sprintf(format, args...), false
}

func (m *Model) complain(what string) { m.notice, m.alarm = what, true }

// point names where the model stands. After an interrupt it is a step of the run again.
func (m *Model) point() verdict.PointName {
	p := verdict.PointName{Target: m.target, Step: m.step}
	if in := m.target.Interrupt; in.Present {
		if end, _ := m.in.Interruption(); m.step >= end {
			p.Interrupt, p.Step = verdict.Interruption{}, m.step-(end-in.Step)
		}
	}
	return p
}
