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

// Names returns up to three of the given names that are closest to what was typed: few letters apart, two of them
// swapped, or continuations of it. Letter case makes no difference. A name that is given twice counts once.
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
		if swapped(typed, lower) {
			d = 1
		}
		whole := d
		if continues {
			d = min(d, 1)
		}
		if d <= limit && !slices.ContainsFunc(found, func(c candidate) bool { return c.name == name }) {
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

// swapped reports whether two neighbours in a are the other way round in b, and all else is the same.
func swapped(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 1; i < len(a); i++ {
		if a[i-1] != b[i-1] {
			return a[i-1] == b[i] && a[i] == b[i-1] && a[i+1:] == b[i+1:]
		}
	}
	return false
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
