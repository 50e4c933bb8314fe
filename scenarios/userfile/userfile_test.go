// SPDX-License-Identifier: GPL-2.0-only

package userfile_test

import (
	"bytes"
	"context"
	"debug/elf"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stacksweep/internal/testkit"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/userfile"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

var update = flag.Bool("update", false, "build the files in testdata again")

// userFlags are how a kernel is compiled, as far as unwinding is concerned.
var userFlags = []string{
	"-O2", "-g", "-ffreestanding", "-fno-omit-frame-pointer", "-nostdlib",
	"-Wl,--build-id=none", "-Wl,-z,max-page-size=4096",
}

// userFolder has the sources, and the files built from them.
const userFolder = "testdata"

// compile compiles one of the sources. What comes out doesn't depend on where the folder is.
func compile(t *testing.T, out, source string, flags ...string) {
	t.Helper()
	cc := testkit.Tool(t, "aarch64-linux-gnu-gcc")
	folder, err := filepath.Abs(userFolder)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(cc,
		slices.Concat(flags, userFlags, []string{"-fdebug-prefix-map=" + folder + "=.", "-o", out, source})...)
	cmd.Dir = folder
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// compiler is what an object says about who made it.
func compiler(t *testing.T, data []byte) string {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	comment, err := f.Section(".comment").Data()
	if err != nil {
		t.Fatal(err)
	}
	return string(comment)
}

// TestUserFiles builds the committed files with -update, and otherwise checks that they are what a current assembler
// makes of the sources, if the same compiler is at hand.
func TestUserFiles(t *testing.T) {
	tools := testkit.Binutils(t, "sid")
	out := t.TempDir()
	for _, name := range []string{"routines.o", "routines.so", "undefined.o", "undefined.so"} {
		source, suffix, _ := strings.Cut(name, ".")
		kind := []string{"-B" + tools, "-Wa,--gsframe-3", "-c", "-fno-pic"}
		if suffix == "so" {
			kind = []string{"-B" + tools, "-Wa,--gsframe-3", "-shared", "-fPIC"}
		}
		built := filepath.Join(out, name)
		compile(t, built, source+".c", kind...)
		now, err := os.ReadFile(built)
		if err != nil {
			t.Fatal(err)
		}
		committed := filepath.Join(userFolder, name)
		if *update {
			if err := os.WriteFile(committed, now, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		before, err := os.ReadFile(committed)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := compiler(t, before), compiler(t, now); a != b {
			t.Skipf("%s was made by %q; the compiler here is %q", name, a, b)
		}
		if !bytes.Equal(now, before) {
			t.Errorf("%s is not what its source gives: 'go test ./scenarios/userfile -run TestUserFiles "+
				"-update' builds it", name)
		}
	}
}

// userRun sweeps one call.
func userRun(t *testing.T, f *userfile.File, call, walkers string, o scenarios.Options) (*sweep.RunResult, error) {
	t.Helper()
	s, err := f.Scenario(call)
	if err != nil {
		t.Fatal(err)
	}
	specs, err := registry.Find(walkers)
	if err != nil {
		t.Fatal(err)
	}
	var result *sweep.RunResult
	err = sweep.Sweep(context.Background(), []verdict.Target{{Scenario: s, Variant: "user"}}, sweep.Options{
		Walkers: specs, Modes: verdict.StepModes(), Jobs: 1, Build: o, Keep: func(*sweep.Point) bool { return true },
	}, func(r *sweep.RunResult) error {
		result = r
		return nil
	})
	return result, err
}

func loadUser(t *testing.T, name string, o userfile.Options) *userfile.File {
	t.Helper()
	if o.Limit == 0 {
		o.Limit = 100_000
	}
	f, err := userfile.Load(filepath.Join(userFolder, name), o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestUserSweep sweeps an object and a shared object. With their SFrame tables, and as well with their DWARF, every
// interruption inside them is walked exactly; the corpus's start is in neither.
func TestUserSweep(t *testing.T) {
	for _, name := range []string{"routines.o", "routines.so"} {
		f := loadUser(t, name, userfile.Options{})
		for _, shift := range []uint64{0, 16} {
			for _, call := range []string{`twice("hello")`, `apply(1, -1, 0x2, 0, buf:8, "text", &counter, &twice)`,
				`start`} {
				r, err := userRun(t, f, call, "sframe,cfi", scenarios.Options{Shift: shift})
				if err != nil {
					t.Fatalf("%s, %s: %v", name, call, err)
				}
				nested := 0
				for _, p := range r.Points {
					s, _ := r.Symbols.At(p.PC)
					want := verdict.Exact
					// its ordinary record leads to start's own, or to nothing before there is one
					if p.Exception == "sdei" {
						continue
					}
					if (s.Name == "corpus.start" || s.Name == "finish") && p.Mode != verdict.Sync {
						want = verdict.Refused
					} else if s.Name != "corpus.start" {
						nested++
					}
					if p.Verdict != want {
						t.Errorf("%s, %s: %s, %v %s+%#x is %v, not %v", name, call, p.Walker, p.Mode, s.Name,
							p.PC-s.Addr, p.Verdict, want)
					}
				}
				if nested < 5 {
					t.Errorf("%s, %s: %d points", name, call, nested)
				}
			}
		}
	}
}

// TestUserArguments runs a function that adds up all of its arguments.
func TestUserArguments(t *testing.T) {
	f := loadUser(t, "routines.o", userfile.Options{})
	s, err := f.Scenario(`apply(1, -1, 0x2, 0b11, buf:8, "t\x41(,)", &counter, &twice)`)
	if err != nil {
		t.Fatal(err)
	}
	run := runtest.Build(t, s, "", scenarios.Options{})
	m := runtest.Machine(t, run)
	if err := m.Run(run.Until, run.Limit); err != nil {
		t.Fatal(err)
	}
	regs, err := m.Regs()
	if err != nil {
		t.Fatal(err)
	}
	if regs.X[0] != 5+4 {
		t.Errorf("twice of the copied text: %d, not 9", regs.X[0])
	}
	var text [6]byte
	if err := m.Read(run.Start.X[4], text[:]); err != nil || string(text[:]) != "tA(,)\x00" {
		t.Errorf("the copied text is %q, %v", text, err)
	}
	counter, ok := run.Image.Symbols.Lookup("counter")
	if !ok {
		t.Fatal("no counter")
	}
	// The counter starts at 1; each of the 5 characters adds 1*1 + 2*-1 + 3*2 + 4*3; twice adds 1.
	if got, err := m.Word(counter.Addr); err != nil || got != 1+5*17+1 {
		t.Errorf("counter is %d, %v", got, err)
	}
	if line := run.SourceLine(run.Start.X[19]); !strings.Contains(line, "routines.c:") {
		t.Errorf("source line of apply: %q", line)
	}
	if line := run.SourceLine(run.Start.PC); !strings.Contains(line, "start.S:") {
		t.Errorf("source line of the corpus's start: %q", line)
	}
}

// TestUserCompiled compiles with what the machine has, without an SFrame table.
func TestUserCompiled(t *testing.T) {
	out := filepath.Join(t.TempDir(), "routines.o")
	compile(t, out, "routines.c", "-c", "-ffunction-sections")
	f, err := userfile.Load(out, userfile.Options{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	r, err := userRun(t, f, `twice("hello")`, "v6.17,sframe", scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Summaries {
		want := verdict.Refused // no table, and interrupted frames are unreliable in 6.17
		if s.Mode == verdict.Sync {
			want = verdict.Exact
		}
		others := 0
		if s.Mode == verdict.NMI {
			others = 3 // in start, where all is masked but SDEI, whose ordinary record leads straight to FINAL
		}
		if s.Counts[want] != s.Points-others {
			t.Errorf("%v: %v of %d points", s.Key, s.Counts, s.Points)
		}
	}
}

// TestUserLibc runs functions of a C library that knows nothing of any of this. Its DWARF is right wherever there is
// some: the PLT has none.
func TestUserLibc(t *testing.T) {
	path := testkit.Libc(t)
	f, err := userfile.Load(path, userfile.Options{Limit: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range []string{`strcmp("hello", "help")`, `strspn("hello", "leh")`, `qsort(buf:64, 8, 8, &strcmp)`} {
		r, err := userRun(t, f, call, "v6.17,cfi", scenarios.Options{})
		if err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		for _, p := range r.Points {
			if s, ok := r.Symbols.At(p.PC); ok && p.Walker == "cfi" && p.Verdict != verdict.Exact &&
				s.Name != "start" && s.Name != "finish" {
				t.Errorf("%s, %v: %s+%#x is %v", call, p.Mode, s.Name, p.PC-s.Addr, p.Verdict)
			}
		}
		for _, s := range r.Summaries {
			if s.Mode == verdict.Sync && (s.Points == 0 || s.Counts[verdict.Exact] != s.Points) {
				t.Errorf("%s, %v: %v of %d points", call, s.Mode, s.Counts, s.Points)
			}
		}
	}
}
