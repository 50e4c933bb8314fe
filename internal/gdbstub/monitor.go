// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"stacksweep/internal/inspect"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// A command is a monitor command.
type command struct {
	name, args, doc string
	run             func(s *Stub, args []string) (string, error)
}

// commands lists the monitor commands.
func commands() []command {
	return []command{
		{"where", "", "the point at which the run stands, and what the unwinder makes of it", (*Stub).monitorWhere},
		{"truth", "", "the true call stack", (*Stub).monitorTruth},
		{"walk", "[NAME [MODE]]", "let an unwinder walk the stack, next to the truth", (*Stub).monitorWalk},
		{"next-failure", "", "go to the next step at which the unwinder is wrong", (*Stub).monitorNext},
		{"prev-failure", "", "go to the one before", (*Stub).monitorPrevious},
		{"goto", "POINT|STEP|@PLACE", "go to a point, or to a step or a place (@symbol+offset#n) of this run",
			(*Stub).monitorGoto},
		{"help", "", "this text", (*Stub).monitorHelp},
	}
}

// monitor answers qRcmd: it runs a command, which comes in hexadecimal, and returns what it prints in the same way.
func (s *Stub) monitor(encoded string) reply {
	text, err := hex.DecodeString(encoded)
	if err != nil {
		return refuse("%q is not hexadecimal", encoded)
	}
	out, err := s.runCommand(strings.Fields(string(text)))
	if err != nil {
		out = fmt.Sprintf("stacksweep: %v\n", err)
	}
	var packets []string
	for part := range slices.Chunk([]byte(out), maxPacket/2-1) {
		packets = append(packets, "O"+hex.EncodeToString(part))
	}
	return answer(append(packets, "OK")...)
}

func (s *Stub) runCommand(words []string) (string, error) {
	if len(words) == 0 {
		return s.monitorHelp(nil)
	}
	for _, c := range commands() {
		if c.name == words[0] {
			return c.run(s, words[1:])
		}
	}
	return "", fmt.Errorf("no command %q: try \"monitor help\"", words[0])
}

func (s *Stub) monitorHelp([]string) (string, error) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(w, "monitor %s\t%s\n", strings.TrimSpace(c.name+" "+c.args), c.doc)
	}
	w.Flush()
	fmt.Fprintf(&b, "\nUnwinder %s, mode %s. Unwinders: %s. Modes: %s.\n", s.walkerName(), s.Mode, s.walkerNames(),
		modeNames())
	b.WriteString(refreshHelp)
	return b.String(), nil
}

// refreshHelp says how gdb gets to know that a monitor command went elsewhere: nothing in the protocol tells it.
const refreshHelp = `
After goto, next-failure and prev-failure gdb must forget what it has read. The gdb script that
"stacksweep gdb" names on start-up sees to it. Without the script:
  maintenance flush register-cache
  maintenance flush dcache
`

// here tells where the debugger is, in a line.
func (s *Stub) here() string {
	pc := s.Run.At().PC()
	text := fmt.Sprintf("%s  %#x %s", s.Point, pc, s.Run.Name(pc))
	if source := s.source(pc); source != "" {
		text += " (" + source + ")"
	}
	if p, ok := s.Run.Walk(s.Mode, s.Walker); ok {
		text += fmt.Sprintf("  %s, %s: %s", s.walkerName(), s.Mode, p.Verdict)
	}
	return text + "\n"
}

func (s *Stub) source(pc uint64) string {
	if s.Run.Run.SourceLine == nil {
		return ""
	}
	return s.Run.Run.SourceLine(pc)
}

func (s *Stub) monitorNext([]string) (string, error) {
	marks := s.Run.Marks(s.Mode, s.Walker)
	for step := s.Point.Step + 1; step < len(marks); step++ {
		if failing(marks[step]) {
			return s.goTo(s.Run, verdict.PointName{Target: s.Point.Target, Step: step})
		}
	}
	return "", s.noFailure("after", marks)
}

func (s *Stub) monitorPrevious([]string) (string, error) {
	marks := s.Run.Marks(s.Mode, s.Walker)
	for step := min(s.Point.Step, len(marks)) - 1; step >= 0; step-- {
		if failing(marks[step]) {
			return s.goTo(s.Run, verdict.PointName{Target: s.Point.Target, Step: step})
		}
	}
	return "", s.noFailure("before", marks)
}

func failing(m session.Mark) bool {
	v, ok := m.Verdict()
	return ok && !v.Conforming()
}

func (s *Stub) noFailure(where string, marks []session.Mark) error {
	n := 0
	for _, m := range marks {
		if failing(m) {
			n++
		}
	}
	return fmt.Errorf("no failure of %s in mode %s %s %s; there are %d in the run", s.walkerName(), s.Mode, where,
		s.Point, n)
}

func (s *Stub) monitorGoto(args []string) (string, error) {
	if len(args) != 1 {
		return "", fmt.Errorf("goto where?")
	}
	if step, err := strconv.Atoi(args[0]); err == nil {
		if step < 0 {
			return "", fmt.Errorf("there is no step %d", step)
		}
		return s.goTo(s.Run, verdict.PointName{Target: s.Point.Target, Step: step})
	}
	name := args[0]
	if strings.HasPrefix(name, "@") { // in this run
		name = s.Point.Target.String() + name
	}
	p, err := s.Find(name)
	if err != nil {
		return "", err
	}
	run := s.Run
	if p.Target.String() != s.Point.Target.String() {
		if run, err = s.Open(p.Target); err != nil {
			return "", err
		}
	}
	if p, err = run.Resolve(p); err != nil {
		return "", err
	}
	return s.goTo(run, p)
}

// monitorWhere tells where the run stands, in how many steps, and what is on the lists of the return hooks.
func (s *Stub) monitorWhere([]string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%sstep %d of %d\n", s.here(), s.Run.At().Step(), s.Run.Len())
	for _, e := range s.Run.ShadowStack() {
		fmt.Fprintf(&b, "shadow stack: %s returns to %s, retp %#x\n", s.Run.Name(e.Func), s.Run.Name(e.Ret), e.Retp)
	}
	for _, i := range s.Run.Kretprobes() {
		fmt.Fprintf(&b, "kretprobe: %#x returns to %s, fp %#x\n", i.Addr, s.Run.Name(i.RetAddr), i.FP)
	}
	return b.String(), nil
}

// goTo makes a point the present one. The symbols of other code have to be given to gdb by hand: the protocol offers
// them only when gdb connects.
func (s *Stub) goTo(run *inspect.Inspector, p verdict.PointName) (string, error) {
	before := s.Run.Run.Image
	if err := s.show(run, p); err != nil {
		return "", err
	}
	if run.Run.Image == before || s.Symbols == nil {
		return s.here(), nil
	}
	program, path, err := s.Symbols(run)
	if err != nil {
		return "", err
	}
	s.Program, s.ProgramPath = program, path
	return s.here() + "This is other code than before; to see its symbols: symbol-file " + path + "\n", nil
}
