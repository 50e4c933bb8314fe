// SPDX-License-Identifier: GPL-2.0-only

package session

import (
	"fmt"
	"strconv"
	"strings"

	"stacksweep/sweep/verdict"
)

// Resolve finds the step of a point of the session's run that is named by a place, and checks that the run has it.
func (s *Session) Resolve(n verdict.PointName) (verdict.PointName, error) {
	from := 0
	if n.Interrupt.Present {
		if n.Interrupt.Place != "" && n.Place == "" {
			n.Step += s.Target.Interrupt.Step
		}
		n.Interrupt = s.Target.Interrupt
		from = n.Interrupt.Step
	}
	if n.Place == "" {
		if n.Step >= s.Len() {
			return n, fmt.Errorf("point %s is past the end: the run has %d steps", n, s.Len())
		}
		return n, nil
	}
	step, err := s.find(n.Place, from)
	if err != nil {
		return n, fmt.Errorf("point %s: %w", n, err)
	}
	return verdict.PointName{Target: n.Target, Step: step}, nil
}

// find returns the step that a place names, counting executions from a step on.
func (s *Session) find(text string, from int) (int, error) {
	place, count, counted := strings.Cut(text, "#")
	wanted := 1
	if counted {
		var err error
		if wanted, err = strconv.Atoi(count); err != nil || wanted < 1 {
			return 0, fmt.Errorf("%q is not a number from 1 on", count)
		}
	}
	pc, err := s.address(place)
	if err != nil {
		return 0, err
	}
	seen := 0
	for step := from; step < s.Len(); step++ {
		if s.Recording.PC(step) == pc {
			if seen++; seen == wanted {
				return step, nil
			}
		}
	}
	return 0, fmt.Errorf("the run executes that instruction %d times", seen)
}

// address is where symbol[+offset] lies.
func (s *Session) address(place string) (uint64, error) {
	name, offset, partial := strings.Cut(place, "+")
	symbol, ok := s.Run.Image.Symbols.Lookup(name)
	if !ok {
		return 0, fmt.Errorf("no symbol %q", name)
	}
	if !partial {
		return symbol.Addr, nil
	}
	n, err := strconv.ParseUint(offset, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not an offset", offset)
	}
	return symbol.Addr + n, nil
}
