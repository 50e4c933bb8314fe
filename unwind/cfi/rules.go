// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"slices"
)

// registerCFA is the CFA, which the current instruction can only change when it is a register and an offset.
func (m *machine) registerCFA() *CFA {
	if m.state.cfa.Kind != CFARegister {
		m.reject(malformed("%v while the CFA isn't a register and an offset", m.op))
	}
	return &m.state.cfa
}

// set gives a register a rule.
func (m *machine) set(reg Register, rule Rule) {
	m.change(reg, &rule)
}

// restore gives a register the rule that it had after the CIE's instructions.
func (m *machine) restore(reg Register) {
	i, ok := slices.BinarySearchFunc(m.initial.rules, reg, RegisterRule.compare)
	if !ok {
		m.change(reg, nil)
		return
	}
	m.change(reg, &m.initial.rules[i].Rule)
}

// change gives a register a rule, or none, without touching what is shared.
func (m *machine) change(reg Register, rule *Rule) {
	if m.err != nil {
		return
	}
	if m.shared {
		m.copies += len(m.state.rules)
		if m.copies > maxRuleCopies {
			m.reject(unsupported("rows of the function have more than %d rules", maxRuleCopies))
			return
		}
		if m.arena != nil {
			m.state.rules = m.arena.clone(m.state.rules)
		} else {
			m.state.rules = slices.Clone(m.state.rules)
		}
		m.shared = false
	}
	i, ok := slices.BinarySearchFunc(m.state.rules, reg, RegisterRule.compare)
	switch {
	case ok && rule == nil:
		m.state.rules = slices.Delete(m.state.rules, i, i+1)
	case ok:
		m.state.rules[i].Rule = *rule
	case rule != nil:
		m.state.rules = slices.Insert(m.state.rules, i, RegisterRule{Reg: reg, Rule: *rule})
	}
}

// remember pushes the state: the CFA, all rules and the state of the return address.
func (m *machine) remember() {
	if len(m.saved) == maxRemembered {
		m.reject(unsupported("%v nested more than %d deep", m.op, maxRemembered))
		return
	}
	m.saved = append(m.saved, m.state)
	m.shared = true
}

// recall pops what remember pushed.
func (m *machine) recall() {
	n := len(m.saved)
	if n == 0 {
		m.reject(malformed("%v without a remembered state", m.op))
		return
	}
	m.state, m.saved = m.saved[n-1], m.saved[:n-1]
	m.shared = true
}

// toggleRAState switches between an unsigned return address and one signed in the given way.
func (m *machine) toggleRAState(signed RAState) {
	switch m.state.raState {
	case RANotSigned:
		m.state.raState = signed
		if signed == RASignedSPPC {
			m.state.signingPC = m.loc
		}
	case signed:
		m.state.raState, m.state.signingPC = RANotSigned, 0
	default:
		m.reject(malformed("%v while the return address is %v", m.op, m.state.raState))
	}
}

// setRAState reads the state and how far the signing instruction is from here.
func (m *machine) setRAState() {
	s := m.uleb("state of the return address")
	delta := m.sleb("distance of the signing instruction")
	if s > uint64(RASignedSPPC) {
		m.reject(unsupported("%v: state %d", m.op, s))
		return
	}
	m.state.raState, m.state.signingPC = RAState(s), 0
	if m.state.raState == RASignedSPPC {
		m.state.signingPC = m.loc + uint64(delta)*m.fde.CIE.CodeAlign
	}
}
