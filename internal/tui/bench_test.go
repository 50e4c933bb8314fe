// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"stacksweep/sweep/verdict"

	tea "charm.land/bubbletea/v2"
)

// BenchmarkGoTo goes to random steps of a run, shows them, and thereby measures what a key press costs.
func BenchmarkGoTo(b *testing.B) {
	m := start(b, "fgraph/return", verdict.IRQ, 120, 40)
	r := rand.New(rand.NewPCG(1, 2))
	var worst time.Duration
	for b.Loop() {
		step := r.IntN(m.in.Len())
		from := time.Now()
		m.move(step)
		m.View()
		worst = max(worst, time.Since(from))
	}
	b.ReportMetric(float64(m.in.Len()), "steps")
	b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
}

// BenchmarkMotions measures the motions that have to look for their goal, from the ends of a run, which are the
// farthest ways, and the way back.
func BenchmarkMotions(b *testing.B) {
	m := start(b, "fgraph/return", verdict.IRQ, 120, 40)
	m = press(b, m, "w 'curr_ret_stack enter / 'finish enter")
	const inChain, end = 10, -1
	for _, bench := range []struct {
		name string
		from int
		key  string
	}{
		{"over everything", inChain - 1, "o"},
		{"out of everything", inChain, "u"},
		{"next failing", 0, "N"},
		{"previous failing", end, "P"},
		{"search", 0, "f"},
		{"change", 0, "]"},
		{"to the end", 0, "end"},
		{"to the start", end, "home"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			from := bench.from
			if from == end {
				from = m.in.Len()
			}
			for b.Loop() {
				m.move(from)
				next, _ := m.Update(keyPress(bench.key))
				next.View()
			}
		})
	}
}

// TestMovingIsQuick holds a bound that is far above what moving costs, and far below what a user would notice.
func TestMovingIsQuick(t *testing.T) {
	m := start(t, "fgraph/return", verdict.IRQ, 120, 40)
	r := rand.New(rand.NewPCG(3, 4))
	best := time.Hour // of several tries, since other programs may be using the processor
	for range 5 {
		from := time.Now()
		for range 10 {
			m.move(r.IntN(m.in.Len()))
			m.View()
		}
		best = min(best, time.Since(from)/10)
	}
	if best > 50*time.Millisecond {
		t.Errorf("going to a step and showing it takes %v", best)
	}
}

// keyPress is the message that a key was pressed.
func keyPress(key string) tea.KeyPressMsg {
	var mod tea.KeyMod
	if rest, ok := strings.CutPrefix(key, "ctrl+"); ok {
		key, mod = rest, tea.ModCtrl
	} else if rest, ok := strings.CutPrefix(key, "shift+"); ok {
		key, mod = rest, tea.ModShift
	}
	if code, ok := special[key]; ok {
		return tea.KeyPressMsg{Code: code, Mod: mod}
	}
	r := []rune(key)[0]
	if mod != 0 {
		return tea.KeyPressMsg{Code: r, Mod: mod}
	}
	return tea.KeyPressMsg{Code: r, Text: string(r)}
}
