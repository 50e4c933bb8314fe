// SPDX-License-Identifier: GPL-2.0-only

package scenarios

import (
	"slices"
	"strings"
)

// A List is scenarios that can be chosen from by name.
type List []*Scenario

// Sort puts a list in the order of names.
func (l List) Sort() {
	slices.SortFunc(l, func(a, b *Scenario) int { return strings.Compare(a.Name, b.Name) })
}

// Find returns a scenario by name.
func (l List) Find(name string) (*Scenario, bool) {
	i := slices.IndexFunc(l, func(s *Scenario) bool { return s.Name == name })
	if i < 0 {
		return nil, false
	}
	return l[i], true
}
