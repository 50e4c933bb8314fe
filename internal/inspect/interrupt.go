// SPDX-License-Identifier: GPL-2.0-only

package inspect

import (
	"fmt"

	"stacksweep/internal/usage"
	"stacksweep/sweep/verdict"
)

// CheckInterruption complains about a point within an interrupt that none would take, or after its end. The name is one
// that the session has resolved.
func (in *Inspector) CheckInterruption(name verdict.PointName) error {
	i := name.Interrupt
	if !i.Present {
		return nil
	}
	end, masked := in.Interruption()
	outside := verdict.PointName{Target: name.Target, Step: i.Step}
	outside.Interrupt = verdict.Interruption{}
	switch {
	case masked:
		return usage.Errorf("interrupts that can be taken are the points of -mode irq",
			"%s: interrupts are masked at step %d", name, i.Step)
	case name.Step >= end:
		return usage.Errorf(fmt.Sprintf("after it the run goes on at %s", outside), "%s: the interrupt has %d steps",
			name, end-i.Step)
	}
	return nil
}
