// SPDX-License-Identifier: GPL-2.0-only

// Package near finds the names that someone may have meant who typed another one.
package near

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// most is how many names are offered.
const most = 3

// Names returns up to three of the given names that are closest to what was typed: few letters apart, or
// continuations of it. Letter case makes no difference.
func Names(typed string, names []string) []string {
	type candidate struct {
		name           string
		distance, real int
	}
	typed = strings.ToLower(typed)
	limit := max(1, min(3, len(typed)/2))
	var found []candidate
	for _, name := range names {
		lower := strings.ToLower(name)
		continues := len(typed) >= 3 && strings.HasPrefix(lower, typed)
		if apart := len(lower) - len(typed); !continues && max(apart, -apart) > limit {
			continue
		}
		d := levenshtein.ComputeDistance(typed, lower)
		whole := d
		if continues {
			d = min(d, 1)
		}
		if d <= limit {
			found = append(found, candidate{name, d, whole})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.real, b.real))
	})
	found = slices.DeleteFunc(found, func(c candidate) bool { return c.distance > found[0].distance })
	var list []string
	for _, c := range found[:min(most, len(found))] {
		list = append(list, c.name)
	}
	return list
}

// Hint asks whether one of the names that are close was meant; where none is, it is otherwise.
func Hint(typed string, names []string, otherwise string) string {
	found := Names(typed, names)
	if len(found) == 0 {
		return otherwise
	}
	return "did you mean " + Or(found) + "?"
}

// Or joins names as alternatives: "a", "a or b", "a, b or c".
func Or(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
