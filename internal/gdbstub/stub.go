// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"fmt"
	"strconv"
	"strings"

	"stacksweep/internal/inspect"
	"stacksweep/sweep/verdict"
)

// Config is what a stub is about.
type Config struct {
	Run    *inspect.Inspector
	Point  verdict.PointName // where in the run the debugger starts
	Walker int               // whose failures next-failure and prev-failure look for: an index in Run.Walkers
	Mode   verdict.Mode      // and in which mode

	// Program is the code that runs, as a file with its symbols, and ProgramPath the name that gdb gets to see. Without
	// a name gdb isn't offered the file.
	Program     []byte
	ProgramPath string

	// Find finds the point that a goto names, and Open records its scenario with the same walkers.
	Find func(name string) (verdict.PointName, error)
	Open func(verdict.Target) (*inspect.Inspector, error)

	// Symbols makes the file of other code that a goto leads to. It may be nil: then that code is shown without
	// symbols.
	Symbols func(*inspect.Inspector) (program []byte, path string, err error)
}

// A Stub answers a debugger. It serves one at a time; the next one finds the run where the last one left it, without
// breakpoints.
type Stub struct {
	Config
	breakpoints *breakpoints
	last        stop
	sayWhy      bool // gdb understands swbreak and hwbreak as reasons for a stop
}

// New returns a stub that stands before the configured point.
func New(c Config) (*Stub, error) {
	s := &Stub{Config: c, breakpoints: newBreakpoints()}
	if err := s.show(c.Run, c.Point); err != nil {
		return nil, err
	}
	return s, nil
}

// show makes a point of a run the present one.
func (s *Stub) show(run *inspect.Inspector, p verdict.PointName) error {
	if p.Step > run.Len() {
		return fmt.Errorf("%s has %d steps, so there is no @%d", p.Target, run.Len(), p.Step)
	}
	if err := run.Seek(p.Step); err != nil {
		return err
	}
	s.Run, s.Point, s.last = run, p, stop{step: p.Step}
	return nil
}

// An ending says what is left of a connection after a packet.
type ending uint8

const (
	goOn   ending = iota
	detach        // this debugger goes away
	kill          // and no other shall come
)

// A reply is the packets that answer a packet. An empty packet says that a request isn't understood.
type reply struct {
	packets []string
	ending  ending
}

func answer(packets ...string) reply { return reply{packets: packets} }

var unknown = answer("")

// refuse answers with an error in words; gdb shows them for most requests.
func refuse(format string, args ...any) reply { return answer("E." + fmt.Sprintf(format, args...)) }

// readOnly is what attempts to change something get to hear.
const readOnly = "this is a recording of a run: nothing in it can be changed"

// noMemory is the answer to reading memory that doesn't exist (EFAULT).
const noMemory = "E0e"

// attach prepares for a new debugger.
func (s *Stub) attach() {
	s.breakpoints = newBreakpoints()
	s.last = stop{step: s.Point.Step}
	s.sayWhy = false
}

// handle answers one packet. A resumed run asks stopped whether to stop.
func (s *Stub) handle(p string, stopped func() bool) reply {
	if p == "" {
		return unknown
	}
	switch rest := p[1:]; p[0] {
	case '?':
		return answer(s.stopReply(s.last))
	case 'g':
		return answer(allRegisters(s.Run.At()))
	case 'p':
		n, err := number(rest)
		if err != nil || n >= registers {
			return refuse("no register %q", rest)
		}
		return answer(register(s.Run.At(), int(n)))
	case 'm':
		addr, size, err := twoNumbers(rest, ",")
		if err != nil {
			return refuse("%v", err)
		}
		text, ok := readMemory(s.Run.At().Memory(), addr, size)
		if !ok {
			return answer(noMemory)
		}
		return answer(text)
	case 'X':
		if strings.HasSuffix(rest, ",0:") { // gdb asks whether there is an X packet at all; without it takes M
			return unknown
		}
		return refuse(readOnly)
	case 'G', 'P', 'M':
		return refuse(readOnly)
	case 'Z', 'z':
		return s.breakpoint(p[0] == 'Z', rest)
	case 'c', 's', 'C', 'S', 'b':
		return s.resume(p, stopped)
	case 'v':
		return s.handleV(p, stopped)
	case 'q':
		return s.query(p)
	case 'Q':
		if p == noAckRequest {
			return answer("OK")
		}
		return unknown
	case 'H':
		return thread(strings.TrimLeft(rest, "gc"))
	case 'T':
		return thread(rest)
	case 'D':
		return reply{[]string{"OK"}, detach}
	case 'k':
		return reply{nil, kill}
	}
	return unknown
}

// handleV answers the packets with long names.
func (s *Stub) handleV(p string, stopped func() bool) reply {
	if strings.HasPrefix(p, "vFile:") {
		return s.file(p)
	}
	name, rest, _ := strings.Cut(p, ";")
	switch name {
	case "vCont?":
		return answer("vCont;c;C;s;S;r")
	case "vCont":
		return s.resumeThreads(rest, stopped)
	case "vKill":
		return reply{[]string{"OK"}, kill}
	}
	return unknown
}

// breakpoint answers the packets Z and z: type,addr,kind.
func (s *Stub) breakpoint(insert bool, args string) reply {
	kind, where, _ := strings.Cut(args, ",")
	switch kind {
	case "0", "1", "2":
	case "3", "4":
		if _, full := s.Run.At().Regs(); !full {
			return refuse("the recording lacks the registers from which loads follow, so only writes can be watched")
		}
	default:
		return unknown
	}
	addr, size, err := twoNumbers(where, ",")
	if err != nil {
		return refuse("%v", err)
	}
	n := uint64(kind[0] - '0')
	if !insert {
		s.breakpoints.remove(n, addr, size)
	} else if err := s.breakpoints.insert(n, addr, size); err != nil {
		return refuse("%v", err)
	}
	return answer("OK")
}

// thread answers whether a thread exists: there is thread 1 alone; 0 means any thread, and -1 all of them. An id is a
// hexadecimal number with any number of zeros in front (gdb manual, "Packets": thread-id).
func thread(id string) reply {
	if n, err := strconv.ParseInt(id, 16, 64); err == nil && n >= -1 && n <= 1 {
		return answer("OK")
	}
	return refuse("no thread %q", id)
}

// number reads a hexadecimal number.
func number(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a hexadecimal number", text)
	}
	return n, nil
}

// twoNumbers reads two hexadecimal numbers with a separator in between.
func twoNumbers(text, separator string) (a, b uint64, err error) {
	first, second, found := strings.Cut(text, separator)
	if !found {
		return 0, 0, fmt.Errorf("%q lacks %q", text, separator)
	}
	if a, err = number(first); err != nil {
		return 0, 0, err
	}
	b, err = number(second)
	return a, b, err
}
