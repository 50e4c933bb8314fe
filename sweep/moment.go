// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"cmp"
	"fmt"
)

// A Moment is where in a run a point lies.
type Moment struct {
	Step int // the point is before this step of the run
	// Second matters in mode Pairs: the second exception arrives before this step of the first one, which was taken
	// before Step. Step 0 of an exception is the instruction at its vector.
	Second int
}

// compare orders moments.
func (m Moment) compare(o Moment) int {
	return cmp.Or(cmp.Compare(m.Step, o.Step), cmp.Compare(m.Second, o.Second))
}

// Min is the earlier of two moments.
func (m Moment) Min(o Moment) Moment {
	if o.compare(m) < 0 {
		return o
	}
	return m
}

// PointName names a moment of what the key speaks of, as ParsePoint reads it.
func (k Key) PointName(m Moment) string {
	name := fmt.Sprintf("%s:%s@%d", k.Scenario, k.Variant, m.Step)
	if k.Mode == Pairs {
		name += fmt.Sprintf("/%d", m.Second)
	}
	return name
}

// PointName names the moment of a deviation.
func (r *RunResult) PointName(d *Deviation) string {
	return Key{Scenario: r.Scenario, Variant: r.Variant, Mode: d.Mode}.PointName(d.Moment)
}
