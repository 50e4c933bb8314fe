// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/testkit"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/verdict"
)

// stdioPoint in the environment makes the test program a stub on stdin and stdout, at that point.
const stdioPoint = "GDBSTUB_TEST_POINT"

func TestMain(m *testing.M) {
	if point := os.Getenv(stdioPoint); point != "" {
		s := newStub(&testing.T{}, point)
		if err := s.Serve(context.Background(), stdio{}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// stdio is the program's stdin and stdout as one stream.
type stdio struct{}

func (stdio) Read(p []byte) (int, error)  { return os.Stdin.Read(p) }
func (stdio) Write(p []byte) (int, error) { return os.Stdout.Write(p) }
func (stdio) Close() error                { return nil }

// A gdb is a real gdb that runs a script of commands against a stub.
type gdb struct {
	t       *testing.T
	program string
	files   Files // Symbols may be empty
	script  bool  // use Files.Script
}

// findGDB skips the test where there is no gdb for arm64.
func findGDB(t *testing.T) *gdb {
	t.Helper()
	program := testkit.Tool(t, "gdb-multiarch")
	files, err := WriteFiles(t.TempDir(), Program{Name: "corpus", ELF: corpus.ELF(), Sources: corpus.Sources()})
	if err != nil {
		t.Fatal(err)
	}
	return &gdb{t, program, files, true}
}

// run connects to a target and returns what each command prints.
func (g *gdb) run(target string, commands ...string) []string {
	g.t.Helper()
	args := []string{"-q", "-nx", "-batch", "-iex", "set auto-load no", "-iex", "set debuginfod enabled off"}
	if g.script {
		args = append(args, "-x", g.files.Script)
	}
	const mark = "-- gdb test --"
	limit := "set backtrace limit 20"
	if g.script {
		limit = "show backtrace limit" // it sets one
	}
	for _, c := range append([]string{"set pagination off", "set width 0", "set confirm off", limit, "target remote " + target}, commands...) {
		args = append(args, "-ex", c, "-ex", `echo \n`+mark+`\n`)
	}
	ctx, cancel := context.WithTimeout(g.t.Context(), time.Minute)
	defer cancel()
	if g.files.Symbols != "" {
		args = append(args, g.files.Symbols)
	}
	out, err := exec.CommandContext(ctx, g.program, args...).CombinedOutput()
	if err != nil {
		g.t.Logf("gdb: %v", err) // a command that fails makes it fail
	}
	answers := strings.Split(string(out), "\n"+mark+"\n")
	if len(answers) != 5+len(commands)+1 {
		g.t.Fatalf("gdb says:\n%s", out)
	}
	return answers[5 : len(answers)-1]
}

// at runs commands against a stub at a point.
func (g *gdb) at(point string, commands ...string) (*Stub, []string) {
	g.t.Helper()
	s := newStub(g.t, point)
	ctx, cancel := context.WithCancel(g.t.Context())
	address, _, served := listen(g.t, ctx, s)
	answers := g.run(address, commands...)
	cancel()
	if err := wait(g.t, served); err != nil {
		g.t.Error(err)
	}
	return s, answers
}

// pc is a gdb command that prints the PC in a way that values understands.
const pc = `printf "pc=%#lx\n", $pc`

// values reads all that commands like pc have printed.
func values(t *testing.T, answers []string) (all []uint64) {
	t.Helper()
	for _, a := range answers {
		if _, text, found := strings.Cut(a, "pc="); found {
			v, err := strconv.ParseUint(strings.TrimSpace(text), 0, 64)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, v)
		}
	}
	return all
}

func contains(t *testing.T, answer, want string) {
	t.Helper()
	if !strings.Contains(answer, want) {
		t.Errorf("gdb says %q, want %q", answer, want)
	}
}

// TestGDBSteps goes forth and back with gdb and compares every PC with the recording.
func TestGDBSteps(t *testing.T) {
	const start, steps = 575, 25 // into the return handler
	var script []string
	var want []uint64
	s := newStub(t, "fgraph/return@0")
	note := func(command string, step int) {
		script = append(script, command, pc)
		want = append(want, s.Run.Recording.PC(step))
	}
	for i := range steps {
		note("stepi", start+i+1)
	}
	for i := range steps + 10 {
		note("reverse-stepi", start+steps-i-1)
	}
	note("stepi 300", start-10+300)
	note("reverse-stepi 300", start-10)
	_, answers := findGDB(t).at(fmt.Sprintf("fgraph/return@%d", start), script...)
	if diff := cmp.Diff(want, values(t, answers)); diff != "" {
		t.Error(diff)
	}
}

func TestGDBEnds(t *testing.T) {
	s, answers := findGDB(t).at("chain/plain@3",
		"reverse-continue", pc, "reverse-stepi", "stepi", pc, "continue", pc, "stepi", "continue", "reverse-stepi", pc)
	const end = "No more reverse-execution history."
	for _, i := range []int{0, 2, 5, 7, 8} {
		contains(t, answers[i], end)
	}
	r := s.Run.Recording
	if diff := cmp.Diff([]uint64{r.PC(0), r.PC(1), r.PC(r.Len()), r.PC(r.Len() - 1)}, values(t, answers)); diff != "" {
		t.Error(diff)
	}
}

// TestGDBState compares all registers, and the stack, at some points that monitor goto leads to.
func TestGDBState(t *testing.T) {
	steps := []int{0, 137, 3000, 585, 12000}
	var script []string
	for _, step := range steps {
		script = append(script, fmt.Sprintf("monitor goto %d", step), "info registers", "x/8gx $sp")
	}
	s, answers := findGDB(t).at("fgraph/return@0", script...)
	for i, step := range steps {
		if err := s.Run.Seek(step); err != nil {
			t.Fatal(err)
		}
		regs, ok := s.Run.At().Regs()
		if !ok {
			t.Fatal("not all registers are known")
		}
		want := map[string]uint64{"sp": regs.SP, "pc": regs.PC, "cpsr": regs.PState}
		for n, x := range regs.X {
			want[fmt.Sprintf("x%d", n)] = x
		}
		got := map[string]uint64{}
		for line := range strings.Lines(answers[3*i+1]) {
			f := strings.Fields(line)
			v, err := strconv.ParseUint(f[1], 0, 64)
			if err != nil {
				t.Fatal(err)
			}
			got[f[0]] = v
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("registers at step %d: %s", step, diff)
		}

		var words []string
		for n := range uint64(8) {
			w, ok := s.Run.At().Memory().Word(regs.SP + 8*n)
			if !ok && step == 0 {
				w = 0
			}
			words = append(words, fmt.Sprintf("0x%016x", w))
		}
		var shown []string
		for line := range strings.Lines(answers[3*i+2]) {
			_, values, _ := strings.Cut(line, ":")
			shown = append(shown, strings.Fields(values)...)
		}
		if diff := cmp.Diff(words, shown); diff != "" {
			t.Errorf("stack at step %d: %s", step, diff)
		}
	}
}

// TestGDBNeedsScript shows what the script is for: gdb doesn't notice by itself that a monitor command went elsewhere.
func TestGDBNeedsScript(t *testing.T) {
	g := findGDB(t)
	g.script = false
	s, answers := g.at("fgraph/return@100", "x/gx $sp", pc, "monitor goto 585", pc, "maintenance flush register-cache", "maintenance flush dcache", pc)
	r := s.Run.Recording
	if diff := cmp.Diff([]uint64{r.PC(100), r.PC(100), r.PC(585)}, values(t, answers)); diff != "" {
		t.Error(diff)
	}
}

// TestGDBOtherRun goes to a run in which a function isn't traced: its code is another then.
func TestGDBOtherRun(t *testing.T) {
	chain3, ok := corpus.Image().Symbols.Lookup("chain_3")
	if !ok {
		t.Fatal("no chain_3")
	}
	code := fmt.Sprintf("x/2i %#x", chain3.Addr)
	_, answers := findGDB(t).at("fgraph/return@0", code, "info threads", "monitor goto chain/plain@5", code, "info threads")
	contains(t, answers[0], "ftrace_caller")
	contains(t, answers[1], "fgraph/return:mainline")
	if strings.Count(answers[3], "nop") != 2 {
		t.Errorf("the entry of an untraced function:\n%s", answers[3])
	}
	contains(t, answers[4], "Thread 1 (")
}

// TestGDBBreakpoints stops in the C half of the return handler, on every way there is.
func TestGDBBreakpoints(t *testing.T) {
	s, answers := findGDB(t).at("fgraph/return@0",
		"break *ftrace_return_to_handler", "continue", pc, "monitor walk sframe", "continue", "reverse-continue", pc,
		"delete", "hbreak *return_to_handler", "reverse-continue", pc, "tbreak ftrace_return_to_handler", "continue", "info breakpoints")
	symbol := func(name string) uint64 {
		s, ok := s.Run.Run.Image.Symbols.Lookup(name)
		if !ok {
			t.Fatalf("no symbol %s", name)
		}
		return s.Addr
	}
	contains(t, answers[1], "Breakpoint 1, ")
	contains(t, answers[1], "ftrace_return_to_handler (fregs=")
	contains(t, answers[3], "mode irq: OMITTED; it calls the trace reliable")
	if !regexp.MustCompile(`(?m)^!  0x\w+ +chain_4\+0x\w+ +yes +MISSING$`).MatchString(answers[3]) {
		t.Errorf("the walk misses no chain_4:\n%s", answers[3])
	}
	contains(t, answers[5], "Breakpoint 1, ")
	contains(t, answers[9], "Breakpoint 2, ")
	contains(t, answers[12], "Temporary breakpoint 3, ")
	contains(t, answers[13], "hw breakpoint")
	handler := symbol("ftrace_return_to_handler")
	if diff := cmp.Diff([]uint64{handler, handler, symbol("return_to_handler")}, values(t, answers)); diff != "" {
		t.Error(diff)
	}
}

// TestGDBWatchpoints follows a variable forth and back.
func TestGDBWatchpoints(t *testing.T) {
	_, answers := findGDB(t).at("chain/plain@0", "watch chain_sink", "continue", "continue", "continue",
		"reverse-continue", "reverse-continue", "print chain_sink", "reverse-continue", "rwatch *(long *)$sp", "awatch *(long *)$sp", "continue")
	contains(t, answers[0], "Hardware watchpoint 1: chain_sink")
	change := regexp.MustCompile(`Old value = (\d+)\nNew value = (\d+)\n`)
	var history [][]string
	for _, i := range []int{1, 2, 4, 5} {
		found := change.FindStringSubmatch(answers[i])
		if found == nil {
			t.Fatalf("nothing has changed:\n%s", answers[i])
		}
		history = append(history, found[1:])
	}
	for i, forth := range history[:2] {
		if back := history[3-i]; forth[0] != back[1] || forth[1] != back[0] {
			t.Errorf("forth from %s to %s, back from %s to %s", forth[0], forth[1], back[0], back[1])
		}
	}
	contains(t, answers[3], "No more reverse-execution history.")
	contains(t, answers[6], " = 0")
	contains(t, answers[7], "No more reverse-execution history.")
	// Loads are not recorded.
	contains(t, answers[8]+answers[9], "no loads")
}

// TestGDBReadOnly checks what one gets to see who tries to change something.
func TestGDBReadOnly(t *testing.T) {
	_, answers := findGDB(t).at("fgraph/return@100", "set $x0 = 1", "jump *finish", "print chain_leaf(1)", "signal SIGINT",
		"set var chain_sink = 1", "x/gx 0", pc)
	for _, i := range []int{0, 1, 2} {
		contains(t, answers[i], readOnly)
	}
	contains(t, answers[3], "a recorded run can't be given a signal")
	// Of a refused write to memory gdb says this, whatever the reason it was given.
	contains(t, answers[4], "Cannot access memory at address")
	contains(t, answers[5], "Cannot access memory at address 0x0")
}

// functions reads a backtrace: the functions and the return addresses. Frame 0 and inlined ones have no address.
func functions(backtrace string) (names []string, addrs []uint64) {
	frame := regexp.MustCompile(`(?m)^#\d+ +(?:(0x[0-9a-f]+) in )?(\S+)`)
	for _, f := range frame.FindAllStringSubmatch(backtrace, -1) {
		names = append(names, f[2])
		if addr, err := strconv.ParseUint(f[1], 0, 64); err == nil {
			addrs = append(addrs, addr)
		}
	}
	return names, addrs
}

// truth returns the true return addresses at a point, and the functions that they are in.
func truth(t *testing.T, s *Stub) (names []string, addrs []uint64) {
	t.Helper()
	p, ok := s.Run.Walk(verdict.NMI, s.Walker)
	if !ok {
		t.Fatal("no point")
	}
	for _, addr := range p.Truth[1:] {
		sym, _ := s.Run.Run.Image.Symbols.At(addr)
		names, addrs = append(names, sym.Name), append(addrs, addr)
	}
	return names, addrs[1:]
}

// TestGDBBacktrace compares gdb's own unwinder with the truth. It knows nothing of the kernel: where a return address
// is hooked, it loses its way.
func TestGDBBacktrace(t *testing.T) {
	g := findGDB(t)

	t.Run("ordinary functions", func(t *testing.T) {
		g := *g
		g.t = t
		// chain_leaf called by chain_4: neither is traced in this scenario.
		s, answers := g.at("chain/plain@0", "break *chain_leaf", "continue", "bt")
		names, addrs := functions(answers[2])
		trueNames, trueAddrs := truth(t, s)
		if len(addrs) > 0 && addrs[0] == s.Run.At().PC() {
			addrs = addrs[1:]
		}
		// Without unwind information it reads prologues, and doesn't get to the outermost frames. As far as it gets, it
		// must be right.
		names, addrs = names[:min(len(names), len(trueNames))], addrs[:min(len(addrs), len(trueAddrs))]
		if len(names) < 4 {
			t.Fatalf("gdb finds %d frames of %d:\n%s", len(names), len(trueNames), answers[2])
		}
		if diff := cmp.Diff(trueNames[:len(names)], names); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(trueAddrs[:len(names)-1], addrs); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("traced caller", func(t *testing.T) {
		g := *g
		g.t = t
		// chain_4 called by chain_3, which is traced: its frame record holds return_to_handler.
		s, answers := g.at("fgraph/return@0", "break *chain_4+0x18", "continue", "bt")
		names, _ := functions(answers[2])
		trueNames, _ := truth(t, s)
		if diff := cmp.Diff([]string{"chain_4", "chain_3", "chain_2"}, trueNames[:3]); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff([]string{"chain_4", "chain_3"}, names[:2]); diff != "" {
			t.Error(diff)
		}
		if slices.Contains(names, "chain_2") {
			t.Errorf("gdb finds the caller of a traced function:\n%s", answers[2])
		}
	})

	t.Run("return handler", func(t *testing.T) {
		g := *g
		g.t = t
		s, answers := g.at("fgraph/return@0", "break *ftrace_return_to_handler", "continue", "bt", "monitor truth")
		names, _ := functions(answers[2])
		trueNames, _ := truth(t, s)
		if diff := cmp.Diff([]string{"ftrace_return_to_handler", "return_to_handler", "chain_4", "chain_3"}, trueNames[:4]); diff != "" {
			t.Fatal(diff)
		}
		if told, _ := functions(strings.ReplaceAll(answers[3], "  ", " in ")); len(told) != len(trueNames) {
			t.Errorf("monitor truth has %d frames, want %d:\n%s", len(told), len(trueNames), answers[3])
		}
		if diff := cmp.Diff(trueNames[:2], names[:2]); diff != "" {
			t.Error(diff)
		}
		// return_to_handler has no frame record and no unwind information. gdb takes it for its own caller, and so on.
		if slices.Contains(names, "chain_4") {
			t.Errorf("gdb finds the caller behind the return handler:\n%s", answers[2])
		}
	})
}

// TestGDBFindsLostCaller is the way of docs/interactive.md.
func TestGDBFindsLostCaller(t *testing.T) {
	s, answers := findGDB(t).at("fgraph/return@0", "monitor next-failure", "x/i $pc", "monitor walk", "reverse-stepi", "monitor walk", "monitor prev-failure")
	contains(t, answers[0], "sframe, irq: omitted")
	contains(t, answers[1], "ftrace_return_to_handler")
	contains(t, answers[2], "MISSING")
	contains(t, answers[4], "REFUSED") // an instruction earlier the walker admits that it is lost
	contains(t, answers[5], "no failure of sframe in mode irq before")
	first := slices.IndexFunc(s.Run.Marks(s.Mode, s.Walker), failing)
	if s.Point.Step != first-1 {
		t.Errorf("gdb has left the run at %s, want step %d", s.Point, first-1)
	}
}

func TestGDBSecondClient(t *testing.T) {
	g := findGDB(t)
	address, _, _ := listen(t, t.Context(), newStub(t, "fgraph/return@0"))
	first := dial(t, address)
	first.say("$qC#b4")
	first.hear("+", "QC1")
	program := exec.Command(g.program, "-q", "-nx", "-batch", "-ex", "target remote "+address)
	out, _ := program.CombinedOutput() // it fails, which is the point
	contains(t, string(out), "stacksweep gdb serves another debugger already")
}

// TestGDBStdio lets gdb start the stub by itself.
func TestGDBStdio(t *testing.T) {
	g := findGDB(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The symbols, too, come from the stub.
	g.files.Symbols = ""
	answers := g.run(fmt.Sprintf("| env %s=fgraph/return@137 %s", stdioPoint, self), pc, "stepi", "reverse-stepi", pc, "info symbol return_to_handler")
	contains(t, answers[4], "return_to_handler in section .text")
	want := newStub(t, "fgraph/return@137").Run.Recording.PC(137)
	if diff := cmp.Diff([]uint64{want, want}, values(t, answers)); diff != "" {
		t.Error(diff)
	}
}
