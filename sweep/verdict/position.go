// SPDX-License-Identifier: GPL-2.0-only

package verdict

import (
	"cmp"
	"fmt"
)

// A Position is where in a run a point lies.
type Position struct {
	Step int // the point is before this step of the run
	// Second matters in mode Pairs: the second exception arrives before this step of the first one, which was taken
	// before Step. Step 0 of an exception is the instruction at its vector.
	Second int
}

// Compare orders positions by time: negative if p is the earlier one.
func (p Position) Compare(o Position) int {
	return cmp.Or(cmp.Compare(p.Step, o.Step), cmp.Compare(p.Second, o.Second))
}

// Min returns the earlier of two positions.
func (p Position) Min(o Position) Position {
	if o.Compare(p) < 0 {
		return o
	}
	return p
}

// PointName names a point of the key's run, as [ParsePoint] reads it.
func (k Key) PointName(p Position) string {
	name := fmt.Sprintf("%s:%s@%d", k.Scenario, k.Variant, p.Step)
	if k.Mode == Pairs {
		name += fmt.Sprintf("/%d", p.Second)
	}
	return name
}
