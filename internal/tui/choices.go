// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

func chooseScenario(m *Model) tea.Cmd {
	var targets []verdict.Target
	list := &menu{name: "scenario"}
	for _, s := range m.catalog.Listed() {
		for _, v := range s.Variants {
			t := verdict.Target{Scenario: s, Variant: v.Name}
			doc := s.Doc
			if v.Doc != "" && len(s.Variants) > 1 {
				doc = v.Doc
			}
			on := t.Scenario == m.target.Scenario && t.Variant == m.target.Variant
			if on {
				list.at = len(targets)
			}
			targets = append(targets, t)
			list.items = append(list.items, item{t.String(), doc, on})
		}
	}
	list.choose = func(m *Model, chosen []int) tea.Cmd {
		from := m.location()
		m.leaving = &from
		return m.sameElsewhere(targets[chosen[0]])
	}
	m.menu = list
	return nil
}

func chooseWalkers(m *Model) tea.Cmd {
	all := registry.All()
	if m.in.Run.Native != nil {
		all = slices.Concat(all, registry.Native())
	}
	for _, w := range m.walkers { // programs of the user's
		if !slices.Contains(registry.Names(all), w.Name) {
			all = append(all, w)
		}
	}
	list := &menu{name: "walkers", many: true}
	for _, w := range all {
		on := slices.Contains(registry.Names(m.walkers), w.Name)
		list.items = append(list.items, item{w.Name, w.Doc, on})
	}
	list.choose = func(m *Model, chosen []int) tea.Cmd {
		if len(chosen) == 0 {
			m.complain("at least one walker is needed")
			return nil
		}
		var walkers []registry.Spec
		for _, i := range chosen {
			walkers = append(walkers, all[i])
		}
		return m.reopen(place{m.target, walkers, m.mode, m.build}, m.step)
	}
	m.menu = list
	return nil
}

func chooseMode(m *Model) tea.Cmd {
	modes := verdict.StepModes()
	if m.target.Interrupt.Present {
		modes = verdict.AllModes()
	}
	list := &menu{name: "mode", at: max(0, slices.Index(modes, m.mode))}
	for _, mode := range modes {
		list.items = append(list.items, item{mode.String(), mode.Doc(), mode == m.mode})
	}
	list.choose = func(m *Model, chosen []int) tea.Cmd {
		return m.reopen(place{m.target, m.walkers, modes[chosen[0]], m.build}, m.step)
	}
	m.menu = list
	return nil
}
