// SPDX-License-Identifier: GPL-2.0-only

package sweep

import "stacksweep/sweep/verdict"

// A Deviation is a point at which an exception that was taken did not go as it must: the interrupted run was changed,
// or a walk differs from the one with an overlay.
type Deviation struct {
	verdict.Position
	PC     uint64
	Mode   verdict.Mode
	Walker string // "" if it concerns no walker
	What   string
}

// PointName names the moment of a deviation.
func (r *RunResult) PointName(d *Deviation) string {
	return verdict.Key{Scenario: r.Scenario, Variant: r.Variant, Mode: d.Mode}.PointName(d.Position)
}
