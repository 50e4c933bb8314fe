// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"cmp"

	"stacksweep/internal/symbolfile"
	"stacksweep/internal/testkit"
	"stacksweep/scenarios/corpus"
)

// stdioPoint in the environment makes the test program a stub on stdin and stdout, at that point.
const stdioPoint = "GDBSTUB_TEST_POINT"

// stdioDelay in the environment is how long it takes that stub to be ready.
const stdioDelay = "GDBSTUB_TEST_DELAY"

func TestMain(m *testing.M) {
	if point := os.Getenv(stdioPoint); point != "" {
		s := newStub(&testing.T{}, point)
		if delay, err := time.ParseDuration(os.Getenv(stdioDelay)); err == nil {
			time.Sleep(delay)
		}
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
	timeout int   // seconds after which gdb repeats a packet; 0 is a minute
}

// findGDB skips the test where there is no gdb for arm64.
func findGDB(t *testing.T) *gdb {
	t.Helper()
	program := testkit.Tool(t, "gdb-multiarch")
	dir := t.TempDir()
	sources, err := WriteSources(dir, "corpus", corpus.Sources())
	if err != nil {
		t.Fatal(err)
	}
	file, err := symbolfile.Corpus(sources)
	if err != nil {
		t.Fatal(err)
	}
	files, err := WriteFiles(dir, Program{Name: "corpus", ELF: file})
	if err != nil {
		t.Fatal(err)
	}
	return &gdb{t, program, files, true, 0}
}

// run connects to a target and returns what each command prints.
func (g *gdb) run(target string, commands ...string) []string {
	g.t.Helper()
	args := []string{"-q", "-nx", "-batch", "-iex", "set auto-load no", "-iex", "set debuginfod enabled off"}
	if g.script {
		args = append(args, "-x", g.files.Script)
	}
	const mark = "-- gdb test --"
	for _, c := range append([]string{"set pagination off", "set width 0", "set confirm off",
		fmt.Sprintf("set remotetimeout %d", cmp.Or(g.timeout, 60)), "target remote " + target}, commands...) {
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
