// SPDX-License-Identifier: GPL-2.0-only

package userfile_test

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/testkit"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/userfile"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/cfi"
	"stacksweep/unwind/sframe"
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

// TestUserFailures runs what doesn't come back.
func TestUserFailures(t *testing.T) {
	for _, test := range []struct {
		file, call string
		stub       bool
		want       error  // nil: it does come back
		text       string // in the message
		undefined  string
	}{
		{"routines.o", "trap", false, emu.ErrException, "at trap+0x0 (routines.c:36), pc 0x", ""},
		{"routines.o", "forever()", false, emu.ErrLimit, "at forever+0x", ""},
		{"routines.o", "read_word(16)", false, emu.ErrFault, "at read_word+0x0 (routines.c:48), pc 0xffff8000900", ""},
		{"routines.o", "read_word(0x10)", false, emu.ErrFault, ", step 2: read at 0x10, unmapped", ""},
		{"routines.o", "read_word(&counter)", false, nil, "", ""},
		{"undefined.so", "call_helper(1)", false, emu.ErrException, "at helper+0x0, ", "helper"},
		{"undefined.so", "read_table()", false, emu.ErrFault, "read at 0x", "table"},
		{"undefined.so", "call_helper(1)", true, nil, "", ""},
		{"undefined.so", "read_table()", true, emu.ErrFault, "read at 0x", "table"},
		{"undefined.o", "call_helper(1)", true, nil, "", ""},
		{"undefined.o", "call_perhaps(1)", true, nil, "", ""},
		{"undefined.o", "guard()", true, nil, "", ""},
		{"undefined.so", "guard()", false, nil, "", ""},
	} {
		f := loadUser(t, test.file, userfile.Options{Stub: test.stub})
		_, err := userRun(t, f, test.call, "sframe", scenarios.Options{})
		if !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s of %s: %v; want %v, with %q", test.call, test.file, err, test.want, test.text)
		}
		var failure *scenarios.RunFailure
		if !errors.As(err, &failure) {
			continue
		}
		name, _ := f.Undefined(failure.Err.PC)
		if data, ok := f.Undefined(failure.Err.Addr); ok {
			name = data
		}
		if name != test.undefined {
			t.Errorf("%s of %s: failed at the undefined symbol %q, not %q", test.call, test.file, name, test.undefined)
		}
	}
}

func TestUserUndefined(t *testing.T) {
	_, err := userfile.Load("testdata/undefined.o", userfile.Options{Limit: 1})
	if want := "testdata/undefined.o: undefined symbols: helper, other, table"; err == nil || err.Error() != want {
		t.Errorf("error %v, not %q", err, want)
	}
	if !errors.Is(err, image.ErrUndefined) {
		t.Errorf("%v isn't image.ErrUndefined", err)
	}
}

// TestUserPlace loads executables: one that is linked for where the corpus is, and one that isn't.
func TestUserPlace(t *testing.T) {
	_, err := userfile.Parse("corpus.elf", corpus.ELF(), userfile.Options{Limit: 1})
	var where *image.Error
	if !errors.Is(err, userfile.ErrPlace) || !errors.As(err, &where) {
		t.Errorf("an executable at the corpus's addresses: %v", err)
	}
	f, err := userfile.Load("../../image/testdata/elf/prog", userfile.Options{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	r, err := userRun(t, f, "entry(7)", "fp", scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := r.Symbols.At(r.Points[len(r.Points)/2].PC); !ok || s.Addr >= 1<<32 {
		t.Errorf("in the middle of the run it was at %v, %v: not where the executable is linked", s, ok)
	}
}

// TestUserTable spoils the versions in a file's unwind information: the error names the section's place in the file.
func TestUserTable(t *testing.T) {
	for _, name := range []string{"routines.o", "routines.so"} {
		data, err := os.ReadFile(filepath.Join(userFolder, name))
		if err != nil {
			t.Fatal(err)
		}
		f, err := elf.NewFile(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			section string
			offset  uint64 // of the version
			want    error
		}{{".sframe", 2, sframe.ErrUnsupported}, {".eh_frame", 8, cfi.ErrUnsupported}} {
			at := f.Section(test.section).Offset
			spoilt := bytes.Clone(data)
			spoilt[at+test.offset] = 9
			_, err = userfile.Parse(name, spoilt, userfile.Options{Limit: 1})
			var where *image.Error
			if !errors.As(err, &where) || where.Offset != at || where.File != name || !errors.Is(err, test.want) {
				t.Errorf("version 9 in %s at %#x of %s: %v", test.section, at, name, err)
			}
		}
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
