// SPDX-License-Identifier: GPL-2.0-only

package verdict

import (
	"fmt"
	"slices"
	"strings"
)

// A Mode says when a walk happens.
type Mode uint8

const (
	// Sync: the code asks for the walk itself. Every call instruction is such a point: the walk starts in a callee that
	// was just entered there.
	Sync Mode = iota
	// Blocked: the code has called the scheduler, the task is switched out, and another task walks its saved context.
	Blocked
	// IRQ: an interrupt arrives before an instruction at which interrupts are unmasked; the walk crosses the exception.
	IRQ
	// NMI: an exception that isn't masked arrives before an instruction, whichever it is: an interrupt if it may,
	// otherwise an FIQ, an SError or an SDEI event (scenarios.Run.Arrival).
	NMI
	// Pairs: an interrupt arrives as in IRQ, is executed, and before each of its instructions a second exception
	// arrives, one that can't be masked where the first has masked interrupts; the walk crosses both.
	Pairs
	NumModes // how many there are
)

var modeNames = [NumModes]string{"sync", "blocked", "irq", "nmi", "pairs"}

func (m Mode) String() string { return modeNames[m] }

// Doc is what the mode means, in a line.
func (m Mode) Doc() string {
	return [NumModes]string{
		"the code walks its own stack: at every call instruction, from a callee just entered",
		"the task was switched out: at every call of the context switch, walked from its saved context",
		"an interrupt at every instruction where interrupts are unmasked, walked across the exception",
		"an exception at every instruction: an interrupt where it isn't masked, else FIQ, SError or SDEI",
		"a second exception at every instruction of an interrupt's own entry, handler and exit, for every " +
			"interrupt of irq",
	}[m]
}

// StepModes lists the modes in which a point is a step of the run: all but Pairs, which has about a hundred points for
// each of them.
func StepModes() []Mode { return []Mode{Sync, Blocked, IRQ, NMI} }

// AllModes lists all modes.
func AllModes() []Mode { return append(StepModes(), Pairs) }

// DefaultModes are the modes of a sweep that isn't told any.
func DefaultModes() []Mode { return []Mode{Sync, Blocked, IRQ} }

// ParseModes reads a comma-separated list of modes. "all" means StepModes; "all,pairs" is every mode there is.
func ParseModes(list string) ([]Mode, error) {
	var modes []Mode
	for name := range strings.SplitSeq(list, ",") {
		named := StepModes()
		if name != "all" {
			m, err := parseMode(name)
			if err != nil {
				return nil, err
			}
			named = []Mode{m}
		}
		for _, m := range named {
			if !slices.Contains(modes, m) { // a mode that is named twice would be counted twice
				modes = append(modes, m)
			}
		}
	}
	return modes, nil
}

func parseMode(name string) (Mode, error) {
	for i, n := range modeNames {
		if n == name {
			return Mode(i), nil
		}
	}
	return 0, fmt.Errorf("no mode %q: there are %s", name, strings.Join(modeNames[:], ", "))
}

// HasException reports whether the walk happens in an exception.
func (m Mode) HasException() bool { return m == IRQ || m == NMI || m == Pairs }
