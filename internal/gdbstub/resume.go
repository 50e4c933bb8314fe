// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"fmt"
	"strings"

	"stacksweep/unwind"
)

// resume answers the packets c, s, C, S, bc and bs.
func (s *Stub) resume(p string, stopped func() bool) reply {
	m := s.motion(stopped)
	from := s.Point.Step
	switch p {
	case "c":
		return s.arrive(m.forward(from, nil))
	case "s":
		return s.arrive(m.stepForward(from))
	case "bc":
		return s.arrive(m.back(from))
	case "bs":
		return s.arrive(m.stepBack(from))
	}
	switch p[0] {
	case 'c', 's':
		return refuse("a recorded run can't go on at another address")
	case 'C', 'S':
		return refuse("a recorded run can't be given a signal")
	}
	return unknown
}

// resumeThreads answers vCont: a list of actions, each for some thread or, without one, for all others. The first one
// that is meant for thread 1 counts.
func (s *Stub) resumeThreads(actions string, stopped func() bool) reply {
	for text := range strings.SplitSeq(actions, ";") {
		action, id, found := strings.Cut(text, ":")
		if found && (thread(id).packets[0] != "OK") {
			continue
		}
		if r, isRange := strings.CutPrefix(action, "r"); isRange {
			start, end, err := twoNumbers(r, ",")
			if err != nil {
				return refuse("%v", err)
			}
			return s.arrive(s.stepWithin(s.motion(stopped), unwind.Range{Start: start, End: end}))
		}
		switch action {
		case "c", "s":
			return s.resume(action, stopped)
		}
		switch {
		case strings.HasPrefix(action, "C"), strings.HasPrefix(action, "S"):
			return s.resume(action, stopped)
		}
		return refuse("no action %q", action)
	}
	return refuse("no action for thread 1")
}

// stepWithin steps until it leaves a range of code, at least once.
func (s *Stub) stepWithin(m *motion, within unwind.Range) stop {
	first := m.stepForward(s.Point.Step)
	if first.reason != stepped || !within.Contains(s.Run.Recording.PC(first.step)) {
		return first
	}
	if _, here := s.breakpoints.at(s.Run.Recording.PC(first.step)); here {
		return first
	}
	return m.forward(first.step, &within)
}

func (s *Stub) motion(stopped func() bool) *motion {
	return &motion{recording: s.Run.Recording, breakpoints: s.breakpoints, interrupted: stopped}
}

// arrive goes where a motion ended, and tells the debugger.
func (s *Stub) arrive(at stop) reply {
	if err := s.Run.Seek(at.step); err != nil {
		return refuse("%v", err)
	}
	s.Point.Step, s.last = at.step, at
	return answer(s.stopReply(at))
}

// Signals as the protocol numbers them.
const (
	sigInt  = 2
	sigTrap = 5
)

// stopReply says why a run stopped (gdb manual, "Stop Reply Packets").
func (s *Stub) stopReply(at stop) string {
	signal, why := sigTrap, ""
	switch at.reason {
	case hitSoftware:
		if s.sayWhy {
			why = "swbreak:;"
		}
	case hitHardware:
		if s.sayWhy {
			why = "hwbreak:;"
		}
	case hitWatch:
		why = fmt.Sprintf("watch:%x;", at.addr)
	case hitRead:
		why = fmt.Sprintf("rwatch:%x;", at.addr)
	case hitAccess:
		why = fmt.Sprintf("awatch:%x;", at.addr)
	case atStart:
		why = "replaylog:begin;"
	case atEnd:
		why = "replaylog:end;"
	case interrupted:
		signal = sigInt
	}
	return fmt.Sprintf("T%02x%sthread:1;", signal, why)
}
